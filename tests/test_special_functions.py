"""Functions of jax.scipy.special that are written with conjunctions and infinities, each JAX in its own way."""

from fractions import Fraction

import jax.numpy as jnp
import pytest
from jax.scipy import special

from netprops import (
    DomainError,
    box,
    is_affine,
    is_concave,
    is_convex,
    nonnegative,
    positive,
    reals,
    recheck,
    violates_jensen,
)

P, N, R = positive(), nonnegative(), reals()
UNIT, AROUND, BELOW = box(0, 1), box(-1, 2), box(-2, -1)


def kl(x, y):
    """kl_div, which JAX 0.12 gives as a polynomial where x / y is near 1; see below."""
    return special.rel_entr(x, y) - x + y


def of_pairs(f):
    return lambda v: f(v[0], v[1])


def second(f):
    """Of the second argument, for every first one."""
    return lambda y, x: f(x, y)


def at(f, y):
    return lambda x: f(x, jnp.asarray(y))


YES = {
    "rel_entr of both": (is_convex, of_pairs(special.rel_entr), positive(2)),
    "rel_entr of both on a box": (is_convex, of_pairs(special.rel_entr), box(0.5, 2, shape=2)),
    "rel_entr of the first": (is_convex, special.rel_entr, P, P),
    "rel_entr of the second": (is_convex, second(special.rel_entr), P, P),
    "rel_entr of the second, for chances that may be 0": (is_convex, second(special.rel_entr), P, N),
    "rel_entr against a number": (is_convex, at(special.rel_entr, 2.0), P),
    "rel_entr of 0": (is_affine, lambda y: special.rel_entr(jnp.asarray(0.0), y), N),
    "kl_div of both": (is_convex, of_pairs(kl), positive(2)),
    "kl_div of the second, for chances that may be 0": (is_convex, second(kl), P, UNIT),
    "kl_div of 0": (is_affine, lambda y: kl(jnp.asarray(0.0), y), N),
    "entr": (is_concave, special.entr, P),
    "xlogy of the first": (is_affine, special.xlogy, P, P),
    "xlogy of the first, which may be 0": (is_affine, special.xlogy, R, P),
    "xlogy of the second": (is_concave, second(special.xlogy), P, N),
    "xlogy of one": (is_convex, lambda x: special.xlogy(x, x), P),
    "xlog1py of the first": (is_affine, special.xlog1py, AROUND, N),
    "xlog1py of the second": (is_concave, second(special.xlog1py), N, N),
    "xlog1py of one": (is_convex, lambda x: special.xlog1py(x, x), N),
}


@pytest.mark.parametrize("name", YES)
def test_it_is_proved(name):
    ask, f, *domains = YES[name]
    verdict = ask(f, *domains)
    assert (verdict.answer, verdict.evidence) == ("yes", "proved")
    assert recheck(verdict.certificate, f)


NO = {
    "rel_entr is not concave": (is_concave, of_pairs(special.rel_entr), positive(2)),
    "rel_entr plus too little": (
        is_convex,
        of_pairs(lambda x, y: 0.999 * special.entr(x) + special.rel_entr(x, y)),
        positive(2),
    ),
    "entr is not convex": (is_convex, special.entr, N),
    "xlogy of both": (is_convex, of_pairs(special.xlogy), positive(2)),
    "xlogy of the second": (is_convex, second(special.xlogy), P, N),
    "xlog1py of both": (is_concave, of_pairs(special.xlog1py), nonnegative(2)),
}


@pytest.mark.parametrize("name", NO)
def test_it_is_refuted(name):
    ask, f, *domains = NO[name]
    verdict = ask(f, *domains)
    assert (verdict.answer, verdict.evidence) == ("no", "certified")
    assert recheck(verdict.certificate, f)


REFUSED = {
    "rel_entr where the second may be 0": (of_pairs(special.rel_entr), nonnegative(2)),
    "rel_entr below 0": (of_pairs(special.rel_entr), box(-2, -1, shape=2)),
    "rel_entr around 0": (special.rel_entr, AROUND, P),
    "rel_entr against 0": (at(special.rel_entr, 0.0), N),
    "rel_entr against what is below 0": (at(special.rel_entr, -1.0), P),
    "kl_div where the second may be 0": (of_pairs(special.kl_div), nonnegative(2)),
    "kl_div around 0": (special.kl_div, AROUND, P),
    "entr below 0": (special.entr, BELOW),
    "entr around 0": (special.entr, R),
    "xlogy where the second may be 0": (special.xlogy, P, N),
    "xlog1py from -1 on": (second(special.xlog1py), AROUND, P),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("ask", [is_convex, is_concave])
def test_where_it_is_infinite_it_is_refused(name, ask):
    f, *domains = REFUSED[name]
    with pytest.raises(DomainError, match="not a real number at"):
        ask(f, *domains)


# Convex, as limits show: no rule goes to the end of a domain at which a logarithm has no value.
AT_THE_END = {
    "rel_entr of the first": (is_convex, special.rel_entr, N, P),
    "rel_entr against a number": (is_convex, at(special.rel_entr, 1.0), UNIT),
    "kl_div of the first": (is_convex, kl, UNIT, P),
    "entr": (is_concave, special.entr, N),
}


@pytest.mark.parametrize("name", AT_THE_END)
def test_at_the_end_nothing_false_is_said(name):
    ask, f, *domains = AT_THE_END[name]
    assert ask(f, *domains).answer in ("yes", "undecided")


def test_kl_div_is_convex_where_it_is_no_polynomial():
    """JAX 0.12 takes six terms of a series for |x / y - 1| < 1/20: there kl_div jumps, by about 2e-11, down."""
    edge, step = Fraction(105, 100) - Fraction(1, 10**7), Fraction(1, 10**6)
    ends = [[float(edge - step), 1.0], [float(edge + step), 1.0]]
    jump = violates_jensen(of_pairs(special.kl_div), *ends)
    verdict = is_convex(of_pairs(special.kl_div), positive(2))
    assert (verdict.answer, jump.answer) in {("yes", "no"), ("undecided", "yes"), ("no", "yes")}
    assert recheck(jump.certificate, of_pairs(special.kl_div))
    assert violates_jensen(of_pairs(kl), *ends).answer == "no"


def test_an_open_choice_beside_an_infinity_is_no_crash_when_words_are_looked_for():
    verdict = is_convex(
        lambda x: special.rel_entr(jnp.log1p(jnp.exp(6.0)), 1 / (1 + jnp.exp(-x[0] - x[1]))) ** 3, on=box(1, 9, shape=2)
    )
    assert verdict.answer in ("yes", "undecided")
    harder = is_convex(lambda x: jnp.tanh(special.rel_entr(x[0], x[1])), on=positive(2))
    assert harder.answer == "no"
