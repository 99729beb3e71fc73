"""The tests of another project: netprops comes from its wheel, and nothing of the checkout it was built of is near."""

import importlib
import subprocess
import sys
from importlib.resources import files

import pytest


def test_jax_is_not_imported_before_something_is_asked(netprops):
    assert "jax" not in sys.modules
    netprops.assert_convex(lambda prediction, target: (prediction - target) ** 2, on="R", for_all="R")
    assert "jax" in sys.modules


def test_a_failure_shows_the_witness(netprops):
    with pytest.raises(AssertionError, match="In NumPy alone") as caught:
        netprops.assert_convex(lambda prediction: -(prediction**2), on="R")
    assert "gap" in str(caught.value)


@pytest.mark.parametrize("name", ["py.typed", "report/page.css", "report/page.js", "report/ledger.schema.json"])
def test_what_is_not_python_is_in_the_wheel_too(name):
    assert files("netprops").joinpath(name).is_file()


def test_it_is_the_wheel():
    assert "site-packages" in importlib.import_module("netprops").__file__


def test_the_command_line():
    told = subprocess.run(
        [sys.executable, "-m", "netprops", "curvature", "my_losses:convex_in_the_prediction"],
        capture_output=True,
        text=True,
    )
    assert told.returncode == 1  # it is no function of arrays, and the error says so
    assert "Traceback" not in told.stderr
