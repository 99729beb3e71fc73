"""The pages for other projects run as they are written, each in a process of its own, as a reader's would."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from netprops import testing
from netprops.networks.checking import NAMES
from netprops.networks.claims import CLAIMS

DOCS = Path(__file__).parent.parent / "docs"
NETWORK, COST = ((DOCS / f"your-own-{name}.md").read_text() for name in ("network", "cost"))


@pytest.mark.parametrize("page", [NETWORK, COST], ids=["network", "cost"])
def test_what_the_page_runs_prints_what_it_says(page):
    program = "\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL))
    printed = "".join(re.findall(r"```text\n(.*?)```", page, re.DOTALL))
    environment = {name: value for name, value in os.environ.items() if name != "JAX_ENABLE_X64"}
    command = [sys.executable, "-W", "error", "-c", program]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == printed.splitlines()


def test_every_claim_and_every_assertion_is_on_its_page():
    rows = {line.split(" | ")[0].removeprefix("| ") for line in NETWORK.splitlines() if line.startswith("| ")}
    assert set(NAMES) <= rows
    assert all(f"`{row.claim}`" in NETWORK for row in CLAIMS if row.claim)
    assert all(f"`{name}`" in COST for name in testing.__all__ if name.startswith("assert_"))
