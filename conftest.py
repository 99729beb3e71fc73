"""The policy under which claims and tests run: precision, strictness, and how many examples."""

import gc
import os

import jax
from hypothesis import settings

# For the tests of the pytest plugin; only this conftest may ask for it.
pytest_plugins = ["pytester"]

# Under float32 the literal 0.3 in a traced function is another number: every claim is about doubles.
jax.config.update("jax_enable_x64", True)
# Traces and normal forms make objects by the million, few of them in cycles: looking for cycles as often as Python does
# by default takes a tenth of the time.
gc.set_threshold(50_000, 20, 20)
# A claim says which shapes and types it means; nothing is promoted behind its back.
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
# Accelerators multiply matrices in fewer digits unless told otherwise, and float bounds assume all of them.
jax.config.update("jax_default_matmul_precision", "highest")

# No deadline: a first example compiles, later ones do not. Blobs: a failure prints the line that reproduces it.
for _name, _examples in (("quick", 10), ("default", 25), ("thorough", 250)):
    settings.register_profile(_name, max_examples=_examples, deadline=None, print_blob=True, derandomize=False)
# --hypothesis-profile, when given, is loaded after this and wins.
settings.load_profile(os.environ.get("NETPROPS_PROFILE", "default"))
