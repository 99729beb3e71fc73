"""`python -m netprops`: answers, exit statuses, errors."""

import json
import subprocess
import sys

import pytest

from netprops.__main__ import main
from netprops.domains import DomainError, parse_domain

MODULE = """
import jax.numpy as jnp
import numpy as np

def saddle(x):
    return x[0] * x[1]

def bowl(x):
    return jnp.sum(x**2)

def root(x):
    return jnp.sqrt(x)

def unknown(x):
    return jnp.hypot(x[0], x[1])

def cost(p):
    return (p["a"] * p["b"] - 1) ** 2

params = {"a": np.zeros(()), "b": np.zeros(())}
elsewhere = [np.zeros(2)]

def cost_of_list(p):
    return jnp.sum(p[0] ** 2)
"""


@pytest.fixture(autouse=True)
def _module(tmp_path, monkeypatch):
    (tmp_path / "losses_of_mine.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    sys.modules.pop("losses_of_mine", None)


def run(capsys, *arguments):
    status = main(arguments)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_curvature(capsys):
    status, out, _ = run(capsys, "curvature", "losses_of_mine:saddle", "--on", "[-1, 1]^2")
    assert (status, out.splitlines()[0]) == (0, "losses_of_mine:saddle on [-1, 1]^2: neither")
    assert "convex? no (certified)" in out
    status, out, _ = run(capsys, "curvature", "losses_of_mine:bowl", "--dim", "3")
    assert (status, out.splitlines()[0]) == (0, "losses_of_mine:bowl on R^3: convex")
    status, out, _ = run(capsys, "curvature", "losses_of_mine:root", "--on", "[0, inf)")
    assert (status, out.splitlines()[0]) == (0, "losses_of_mine:root on [0, inf): concave")


def test_undecided_is_another_status(capsys):
    status, out, _ = run(capsys, "curvature", "losses_of_mine:unknown", "--dim", "2")
    assert status == 2
    assert "undecided" in out


def test_json(capsys):
    status, out, _ = run(capsys, "curvature", "losses_of_mine:saddle", "--dim", "2", "--json")
    found = json.loads(out)
    assert (status, found["curvature"], found["domain"]) == (0, "neither", "R^2")
    assert found["convex"]["witness"]["kind"] == "chord"
    status, out, _ = run(capsys, "explain", "losses_of_mine:cost", "--json")
    assert (status, json.loads(out)["convex"]) == (0, [["a"], ["b"]])


def test_explain(capsys):
    status, out, _ = run(capsys, "explain", "losses_of_mine:cost")
    assert status == 0
    assert "not jointly convex in a and b" in out
    status, out, _ = run(capsys, "explain", "losses_of_mine:cost_of_list", "--params", "losses_of_mine:elsewhere")
    assert status == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["curvature", "losses_of_mine:none"], "has no 'none'"),
        (["curvature", "no_such_module:f"], "No module named"),
        (["curvature", "losses_of_mine"], "module:name"),
        (["curvature", "losses_of_mine:bowl", "--on", "[1, 0]"], "empty"),
        (["curvature", "losses_of_mine:bowl", "--on", "square"], "no domain in 'square'"),
        (["curvature", "losses_of_mine:bowl", "--on", "[0, 1]^2", "--dim", "3"], "does not fit"),
        (["curvature", "losses_of_mine:bowl", "--dim", "0"], "from 1 on"),
        (["curvature", "losses_of_mine:root"], "not a real number"),
        (["explain", "losses_of_mine:cost", "--params", "losses_of_mine:none"], "has no 'none'"),
        (["curvature"], "usage"),
        (["unheard-of"], "usage"),
    ],
)
def test_errors_are_status_1_and_say_what_is_wrong(capsys, arguments, said):
    status, _, err = run(capsys, *arguments)
    assert status == 1
    assert said in err


def test_it_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "netprops", "curvature", "losses_of_mine:bowl", "--dim", "2"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("text", "shown", "shape"),
    [
        ("R", "R", ()),
        (" R^3 ", "R^3", (3,)),
        ("[-1,1]^1", "[-1, 1]^1", (1,)),
        ("(0, inf)", "(0, inf)", ()),
        ("[0, 1/3) x R x (-inf, 0.1]", "[0, 1/3) x (-inf, inf) x (-inf, 1/10]", (3,)),
        ("[0,1] x [0,1]", "[0, 1]^2", (2,)),
    ],
)
def test_domains_are_read(text, shown, shape):
    assert (str(parse_domain(text)), parse_domain(text).shape) == (shown, shape)


@pytest.mark.parametrize("text", ["", "[0]", "[0,1", "R^0", "[nan,1]", "[inf,1]", "(0,0]", "[1/0,2]", "[a,b]", "R^-1"])
def test_what_is_no_domain_is_refused(text):
    with pytest.raises(DomainError):
        parse_domain(text)
