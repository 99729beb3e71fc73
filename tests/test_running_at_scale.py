"""What docs/running-at-scale.md tells to write does what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "running-at-scale.md"

# Hypothesis needs many tries for this one, and none when it knows the example.
RARE = """
import os
from hypothesis import Phase, given, settings, strategies as st

@settings(phases=[Phase.reuse] if os.environ.get("ONLY_REUSE") else list(Phase))
@given(st.integers(0, 10**6))
def test_rare(n):
    assert n < 700_000
"""


def test_an_example_that_one_process_found_is_tried_first_by_another(tmp_path):
    (snippet,) = (text for text in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL) if "SHARED_" in text)

    def run(name, **environ):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "conftest.py").write_text(snippet)
        (folder / "test_rare.py").write_text(RARE)
        options = ["-q", "-p", "no:netprops", "--hypothesis-profile=fleet", "--rootdir=."]
        command = [sys.executable, "-m", "pytest", *options]
        environ = {**os.environ, "SHARED_EXAMPLES": str(tmp_path / "first" / ".hypothesis" / "examples"), **environ}
        return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)

    assert run("second", ONLY_REUSE="1").returncode == 0  # nothing is known
    assert run("first").returncode == 1
    found = sorted((tmp_path / "first" / ".hypothesis" / "examples").rglob("*"))
    assert found
    second = run("second", ONLY_REUSE="1")
    assert second.returncode == 1
    assert "n=700000" in second.stdout.replace(" ", "").replace("_", "")
    assert sorted((tmp_path / "first" / ".hypothesis" / "examples").rglob("*")) == found  # it was only read
