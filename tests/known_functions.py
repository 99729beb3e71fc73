"""Functions of known curvature with the argument for it in a word: textbooks, losses, activations, test functions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from netprops import box, reals


@dataclass(frozen=True)
class Known:
    """A function on a domain whose curvature follows from the argument."""

    name: str
    curvature: str
    f: Callable[[Any], Any]
    on: Any
    why: str


KNOWN = (
    Known("relu6", "neither", lambda x: jax.nn.relu6(x[0]), reals(1), "a kink upwards at 0, one downwards at 6"),
    Known(
        "sparse_plus",
        "convex",
        lambda x: jax.nn.sparse_plus(x[0]),
        reals(1),
        "pieces of degree 2 between slopes 0 and 1",
    ),
    Known("silu", "neither", lambda x: jax.nn.silu(x[0]), reals(1), "its second derivative changes sign"),
    Known(
        "silu_mid",
        "convex",
        lambda x: jax.nn.silu(x[0]),
        box([-2], [2]),
        "its second derivative is positive on |x| < 2.399",
    ),
    Known(
        "gelu_mid", "convex", lambda x: jax.nn.gelu(x[0], approximate=False), box([-1.4], [1.4]), "phi(x) (2 - x^2) > 0"
    ),
    Known(
        "gelu_out", "concave", lambda x: jax.nn.gelu(x[0], approximate=False), box([1.5], [6]), "phi(x) (2 - x^2) < 0"
    ),
    Known("selu", "neither", lambda x: jax.nn.selu(x[0]), reals(1), "slope 1.76 at the left of 0, 1.05 at its right"),
    Known("hswish_mid", "convex", lambda x: jax.nn.hard_silu(x[0]), box([-2.5], [2.5]), "x (x + 3) / 6"),
    Known("log_softmax0", "concave", lambda x: jax.nn.log_softmax(x)[0], reals(4), "x_0 - log-sum-exp"),
    Known("squareplus4", "convex", lambda x: jax.nn.squareplus(x[0], 1.0), reals(1), "(x + sqrt(x^2 + 1)) / 2"),
    Known("tanhshrink", "neither", lambda x: x[0] - jnp.tanh(x[0]), reals(1), "x - tanh x is odd and not linear"),
    Known(
        "sigmoid_sq_left",
        "convex",
        lambda x: jax.nn.sigmoid(x[0]) ** 2,
        box([-6], [0.5]),
        "2 s^2 (1 - s) (2 - 3 s) >= 0 for s <= 2/3",
    ),
    Known("sin_hump", "concave", lambda x: jnp.sin(x[0]), box([0], [3.1415926]), "-sin x <= 0 up to a point below pi"),
    Known(
        "elu_sum",
        "convex",
        lambda x: jnp.sum(jax.nn.elu(jnp.array([[1.0, 2.0], [0.5, -1.0]]) @ x)),
        reals(2),
        "convex pieces with slopes that agree at 0",
    ),
    Known(
        "elu_icnn",
        "convex",
        lambda x: jax.nn.elu(jax.nn.elu(x[0] - x[1]) + 2 * jax.nn.elu(x[1] + 1.0) - 1.0),
        reals(2),
        "convex non-decreasing layers with nonnegative weights",
    ),
    Known(
        "sqrelu_icnn",
        "convex",
        lambda x: jax.nn.relu(jax.nn.relu(x[0]) ** 2 + x[1]),
        reals(2),
        "convex non-decreasing layers with nonnegative weights",
    ),
    Known(
        "softplus_net",
        "convex",
        lambda x: jnp.sum(
            jax.nn.softplus(
                jnp.array([[1.0, 2.0], [0.5, 1.0]]) @ jax.nn.softplus(jnp.array([[1.0, 2.0], [0.5, -1.0]]) @ x)
            )
        ),
        reals(2),
        "convex non-decreasing of convex, with a negative weight inside only",
    ),
    Known(
        "geo_mean_w",
        "concave",
        lambda x: x[0] ** 0.2 * x[1] ** 0.5 * x[2] ** 0.25,
        box(0.05, 5, shape=3),
        "weights sum to 0.95",
    ),
    Known(
        "bv_316f2",
        "neither",
        lambda x: x[0] ** 0.3 * x[1] ** 0.9,
        box(0.1, 5, shape=2),
        "weights sum to 1.2: not concave along rays",
    ),
    Known("harmonic2", "concave", lambda x: x[0] * x[1] / (x[0] + x[1]), box(0.05, 5, shape=2), "1 / (1/x + 1/y)"),
    Known(
        "pnorm_m2", "concave", lambda x: jnp.sum(x**-2.0) ** -0.5, box(0.05, 5, shape=3), "a power mean of exponent -2"
    ),
    Known("pnorm4", "convex", lambda x: jnp.sum(x**4) ** 0.25, reals(3), "a norm"),
    Known("mixed_inf1", "convex", lambda x: jnp.sum(jnp.max(jnp.abs(x.reshape(2, 3)), axis=1)), reals(6), "a norm"),
    Known(
        "sqrt_quad",
        "convex",
        lambda x: jnp.sqrt(2 * x[0] ** 2 + 2 * x[0] * x[1] + 3 * x[1] ** 2),
        reals(2),
        "a norm: the form is positive definite",
    ),
    Known(
        "sqrt_quad1",
        "convex",
        lambda x: jnp.sqrt(1 + 2 * x[0] ** 2 + 2 * x[0] * x[1] + 3 * x[1] ** 2),
        reals(2),
        "a norm of (x, 1)",
    ),
    Known(
        "norm_affine_expanded",
        "convex",
        lambda x: jnp.sqrt(5 * x[0] ** 2 + 2 * x[0] * x[1] + 2 * x[1] ** 2),
        reals(2),
        "a norm: the form is positive definite",
    ),
    Known(
        "norm_poly",
        "convex",
        lambda x: jnp.sqrt(x[0] ** 4 + x[1] ** 4),
        reals(2),
        "the norm of convex nonnegative functions",
    ),
    Known("sqrt_x4_x2", "convex", lambda x: jnp.sqrt(x[0] ** 4 + x[0] ** 2), reals(1), "the norm of (x^2, |x|)"),
    Known(
        "cubic_reg",
        "convex",
        lambda x: jnp.dot(x, x) + jnp.linalg.norm(x) ** 3,
        reals(2),
        "a square and a cube of the norm",
    ),
    Known(
        "huber_norm",
        "convex",
        lambda x: jnp.where(jnp.linalg.norm(x) <= 1, 0.5 * jnp.sum(x**2), jnp.linalg.norm(x) - 0.5),
        reals(2),
        "Huber's function of the norm, convex and non-decreasing",
    ),
    Known(
        "dist_ball",
        "convex",
        lambda x: jnp.maximum(jnp.sqrt(jnp.sum(x**2)) - 1, 0) ** 2,
        reals(2),
        "a square of a convex nonnegative function",
    ),
    Known("dist_ball_in", "neither", lambda x: (jnp.sqrt(jnp.sum(x**2)) - 1) ** 2, reals(2), "a ring of minima"),
    Known(
        "kl_div",
        "convex",
        lambda x: jax.scipy.special.kl_div(x[0], x[1]),
        box(0.05, 4, shape=2),
        "the perspective of -log",
    ),
    Known(
        "rel_entr_aff",
        "convex",
        lambda x: (x[0] + x[1]) * jnp.log((x[0] + x[1]) / (x[0] + 2 * x[1] + 1)),
        box(0.1, 3, shape=2),
        "a relative entropy of affine forms",
    ),
    Known(
        "js_div",
        "convex",
        lambda x: 0.5 * x[0] * jnp.log(2 * x[0] / (x[0] + x[1])) + 0.5 * x[1] * jnp.log(2 * x[1] / (x[0] + x[1])),
        box(0.1, 3, shape=2),
        "relative entropies against the mean",
    ),
    Known(
        "mutual_info",
        "convex",
        lambda x: x[0] * jnp.log(x[0]) + x[1] * jnp.log(x[1]) - (x[0] + x[1]) * jnp.log(x[0] + x[1]),
        box(0.1, 3, shape=2),
        "relative entropies against the sum",
    ),
    Known(
        "neg_entropy_bin2",
        "convex",
        lambda x: x[0] * jnp.log(x[0]) + x[1] * jnp.log(x[1]) + (1 - x[0] - x[1]) * jnp.log(1 - x[0] - x[1]),
        box(0.05, 0.45, shape=2),
        "t log t at three affine forms",
    ),
    Known(
        "x_log_x_y",
        "convex",
        lambda x: (x[0] - x[1]) * (jnp.log(x[0]) - jnp.log(x[1])),
        box(0.1, 3, shape=2),
        "two relative entropies",
    ),
    Known(
        "quad_over_lin_R",
        "convex",
        lambda x: jnp.sum(x[:2] ** 2) / (x[2] + x[3]),
        box([-3, -3, 0.1, 0], [3, 3, 5, 2]),
        "the perspective of a square",
    ),
    Known("x3_over_y2", "convex", lambda x: x[0] ** 3 / x[1] ** 2, box(0.1, 3, shape=2), "the perspective of a cube"),
    Known(
        "x2_over_yz",
        "neither",
        lambda x: x[0] ** 2 / (x[1] * x[2]),
        box(0.1, 3, shape=3),
        "homogeneous of degree 0 and not constant",
    ),
    Known(
        "persp_softplus",
        "convex",
        lambda x: x[1] * jax.nn.softplus(x[0] / x[1]),
        box([-2, 0.3], [2, 4]),
        "the perspective of softplus",
    ),
    Known(
        "matrix_frac2",
        "convex",
        lambda x: (x[2] * x[3] ** 2 - 2 * x[1] * x[3] * x[4] + x[0] * x[4] ** 2) / (x[0] * x[2] - x[1] ** 2),
        box([2, -1, 2, -3, -3], [5, 1, 5, 3, 3]),
        "y' A^-1 y, by the Schur complement",
    ),
    Known(
        "matrix_frac_solve",
        "convex",
        lambda x: jnp.dot(
            x[3:],
            jnp.linalg.solve(
                jnp.array([[1.0, 0.0], [0.0, 0.0]]) * x[0]
                + jnp.array([[0.0, 1.0], [1.0, 0.0]]) * x[1]
                + jnp.array([[0.0, 0.0], [0.0, 1.0]]) * x[2],
                x[3:],
            ),
        ),
        box([2, -1, 2, -3, -3], [5, 1, 5, 3, 3]),
        "y' A^-1 y, by the Schur complement",
    ),
    Known(
        "matrix_frac_fixed",
        "convex",
        lambda x: jnp.dot(x, jnp.linalg.solve(jnp.array([[2.0, 1.0], [1.0, 3.0]]), x)),
        reals(2),
        "y' A^-1 y for a number A",
    ),
    Known(
        "inv_quad",
        "convex",
        lambda x: 1 / (2 - x[0] ** 2 - x[1] ** 2),
        box(-0.6, 0.6, shape=2),
        "y' A^-1 y, by the Schur complement",
    ),
    Known(
        "tr_inv",
        "convex",
        lambda x: jnp.trace(jnp.linalg.inv(jnp.stack([jnp.stack([x[0], x[1]]), jnp.stack([x[1], x[2]])]))),
        box([2, -1, 2], [5, 1, 5]),
        "the trace of the inverse",
    ),
    Known(
        "log_det_2",
        "concave",
        lambda x: jnp.log(x[0] * x[2] - x[1] ** 2),
        box([2, -1, 2], [5, 1, 5]),
        "the logarithm of a determinant",
    ),
    Known(
        "log_det_slogdet",
        "concave",
        lambda x: jnp.linalg.slogdet(
            jnp.array([[1.0, 0.0], [0.0, 0.0]]) * x[0]
            + jnp.array([[0.0, 1.0], [1.0, 0.0]]) * x[1]
            + jnp.array([[0.0, 0.0], [0.0, 1.0]]) * x[2]
        )[1],
        box([2, -1, 2], [5, 1, 5]),
        "the logarithm of a determinant",
    ),
    Known(
        "chol_logdet",
        "concave",
        lambda x: (
            2
            * jnp.sum(
                jnp.log(jnp.diag(jnp.linalg.cholesky(jnp.stack([jnp.stack([x[0], x[1]]), jnp.stack([x[1], x[2]])]))))
            )
        ),
        box([2, -1, 2], [5, 1, 5]),
        "the logarithm of a determinant",
    ),
    Known(
        "logdet3",
        "concave",
        lambda x: jnp.log(x[0] * x[1] * x[2] + 2 * 0.5 * 0.5 * 0.5 - 0.25 * (x[0] + x[1] + x[2])),
        box(2, 5, shape=3),
        "the logarithm of a determinant",
    ),
    Known(
        "mvn_logpdf",
        "concave",
        lambda x: jax.scipy.stats.multivariate_normal.logpdf(x, jnp.zeros(2), jnp.array([[2.0, 1.0], [1.0, 3.0]])),
        reals(2),
        "a quadratic form, negative definite",
    ),
    Known(
        "lambda_max_2",
        "convex",
        lambda x: (x[0] + x[2]) / 2 + jnp.sqrt((x[0] - x[2]) ** 2 / 4 + x[1] ** 2),
        reals(3),
        "the largest eigenvalue",
    ),
    Known(
        "lambda_min_eigvalsh",
        "concave",
        lambda x: jnp.linalg.eigvalsh(jnp.stack([jnp.stack([x[0], x[1]]), jnp.stack([x[1], x[2]])]))[0],
        reals(3),
        "the smallest eigenvalue",
    ),
    Known(
        "eig3top2",
        "convex",
        lambda x: jnp.sum(
            jnp.linalg.eigvalsh(
                jnp.stack([jnp.stack([x[0], x[1], x[2]]), jnp.stack([x[1], x[3], x[4]]), jnp.stack([x[2], x[4], x[5]])])
            )[1:]
        ),
        reals(6),
        "the sum of the two largest eigenvalues",
    ),
    Known(
        "eig3mid",
        "neither",
        lambda x: jnp.linalg.eigvalsh(
            jnp.stack([jnp.stack([x[0], x[1], x[2]]), jnp.stack([x[1], x[3], x[4]]), jnp.stack([x[2], x[4], x[5]])])
        )[1],
        reals(6),
        "neither the largest nor the smallest eigenvalue",
    ),
    Known(
        "eig3tr",
        "affine",
        lambda x: jnp.sum(
            jnp.linalg.eigvalsh(
                jnp.stack([jnp.stack([x[0], x[1], x[2]]), jnp.stack([x[1], x[3], x[4]]), jnp.stack([x[2], x[4], x[5]])])
            )
        ),
        reals(6),
        "the trace",
    ),
    Known("norm_nuc", "convex", lambda x: jnp.linalg.norm(jnp.reshape(x, (2, 2)), "nuc"), reals(4), "a norm"),
    Known("nuc23", "convex", lambda x: jnp.linalg.norm(x.reshape(2, 3), "nuc"), reals(6), "a norm"),
    Known("sigma_max", "convex", lambda x: jnp.linalg.norm(jnp.reshape(x, (2, 2)), 2), reals(4), "a norm"),
    Known("sum_largest2_5", "convex", lambda x: jnp.sum(jnp.sort(x)[-2:]), reals(5), "the maximum of all sums of two"),
    Known("median3", "neither", lambda x: jnp.sort(x)[1], reals(3), "neither the maximum nor the minimum"),
    Known("dotsort", "convex", lambda x: jnp.dot(jnp.sort(x), jnp.array([0.5, 1.0, 2.0])), reals(3), "rising weights"),
    Known(
        "owl",
        "convex",
        lambda x: jnp.dot(jnp.sort(jnp.abs(x)), jnp.array([0.5, 1.0, 2.0])),
        reals(3),
        "rising weights on sorted moduli",
    ),
    Known(
        "tv2",
        "convex",
        lambda x: jnp.sum(jnp.sqrt((x[1:4] - x[:3]) ** 2 + (x[2:5] - x[1:4]) ** 2)),
        reals(5),
        "norms of differences",
    ),
    Known(
        "bv_322a",
        "convex",
        lambda x: -jnp.log(-jnp.log(jnp.exp(x[0] - 5.0) + jnp.exp(x[1] - 5.0))),
        box(-1, 1, shape=2),
        "-log of a concave positive function",
    ),
    Known(
        "bv_322b",
        "convex",
        lambda x: -jnp.sqrt(x[1] * x[2] - x[0] ** 2),
        box([-1, 2, 2], [1, 4, 4]),
        "the root of a Lorentz form",
    ),
    Known(
        "bv_322d",
        "convex",
        lambda x: -((x[0] ** 3 - jnp.abs(x[1]) ** 3) ** (1 / 3)),
        box([2, -1], [4, 1]),
        "a reversed norm",
    ),
    Known(
        "bv_322e",
        "convex",
        lambda x: -jnp.log(x[0] ** 4 - x[1] ** 4),
        box([2, -1], [4, 1]),
        "the logarithm of a reversed norm",
    ),
    Known(
        "bv_contfrac",
        "convex",
        lambda x: 1 / (x[0] - 1 / (x[1] - 1 / x[2])),
        box(3, 5, shape=3),
        "a continued fraction, by composition",
    ),
    Known(
        "bv_349c",
        "concave",
        lambda x: jnp.log(jnp.prod(x) / jnp.sum(x)),
        box(0.1, 4, shape=3),
        "the product over the sum is log-concave",
    ),
    Known(
        "geo_of_conc",
        "concave",
        lambda x: jnp.sqrt(jnp.log1p(x[0]) * x[1]),
        box(0.1, 3, shape=2),
        "the geometric mean of concave functions",
    ),
    Known(
        "log_barrier_quad",
        "convex",
        lambda x: -jnp.log(1 - x[0] ** 2 - x[1] ** 2),
        box(-0.6, 0.6, shape=2),
        "-log of a concave function",
    ),
    Known(
        "barrier_soc",
        "convex",
        lambda x: -jnp.log(x[0] ** 2 - x[1] ** 2 - x[2] ** 2),
        box([2, -1, -1], [4, 1, 1]),
        "-log of a Lorentz form",
    ),
    Known(
        "poisson_softplus",
        "convex",
        lambda x: jax.nn.softplus(x[0]) - 3.0 * jnp.log(jax.nn.softplus(x[0])),
        box([-10], [10]),
        "softplus is convex, and its logarithm concave",
    ),
    Known(
        "negbin_mu_small",
        "convex",
        lambda x: (3.0 + 2.0) * jnp.log(2.0 + x[0]) - 3.0 * jnp.log(x[0]),
        box([0.1], [5]),
        "3 / x^2 > 5 / (2 + x)^2 below 6.87",
    ),
    Known(
        "tweedie_mu",
        "convex",
        lambda x: 2.0 * x[0] ** (-0.5) / 0.5 + x[0] ** 0.5 / 0.5,
        box([0.1], [5]),
        "convex below three times the observation",
    ),
    Known(
        "tweedie_mu_wide",
        "neither",
        lambda x: 2.0 * x[0] ** (-0.5) / 0.5 + x[0] ** 0.5 / 0.5,
        box([0.1], [50]),
        "bent the other way far out",
    ),
    Known(
        "expectile",
        "convex",
        lambda x: jnp.where(x[0] >= 0, 0.3, 0.7) * x[0] ** 2,
        reals(1),
        "squares with weights on both sides",
    ),
    Known(
        "tukey",
        "neither",
        lambda x: jnp.where(jnp.abs(x[0]) <= 1.0, 1.0 - (1.0 - x[0] ** 2) ** 3, 1.0),
        reals(1),
        "bounded and not constant",
    ),
    Known("fair", "convex", lambda x: jnp.abs(x[0]) - jnp.log1p(jnp.abs(x[0])), reals(1), "1 / (1 + |x|)^2"),
    Known(
        "focal_p",
        "convex",
        lambda x: -((1 - x[0]) ** 2) * jnp.log(x[0]),
        box([0.02], [0.98]),
        "a product of falling convex positive functions",
    ),
    Known(
        "poly1",
        "convex",
        lambda x: jax.nn.logsumexp(x) - x[0] + 1.0 - jax.nn.softmax(x)[0],
        reals(3),
        "the variance outweighs the squared deviation of one class",
    ),
    Known(
        "crf",
        "convex",
        lambda x: (
            jax.nn.logsumexp(jax.nn.logsumexp(x[:2][:, None] + x[2:6].reshape(2, 2), axis=0) + x[6:])
            - x[0]
            - x[2]
            - x[6]
        ),
        reals(8),
        "log-sum-exp of sums",
    ),
    Known(
        "cox",
        "convex",
        lambda x: (
            jnp.log(jnp.exp(x[0]) + jnp.exp(x[1]) + jnp.exp(x[2]))
            - x[0]
            + jnp.log(jnp.exp(x[1]) + jnp.exp(x[2]))
            - x[1]
        ),
        reals(3),
        "log-sum-exp less linear terms",
    ),
    Known(
        "betaln",
        "convex",
        lambda x: jax.scipy.special.betaln(x[0], x[1]),
        box(0.2, 5, shape=2),
        "the normaliser of the beta distribution",
    ),
    Known(
        "dirichlet_nll",
        "convex",
        lambda x: (
            jnp.sum(jax.scipy.special.gammaln(x))
            - jax.scipy.special.gammaln(jnp.sum(x))
            - jnp.sum((x - 1) * jnp.log(jnp.array([0.2, 0.3, 0.5])))
        ),
        box(0.2, 5, shape=3),
        "the normaliser of the Dirichlet distribution",
    ),
    Known(
        "beta_fixed25",
        "convex",
        lambda x: jax.scipy.special.gammaln(x[0]) - jax.scipy.special.gammaln(x[0] + 2.5),
        box([0.2], [5]),
        "trigamma falls",
    ),
    Known(
        "gamma_nll_shape",
        "convex",
        lambda x: jax.scipy.special.gammaln(x[0]) - x[0] * jnp.log(x[0]) + x[0] * 1.3,
        box([0.2], [5]),
        "trigamma x > 1 / x",
    ),
    Known(
        "stirling",
        "convex",
        lambda x: jax.scipy.special.gammaln(x[0]) - (x[0] - 0.5) * jnp.log(x[0]) + x[0],
        box([0.3], [5]),
        "trigamma x > 1 / x + 1 / (2 x^2)",
    ),
    Known(
        "gauss_lik",
        "convex",
        lambda x: 0.5 * (x[0] - 1) ** 2 * x[1] - 0.5 * jnp.log(x[1]),
        box([0.5, 0.2], [1.5, 1]),
        "the Hessian's determinant is 1/(2 y) - (x - 1)^2 > 0",
    ),
    Known(
        "gauss_var",
        "neither",
        lambda x: 0.5 * (jnp.log(x[0]) + 3.0 / x[0]),
        box([0.1], [9]),
        "1 / x^2 - 2 s / x^3 changes sign at x = 2 s",
    ),
    Known(
        "ordinal",
        "convex",
        lambda x: -jnp.log(jax.nn.sigmoid(x[0] + 1.0) - jax.nn.sigmoid(x[0] - 1.0)),
        reals(1),
        "an interval's mass under a log-concave density",
    ),
    Known(
        "ordinal2",
        "convex",
        lambda x: -jnp.log(jax.nn.sigmoid(x[1] - x[0]) - jax.nn.sigmoid(x[2] - x[0])),
        box([-2, 1, -3], [2, 3, -1]),
        "an interval's mass under a log-concave density",
    ),
    Known(
        "cloglog",
        "concave",
        lambda x: jnp.log(-jnp.expm1(-jnp.exp(x[0]))),
        reals(1),
        "-log of a Gumbel distribution function",
    ),
    Known(
        "cloglog_nll",
        "convex",
        lambda x: -2.0 * jnp.log(-jnp.expm1(-jnp.exp(x[0]))) + 3.0 * jnp.exp(x[0]),
        box([-5], [3]),
        "-log of a Gumbel distribution function, and an exponential",
    ),
    Known(
        "probit",
        "convex",
        lambda x: -jnp.log(jax.scipy.stats.norm.cdf(x[0])),
        box([-4], [4]),
        "-log of a normal distribution function",
    ),
    Known(
        "mills_r",
        "convex",
        lambda x: jnp.exp(0.5 * x[0] ** 2) * jax.scipy.special.erfc(x[0] / jnp.sqrt(2.0)),
        box([-1], [3]),
        "Mills' ratio",
    ),
    Known(
        "digamma_log",
        "concave",
        lambda x: jax.scipy.special.digamma(x[0]) - jnp.log(x[0]),
        box([0.3], [5]),
        "by the integral of 1/t - 1/(1 - e^-t)",
    ),
    Known(
        "log_sinh_x",
        "convex",
        lambda x: jnp.log(jnp.sinh(x[0]) / x[0]),
        box([0.1], [4]),
        "the logarithm of a moment generating function",
    ),
    Known(
        "log_expm1_x",
        "convex",
        lambda x: jnp.log(jnp.expm1(x[0]) / x[0]),
        box([0.1], [4]),
        "the logarithm of a moment generating function",
    ),
    Known(
        "expm1_over_x",
        "convex",
        lambda x: jnp.expm1(x[0]) / x[0],
        box([0.1], [5]),
        "the integral of exp(t x) over t in [0, 1]",
    ),
    Known("x_over_expm1", "convex", lambda x: x[0] / jnp.expm1(x[0]), box([0.1], [5]), "an even function less x / 2"),
    Known("x_coth", "convex", lambda x: x[0] / jnp.tanh(x[0]), box([0.2], [5]), "even and convex"),
    Known("langevin", "concave", lambda x: 1 / jnp.tanh(x[0]) - 1 / x[0], box([0.2], [5]), "concave on the right"),
    Known("pow_1px", "concave", lambda x: (1 + 1 / x[0]) ** x[0], box([0.2], [5]), "rises to e, concave"),
    Known("x_arctan", "convex", lambda x: x[0] * jnp.arctan(x[0]), reals(1), "2 / (1 + x^2)^2"),
    Known(
        "log_x_over",
        "concave",
        lambda x: jnp.log(x[0]) / x[0],
        box([0.5], [4]),
        "(2 log x - 3) / x^3 < 0 below exp(3/2)",
    ),
    Known(
        "x_log_x_sq", "convex", lambda x: x[0] ** 2 * jnp.log(x[0]), box([0.25], [4]), "2 log x + 3 > 0 above exp(-3/2)"
    ),
    Known(
        "cauchy_core",
        "convex",
        lambda x: jnp.log1p(x[0] ** 2),
        box([-1], [1]),
        "2 (1 - x^2) / (1 + x^2)^2, 0 at the ends",
    ),
    Known(
        "exp_taylor",
        "convex",
        lambda x: jnp.exp(x[0]) - 1 - x[0] - x[0] ** 2 / 2,
        box([0], [3]),
        "e^x - 1, 0 at an end",
    ),
    Known("exp_cos_0", "convex", lambda x: jnp.exp(x[0]) * jnp.cos(x[0]), box([-3], [0]), "-2 e^x sin x, 0 at an end"),
    Known("x4_touch", "convex", lambda x: x[0] ** 4 - 4 * x[0] ** 3 + 6 * x[0] ** 2, reals(1), "12 (x - 1)^2"),
    Known(
        "x4_touch_bad",
        "neither",
        lambda x: x[0] ** 4 - 4 * x[0] ** 3 + 5.9999 * x[0] ** 2,
        reals(1),
        "12 (x - 1)^2 less 0.0002",
    ),
    Known(
        "poly_box_edge",
        "convex",
        lambda x: x[0] ** 3 + x[1] ** 3 + 3 * x[0] * x[1],
        box(0.5, 2, shape=2),
        "the determinant 36 x y - 9 is 0 at a corner",
    ),
    Known(
        "poly_box_edge_n",
        "neither",
        lambda x: x[0] ** 3 + x[1] ** 3 + 3.0001 * x[0] * x[1],
        box(0.5, 2, shape=2),
        "the determinant is negative at a corner",
    ),
    Known(
        "bil_exp",
        "convex",
        lambda x: jnp.exp(x[0]) + jnp.exp(x[1]) + x[0] * x[1],
        box(0, 2, shape=2),
        "exp(x + y) - 1 is 0 at a corner",
    ),
    Known(
        "log_bil_edge",
        "convex",
        lambda x: -jnp.log(x[0]) - jnp.log(x[1]) + x[0] * x[1] * 0.25,
        box(0.5, 2, shape=2),
        "1 / (x y)^2 - 1/16 is 0 at a corner",
    ),
    Known(
        "rosen_box_convex",
        "convex",
        lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2,
        box([0.5, -2], [2, -0.1]),
        "the determinant 80000 (x^2 - y) + 400 is positive",
    ),
    Known(
        "rosenbrock",
        "neither",
        lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2,
        reals(2),
        "indefinite where y is large",
    ),
    Known(
        "three3",
        "convex",
        lambda x: x[0] ** 2 * x[1] + x[1] ** 2 * x[2] + x[2] ** 2 * x[0] + 5 * (x[0] ** 2 + x[1] ** 2 + x[2] ** 2),
        box(-1, 1, shape=3),
        "diagonally dominant",
    ),
    Known(
        "sos_convex",
        "convex",
        lambda x: x[0] ** 4 + 6 * x[0] ** 2 * x[1] ** 2 + x[1] ** 4,
        reals(2),
        "144 (x^2 - y^2)^2",
    ),
    Known(
        "q_x4_y4_neg",
        "neither",
        lambda x: x[0] ** 4 + x[1] ** 4 - x[0] ** 2 * x[1] ** 2,
        reals(2),
        "indefinite on an axis's neighbourhood",
    ),
    Known(
        "bartels",
        "convex",
        lambda x: jnp.abs(x[0] ** 2 + x[1] ** 2 + x[0] * x[1]) + jnp.abs(jnp.sin(x[0])) + jnp.abs(jnp.cos(x[1])),
        box(-3, 3, shape=2),
        "a definite quadratic form outweighs the waves, whose kinks are upwards",
    ),
    Known(
        "psd_edge_n",
        "neither",
        lambda x: x[0] ** 2 + x[1] ** 2 + 2.00000000001 * x[0] * x[1],
        reals(2),
        "a quadratic form that is indefinite by 1e-11",
    ),
    Known(
        "off_tiny",
        "neither",
        lambda x: x[0] ** 2 - 1e-11 * x[1] ** 2,
        reals(2),
        "a quadratic form that is indefinite by 1e-11",
    ),
    Known(
        "tiny_kink", "neither", lambda x: x[0] ** 2 - 1e-6 * jnp.abs(x[0] - 0.3), reals(1), "a kink downwards of 2e-6"
    ),
    Known(
        "kink_nd",
        "neither",
        lambda x: x[0] ** 2 + x[1] ** 2 - 1e-6 * jnp.abs(x[0] + x[1] - 0.3),
        reals(2),
        "a kink downwards",
    ),
    Known(
        "corner3",
        "neither",
        lambda x: x[0] ** 3 + x[1] ** 3 + x[2] ** 3 - 0.6006 * x[0] * x[1],
        box(0.1, 1, shape=3),
        "indefinite next to a corner",
    ),
    Known(
        "scaled_tiny",
        "convex",
        lambda x: 1e-11 * (x[0] ** 2 + x[1] ** 2 + x[0] * x[1]),
        reals(2),
        "a positive definite form times 1e-11",
    ),
    Known(
        "scaled_big",
        "convex",
        lambda x: 1e7 * jax.nn.softplus(x[0]) - 1e7 * x[0],
        reals(1),
        "1e7 softplus less a linear term",
    ),
    Known(
        "xlog1py",
        "convex",
        lambda x: jax.scipy.special.xlog1py(x[0], x[0]),
        box([0], [4]),
        "1 / (1 + x) + 1 / (1 + x)^2",
    ),
    Known(
        "max3_sq",
        "convex",
        lambda x: jnp.max(jnp.stack([x[0] ** 2, x[1] ** 2, (x[0] + x[1]) ** 2])),
        reals(2),
        "the maximum of squares of linear forms",
    ),
    Known("clip_sq", "neither", lambda x: jnp.clip(x[0], -1, 1) ** 2, reals(1), "bounded and not constant"),
    Known(
        "where_glue",
        "convex",
        lambda x: jnp.where(x[0] < 0, x[0] ** 2, jnp.expm1(x[0]) - x[0]),
        reals(1),
        "slopes 0 and 0 at the joint",
    ),
    Known(
        "where_bad",
        "neither",
        lambda x: jnp.where(x[0] < 0, x[0] ** 2, -(x[0] ** 2)),
        reals(1),
        "slopes agree, curvatures do not",
    ),
    Known("softmax_sum", "affine", lambda x: jnp.sum(jax.nn.softmax(x)), reals(3), "shares of a whole"),
    Known(
        "sin_add",
        "affine",
        lambda x: jnp.sin(x[0] + x[1]) - jnp.sin(x[0]) * jnp.cos(x[1]) - jnp.cos(x[0]) * jnp.sin(x[1]),
        reals(2),
        "the addition theorem",
    ),
    Known(
        "cos_double",
        "affine",
        lambda x: jnp.cos(2 * x[0]) - 2 * jnp.cos(x[0]) ** 2 + x[0],
        reals(1),
        "the double angle",
    ),
    Known(
        "max_min_prod",
        "affine",
        lambda x: jnp.maximum(x[0], x[1]) * jnp.minimum(x[0], x[1]) - x[0] * x[1],
        reals(2),
        "the maximum times the minimum is the product",
    ),
    Known(
        "hm_id",
        "affine",
        lambda x: x[0] * x[1] / (x[0] + x[1]) * (1 / x[0] + 1 / x[1]),
        box(0.2, 3, shape=2),
        "a sum of reciprocals times its reciprocal",
    ),
    Known(
        "logsig_diff",
        "affine",
        lambda x: jax.nn.log_sigmoid(x[0]) - jax.nn.log_sigmoid(-x[0]),
        reals(1),
        "log s(x) - log s(-x) = x",
    ),
    Known(
        "frac_id2",
        "affine",
        lambda x: (x[0] ** 3 - 1) / (x[0] ** 2 + x[0] + 1),
        box([-3], [3]),
        "a quotient without remainder",
    ),
    Known("norm_sq_id", "affine", lambda x: jnp.linalg.norm(x) ** 2 - jnp.dot(x, x), reals(3), "a square of a root"),
    Known(
        "relu_sum_abs",
        "affine",
        lambda x: jax.nn.relu(x[0]) + jax.nn.relu(-x[0]) - jnp.abs(x[0]),
        reals(1),
        "the parts of a modulus",
    ),
    Known("attention", "neither", lambda x: jnp.sum(jax.nn.softmax(x) * x), reals(3), "a weighted mean"),
)
