"""What the quantified data alone settle may be taken for data: what is proved so holds, and nothing else is proved."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netprops import box, is_convex, nonnegative, positive, reals
from netprops.questions.asking import LEVELS, readings, traced
from netprops.readings.floats import evaluate_batch
from netprops.readings.intermediate import with_settled_values
from netprops.readings.jaxpr import settled


def asked(f, on, for_all):
    return traced("is_convex", f, on, for_all)


def generalised(question):
    """The question about the program whose settled values are data; None where there are none."""
    program = with_settled_values(question.program, question.decision)
    return None if program is None else replace(question, program=program)


def proves(question):
    return any(all(r.calculus.convex(e) for e in r.expressions) for r in readings(question, [], LEVELS))


def features(x, q):
    """Three layers of gelu that no normal form multiplies out, and a convex loss of what is affine in x."""
    W, h = q
    for _ in range(3):
        h = jax.nn.gelu(h @ W)
    return jnp.sum(jax.nn.softplus(h @ x[0] + x[1]) - h @ x[0])


CONVEX = [
    (features, (reals((3, 1)), reals((2, 1))), (reals((3, 3)), reals((2, 3)))),
    (lambda x, q: jnp.exp(q) * x**2, reals(), reals()),
    (lambda x, q: jnp.log(q) * x**2, reals(), box(1, 3)),
    (lambda x, q: jnp.abs(x - jnp.sin(q)) + jnp.sin(q), reals(), reals()),
    (lambda x, q: (x * jnp.tanh(q) - q**2) ** 2, reals(), reals()),
    (lambda x, q: jnp.tanh(q) * x, reals(), reals()),
]
NOT_PROVED = [
    (lambda x, q: (jnp.exp(q) - 1) * x**2, reals(), reals()),  # the factor is negative for q < 0
    (lambda x, q: jnp.log(q) * x**2, reals(), positive()),
    (lambda x, q: (jnp.exp(q) - jnp.exp(q) ** 2) * x**2, reals(), nonnegative()),  # 0 or less
    (lambda x, q: jnp.tanh(q * x) ** 2 + jnp.exp(q), reals(), reals()),
    (lambda x, q: (jnp.sin(q) + jnp.sin(q + 1)) * jnp.abs(x), reals(), reals()),
]


@pytest.mark.parametrize(("f", "on", "for_all"), CONVEX)
def test_what_holds_for_all_values_in_a_range_is_proved(f, on, for_all):
    general = generalised(asked(f, on, for_all))
    assert general is not None
    assert proves(general)
    assert is_convex(f, on, for_all)


@pytest.mark.parametrize(("f", "on", "for_all"), NOT_PROVED)
def test_what_fails_for_some_data_is_not(f, on, for_all):
    general = generalised(asked(f, on, for_all))
    assert general is None or not proves(general)
    assert not is_convex(f, on, for_all)


def test_values_that_need_not_be_real_are_none():
    def f(x, q):
        return x**2 + jnp.log(q)

    assert generalised(asked(f, reals(), box(1, 2))) is not None
    assert generalised(asked(f, reals(), reals())) is None


def test_nothing_to_settle():
    assert generalised(traced("is_convex", lambda x: x**2, reals())) is None
    assert generalised(asked(lambda x, q: (x * q) ** 2, reals(), reals())) is None
    assert generalised(asked(lambda x, q: (x - (2 * q + 1)) ** 2, reals(), reals())) is None  # affine in q


def test_one_value_is_one_variable_wherever_it_is_used():
    def f(x, q):
        s = jnp.sin(q)
        return s * x - s * x + x**2 + s

    general = generalised(asked(f, reals(), reals()))
    assert len(general.program.arguments) == 3
    assert proves(general)


@pytest.mark.parametrize(("f", "on", "for_all"), [*CONVEX, *NOT_PROVED])
@pytest.mark.parametrize("keep", [False, True])
def test_both_parts_make_up_the_program(f, on, for_all, keep):
    question = asked(f, on, for_all)
    cut = settled(question.program, question.decision)
    rng = np.random.default_rng(0)
    points = [rng.uniform(1, 2, size=(4, *box.shape)) for box in question.program.arguments]
    (whole,) = evaluate_batch(question.program, points)
    if cut is None:  # nothing in the data alone
        return
    values = evaluate_batch(cut.inner, points[question.decision :])
    given = [None if keep and k == 0 else reals(shape) for k, shape in enumerate(cut.inner.out_shapes)]
    (again,) = evaluate_batch(
        cut.outer(given), [*points, *(v for v, d in zip(values, given, strict=True) if d is not None)]
    )
    np.testing.assert_array_equal(again, whole)
