"""Bad input: each a clear error that says what is wrong and where, and nothing lost."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netprops import (
    DomainError,
    NotAFunctionError,
    UnsupportedError,
    are_equal,
    box,
    curvature,
    has_critical_point,
    has_curvature,
    has_inertia,
    is_affine,
    is_concave,
    is_constant,
    is_convex,
    is_critical,
    is_higher,
    is_nondecreasing,
    is_positive,
    is_quasiconvex,
    is_separable,
    is_strict_minimum,
    is_strictly_convex,
    no_counterexample,
    positive,
    reals,
    violates_jensen,
)


def square(x):
    return jnp.sum(jnp.square(x))


def in_float32(x):
    return jnp.sum((x.astype(jnp.float32) * jnp.float32(0.1)).astype(jnp.float64))


def branching(x):
    return x if x > 0 else -x


CASES = {
    # functions
    "a vector has no one curvature": (
        lambda: curvature(lambda x: 2 * x, reals(2)),
        NotAFunctionError,
        r"scalar function; this one returns shape \(2,\)",
    ),
    "a number is no function": (
        lambda: is_convex(3, reals()),
        NotAFunctionError,
        r"is_convex asks about a function, got int 3",
    ),
    "neither is None": (lambda: curvature(None, reals()), NotAFunctionError, "got NoneType None"),
    "nor is the other one": (lambda: are_equal(jnp.sin, None, reals()), NotAFunctionError, "are_equal asks about a"),
    "nor is a gap": (
        lambda: no_counterexample(2, reals()),
        NotAFunctionError,
        "no_counterexample asks about a function",
    ),
    "nor is a name": (lambda: is_critical("f", 0), NotAFunctionError, "is_critical asks about a function, got str 'f'"),
    "integers are not real values": (
        lambda: is_convex(lambda x: jnp.floor(x).astype(jnp.int64), reals()),
        NotAFunctionError,
        r"returns int64\[\]",
    ),
    "truth values are not": (lambda: is_convex(lambda x: x > 0, reals()), NotAFunctionError, r"returns bool\[\]"),
    "a function returns something": (lambda: is_convex(lambda x: None, reals()), NotAFunctionError, "returns nothing"),
    "a function returns arrays": (
        lambda: is_convex(lambda x: "a", reals()),
        NotAFunctionError,
        "could not be traced on R",
    ),
    "a function returns no float32": (
        lambda: is_convex(lambda x: x.astype(jnp.float32), reals()),
        NotAFunctionError,
        "Remove the cast",
    ),
    "a function computes in no float32": (
        lambda: is_convex(in_float32, reals()),
        UnsupportedError,
        r"computes in float32.*Cast to float64",
    ),
    "nor in bfloat16": (
        lambda: is_convex(lambda x: x.astype(jnp.bfloat16).astype(jnp.float64), reals()),
        UnsupportedError,
        "bfloat16",
    ),
    "Python's if needs a number": (
        lambda: is_convex(branching, reals()),
        NotAFunctionError,
        "branching could not be traced.*TracerBoolConversion",
    ),
    "so does NumPy": (
        lambda: is_convex(lambda x: np.sin(x), reals()),
        NotAFunctionError,
        "TracerArrayConversionError",
    ),
    "so does float()": (lambda: is_convex(lambda x: float(x), reals()), NotAFunctionError, "ConcretizationTypeError"),
    "outputs are compared shape by shape": (
        lambda: are_equal(lambda x: x, jnp.sum, reals(2)),
        NotAFunctionError,
        r"one shape, got \(\(2,\),\) and \(\(\),\)",
    ),
    "a random key is no number": (
        lambda: is_convex(lambda x: x + jax.random.normal(jax.random.key(0)), reals()),
        UnsupportedError,
        "random key",
    ),
    "a quantified argument needs its domain": (
        lambda: is_convex(lambda x, q: x * q, reals()),
        NotAFunctionError,
        "missing 1 required positional argument: 'q'",
    ),
    "a domain needs its argument": (
        lambda: is_convex(lambda x: x, reals(), for_all=reals()),
        NotAFunctionError,
        "takes 1 positional argument but 2",
    ),
    "several arguments need several": (
        lambda: are_equal(lambda x: x, lambda x: x, (reals(), reals())),
        NotAFunctionError,
        "but 2 were given",
    ),
    # domains
    "None is no domain": (lambda: is_convex(square, None), DomainError, "no entries"),
    "a number is no domain": (lambda: is_convex(square, 3), DomainError, "a domain is made by reals, .* got 3"),
    "an array is no domain": (lambda: is_convex(square, np.zeros(2)), DomainError, "a domain is made by reals"),
    "reals without a call is no domain": (lambda: is_convex(square, reals), DomainError, "got <function reals"),
    "no domain at all": (lambda: is_convex(square, ()), DomainError, "an empty domain decides nothing"),
    "a reversed box": (lambda: box(1, 0), DomainError, "empty: no real number between 1 and 0"),
    "a reversed entry": (lambda: box([0, 2], [1, 1]), DomainError, "empty at entry 1"),
    "an open box of one point": (lambda: box(1, 1, open=True), DomainError, "the domain is empty"),
    "a bound that is NaN": (lambda: box(float("nan"), 1), DomainError, "a bound of the domain is NaN"),
    "a lower bound of infinity": (lambda: box(float("inf"), float("inf")), DomainError, "a lower bound .* is inf"),
    "bounds of float32": (lambda: box(np.float32([0.1]), 1), DomainError, "bounds of dtype float32"),
    "a bound of float32": (lambda: box(np.float32(0.1), 1), DomainError, "bounds of dtype float32"),
    "bounds that do not fit": (lambda: box([0, 0], [1, 1, 1]), DomainError, r"shapes \(2,\) and \(3,\) do not fit"),
    "a truth value as a bound": (lambda: box(False, 1), DomainError, "the truth value False"),
    "a shape without entries": (lambda: reals((0,)), DomainError, "has no entries"),
    "a shape of negative length": (lambda: reals(-1), DomainError, "has no entries"),
    "a shape that is a float": (lambda: reals(2.0), DomainError, "a shape is a tuple of ints, got 2.0"),
    "a shape that is a word": (lambda: reals("ab"), DomainError, "a shape is a tuple of ints, got 'ab'"),
    "all of the line is no bounded box": (
        lambda: has_critical_point(square, reals()),
        DomainError,
        "needs a bounded box, got R",
    ),
    # points
    "NaN is no point": (lambda: has_curvature(square, np.nan, 1.0, 1), DomainError, "a finite number, got nan"),
    "infinity is no point": (lambda: is_higher(square, np.inf, 1.0), DomainError, "a finite number, got inf"),
    "a truth value is no point": (lambda: is_critical(square, True), DomainError, "the truth value True"),
    "a word is no point": (lambda: is_critical(square, "a"), DomainError, "got str 'a'"),
    "a complex number is no point": (lambda: is_critical(square, 1j), DomainError, "got complex 1j"),
    "None is no point": (lambda: is_critical(square, None), DomainError, "no entries"),
    "an empty list is no point": (lambda: is_critical(square, []), DomainError, "no entries"),
    "an empty array is no point": (lambda: is_critical(square, np.zeros((0,))), DomainError, "no entries"),
    "a ragged list is no point": (lambda: is_critical(square, [[1, 2], [3]]), DomainError, r"got list \[1, 2\]"),
    "a direction has the point's shape": (
        lambda: has_curvature(square, [1.0, 2.0], [1.0, 2.0, 3.0], 1),
        DomainError,
        r"direction has shape \(3,\)",
    ),
    "a direction has the point's names": (
        lambda: has_curvature(lambda p: p["a"] ** 2, {"a": 0.0}, {"b": 1.0}, 1),
        DomainError,
        "the direction does not fit",
    ),
    "the other point has its shape": (
        lambda: is_higher(square, [1.0, 2.0], 1.0),
        DomainError,
        r"the other point has shape \(\)",
    ),
    "a direction is not 0": (lambda: has_curvature(square, 1.0, 0.0, 1), DomainError, "the direction is 0"),
    "a sign is 1, -1 or 0": (lambda: has_curvature(square, 1.0, 1.0, 2), DomainError, "1, -1 or 0, got 2"),
    "a weight is inside": (lambda: violates_jensen(square, 0, 1, 1), ValueError, "strictly between 0 and 1, got 1"),
    "a weight is a number": (lambda: violates_jensen(square, 0, 1, np.nan), DomainError, "finite number, got nan"),
    "inertia counts three things": (lambda: has_inertia(square, (1, 1)), DomainError, r"three counts .* got \(1, 1\)"),
    "inertia adds up": (lambda: has_inertia(square, (1, 1, 1), reals(2)), DomainError, "adds up to 2"),
    "rows are rows": (lambda: is_separable([1, 2], [0, 1], "quasi"), DomainError, r"X has shape \(n, d\)"),
    "labels are 0 or 1": (lambda: is_separable([[1], [2]], [0, 2], "quasi"), DomainError, "labels are 0 or 1"),
    "a kind of separation": (lambda: is_separable([[1], [2]], [0, 1], "full"), DomainError, "got 'full'"),
    "no rows": (lambda: is_separable(np.zeros((0, 2)), [], "quasi"), DomainError, "nothing to separate"),
    "a row with NaN": (lambda: is_separable([[np.nan]], [1], "quasi"), DomainError, "finite number, got nan"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_told_what_is_wrong(case):
    question, error, message = CASES[case]
    with pytest.raises(error, match=f"(?s){message}"):
        question()


QUESTIONS = (
    is_convex, is_concave, is_affine, is_constant, is_strictly_convex, is_quasiconvex, is_nondecreasing, is_positive,
    no_counterexample, curvature,
)  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.__name__)
def test_a_function_undefined_somewhere_is_told_where(question):
    with pytest.raises(DomainError, match=r"not a real number at .* which lies in the domain R. State a domain"):
        question(jnp.log, reals())


@pytest.mark.parametrize(
    "function",
    [lambda x: 1 / x, jnp.sqrt, lambda x: x * jnp.nan, lambda x: jnp.nan, lambda x: x + jnp.inf, lambda x: jnp.inf],
    ids=["1/x", "sqrt", "nan x", "nan", "x + inf", "inf"],
)
def test_what_is_no_real_number_is_refused(function):
    with pytest.raises(DomainError, match="not a real number at"):
        is_convex(function, reals())


def test_the_point_named_is_one_where_the_function_is_undefined():
    with pytest.raises(DomainError, match=r"at -[0-9.e-]+, which lies in the domain \[-1, 1\]"):
        is_concave(jnp.sqrt, box(-1, 1))


def test_equality_of_undefined_functions_is_no_question():
    with pytest.raises(DomainError, match="not a real number"):
        are_equal(jnp.log, jnp.log, reals())


@pytest.mark.parametrize(
    "question",
    [
        lambda: is_higher(jnp.log, at=-1, than=1),
        lambda: is_higher(jnp.log, at=1, than=-1),
        lambda: is_critical(jnp.log, at=-1),
        lambda: has_curvature(jnp.log, at=-1, along=1, sign=1),
        lambda: violates_jensen(jnp.log, -1, 1),
    ],
)
def test_a_point_where_the_function_is_undefined_is_named(question):
    with pytest.raises(DomainError, match="the function is not a real number at -1"):
        question()


def test_no_minimum_is_claimed_where_the_function_is_undefined():
    assert is_strict_minimum(jnp.log, near=-1.0).answer == "undecided"


def test_an_unknown_primitive_is_named_with_its_equation_and_what_to_do():
    verdict = is_convex(lambda x: jax.lax.bessel_i1e(x) + 8 * x**2, positive())
    assert verdict.answer == "undecided"
    assert "no rule for the primitive" in verdict.because
    assert "To add one: an elementwise function is one row of netprops/readings/atoms.py" in verdict.because


def test_complex_arithmetic_proves_nothing():
    verdict = is_convex(lambda x: jnp.abs(x.astype(jnp.complex128)), reals())
    assert verdict.answer == "undecided"
    assert "complex128" in verdict.because


def test_a_callback_is_no_function_to_reason_about():
    def called_back(x):
        return jax.pure_callback(lambda v: np.asarray(v) ** 2, jax.ShapeDtypeStruct((), jnp.float64), x)

    with pytest.raises(UnsupportedError, match="pure_callback"):
        is_convex(called_back, reals())


def test_an_error_of_the_function_itself_comes_through():
    def broken(x):
        raise RuntimeError("no data")

    with pytest.raises(RuntimeError, match="no data"):
        is_convex(broken, reals())


def test_a_function_whose_surroundings_change_is_asked_about_as_it_is_now():
    sign = 1.0

    def parabola(x):
        return sign * x**2

    assert is_convex(parabola, reals())
    sign = -1.0
    assert not is_convex(parabola, reals())


def test_side_effects_happen_once_a_question_and_change_no_answer():
    calls = []

    def noisy(x):
        calls.append(1)
        return x**2

    assert is_convex(noisy, reals())
    assert is_convex(noisy, reals())
    assert len(calls) == 2


def test_without_double_precision_nothing_is_answered():
    program = (
        "import jax; jax.config.update('jax_enable_x64', False)\n"
        "from netprops import is_convex, reals, UnsupportedError\n"
        "try:\n    is_convex(lambda x: x**2, reals())\n"
        "except UnsupportedError as error:\n    print(error)\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "set JAX_ENABLE_X64=1" in told.stdout


def test_a_refused_question_leaves_the_next_one_alone():
    with pytest.raises(DomainError):
        is_convex(jnp.log, reals())
    assert is_concave(jnp.log, positive())
    with pytest.raises(DomainError):
        is_convex(jnp.log, reals())
