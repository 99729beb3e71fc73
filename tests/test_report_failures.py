"""What a failed test tells: the claim, the witness, how to run it again, and a script in NumPy that shows it."""

import functools
import re
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import fmpq

from netprops import box, curvature, is_convex, is_nondecreasing, ordered_cone, reals
from netprops.evidence import Note, Site, no, undecided
from netprops.readings.floats import evaluate_batch
from netprops.readings.jaxpr import trace
from netprops.report import failures
from netprops.report.numpy_script import ELEMENTWISE, UnprintableError, chord_script, function

CLAIM = {"statement": "In words.", "id": "a", "verdict": "holds", "source": ["D1.Q"], "module": "specs/a.py"}


def told(verdict):
    return failures.failure(CLAIM, Note(verdict, Site("a.py", 3, 5)), "a.py:3:5", "pytest a.py::test_it")


def run(script):
    """The space that a script leaves behind, with nothing of this module in it."""
    space = {}
    exec(script, space)
    return space


def printed(f, *domains):
    program = trace(f, *domains)
    return run(f"import numpy as np\n{function(program)}")["f"], program


# ---------------------------------------------------------------- the function, printed

X = reals((3, 2))
FUNCTIONS = {
    "entries": (lambda v: v[0] * v[1] - v[-1], reals(4)),
    "rows": (lambda x: jnp.sum(x[1] * x[:, 0][:2]), X),
    "strides": (lambda v: jnp.sum(v[::2] ** 3), reals(5)),
    "reversed": (lambda v: v[::-1] @ v, reals(4)),
    "a network": (lambda w, v, x, y: jnp.mean((jnp.tanh(x @ w) @ v - y) ** 2), reals((2, 3)), reals(3), X, reals(3)),
    "softplus": (lambda v: jnp.sum(jax.nn.softplus(v)), reals(3)),
    "relu": (lambda v: jnp.sum(jax.nn.relu(v) / (1 + jnp.exp(-v))), reals(3)),
    "logistic": (lambda v: jnp.sum(jax.nn.sigmoid(v)), reals(3)),
    "log-sum-exp": (jax.nn.logsumexp, reals(4)),
    "softmax": (lambda v: jax.nn.softmax(v) @ jnp.arange(4.0), reals(4)),
    "outer": (lambda a, b: jnp.sum(jnp.outer(a, b) ** 2), reals(2), reals(3)),
    "batched": (lambda a, b: jnp.sum(jnp.einsum("bij,bjk->bik", a, b)), reals((2, 1, 3)), reals((2, 3, 2))),
    "transposed": (lambda a, b: jnp.sum(a.T @ b), X, X),
    "joined": (lambda a, b: jnp.max(jnp.concatenate([a, 2 * b])), reals(2), reals(3)),
    "a constant": (lambda v: v @ np.array([1.0, -2.5, 0.1]), reals(3)),
    "chosen": (lambda v: jnp.sum(jnp.where(v > 0.5, v, -v)), reals(3)),
    "clipped": (lambda v: jnp.sum(jnp.clip(v, -0.5, 0.5)), reals(3)),
    "used twice": (lambda v: (s := jnp.sum(jnp.sin(v) * jnp.cos(v) + jnp.exp(v) * jnp.abs(v))) * s + s, reals(3)),
    "columns": (lambda x: jnp.sum(jnp.cumsum(x, axis=1) - jnp.sum(x, axis=0)[None, :]), X),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_printed_function_is_the_one_that_was_traced(name):
    f, *domains = FUNCTIONS[name]
    mine, program = printed(f, *domains)
    rng = np.random.default_rng(0)
    for _ in range(5):
        point = [rng.standard_normal(leaf.shape) for leaf in program.arguments]
        assert mine(*point) == pytest.approx(float(f(*map(jnp.asarray, point))), rel=1e-12)


@pytest.mark.parametrize("name", sorted(ELEMENTWISE))
def test_every_elementwise_row_is_the_primitive(name):
    """Against the float reading, which has tables of its own."""
    rows = {"clamp": 3, "add_any": 2}
    binary = ("add", "and", "atan2", "div", "eq", "ge", "gt", "le", "lt", "max", "min", "mul", "ne", "or", "pow", "sub")
    operands = rows.get(name, 2 if name in binary else 1)
    points = [np.array([0.25, 0.5, 0.75]), np.array([0.5, 0.5, 0.5]), np.array([0.6, 0.7, 0.8])][:operands]
    if name == "acosh":
        points = [points[0] + 1]
    if name in ("and", "or", "not"):
        points = [point > 0.5 for point in points]
    text = ELEMENTWISE[name](*"abc"[:operands])
    mine = eval(text, {"np": np, **dict(zip("abc", points, strict=False))})
    assert np.allclose(mine, REFERENCE[name](*points), rtol=1e-14)


REFERENCE = {
    **{name: getattr(jax.lax, name) for name in ELEMENTWISE if hasattr(jax.lax, name)},
    "add_any": jax.lax.add,
    "and": np.logical_and,
    "clamp": jax.lax.clamp,
    "copy": lambda x: x,
    "not": np.logical_not,
    "or": np.logical_or,
    "square": lambda x: x * x,
}


def test_what_has_no_short_form_is_refused():
    long = lambda v: functools.reduce(lambda s, k: jnp.sin(s * v[k] + s), range(40), v[0])  # noqa: E731
    for f, on in ((long, reals(40)), (lambda v: v @ np.arange(100.0), reals(100)), (jax.scipy.special.erf, reals())):
        with pytest.raises(UnprintableError):
            function(trace(f, on))


# ---------------------------------------------------------------- the script

COSTS = {
    "saddle": (lambda v: v[0] * v[1], reals(2), None),
    "sine": (jnp.sin, reals(), None),
    "one unit": (lambda w, d: (jnp.tanh(w * d[0]) - d[1]) ** 2, reals(), reals(2)),
    "a network": (
        lambda p, x: jnp.sum((jnp.tanh(x @ p["W"]) @ p["v"] - 1) ** 2),
        {"W": reals((2, 2)), "v": reals(2)},
        reals((1, 2)),
    ),
    "entries": (lambda v: jnp.stack([v, -(v**2)]), reals(), None),
}


@pytest.mark.parametrize("name", COSTS)
def test_the_script_shows_the_violation_without_this_package(name):
    f, on, for_all = COSTS[name]
    text = told(is_convex(f, on=on, for_all=for_all))
    script = text.split("In NumPy alone:\n")[1].split("Again:")[0]
    script = "\n".join(line.removeprefix("    ") for line in script.splitlines())
    assert "netprops" not in script
    assert "jax" not in script
    assert len([line for line in script.splitlines() if line]) <= 16
    space = run(script)
    assert space["f"](*space["m"]) - space["chord"] > 0


def test_a_concave_witness_lies_below():
    f = lambda v: v[0] ** 2  # noqa: E731
    found = curvature(f, reals(1)).concave
    space = run(chord_script(trace(f, reals(1)), found.witness))
    assert space["f"](*space["m"]) - space["chord"] < 0


def test_a_script_that_would_not_show_it_is_not_handed_out():
    f = lambda v: v[0] * v[1]  # noqa: E731
    witness = dict(is_convex(f, on=reals(2)).witness)
    assert chord_script(trace(f, reals(2)), witness)
    for wrong in (lambda v: v[0] * v[0] + v[1], lambda v: -v[0] * v[1]):
        with pytest.raises(UnprintableError, match="lost in rounding"):
            chord_script(trace(wrong, reals(2)), witness)
    with pytest.raises(UnprintableError, match="does not fit"):
        chord_script(trace(f, reals(3)), witness)


def test_a_gap_that_floats_lose_is_told_of_without_a_script():
    verdict = is_convex(lambda v: 2.0**60 + v[0] * v[1], on=box(-1, 1, 2))
    assert verdict.answer == "no"
    text = told(verdict)
    assert "In NumPy alone" not in text
    assert "lost in rounding" in text
    assert "python -m netprops replay" in text


def test_on_a_cone_the_function_at_hand_is_another_one():
    text = told(is_convex(lambda w: w[0] * w[1], on=ordered_cone(2)))
    assert "No short script in NumPy: it lives on an ordered cone" in text


# ---------------------------------------------------------------- the message


def test_the_message_has_the_claim_the_domain_both_sides_and_the_gap():
    verdict = is_convex(lambda w, x: (jnp.tanh(w * x) - 1) ** 2, on=box(-3, 3), for_all=reals())
    lines = told(verdict).splitlines()
    assert lines[:3] == [
        "In words.",
        "(a: holds; D1.Q; specs/a.py)",
        "Asked last: <is_convex: no (certified)> at a.py:3:5",
    ]
    assert "On:         [-3, 3], for every value in R" in lines
    named = (re.fullmatch(r"  (a|b|m|f\([abm]\)|gap) +(?:= )?(.*)", line) for line in lines)
    shown = dict(found.groups() for found in named if found)
    witness = verdict.witness
    for name, enclosure in witness["enclosures"].items():
        assert shown[name] == enclosure
    assert [float(Fraction(x)) for x in shown["a"].strip("()").split(", ")] == [
        float.fromhex(x) for x in witness["points"]["a"]
    ]
    assert lines[-1] == "Again:      pytest a.py::test_it"


def test_other_witnesses_and_none():
    text = told(is_nondecreasing(lambda x: -x, on=reals()))
    assert "f(a) - f(b)= " in text or "f(a) - f(b) = " in text
    assert "NumPy" not in text
    assert "Because:    searched" in told(undecided("is_convex", "searched"))
    assert "Because:    a chord" in told(no("is_convex", "certified", "a chord", {"ends": [0, 2]}))
    assert failures.failure(CLAIM, None, "", "pytest").splitlines()[2:] == ["It asked nothing.", "Again:      pytest"]


@pytest.mark.parametrize(
    ("test", "seed", "profile", "line"),
    [
        ("a.py::test_it", 3, "default", "pytest a.py::test_it --hypothesis-seed=3"),
        ("a.py::test_it[x y]", "it's", "quick", None),
    ],
)
def test_the_line_that_runs_it_again(test, seed, profile, line):
    import shlex

    found = failures.rerun(test, seed, profile)
    assert line is None or found == line
    assert shlex.split(found)[1:3] == [test, f"--hypothesis-seed={seed}"]


def test_a_point_that_no_double_is_near_is_shown_as_it_is():
    huge = str(fmpq(10) ** 400)
    record = {"points": {"x": [huge]}, "enclosures": {"f(x)": "1"}}
    assert huge in told(no("is_positive", "certified", "a point", record))


def test_the_float_reading_agrees_with_the_printer_on_a_whole_network():
    f, *domains = FUNCTIONS["a network"]
    mine, program = printed(f, *domains)
    point = [np.full(leaf.shape, 0.5) for leaf in program.arguments]
    (expected,) = evaluate_batch(program, [x[None] for x in point])
    assert mine(*point) == pytest.approx(float(np.ravel(expected)[0]), rel=1e-14)
