"""The reading in balls on trial: true enclosures, comparisons that say when they cannot decide, real losses."""

import math
from fractions import Fraction

import flint
import jax
import jax.numpy as jnp
import jax.scipy.special as special
import mpmath
import numpy as np
import optax
import pytest
from flint import arb, fmpq
from hypothesis import assume, example, given
from hypothesis import strategies as st

from netprops.domains import exact, reals
from netprops.readings import balls
from netprops.readings.atoms import ATOMS, ball
from netprops.readings.balls import RULES, UNDECIDED, enclose, evaluate, is_undefined, precision_of
from netprops.readings.jaxpr import trace
from netprops.readings.jets import full_jet
from netprops.readings.witnesses import is_real_at, jensen_gap, sign_of

# ------------------------------------------------------------------ every rule against exact arithmetic


def truncated_remainder(x, y):
    quotient = x / y
    return x - y * (math.floor(quotient) if quotient >= 0 else math.ceil(quotient))


def away_from_zero(x):
    return math.floor(x + Fraction(1, 2)) if x > 0 else math.ceil(x - Fraction(1, 2))


def sign(x):
    return (x > 0) - (x < 0)


def two_digits(x):
    """The first two binary digits."""
    unit = Fraction(2) ** (math.frexp(x)[1] - 2)
    return math.trunc(x / unit) * unit


# name -> (number of arguments, the function on fractions, parameters of the equation); truth values are bools.
EXACT_RULES = {
    "abs": (1, abs, {}),
    "add": (2, lambda x, y: x + y, {}),
    "add_any": (2, lambda x, y: x + y, {}),
    "ceil": (1, math.ceil, {}),
    "cut": (1, two_digits, {"kept": 1}),
    "div": (2, lambda x, y: x / y, {}),
    "eq": (2, lambda x, y: x == y, {}),
    "floor": (1, math.floor, {}),
    "ge": (2, lambda x, y: x >= y, {}),
    "gt": (2, lambda x, y: x > y, {}),
    "integer_pow": (1, lambda x: x**-3, {"y": -3}),
    "is_finite": (1, lambda x: True, {}),
    "le": (2, lambda x, y: x <= y, {}),
    "lt": (2, lambda x, y: x < y, {}),
    "max": (2, max, {}),
    "min": (2, min, {}),
    "mul": (2, lambda x, y: x * y, {}),
    "ne": (2, lambda x, y: x != y, {}),
    "rem": (2, truncated_remainder, {}),
    "round": (1, away_from_zero, {"rounding_method": 0}),
    "sign": (1, sign, {}),
    "sub": (2, lambda x, y: x - y, {}),
}
ROUND_TO_EVEN = (1, round, {"rounding_method": 1})
TRUTH_TABLES = {
    "eq": (2, lambda a, b: a == b),
    "ne": (2, lambda a, b: a != b),
    "and": (2, lambda a, b: a and b),
    "not": (1, lambda a: not a),
    "or": (2, lambda a, b: a or b),
    "xor": (2, lambda a, b: a != b),
    "choose_truth": (3, lambda k, a, b: b if k else a),
}
TRANSCENDENTAL = {
    "atan2": lambda y, x: mpmath.atan2(y, x),
    "pow": lambda x, y: mpmath.power(x, y),
    "polygamma": lambda m, x: mpmath.polygamma(int(m), x),
}

fractions = st.integers(-40, 40).map(lambda k: Fraction(k, 8))
radii = st.sampled_from([Fraction(0), Fraction(1, 1024), Fraction(1, 8), Fraction(3, 4), Fraction(2)])
places = st.integers(-4, 4).map(lambda k: Fraction(k, 4))


def as_ball(x, radius=Fraction(0)):
    x, radius = fmpq(x.numerator, x.denominator), fmpq(radius.numerator, radius.denominator)
    return arb(ball(x), ball(radius)) if radius else ball(x)


def contains(y, number):
    if not y.is_finite():
        return False
    return abs(y.mid().fmpq() - fmpq(number.numerator, number.denominator)) <= y.rad().fmpq()


def test_every_rule_is_tried():
    assert set(EXACT_RULES) | set(TRUTH_TABLES) | set(TRANSCENDENTAL) | set(ATOMS) == set(RULES)


@pytest.mark.parametrize("name", [*EXACT_RULES, "round to even"])
def test_rules_at_exact_points(name):
    count, function, parameters = EXACT_RULES.get(name, ROUND_TO_EVEN)

    @given(st.lists(fractions, min_size=count, max_size=count))
    def check(xs):
        assume(name not in {"div", "rem", "integer_pow"} or xs[-1] != 0)
        with precision_of(128):
            got = RULES[name.split()[0]](*map(as_ball, xs), **parameters)
        expected = function(*xs)
        if isinstance(expected, bool):
            assert got is expected
        else:
            assert contains(got, expected)
            assert got.rad() <= 2**-100
            assert got.is_exact() or name in {"div", "integer_pow", "rem"}

    check()


@pytest.mark.parametrize("name", [*EXACT_RULES, "round to even"])
def test_rules_on_wide_balls(name):
    """What is certain of two balls is so for all numbers of them; a number is in the ball, or nothing is known."""
    count, function, parameters = EXACT_RULES.get(name, ROUND_TO_EVEN)
    argument = st.tuples(fractions, radii, st.lists(places, min_size=3, max_size=3))
    # Balls that overlap, and numbers of them in all orders: seen whatever is drawn.
    ups, downs = ([Fraction(k, 2) for k in order] for order in ((1, 0, -1), (-1, 0, 1)))
    overlapping = [(Fraction(1), Fraction(2), where) for where in (ups, downs, ups)[:count]]

    @given(st.lists(argument, min_size=count, max_size=count), st.sampled_from([53, 128]))
    @example(overlapping, 53)
    def check(arguments, precision):
        with precision_of(precision):
            got = RULES[name.split()[0]](*(as_ball(x, r) for x, r, _ in arguments), **parameters)
        for k in range(3):
            xs = [x + r * where[k] for x, r, where in arguments]
            if name in {"div", "rem", "integer_pow"} and xs[-1] == 0:
                assert not got.is_finite()
            elif got is UNDECIDED:
                continue
            elif isinstance(got, bool):
                assert got is function(*xs)
            else:
                assert is_undefined(got) or contains(got, function(*xs))

    check()


@pytest.mark.parametrize("name", TRUTH_TABLES)
def test_truth_tables(name):
    """A decided answer is right whatever the undecided operands are; all decided gives a decided one."""
    count, function = TRUTH_TABLES[name]
    values = [True, False, UNDECIDED]
    for operands in np.stack(np.meshgrid(*[range(3)] * count, indexing="ij"), -1).reshape(-1, count):
        given_truths = [values[k] for k in operands]
        got = RULES[name](*given_truths)
        worlds = np.stack(np.meshgrid(*[range(2)] * count, indexing="ij"), -1).reshape(-1, count)
        possible = {
            bool(function(*map(bool, world)))
            for world in worlds
            if all(t is UNDECIDED or t is bool(w) for t, w in zip(given_truths, world, strict=True))
        }
        assert got is UNDECIDED or possible == {got}
        assert got is not UNDECIDED or UNDECIDED in given_truths


@pytest.mark.parametrize("name", TRANSCENDENTAL)
@given(x=fractions, y=fractions)
def test_functions_of_two_numbers(name, x, y):
    if name == "polygamma":
        x = Fraction(abs(int(x)))
    if name == "pow":
        assume(x > 0 or (y.denominator == 1 and (x < 0 or y >= 0)))
    if name == "polygamma":
        assume(y > 0)
    with precision_of(200), mpmath.workdps(60):
        got = RULES[name](as_ball(x), as_ball(y))
        expected = TRANSCENDENTAL[name](
            mpmath.mpf(x.numerator) / x.denominator, mpmath.mpf(y.numerator) / y.denominator
        )
        low, high = (mpmath.mpf(int(e.p)) / int(e.q) for e in (got.lower().fmpq(), got.upper().fmpq()))
        slack = mpmath.mpf(10) ** -40 * (1 + abs(expected))
        assert low - slack <= expected <= high + slack
        assert high - low < slack


@given(fractions, fractions, radii, places)
def test_powers_on_wide_balls(x, y, radius, place):
    got = RULES["pow"](as_ball(x, radius), as_ball(y))
    t = x + radius * place
    if got.is_finite() and t > 0:
        expected = mpmath.power(mpmath.mpf(t.numerator) / t.denominator, mpmath.mpf(y.numerator) / y.denominator)
        assert float(got.lower()) * (1 - 1e-12) <= expected * (1 + mpmath.mpf(10) ** -12)
        assert expected * (1 - mpmath.mpf(10) ** -12) <= float(got.upper()) * (1 + 1e-12)


def test_a_rule_that_is_wrong_on_purpose_is_found(monkeypatch):
    monkeypatch.setitem(RULES, "lt", lambda a, b: balls.negate(balls.at_most(a, b)))
    with pytest.raises((AssertionError, ExceptionGroup)):
        test_rules_on_wide_balls("lt")


def test_no_witness_where_a_comparison_has_no_meaning():
    f = lambda x: jnp.where(x * jnp.log(x) < 0.0, 1.0, jnp.where(x < 1.0, 1.0, 2.0))  # noqa: E731
    at = [[np.array(fmpq(k))] for k in (-1, 1)]
    assert jensen_gap(trace(f, reals()), 0, *at) is None


def test_undecided_taken_for_false_is_found(monkeypatch):
    monkeypatch.setitem(RULES, "gt", lambda a, b: bool(a > b))
    with pytest.raises((AssertionError, ExceptionGroup)):
        test_rules_on_wide_balls("gt")


# ------------------------------------------------------------------ comparisons, guards, infinities


def test_an_undecided_truth_value_has_none():
    with pytest.raises(ValueError, match="undecided"):
        bool(UNDECIDED)
    assert repr(UNDECIDED) == "UNDECIDED"


def test_two_numbers_in_one_ball_are_not_one_number():
    program = trace(lambda x: jnp.where(x[0] == x[1], 1.0, 2.0), reals(2))
    x = arb(0, 1)
    (got,) = evaluate(program, [np.array([x, x], dtype=object)], 53)
    assert got.item().contains(1)
    assert got.item().contains(2)


def test_a_number_is_equal_to_itself():
    program = trace(lambda x: jnp.where(x != x, jnp.nan, x - x), reals())
    (got,) = evaluate(program, [np.array(arb(0, 1), dtype=object)], 53)
    assert got.item() == 0


def test_guards_that_choose_nan_for_no_number():
    program = trace(lambda x: jnp.where(jnp.isnan(x), jnp.nan, jnp.where(jnp.isinf(x), -1.0, x)), reals())
    (got,) = evaluate(program, [np.array(2)], 53)
    assert got.item() == 2


def test_nothing_known_stays_nothing_known():
    """Nor does a choice by it, or by what a comparison with it is combined to: as in `is_real_at`."""
    log = jnp.log
    for choice in (
        lambda x: log(x) > 0.0,
        lambda x: log(x) == 0.0,
        lambda x: jnp.isnan(log(x)),
        lambda x: ~(log(x) <= 0.0) | (x > 1.0),
        lambda x: (log(x) < 0.0) ^ (x > 1.0),
        lambda x: jnp.where(log(x) > 0.0, x > 1.0, x > 2.0),
        lambda x: jnp.isfinite(log(x)) & (x < 1.0),
    ):
        program = trace(lambda x, choice=choice: jnp.where(choice(x), 1.0, 2.0), reals())
        (got,) = evaluate(program, [np.array(-1)], 53)
        assert is_undefined(got.item())
        jet = full_jet(program, [np.array(fmpq(-1))], 53)
        assert is_undefined(jet.value)
        assert is_real_at(program, [np.array(fmpq(-1))]) == "undefined"


def test_what_a_comparison_without_a_meaning_does_not_matter_to_is_known():
    program = trace(lambda x: jnp.where((jnp.log(x) > 0.0) & (x > 0.0), 1.0, 2.0), reals())
    (got,) = evaluate(program, [np.array(-1)], 53)
    assert got.item() == 2


def test_the_case_not_taken_may_be_undefined():
    program = trace(lambda x: jnp.where(x > 0.0, jnp.log(x), x), reals(2))
    (got,) = evaluate(program, [np.array([-1, 1])], 53)
    assert [x == y for x, y in zip(got, (-1, 0), strict=True)] == [True, True]


def test_an_undecided_choice_is_the_hull():
    program = trace(lambda x: jnp.where(x > 0.0, x + 1.0, x - 1.0), reals())
    (got,) = evaluate(program, [np.array(arb(0, 0.5), dtype=object)], 53)
    assert got.item().contains(arb(0, 1.5))


@pytest.mark.parametrize(
    ("function", "at"),
    [
        (lambda x: jnp.log(x), 0),
        (lambda x: 1.0 / x, 0),
        (lambda x: x**-2, 0),
        (lambda x: jnp.sqrt(x), -1),
        (lambda x: x**1.5, -1),
        (lambda x: jnp.arcsin(x), 2),
        (lambda x: jnp.inf * (x - x), 1),
        (lambda x: x % 0.0, 1),
    ],
)
def test_undefined(function, at):
    (got,) = evaluate(trace(function, reals()), [np.array(at)], 53)
    assert is_undefined(got.item())


def test_masked_entries_weigh_nothing():
    mask = np.array([True, False, True])
    program = trace(lambda x: jax.nn.logsumexp(jnp.where(mask, x, -jnp.inf)), reals(3))
    (got,) = evaluate(program, [np.array([1, 100, 2])], 128)
    assert abs(float(got.item()) - math.log(math.e + math.e**2)) < 1e-14


MASK = np.array([True, False, True])


def masked(x, fill=-jnp.inf):
    return jnp.where(MASK, x, fill)


def softmax_of_two(x):
    weights = np.exp(x[[0, 2]] - x.max())
    return weights @ x[[0, 2]] / weights.sum()


DISCARDED = {
    "a softmax, masked by -inf": (lambda x: jnp.sum(jax.nn.softmax(masked(x)) * x), softmax_of_two),
    "a softmax with where": (lambda x: jnp.sum(jax.nn.softmax(x, where=MASK) * x), softmax_of_two),
    "the logarithm of it, masked again": (
        lambda x: jnp.sum(masked(jax.nn.log_softmax(masked(x)), 0.0)),
        lambda x: x[0] + x[2] - 2 * np.logaddexp(x[0], x[2]),
    ),
    "log-sum-exp with where": (lambda x: jax.nn.logsumexp(x, where=MASK), lambda x: np.logaddexp(x[0], x[2])),
    "logaddexp": (lambda x: jnp.sum(jnp.logaddexp(masked(x), 0.0)), lambda x: np.log1p(np.exp(x[[0, 2]])).sum()),
    "a maximum with where": (lambda x: jnp.max(x, where=MASK, initial=-jnp.inf), lambda x: max(x[0], x[2])),
    "a minimum of a mask": (lambda x: jnp.min(masked(x, jnp.inf)), lambda x: min(x[0], x[2])),
    "a bound that is none": (lambda x: jnp.sum(jnp.clip(x, -jnp.inf, 1.0)), lambda x: np.minimum(x, 1).sum()),
    "a guard": (
        lambda x: jnp.sum(jnp.where(jnp.isfinite(masked(x)), jnp.tanh(masked(x)), 0.0)),
        lambda x: np.tanh(x[0]) + np.tanh(x[2]),
    ),
    "a density outside of its support": (
        lambda x: jnp.sum(jax.scipy.stats.uniform.pdf(x)), lambda x: ((x >= 0) & (x <= 1)).sum()
    ),
    "an entropy": (lambda x: jnp.sum(special.entr(x)), lambda x: -(x * np.log(x)).sum()),
    "a divergence": (
        lambda x: jnp.sum(special.kl_div(x, 2 * x)), lambda x: (x - x * np.log(2)).sum()
    ),
    "x log y at 0": (lambda x: jnp.sum(special.xlogy(x - x, x)), lambda x: 0.0),
    "a comparison": (lambda x: jnp.sum(jnp.where(x < jnp.inf, x, 0.0)), np.sum),
}  # fmt: skip


@pytest.mark.parametrize("name", DISCARDED)
def test_an_infinity_that_is_masked_or_discarded(name):
    function, expected = DISCARDED[name]
    program, x = trace(function, reals(3)), np.array([0.5, 3.0, 0.25])
    (got,) = evaluate(program, [x], 128)
    assert got.item().is_finite()
    assert abs(float(got.item()) - expected(x)) < 1e-14
    assert is_real_at(program, [x]) == "finite"
    assert sign_of(program, 0, [x]) is not None


OF_INFINITY = {
    "tanh": jnp.tanh, "its derivative": jax.grad(jnp.tanh), "logistic": jax.nn.sigmoid, "atan": jnp.arctan,
    "erf": special.erf, "sign": jnp.sign, "sin": jnp.sin, "expm1": lambda t: jnp.expm1(-t), "rsqrt": jax.lax.rsqrt,
    "one over it": lambda t: 1.0 / t, "a power": lambda t: 2.0 ** (-t), "an angle": lambda t: jnp.arctan2(1.0, t),
    "a floor": jnp.floor, "a square": jnp.square,
}  # fmt: skip


@pytest.mark.parametrize("name", OF_INFINITY)
def test_what_a_function_would_be_at_an_infinity_decides_nothing(name):
    """kl_div(1, x) is inf for x <= 0, whatever chooses by a function of it."""
    of = OF_INFINITY[name]
    program = trace(lambda x: jnp.where(of(special.kl_div(1.0, x)) < 5.0, x + 1.0, x), reals())
    for at in (np.array(0.0), np.array(-1.0)):
        (got,) = evaluate(program, [at], 53)
        assert is_undefined(got.item())
        assert is_undefined(full_jet(program, [at], 53).value)
        assert sign_of(program, 0, [at]) is None
        assert is_real_at(program, [at]) != "finite"
    assert sign_of(program, 0, [np.array(0.5)]) is not None


def test_a_ball_of_infinite_radius_holds_numbers():
    for name, bound in (("atan", 2), ("logistic", 1), ("sin", 1)):
        everything = ATOMS[name](arb(0, "inf"))
        assert everything.is_finite()
        assert abs(everything) < bound + 1
        assert ATOMS[name](arb("inf")).is_nan()
        assert ATOMS[name](arb("-inf")).is_nan()


def test_precision_is_restored():
    before = flint.ctx.prec
    with precision_of(1000):
        assert flint.ctx.prec == 1000
    assert flint.ctx.prec == before
    with pytest.raises(ZeroDivisionError), precision_of(1000):
        Fraction(1, 0)
    assert flint.ctx.prec == before
    evaluate(trace(lambda x: x, reals()), [np.array(1)], 777)
    assert flint.ctx.prec == before


def test_more_bits_are_sharper():
    program = trace(lambda x: jnp.sum(jnp.exp(x)), reals(2))
    radii_found = [evaluate(program, [np.array([fmpq(1, 3), 2])], p)[0].item().rad() for p in (53, 106, 4096)]
    assert radii_found[0] > radii_found[1] > radii_found[2] > 0


@given(st.lists(st.tuples(fractions, radii), min_size=1, max_size=5), st.lists(places, min_size=5, max_size=5))
def test_order_statistics(entries, where):
    program = trace(lambda x: jnp.sort(x), reals(len(entries)))
    box = np.array([as_ball(x, r) for x, r in entries], dtype=object)
    (got,) = evaluate(program, [box], 64)
    inside = sorted(x + r * p for (x, r), p in zip(entries, where, strict=False))
    assert all(contains(y, x) for y, x in zip(got, inside, strict=True))


# ------------------------------------------------------------------ whole programs on boxes


def network(w, v, x):
    return jnp.sum(jax.nn.softplus(jnp.tanh(w @ x) * v)) + jnp.max(x) * jnp.min(v) - jnp.prod(jnp.abs(x))


@given(st.integers(0, 2**32 - 1), st.integers(0, 30))
def test_a_box_contains_its_points(seed, exponent):
    """The value at a point of a box lies in the enclosure on the box."""
    rng = np.random.default_rng(seed)
    shapes = [(3, 2), (3,), (2,)]
    program = trace(network, *map(reals, shapes))
    centre = [rng.normal(size=s) for s in shapes]
    radius = 2.0**-exponent
    lows, highs = [c - radius for c in centre], [c + radius for c in centre]
    (on_box,) = enclose(program, lows, highs, 64)
    for _ in range(3):
        inside = [rng.uniform(low, high) for low, high in zip(lows, highs, strict=True)]
        (at_point,) = evaluate(program, inside, 200)
        assert at_point.item().is_finite()
        assert is_undefined(on_box.item()) or on_box.item().contains(at_point.item())
    (again,) = evaluate(program, centre, 200)
    assert abs(float(again.item()) - float(network(*map(jnp.asarray, centre)))) < 1e-12


def test_enclose_takes_exact_ends():
    (got,) = enclose(trace(lambda x: 3.0 * x, reals(2)), [np.array([0, fmpq(1, 3)])], [np.array([1, fmpq(1, 2)])], 64)
    assert got[0].contains(0)
    assert got[0].contains(3)
    assert got[1].contains(1)
    assert not got[1].contains(2)


# ------------------------------------------------------------------ the real activations and losses

ACTIVATIONS = [
    *("celu", "elu", "gelu", "glu", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "identity", "leaky_relu"),
    *("log_sigmoid", "log_softmax", "logsumexp", "logmeanexp", "mish", "relu", "relu6", "selu", "sigmoid", "silu"),
    *(
        "soft_sign",
        "softmax",
        "softplus",
        "sparse_plus",
        "sparse_sigmoid",
        "squareplus",
        "standardize",
        "swish",
        "tanh",
    ),
]
NOT_FUNCTIONS_OF_ONE_ARRAY = {"one_hot", "dot_product_attention", "scaled_dot_general", "scaled_matmul", "initializers"}
NOT_FUNCTIONS_OF_ONE_ARRAY |= {"get_scaled_dot_general_config", "log1mexp", "fp8_dot_general", "normalize"}

RNG = np.random.default_rng(7)
LOGITS, TARGETS = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3))
LABELS, ONE_HOT = np.array([0, 2, 1, 1]), np.eye(3)[[0, 2, 1, 1]]
CHANCES = np.abs(TARGETS) / np.abs(TARGETS).sum(axis=1, keepdims=True)
OTHERS = np.abs(LOGITS) / np.abs(LOGITS).sum(axis=1, keepdims=True)
HALF = np.full((4, 3), 0.5)

LOSSES = {
    "binary_dice_loss": [LOGITS, ONE_HOT],
    "convex_kl_divergence": [np.log(CHANCES), OTHERS],
    "cosine_distance": [LOGITS, TARGETS],
    "cosine_similarity": [LOGITS, TARGETS],
    "dice_loss": [LOGITS, ONE_HOT],
    "generalized_kl_divergence": [np.log(CHANCES), OTHERS],
    "hinge_loss": [LOGITS, np.sign(TARGETS)],
    "huber_loss": [LOGITS, TARGETS],
    "kl_divergence": [np.log(CHANCES), OTHERS],
    "kl_divergence_with_log_targets": [np.log(CHANCES), np.log(OTHERS)],
    "l2_loss": [LOGITS, TARGETS],
    "log_cosh": [LOGITS, TARGETS],
    "multiclass_generalized_dice_loss": [LOGITS, ONE_HOT],
    "multiclass_hinge_loss": [LOGITS],
    "multiclass_perceptron_loss": [LOGITS],
    "multiclass_sparsemax_loss": [LOGITS],
    "perceptron_loss": [LOGITS, np.sign(TARGETS)],
    "poly_loss_cross_entropy": [LOGITS, ONE_HOT],
    "ranking_softmax_loss": [LOGITS, TARGETS],
    "safe_softmax_cross_entropy": [LOGITS, ONE_HOT],
    "sigmoid_binary_cross_entropy": [LOGITS, CHANCES],
    "sigmoid_focal_loss": [LOGITS, CHANCES],
    "smooth_labels": [ONE_HOT],
    "softmax_cross_entropy": [LOGITS, CHANCES],
    "softmax_cross_entropy_with_integer_labels": [LOGITS],
    "sparsemax_loss": [LOGITS, HALF],
    "squared_error": [LOGITS, TARGETS],
    "triplet_margin_loss": [LOGITS, TARGETS, CHANCES],
}
# Not functions of float arrays alone, or loops over alignments.
OTHER_LOSSES = {"ctc_loss", "ctc_loss_with_forward_probs", "make_fenchel_young_loss", "ntxent"}
SPECIAL = {
    "digamma": 1, "entr": 1, "erf": 1, "erfc": 1, "erfcx": 1, "erfinv": 1, "expi": 1, "expit": 1, "gammaln": 1,
    "i0": 1, "i0e": 1, "i1": 1, "i1e": 1, "kl_div": 2, "log_ndtr": 1, "logit": 1, "logsumexp": 1, "ndtr": 1, "ndtri": 1,
    "rel_entr": 2, "spence": 1, "xlog1py": 2, "xlogy": 2,
}  # fmt: skip


def agree(function, *at):
    """The balls at a point, against JAX in floats."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        program = trace(function, *(reals(np.shape(x)) for x in at))
        got = np.concatenate([y.reshape(-1) for y in evaluate(program, at, 128)])
        expected = jax.tree.leaves(function(*map(jnp.asarray, at)))
    expected = np.concatenate([np.asarray(y).reshape(-1) for y in expected])
    assert got.shape == expected.shape
    assert all(x.is_finite() for x in got)
    assert all(x.rad() <= 1e-30 * (1 + abs(x.mid())) for x in got)
    np.testing.assert_allclose([float(x.mid()) for x in got], expected, rtol=1e-11, atol=1e-13)


def test_every_activation_is_tried():
    public = {name for name in dir(jax.nn) if not name.startswith("_") and callable(getattr(jax.nn, name))}
    assert public - NOT_FUNCTIONS_OF_ONE_ARRAY <= set(ACTIVATIONS)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name):
    agree(getattr(jax.nn, name), 2.0 * RNG.normal(size=6))
    agree(getattr(jax.nn, name), np.array([0.0, 1.0, -1.0, 3.0, -3.0, 6.0]))


def test_exact_gelu():
    agree(lambda x: jax.nn.gelu(x, approximate=False), RNG.normal(size=6))


def test_every_loss_is_tried():
    public = {name for name in dir(optax.losses) if not name.startswith("_")}
    assert public - OTHER_LOSSES <= set(LOSSES)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", [name for name in LOSSES if hasattr(optax.losses, name)])
def test_losses(name):
    loss, at = getattr(optax.losses, name), LOSSES[name]
    if name == "smooth_labels":
        agree(lambda y: loss(y, 0.125), *at)
    elif len(at) == 1:
        agree(lambda z: loss(z, LABELS), *at)
    else:
        agree(loss, *at)


@pytest.mark.parametrize("name", SPECIAL)
def test_special_functions(name):
    agree(getattr(special, name), *(CHANCES, OTHERS)[: SPECIAL[name]])


def test_losses_that_guard_zeros():
    agree(lambda p: special.entr(p), np.array([0.0, 0.5]))
    agree(lambda x, y: special.xlogy(x, y), np.array([0.0, 0.5]), np.array([0.0, 2.0]))
    agree(lambda x, y: optax.losses.kl_divergence(x, y), np.log(CHANCES), ONE_HOT)
    agree(lambda z: optax.losses.safe_softmax_cross_entropy(z, ONE_HOT), LOGITS)


def test_far_logits_do_not_overflow():
    program = trace(lambda z: optax.losses.softmax_cross_entropy_with_integer_labels(z, jnp.array(0)), reals(2))
    (got,) = evaluate(program, [np.array([0, 10**6])], 64)
    assert abs(got.item() - 10**6) < 1e-9
    assert exact(10**6) == got.item().mid().fmpq() or got.item().rad() > 0


def test_large_products_leave_out_zeros_and_nothing_else():
    rng = np.random.default_rng(0)
    left, right = (rng.integers(-4, 5, shape) * (rng.random(shape) < 0.05) for shape in ((30, 90), (90, 70)))
    right[:, :20], left[:5] = 0, 0
    a, b = (np.vectorize(lambda x: arb(int(x)), otypes=[object])(m) for m in (left, right))
    assert a.size + b.size >= balls._MANY
    assert (np.vectorize(lambda x: int(x.fmpz()))(balls.matmul(a, b)) == left @ right).all()


@pytest.mark.parametrize("unknown", [arb("nan"), arb("inf")])
def test_large_products_keep_what_is_not_known(unknown):
    """0 times what may be no number is not 0."""
    a, b = np.full((10, 300), arb(0), dtype=object), np.full((300, 10), arb(0), dtype=object)
    b[7, 3] = unknown
    out = balls.matmul(a, b)
    assert all(out[i, 3].is_nan() for i in range(10))
    a[2, 7] = arb(1)
    assert not balls.matmul(a, b)[2, 3].is_finite()
    assert not balls.matmul(b, a)[7, 0].is_finite()
