"""The float reading says what JAX says, to rounding, and compiles nothing for common functions."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax import lax

from netprops.domains import DomainError, reals
from netprops.readings import floats
from netprops.readings.floats import BUILDERS, RULES, _evaluate, _inner, _notes, cost, evaluate_batch, measured
from netprops.readings.floats import ELEMENTWISE as ELEMENTWISE_RULES
from netprops.readings.jaxpr import UnsupportedError, trace

POINTS = np.random.default_rng(0).standard_normal((17, 4)) * 2.0
SHARES = jnp.array([0.2, 0.5, 0.1, 0.2])


ACTIVATIONS = [
    "relu",
    "relu6",
    "sigmoid",
    "softplus",
    "sparse_plus",
    "sparse_sigmoid",
    "soft_sign",
    "silu",
    "log_sigmoid",
    "leaky_relu",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "elu",
    "celu",
    "selu",
    "gelu",
    "squareplus",
    "mish",
    "log_softmax",
    "softmax",
    "standardize",
    "logsumexp",
    "glu",
]

ELEMENTWISE = (
    jnp.sin,
    jnp.cos,
    jnp.tan,
    jnp.arctan,
    jnp.sinh,
    jnp.cosh,
    jnp.arcsinh,
    jnp.tanh,
    jnp.exp,
    jnp.exp2,
    jnp.expm1,
    lambda x: jnp.log2(jnp.abs(x)),
    lambda x: jax.grad(lambda v: jnp.sum(jnp.tanh(v)))(x),
    lambda x: jnp.polyval(x, x[::-1]),
    jax.scipy.special.ndtri,
    jnp.cbrt,
    jnp.square,
    jnp.sign,
    jnp.floor,
    jnp.ceil,
    jnp.round,
    lax.round,
    jnp.trunc,
    jnp.abs,
    jax.scipy.special.erf,
    jax.scipy.special.erfc,
    jax.scipy.special.i0e,
    jax.scipy.special.i1e,
    jax.scipy.special.ndtr,
    jnp.isfinite,
    lambda x: jnp.arctanh(jnp.tanh(x)),
    lambda x: jnp.arcsin(jnp.tanh(x)),
    lambda x: jnp.arccos(jnp.tanh(x)),
    lambda x: jnp.arccosh(1.0 + x**2),
    lambda x: jnp.log1p(x**2),
    lambda x: jnp.log(jnp.abs(x)),
    lambda x: x**3,
    lambda x: x**-2,
    lambda x: x**0,
    lambda x: jnp.abs(x) ** 1.5,
    lambda x: 2.0**x,
    lambda x: x % 2.0,
    lambda x: lax.rsqrt(jnp.abs(x)),
    lambda x: jnp.sqrt(jnp.abs(x)),
    lambda x: jnp.arctan2(x, x[::-1]),
    lambda x: jax.scipy.special.gammaln(jnp.abs(x)),
    lambda x: jax.scipy.special.digamma(jnp.abs(x)),
    lambda x: jax.scipy.special.polygamma(1, jnp.abs(x) + 0.5),
    lambda x: jax.scipy.special.erfinv(jnp.tanh(x)),
    lambda x: jnp.clip(x, -1.0, 0.5),
    lambda x: jnp.where(x > 0, x, 0.0),
    lambda x: jnp.where((x > 0) | (x < -1), x, 0.0),
    lambda x: jnp.where((x > 0) ^ (x < 1), x, 0.0),
    lambda x: jnp.nextafter(x, x + 1.0),
    lambda x: lax.reduce_precision(x, 11, 52),
    lambda x: lax.clamp(-1.0, x, 1.0),
    lambda x: lax.stop_gradient(x),
    lambda x: lax.tan(x),
    lambda x: jnp.where(~(x > 0) & (x >= -1) & (x <= 1), x, x == 0.0),
    lambda x: x != 1.0,
    lambda x: jnp.nan_to_num(x / 0.0),
    lambda x: jnp.maximum(x, x[::-1]),
    lambda x: jnp.logaddexp(x, x[::-1]),
)

LOSSES = (
    lambda x: optax.softmax_cross_entropy(x, SHARES),
    lambda x: optax.softmax_cross_entropy_with_integer_labels(x, jnp.array(2)),
    lambda x: optax.sigmoid_binary_cross_entropy(x, SHARES),
    lambda x: optax.huber_loss(x, SHARES),
    lambda x: optax.log_cosh(x, SHARES),
    lambda x: optax.cosine_distance(x, SHARES),
    lambda x: optax.hinge_loss(x, SHARES),
    lambda x: optax.sigmoid_focal_loss(x, SHARES),
    jax.grad(lambda x: optax.softmax_cross_entropy_with_integer_labels(x, jnp.array(2)) ** 2),
)

MOVEMENT = (
    lambda x: x[jnp.array([[0, 2], [3, 1]])],
    lambda x: (x[jnp.argmax(x)], x[jnp.argmin(x)]),
    lambda x: x.reshape(2, 2)[:, jnp.argmax(x) % 2],
    lambda x: jnp.take_along_axis(x.reshape(2, 2), jnp.argsort(x.reshape(2, 2), axis=1), axis=1),
    lambda x: x.at[jnp.argmax(x) + jnp.array([0, 3])].get(mode="fill", fill_value=7.0),
    lambda x: x.at[jnp.array([3, 1])].set(x[:2] ** 2),
    lambda x: x.at[jnp.array([3, 7])].set(x[:2], mode="promise_in_bounds"),
    lambda x: x.at[jnp.array([3, 3, 1])].apply(jnp.sin),
    lambda x: (jnp.ravel(x.reshape(2, 2), order="F"), jnp.outer(x, x)[jnp.triu_indices(4)]),
    lambda x: x.at[jnp.array([3, 3])].add(x[:2]),
    lambda x: x.at[jnp.array([3, 3])].multiply(x[:2]),
    lambda x: (x.at[jnp.array([0, 1])].max(x[2:]), x.at[jnp.array([0, 1])].min(x[2:])),
    lambda x: (lax.dynamic_slice(x, (2,), (2,)), lax.dynamic_update_slice(x, x[:2] * 2.0, (1,))),
    lambda x: lax.pad(x.reshape(2, 2), x[0], ((1, -1, 2), (0, 1, 0))),
    lambda x: (jnp.roll(x, 1), x[::-1], x.reshape(2, 2).T, jnp.stack([x, x]), jnp.tile(x, 2), jnp.split(x, 2)),
    lambda x: (jnp.sort(x), jnp.argsort(x) * 1.0, lax.top_k(x, 2)[0], jnp.triu(jnp.outer(x, x))),
)

REDUCTIONS = (
    lambda x: (jnp.sum(x), jnp.prod(x), jnp.max(x), jnp.min(x), jnp.all(x > 0) * 1.0, jnp.any(x > 0) * 1.0),
    lambda x: (jnp.cumsum(x), jnp.cumprod(x), lax.cummax(x, reverse=True), lax.cummin(x), lax.cumlogsumexp(x)),
    lambda x: (
        x.reshape(2, 2) @ x.reshape(2, 2),
        jnp.ones((3, 2)) @ x.reshape(2, 2),
        x.reshape(2, 2) @ jnp.ones((2, 3)),
    ),
    lambda x: (
        x @ x,
        jnp.outer(x, x),
        jnp.ones(4) @ x,
        jnp.einsum("bij,bjk->bik", x.reshape(2, 1, 2), x.reshape(2, 2, 1)),
    ),
    lambda x: lax.conv_general_dilated(
        x.reshape(1, 1, 2, 2) * jnp.ones((1, 2, 1, 1)),
        jnp.arange(16.0).reshape(4, 1, 2, 2),
        (1, 1),
        "SAME",
        feature_group_count=2,
    ),
    lambda x: lax.conv_general_dilated(
        jnp.arange(50.0).reshape(2, 5, 5, 1),
        x.reshape(2, 2, 1, 1),
        (2, 1),
        ((1, 0), (0, 2)),
        lhs_dilation=(1, 2),
        rhs_dilation=(2, 1),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    ),
    lambda x: jnp.convolve(x, x),
    lambda x: lax.reduce_window(x.reshape(2, 2), -jnp.inf, lax.max, (2, 1), (1, 1), "SAME"),
    lambda x: lax.reduce_window(x.reshape(2, 2), jnp.inf, lax.min, (2, 1), (1, 1), "SAME"),
    lambda x: lax.reduce_window(x.reshape(2, 2), 0.0, lax.add, (2, 2), (1, 1), "SAME"),
)

CONTROL = (
    lambda x: lax.scan(lambda c, y: (jnp.tanh(c + y), c * y), x[0], x, reverse=True),
    lambda x: lax.while_loop(lambda c: c[0] < 9.0, lambda c: (c[0] + jnp.abs(x[1]) + 0.3, c[1] * 1.1), (x[0], x[1])),
    lambda x: lax.fori_loop(0, 4, lambda i, c: c + x[i] * i, 0.0),
    lambda x: lax.cond(x[0] > 0, lambda y: y**2, lambda y: -y, x),
    lambda x: lax.switch(jnp.int32(jnp.floor(x[0])), [lambda y: y, jnp.sin, jnp.cos], x),
    lambda x: jax.checkpoint(lambda y: jnp.sin(jnp.sin(y)))(x),
)

TURN = jnp.array([[2.0, 1.0], [0.5, 3.0]])
MATRICES = (
    lambda x: jnp.linalg.solve(x.reshape(2, 2) + 9.0 * TURN, x[:2]),
    lambda x: jnp.linalg.inv(x.reshape(2, 2) + 9.0 * TURN),
    lambda x: jnp.linalg.slogdet(jnp.outer(x, x) + jnp.eye(4)),
    lambda x: jnp.linalg.cholesky(jnp.outer(x, x) + jnp.eye(4)),
    lambda x: jnp.linalg.eigvalsh(jnp.outer(x, x) + jnp.diag(x)),
    lambda x: jnp.linalg.svd(x.reshape(2, 2), compute_uv=False),
    lambda x: jax.scipy.linalg.solve_triangular(TURN, x.reshape(2, 2), lower=True),
    lambda x: jax.scipy.linalg.solve_triangular(TURN, x.reshape(2, 2), trans=1, unit_diagonal=True),
    lambda x: lax.linalg.triangular_solve(TURN, x.reshape(2, 2), left_side=False, lower=True),
)

FALLBACKS = (lambda x: jnp.linalg.det(x.reshape(2, 2)), lambda x: jnp.fft.rfft(x).real)

FAMILIES = {
    "activations": tuple(getattr(jax.nn, name) for name in ACTIVATIONS),
    "elementwise": ELEMENTWISE,
    "losses": LOSSES,
    "movement": MOVEMENT,
    "reductions": REDUCTIONS,
    "control": CONTROL,
    "matrices": MATRICES,
    "fallbacks": FALLBACKS,
}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_float_reading_agrees_with_jax(family):
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):

        def everything(x):
            outs = jax.tree.leaves([function(x) for function in FAMILIES[family]])
            return [jnp.asarray(out, jnp.float64) for out in outs]

        ours = evaluate_batch(trace(everything, reals(4)), [POINTS])
        theirs = jax.jit(jax.vmap(everything))(POINTS)
    for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11, err_msg=f"output {k} of {family}")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_plan_gives_the_numbers_that_its_equations_give(family):
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):

        def everything_twice(x):
            outs = jax.tree.leaves([function(x) for _ in range(2) for function in FAMILIES[family]])
            return [jnp.asarray(out, jnp.float64) for out in outs]

        program = trace(everything_twice, reals(4))
        one_by_one, _ = _evaluate(program, [POINTS], np.zeros(len(POINTS)))
        for _ in range(2):
            planned = evaluate_batch(program, [POINTS])
            assert [y.tobytes() for y in planned] == [y.tobytes() for y in one_by_one]


def test_a_plan_computes_constants_once_equal_equations_once_and_idle_ones_never():
    W = np.arange(6.0).reshape(2, 3)

    def function(x):
        idle = jnp.exp(x)
        del idle
        return (jnp.sum(x * jnp.sum(W, axis=0)) + jax.nn.relu(jnp.sum(x**2)), jax.nn.relu(jnp.sum(x**2)))

    program = trace(function, reals(3))
    (value, half) = evaluate_batch(program, [POINTS[:, :3]])
    names = [eqn.primitive.name for eqn, *_ in _notes[program].plan.steps]
    assert names.count("exp") == 0
    assert names.count("max") == 1
    assert names.count("reduce_sum") == 2  # of x**2 and of the product; that of W is a constant
    assert np.allclose(value - half, POINTS[:, :3] @ W.sum(axis=0))


def test_zeros_of_either_sign_are_two_constants():
    program = trace(
        lambda x: (1.0 / (0.0 * x**2 + 0.0), 1.0 / (0.0 * x**2 * -0.0 - 0.0), jnp.copysign(x, -0.0)), reals()
    )
    plain, _ = _evaluate(program, [np.array([2.0])], np.zeros(1))
    assert [y.tobytes() for y in evaluate_batch(program, [np.array([2.0])])] == [y.tobytes() for y in plain]


def test_a_compiled_program_says_the_same():
    program = trace(lambda x: jnp.tanh(x @ x), reals(4))
    np.testing.assert_allclose(
        evaluate_batch(program, [POINTS], device=True)[0], evaluate_batch(program, [POINTS])[0], rtol=1e-14
    )


def test_tiles_make_no_difference():
    program = trace(lambda x: jnp.outer(x, x).sum() + jnp.ones(1000).sum(), reals(4))
    many = np.tile(POINTS, (50, 1))
    np.testing.assert_array_equal(evaluate_batch(program, [many])[0][:17], evaluate_batch(program, [POINTS])[0])


def test_constants_and_empty_batches_have_the_right_shape():
    program = trace(lambda x: jnp.ones(3) + 0.0 * x.sum(), reals(4))
    assert evaluate_batch(program, [POINTS])[0].shape == (17, 3)
    assert evaluate_batch(program, [POINTS[:0]])[0].shape == (0, 3)
    assert evaluate_batch(trace(lambda x: jnp.ones(3), reals(4)), [POINTS])[0].shape == (17, 3)


def test_infinities_and_nans_come_out_without_warnings():
    program = trace(lambda x: (jnp.exp(x), jnp.log(x)), reals())
    exponential, logarithm = evaluate_batch(program, [np.array([1e4, -1.0, 0.0])])
    assert np.isinf(exponential[0])
    assert np.isnan(logarithm[1])
    assert logarithm[2] == -np.inf


def test_a_magnitude_is_that_of_the_largest_intermediate_value():
    program = trace(lambda x: (1e8 + x) - 1e8, reals())
    values, sizes = measured(program, [np.array([1.0, 1e9])])
    assert sizes.tolist() == [1e8 + 1, 1.1e9]
    np.testing.assert_array_equal(values[0], evaluate_batch(program, [np.array([1.0, 1e9])])[0])


def test_a_matrix_product_costs_two_operations_an_entry_summed():
    assert cost(trace(lambda x: x @ jnp.ones((4, 5)), reals((3, 4)))).operations >= 2 * 3 * 4 * 5


def test_points_of_another_shape_are_refused():
    program = trace(lambda x: x.sum(), reals(4))
    with pytest.raises(DomainError, match="shape"):
        evaluate_batch(program, [np.zeros((5, 3))])


def test_a_primitive_without_a_value_is_unsupported():
    from jax.extend.core import Primitive

    nameless = Primitive("nameless")
    nameless.def_abstract_eval(lambda x: x)
    with pytest.raises(UnsupportedError, match="nameless"):
        evaluate_batch(trace(lambda x: nameless.bind(x), reals()), [np.zeros(3)])


# Rows that this JAX traces under another name, or that only gradients, older and newer programs contain.
ELSEWHERE = frozenset(
    [
        "add_any",
        "copy",
        "optimization_barrier",
        "log2",
        "one_minus_square",
        "polynomial",
    ]
)


def test_every_row_of_the_tables_is_compared_with_jax():
    met: set[str] = set()

    def visit(jaxpr):
        for eqn in jaxpr.eqns:
            met.add(eqn.primitive.name)
            for inner in _inner(eqn):
                visit(inner)

    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        for function in (function for family in FAMILIES.values() for function in family):
            visit(jax.make_jaxpr(function)(POINTS[0]).jaxpr)
    assert sorted({*ELEMENTWISE_RULES, *BUILDERS, *RULES} - met - ELSEWHERE) == []


def test_products_with_matrices_of_zeros_are_the_same():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((3, 4, 300)), np.zeros((3, 300, 100))
    b[:, [5, 17]] = rng.standard_normal((3, 2, 100))
    assert b.size >= floats._LARGE_OPERAND
    assert np.allclose(floats._matmul(a, b), np.einsum("bik,bkj->bij", a, b), rtol=1e-14, atol=1e-14)
    assert (floats._matmul(a, np.zeros_like(b)) == 0).all()
    a[0, 0, 0] = np.inf
    with np.errstate(invalid="ignore"):
        assert np.isnan(floats._matmul(a, b)[0, 0]).all()
