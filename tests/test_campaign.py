"""The soundness campaign on trial: a slice of it, and rules that are wrong on purpose, which it has to catch."""

import functools
import itertools
import random
from dataclasses import replace

import campaign
import families
import jax
import mpmath as mp
import numpy as np
import pytest
from adversary import contradiction, wrong_complaint, wrong_witness
from campaign import Coverage, Outcome, Report
from compositions import EXTENDED, Composition, in_jax, in_mpmath, in_numpy
from families import R, add, between, c, made, mul, neg, power, scaled, sub, x
from flint import fmpq
from operations import OPERATIONS

import netprops
from netprops.domains import Interval
from netprops.questions import asking
from netprops.readings import balls, curvature, definite, one_dimension, ranges, sum_of_squares
from netprops.readings.atoms import ATOMS
from netprops.readings.curvature import Calculus
from netprops.readings.polynomials import NONE, Table
from netprops.readings.proofs import step
from netprops.readings.shapes import SHAPES, Piece

# ---------------------------------------------------------------- the slice


def test_a_slice_of_the_campaign_contradicts_nothing():
    report = campaign.campaign(0, range(200))
    assert report.wrong == []
    assert report.functions == 200
    assert report.checked["searches"] > 100
    assert report.checked["witnesses"] > 100
    assert report.checked["certificates"] > 200
    used = {table for table, _ in report.coverage}
    assert used >= {"rule", "shape", "atom", "movement", "reduction", "symbolic rule", "ball rule"}


def test_a_function_is_the_same_whenever_it_is_drawn():
    assert [campaign.drawn(5, k) for k in range(20)] == [campaign.drawn(5, k) for k in range(20)]
    assert campaign.drawn(5, 1) != campaign.drawn(6, 1)


def test_what_was_never_exercised_is_told_and_fails(capsys):
    assert campaign.main(["--count", "3", "--seed", "0"]) == 1
    told = capsys.readouterr().out
    assert "never exercised" in told
    assert "shape: atanh" in told
    rows = campaign.tables()
    everything = {(table, name): {"proved": 1, "certified": 0} for table, names in rows.items() for name in names}
    assert Report(coverage=everything).never() == []
    assert Report(coverage={**everything, ("shape", "tanh"): {"proved": 0, "certified": 0}}).never() == [
        ("shape", "tanh")
    ]
    assert set(rows["shape"]) == set(SHAPES)
    assert set(rows["atom"]) == set(ATOMS)


def test_one_function_is_told_in_full(capsys):
    assert campaign.main(["--only", "7"]) == 0
    assert "is_concave" in capsys.readouterr().out


# ---------------------------------------------------------------- operations


def by_jax(op, t):
    """The tree by JAX, compiled once for all points: its loops and branches would be for each.

    Where numbers are drawn as well there are hardly two of one tree.
    """
    return functools.partial(in_jax, t, q=None) if op.numbers else compiled(t)


@functools.cache
def compiled(t):
    return jax.jit(lambda at: in_jax(t, at, None))


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_three_readings_of_an_operation_agree(name):
    op, rng, compared = OPERATIONS[name], random.Random(name), 0
    for _ in range(100):
        t = (name, *(("x", i) for i in range(op.arity)), *(c(rng.choice(choices)) for choices in op.numbers))
        at = np.array(
            [rng.choice([rng.uniform(-2, 2), rng.uniform(0.1, 3), -1.0, 0.0, 1.0, 0.5]) for _ in range(op.arity)]
        )
        with mp.workdps(30), np.errstate(all="ignore"):
            try:
                exact = in_mpmath(t, [mp.mpf(v) for v in at], None)
            except (ValueError, ZeroDivisionError):
                continue
            if not mp.isfinite(exact):
                continue
            long = float(np.ravel(in_numpy(t, at[None].astype(EXTENDED), None))[0])
            jax_value = float(np.tanh(at[0]) if name == "opaque" else by_jax(op, t)(at))
            assert abs(long - exact) <= 1e-12 * (1 + abs(exact)), at
            assert abs(jax_value - exact) <= 1e-9 * (1 + abs(exact)), at
        compared += 1
    assert compared > 8


@pytest.mark.parametrize("name", families.IDENTITIES)
def test_what_is_written_otherwise_is_the_same_function(name):
    given = (name, *map(x, range(OPERATIONS[name].arity)))
    written = families.IDENTITIES[name](*given[1:])
    with mp.workdps(40):
        for at in itertools.product([mp.mpf(-3), mp.mpf("0.3"), mp.mpf(2)], repeat=len(given) - 1):
            assert abs(in_mpmath(given, at, None) - in_mpmath(written, at, None)) < mp.mpf(10) ** -35


@pytest.mark.parametrize(
    ("name", "other", "value"),
    [("where both", 1, 5), ("where both", -1, None), ("where either", 1, 2), ("where either", -1, None),
     ("where neither", 1, 5), ("where neither", -1, None), ("where one", 1, None), ("where chosen", 0.5, None)],
)  # fmt: skip
def test_a_conjunction_is_false_where_one_side_is_whatever_the_other_means(name, other, value):
    t = (name, ("div", c(3), x()), c(other), c(2), c(5))
    on = made(t, (between(-1, 1),))
    if value is None:
        with pytest.raises((ValueError, ZeroDivisionError)):
            on.value([mp.mpf(0)], [])
        return
    assert on.value([mp.mpf(0)], []) == value
    assert netprops.is_positive(on.function(), on.domains()[0]).answer == "yes"


# ---------------------------------------------------------------- the adversary

U = x()
FOUND = {
    "a cube": (made(power(U, 3), (R,)), "convex"),
    "a hair below 0": (made(power(U, 3), (between(-1e-9, 1),)), "convex"),
    "a hair less than a parabola": (made(sub(("cosh", U), scaled(0.5 + 1e-9, ("square", U))), (R,)), "convex"),
    "softplus less a hair": (made(sub(("softplus", U), scaled(1e-11, ("square", U))), (R,)), "convex"),
    "a kink of an ulp": (made(("where <", U, scaled(1 + 2.0**-52, U), U), (R,)), "convex"),
    "a jump at an end": (made(("where <", scaled(-1, U), U, c(-1e-6)), (between(0, 1),)), "convex"),
    "a saddle": (made(add(mul(x(0), x(1)), scaled(0.499, add(("square", x(0)), ("square", x(1))))), (R, R)), "convex"),
    "for one parameter": (Composition(mul(("q", 0), ("square", U)), 1, 1, (R,), (between(-1e-6, 1),)), "convex"),
    "a logistic curve": (made(("logistic", U), (between(-1e-3, 5),)), "concave"),
    "a line": (made(scaled(2, U), (R,)), "strictly convex"),
    "two hills": (made(neg(("square", sub(("square", U), c(1)))), (R,)), "quasiconvex"),
    "a dent": (made(sub(U, scaled(1.001, ("sin", U))), (R,)), "nondecreasing"),
    "a double root": (made(("square", sub(U, c(0.3))), (R,)), "positive"),
    "a double root of what is tiny": (
        made(mul(("exp", c(-1600)), ("square", sub(U, c(0.3)))), (between(0, 1),)),
        "positive",
    ),
    "a tiny number below 0": (made(sub(("exp", c(-1601)), ("exp", sub(U, c(1600)))), (between(-2, 2),)), "positive"),
    "as many digits as there are below 1": (made(sub(c(1), ("where <", U, c(1), ("tanh", U))), (R,)), "positive"),
    "a logarithm of what is negative": (made(("log", U), (R,)), "concave"),
    "a bend": (made(("max", U, scaled(1.0001, U)), (R,)), "affine"),
    "not constant": (made(("tanh", ("square", U)), (R,)), "constant"),
    "not 0": (made(sub(("tanh", U), ("tanh", scaled(1.0001, U))), (R,)), "zero"),
}
TRUE = {
    "a square": (made(("square", U), (R,)), "convex"),
    "softplus": (made(("softplus", U), (R,)), "convex"),
    "a strict one": (made(add(("square", U), ("exp", U)), (R,)), "strictly convex"),
    "an affine one": (made(add(scaled(0.1, U), c(3)), (R,)), "affine"),
    "that cancels": (made(sub(("softplus", U), ("softplus", neg(U))), (R,)), "affine"),
    "just positive": (made(add(("square", U), c(1e-12)), (R,)), "positive"),
    "tiny and positive": (made(("exp", add(U, c(-1612))), (between(-1, 2),)), "positive"),
    "tiny beside large": (made(("exp", scaled(-1000, U)), (between(-1, 1.6),)), "positive"),
    "tiny after digits that cancel": (
        made(sub(c(1), ("square", ("tanh", ("div", c(4), U)))), (between(0, 2, True),)),
        "positive",
    ),
    "a strict one that bends by little": (
        made(add(("exp", add(U, c(-900))), scaled(3, U)), (between(0, 1),)),
        "strictly convex",
    ),
    "a normal tail": (made(("log", add(c(1), ("erf", U))), (R,)), "concave"),
    "steps": (made(("floor", U), (R,)), "nondecreasing"),
}


@pytest.mark.parametrize("name", FOUND)
def test_the_adversary_finds_what_is_wrong(name):
    assert contradiction(*FOUND[name]) is not None


@pytest.mark.parametrize("name", TRUE)
def test_the_adversary_finds_nothing_wrong_where_nothing_is(name):
    assert contradiction(*TRUE[name]) is None


# ---------------------------------------------------------------- rules that are wrong on purpose


def drawn_from(family, has=""):
    """Functions of a family, those with the operation alone if one is named."""
    for k in itertools.count():
        found = family(random.Random(f"{family.__name__} {k}"))
        if has in str(found.tree):
            yield replace(found, seed=k)


def caught(functions, question, enough=frozenset({"contradiction"}), most=150):
    """The kinds of what is wrong with the answers to a question about these functions, up to one that is enough."""
    kinds = set()
    with campaign.frugal(), Coverage().recording():
        for given in itertools.islice(functions, most):
            outcome = campaign.judge(given, [question], Coverage(), Outcome(0, ""))
            kinds |= {kind for _, kind, _ in outcome.wrong}
            if kinds & enough:
                break
    return kinds


@pytest.fixture(autouse=True)
def _forget(monkeypatch):
    """Nothing is remembered of answers given under other rules."""
    monkeypatch.setattr(asking, "_answers", {})


def bent_wrongly(patch):
    patch.setitem(SHAPES, "tanh", replace(SHAPES["tanh"], pieces=(Piece(Interval(), 1, 1),)))


def odd_powers_taken_for_even_ones(patch):
    asked = Calculus._power_convex

    def generous(self, index, k):
        too_much = k == 3 and self.is_affine(self._base(index))
        return step("even power of affine", "an odd power") if too_much else asked(self, index, k)

    patch.setattr(Calculus, "_power_convex", generous)


def a_range_too_small(patch):
    patch.setitem(SHAPES, "tanh", replace(SHAPES["tanh"], bounds=Interval(fmpq(-1, 2), fmpq(1, 2))))


def no_side_conditions(patch):
    patch.setattr(Table, "required", lambda self, kind, e: NONE)


def any_form_taken_for_definite(patch):
    patch.setattr(curvature, "is_positive_semidefinite", lambda Q: True)


def any_sum_taken_for_a_normal_tail(patch):
    patch.setattr(Calculus, "_is_normal_tail", lambda self, p: True)


def everything_moves(patch):
    patch.setattr(Calculus, "_power_moves", lambda self, index, k, sign: [])


def boxes_not_looked_at(patch):
    patch.setattr(definite, "is_definite", lambda *_: True)


def any_gram_matrix(patch):
    patch.setattr(sum_of_squares, "is_positive_semidefinite", lambda G: True)


def a_bound_too_small(patch):
    patch.setitem(SHAPES, "tanh", replace(SHAPES["tanh"], second=Interval(fmpq(-1, 2), fmpq(1, 2))))


def joints_not_looked_at(patch):
    patch.setattr(one_dimension, "_joins", lambda *_: True)


def signs_not_looked_at(patch):
    patch.setattr(ranges, "is_nonnegative", lambda r: True)


WRONG_RULES = {
    bent_wrongly: (families.elementary, "tanh", "is_convex"),
    odd_powers_taken_for_even_ones: (families.sums_of_powers, "", "is_convex"),
    a_range_too_small: (families.positives, "tanh", "is_positive"),
    no_side_conditions: (families.moduli, "", "is_concave"),
    any_form_taken_for_definite: (families.quadratic_forms, "", "is_convex"),
    any_sum_taken_for_a_normal_tail: (families.log_concave, "'erf'", "is_concave"),
    everything_moves: (families.monotone, "", "is_nondecreasing"),
    any_gram_matrix: (families.even_polynomials, "", "is_convex"),
    a_bound_too_small: (families.outweighed, "tanh", "is_convex"),
    signs_not_looked_at: (families.quasi, "", "is_quasiconvex"),
}


# Asked after the search for a counterexample: most of what is said by then is true, but not proved.
WRONG_AND_RARE = {
    boxes_not_looked_at: (families.on_small_boxes, "", "is_strictly_convex"),
    joints_not_looked_at: (families.pieces, "", "is_convex"),
}


@pytest.fixture
def _unchecked(monkeypatch):
    """What the prover finds is believed: its second look, by the checker's rules, is left out."""
    monkeypatch.setattr(asking, "why_refused", lambda goals: None)


# Wrong in the prover alone; the others are wrong in the tables that prover and checker share.
IN_THE_PROVER = (
    odd_powers_taken_for_even_ones, any_form_taken_for_definite, any_sum_taken_for_a_normal_tail, everything_moves,
    any_gram_matrix, joints_not_looked_at,
)  # fmt: skip


@pytest.mark.parametrize("plant", IN_THE_PROVER, ids=lambda plant: plant.__name__)
def test_nothing_that_the_checker_refuses_is_called_proved(plant, monkeypatch):
    family, has, question = (WRONG_RULES | WRONG_AND_RARE)[plant]
    plant(monkeypatch)
    assert caught(drawn_from(family, has), question, most=20) == set()


@pytest.mark.usefixtures("_unchecked")
@pytest.mark.parametrize("plant", WRONG_RULES, ids=lambda plant: plant.__name__)
def test_a_rule_that_is_wrong_on_purpose_is_contradicted(plant, monkeypatch):
    family, has, question = WRONG_RULES[plant]
    plant(monkeypatch)
    assert "contradiction" in caught(drawn_from(family, has), question)


@pytest.mark.usefixtures("_unchecked")
@pytest.mark.parametrize("plant", WRONG_AND_RARE, ids=lambda plant: plant.__name__)
def test_a_rule_that_is_wrong_on_purpose_makes_certificates_that_are_refused(plant, monkeypatch):
    family, has, question = WRONG_AND_RARE[plant]
    plant(monkeypatch)
    assert "certificate" in caught(drawn_from(family, has), question, {"contradiction", "certificate"})


def test_balls_rounded_inwards_make_wrong_witnesses(monkeypatch):
    monkeypatch.setitem(balls.RULES, "exp", lambda u: ATOMS["exp"](u).mid())
    assert "witness" in caught(drawn_from(families.curves, "exp"), "is_concave", {"witness"})


def test_a_certificate_that_is_refused_is_told(monkeypatch):
    def tampered(self):
        return {**recorded(self), "answer": "no" if self.answer == "yes" else "yes"}

    recorded = netprops.Verdict.certificate.fget
    monkeypatch.setattr(netprops.Verdict, "certificate", property(tampered))
    assert caught(drawn_from(families.maxima), "is_convex", {"certificate"}) == {"certificate"}


# ---------------------------------------------------------------- witnesses that are wrong on purpose


def verdict_and_function(name, given):
    return given, getattr(netprops, name)(given.function(), *given.domains()), name


CHORD = ("is_convex", made(("sin", U), (between(-3, 3),)))
PAIR = ("is_nondecreasing", made(("square", U), (R,)))
POINT = ("is_positive", made(sub(("exp", U), c(0.5)), (R,)))
INNER = ("is_quasiconvex", made(neg(("exp", ("square", U))), (R,)))
STRAIGHT = ("is_strictly_convex", made(("square", add(x(0), x(1))), (R, R)))


def _moved(name, by):
    return lambda w: {**w, "points": {**w["points"], name: [f"{float.fromhex(w['points'][name][0]) + by}"]}}


def _with(**changed):
    return lambda w: {**w, **changed}


def _enclosed(name, text):
    return lambda w: {**w, "enclosures": {**w["enclosures"], name: text}}


SPOILT = {
    "the other sign": (CHORD, lambda w: {**w, "sign": -w["sign"]}),
    "another middle": (CHORD, _moved("m", 0.25)),
    "a point outside": (CHORD, _moved("a", 100)),
    "another weight": (CHORD, _with(weight="1/3")),
    "no weight": (CHORD, _with(weight="1")),
    "another value": (CHORD, _enclosed("f(m)", "[0.5 +/- 1e-20]")),
    "a value too sharp": (
        CHORD,
        lambda w: _enclosed("gap", f"[{w['enclosures']['gap'].strip('[').split()[0]} +/- 1e-40]")(w),
    ),
    "a pair in no order": (PAIR, lambda w: {**w, "points": {"a": w["points"]["b"], "b": w["points"]["a"]}}),
    "a pair that rises": (PAIR, lambda w: {**w, "points": {"a": ["1"], "b": ["2"]}}),
    "a positive point": (POINT, lambda w: {**w, "points": {"x": ["3"]}}),
    "an inner point that is not": (INNER, lambda w: {**w, "points": {**w["points"], "end": w["points"]["start"]}}),
    "a bent segment": (STRAIGHT, lambda w: {**w, "points": {"a": ["0", "0"], "b": ["1", "1"]}}),
}


@pytest.mark.parametrize("what", SPOILT)
def test_a_spoilt_witness_is_found_wrong(what):
    (question, given), spoil = SPOILT[what]
    verdict = getattr(netprops, question)(given.function(), given.domains()[0])
    assert verdict.answer == "no"
    assert wrong_witness(given, question, verdict.witness) is None
    assert wrong_witness(given, question, spoil(verdict.witness)) is not None


def test_a_gap_as_small_as_the_least_double_is_seen():
    given = made(("where !=", U, neg(U), c(5e-324)), (R,))
    witness = netprops.is_convex(given.function(), given.domains()[0]).witness
    assert wrong_witness(given, "is_convex", witness) is None
    assert wrong_witness(given, "is_convex", {**witness, "sign": -1}) is not None


def test_a_segment_on_which_only_rounding_is_beside_zero_is_straight():
    given = made(("power", sub(mul(c(4.0), x(0)), mul(c(1.6267131896105924), x(1))), c(4.0)), (R, R))
    witness = netprops.is_strictly_convex(given.function(), given.domains()[0]).witness
    assert witness["kind"] == "straight segment"
    assert wrong_witness(given, "is_strictly_convex", witness) is None


def test_a_complaint_about_a_point_where_the_function_is_defined_is_found_wrong():
    root = made(("sqrt", U), (R,))
    with pytest.raises(netprops.DomainError) as error:
        netprops.is_convex(root.function(), root.domains()[0])
    assert wrong_complaint(str(error.value), root) is None
    assert wrong_complaint("not a real number at [1/4], which lies in R", root) is not None
    assert wrong_complaint("not a real number at [2], which lies in R", root) is not None
