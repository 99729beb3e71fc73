"""Questions, answered by verdicts."""

import jax  # noqa: F401 - every module here imports it

from netprops.evidence import count_compilations

# Tests of claims that ask their first question in their own course have theirs counted as well.
count_compilations()
