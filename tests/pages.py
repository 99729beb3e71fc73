"""Pages of documentation, run: the blocks of Python as they stand, against the output that is stated.

A block ``python`` is run in the one namespace of its page; a block ``text`` right after it is what it prints, all of
it, where ``...`` stands for anything.  A block with a title is the file of that name.  A block ``console`` is a
session: each line after ``$`` is run in the folder of these files, and what follows is what it writes, likewise.
"""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import jax

ROOT = Path(__file__).parent.parent
_FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^`\n]*)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its title if it is a file, its text, and the line at which it begins."""

    language: str
    title: str | None
    text: str
    line: int


def blocks_of(page):
    found = []
    for match in _FENCE.finditer(page):
        words = match["info"].split()
        title = _TITLE.search(match["info"])
        line = page.count("\n", 0, match.start()) + 2
        found.append(Block(words[0] if words else "", title and title[1], match["body"], line))
    return found


def fits(stated, printed):
    """Whether what was printed is what is stated, but for spaces at the ends of lines; ``...`` is anything."""
    pattern = ".*?".join(map(re.escape, _stripped(stated).split("...")))
    return re.fullmatch(pattern, _stripped(printed), re.DOTALL) is not None


def _stripped(text):
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def run_page(page, name, folder):
    """Run a page; returns what does not come out as it is stated, in words, and how many blocks were run."""
    space = {"__name__": "__main__"}
    wrong, ran = [], 0
    blocks = blocks_of(page)
    for block, after in zip(blocks, [*blocks[1:], None], strict=True):
        if block.title:
            path = folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
        elif block.language == "python":
            stated = after.text if after and after.language == "text" else ""
            printed = _run_python(block, name, space)
            wrong += _compared(stated, printed, f"{name}:{block.line}")
            ran += 1
        elif block.language == "console":
            for command, stated in _session(block.text):
                wrong += _compared(stated, _run_command(command, folder), f"{name}:{block.line}: {command}")
                ran += 1
    return wrong, ran


def _compared(stated, printed, where):
    return [] if fits(stated, printed) else [f"{where}\nstated:\n{stated}\nprinted:\n{printed}"]


def _run_python(block, name, space):
    # Empty lines before it, so that line numbers in messages are those of the page.
    code = compile("\n" * (block.line - 1) + block.text, name, "exec")
    printed = io.StringIO()
    # JAX as a reader has it, not as strict as conftest.py makes it.
    with (
        jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"), contextlib.redirect_stdout(printed)
    ):  # fmt: skip
        exec(code, space)
    return printed.getvalue()


def _session(text):
    """The commands of a session, each with what it is said to write."""
    _, *parts = re.split(r"^\$ ", text, flags=re.MULTILINE)
    return [tuple(part.split("\n", 1)) for part in parts]


def _run_command(command, folder):
    words = shlex.split(command)
    assert words[0] in ("python", "pytest"), command
    program = [sys.executable, *(["-m", "pytest", "-p", "no:cacheprovider"] if words[0] == "pytest" else [])]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120", "PYTHONDONTWRITEBYTECODE": "1"}
    for name in [name for name in environment if name.startswith("PYTEST_")]:
        del environment[name]
    done = subprocess.run(
        [*program, *words[1:]], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr
