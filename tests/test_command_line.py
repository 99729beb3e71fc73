"""`python -m netprops`: answers, exit statuses, errors."""

import json
import subprocess
import sys

import pytest

from netprops import are_equal, reals
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

def doubled(x):
    return x + x

def twice(x):
    return 2 * x

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


def test_a_certificate_is_written_and_accepted(capsys, tmp_path):
    for name, answers in (("saddle", ("no", "no")), ("bowl", ("yes", "no"))):
        path = str(tmp_path / f"{name}.json")
        status, out, err = run(capsys, "curvature", f"losses_of_mine:{name}", "--dim", "2", "--certificate", path)
        assert (status, err) == (0, "")
        assert name in out
        status, out, _ = run(capsys, "recheck", path, f"losses_of_mine:{name}")
        *parts, last = out.splitlines()
        assert (status, last) == (0, f"{path}: accepted: both parts")
        assert tuple(json.loads(part)["answer"] for part in parts) == answers
        assert all(json.loads(part)["domains"] for part in parts)


def test_a_certificate_of_another_function_or_corrupted_is_refused_with_status_1(capsys, tmp_path):
    path = tmp_path / "bowl.json"
    run(capsys, "curvature", "losses_of_mine:bowl", "--dim", "2", "--certificate", str(path))
    status, out, _ = run(capsys, "recheck", str(path), "losses_of_mine:saddle")
    assert status == 1
    assert f"{path}: refused at is_convex, function: the function is not the one that was certified" in out
    path.write_text(path.read_text().replace("squares", "affine"))
    status, out, _ = run(capsys, "recheck", str(path), "losses_of_mine:bowl")
    assert (status, out) == (1, f"{path}: refused at is_convex, format: the checksum is not that of the contents\n")


def test_one_question_has_a_certificate_too(capsys, tmp_path):
    path = tmp_path / "equal.json"
    certificate = are_equal(lambda x: x + x, lambda x: 2 * x, reals()).certificate
    path.write_text(json.dumps(certificate))
    status, out, _ = run(capsys, "recheck", str(path), "losses_of_mine:doubled", "losses_of_mine:twice")
    assert (status, json.loads(out.splitlines()[0])["question"]) == (0, "are_equal")
    assert run(capsys, "recheck", str(path), "losses_of_mine:doubled")[0] == 1


def test_what_is_undecided_has_no_certificate(capsys, tmp_path):
    path = tmp_path / "unknown.json"
    status, _, err = run(capsys, "curvature", "losses_of_mine:unknown", "--dim", "2", "--certificate", str(path))
    assert (status, path.exists()) == (2, False)
    assert "was not written" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["recheck", "no_such_file.json", "losses_of_mine:bowl"], "No such file"),
        (["recheck", "losses_of_mine.py", "losses_of_mine:bowl"], "Expecting value"),
        (["recheck", "losses_of_mine.py"], "usage"),
        (["curvature", "losses_of_mine:bowl", "--dim", "2", "--certificate", "no/such/folder.json"], "No such file"),
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
