"""Running error analysis: how far apart two evaluations of a program in doubles can be, by rounding alone.

Every float value of the jaxpr carries a centre and a radius, at many points at once, such that both

- the real number that the program denotes, and
- what any machine computes that keeps to the model below, in whatever order it adds,

lie within the radius of the centre.  So a machine that keeps to the model is at most two radii off the real value.

The model (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., chapters 2 to 4), with u = 2^-53:

- sums and products are rounded to nearest: a relative error of at most u.  Sums of n terms in any order, products
  fused or not, are off by at most gamma_n = nu/(1 - nu) times the sum of the absolute values.
- the functions of `ULPS` have a relative error of at most so many ulps, 2u each.  XLA promises none of them; the tests
  measure them on the device at hand.
- what is smaller than the smallest normal double may be flushed to 0.
- compilers rewrite nothing that would round worse than what is written.
- a cast to a shorter float is read as if it kept all digits: who computes in float32 does not keep to the model.

Radii are computed in doubles too; each is enlarged by 2^-40 of itself, which is more than their own rounding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from netprops.readings import floats
from netprops.readings.floats import ELEMENTWISE
from netprops.readings.jaxpr import MOVEMENT, SCATTERS, Program, UnsupportedError, applies, called, scan_counts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Array = np.ndarray[Any, Any]

UNIT = 2.0**-53
TINY = 2.0**-1022  # the smallest normal double
_SLACK = 1 + 2.0**-40
_TILE_ENTRIES = 1 << 17


@dataclass(frozen=True, eq=False)
class Rounded:
    """Floats: every entry lies within `radius` of `centre`.  Truth values: `radius` says which are uncertain."""

    centre: Array
    radius: Array


Value: TypeAlias = "Rounded | Array"  # an array: integers and truth values that are certain


def _widest(x: Rounded) -> Array:
    """An upper bound of the absolute values."""
    return np.abs(x.centre) + x.radius


def _rounded(centre: Array, radius: Array, errors: float | Array = UNIT) -> Rounded:
    """The result of one operation: the spread of exact results about the centre, and a relative error of its own.

    Twice that error: the centre has one, and so has the machine's number.
    """
    grown = (radius + 2 * errors * (np.abs(centre) + radius) + TINY) * _SLACK
    return Rounded(np.asarray(centre), np.where(np.isnan(grown) | ~np.isfinite(centre), np.inf, grown))


def _exact(array: Array) -> Rounded:
    return Rounded(array, np.zeros(array.shape))


def _gamma(n: int) -> float:
    return n * UNIT / (1 - n * UNIT)


# ------------------------------------------------------------------ evaluating


def evaluate_batch(program: Program, points: Sequence[Array]) -> list[Rounded]:
    """The flat outputs at B points, (B, *out_shape) each, for points of shape (B, *shape), one for each flat argument.

    Where nothing is known, the radius is infinite.

    Raises:
        DomainError: points that are not shaped like the arguments.
        UnsupportedError: a primitive without a rule here.
    """
    rows = floats._rows(program, points)
    tile = max(1, _TILE_ENTRIES // max(1, floats.cost(program).widest))
    pieces = [_evaluate(program, [x[i : i + tile] for x in points]) for i in range(0, rows, tile)]
    return [
        Rounded(np.concatenate([p.centre for p in column]), np.concatenate([p.radius for p in column]))
        for column in zip(*pieces, strict=True)
    ]


def _evaluate(program: Program, points: Sequence[Array]) -> list[Rounded]:
    rows = len(points[0])
    arguments = [_exact(np.asarray(x, np.float64)) for x in points]
    with np.errstate(all="ignore"):
        out = _run(program.closed.jaxpr, program.closed.consts, arguments)
    shapes = [(rows, *shape) for shape in program.out_shapes]
    return [
        Rounded(np.broadcast_to(y.centre, shape), np.broadcast_to(y.radius, shape))
        for y, shape in zip(map(_lift, out), shapes, strict=True)
    ]


def _run(jaxpr: Any, consts: Sequence[Any], arguments: Sequence[Value]) -> list[Value]:
    values: dict[Any, Value] = {}

    def read(atom: Any) -> Value:
        return _enter(atom.val) if hasattr(atom, "val") else values[atom]

    values.update(zip(jaxpr.constvars, map(_enter, consts), strict=True))
    values.update(zip(jaxpr.invars, arguments, strict=True))
    for eqn in jaxpr.eqns:
        values.update(zip(eqn.outvars, _equation(eqn, [read(atom) for atom in eqn.invars]), strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _enter(constant: Any) -> Value:
    array = np.asarray(constant)[None]
    return _exact(array.astype(np.float64)) if _is_float(array.dtype) else array


def _is_float(dtype: Any) -> bool:
    return dtype.kind == "f" or dtype.name in ("bfloat16",) or dtype.name.startswith("float")


def _lift(x: Value) -> Rounded:
    """Truth values and integers as what they are, certain."""
    return x if isinstance(x, Rounded) else Rounded(x, np.zeros(x.shape))


def _equation(eqn: Any, inputs: list[Value]) -> list[Value]:
    name = eqn.primitive.name
    inner = called(eqn)
    if inner is not None:
        return _run(*inner, inputs)
    if name == "scan":
        return _scan(eqn, inputs)
    if not any(isinstance(x, Rounded) for x in inputs):
        return [_exact(y.astype(np.float64)) if _is_float(y.dtype) else y for y in _in_floats(eqn, inputs)]
    if name in RULES:
        result = RULES[name](eqn, *inputs)
        return result if isinstance(result, list) else [result]
    if name in MOVEMENT and name not in _COMPUTING and not applies(eqn):
        return _moved(eqn, inputs)
    raise UnsupportedError(
        f"no bound on the rounding of the primitive `{name}` is known here. To add one: a function with a stated error "
        "is one row of ULPS and of RULES in netprops/readings/rounding.py."
    )


def _in_floats(eqn: Any, arrays: Sequence[Any]) -> list[Array]:
    return floats._equation(eqn, list(arrays), floats._Pass({}))


# Rows of that table that do more to a number than to move it.
_COMPUTING = frozenset({*SCATTERS, "bitcast_convert_type"} - {"scatter"})
# Where the indices stand among the operands.
_INDICES = {
    "dynamic_slice": slice(1, None),
    "dynamic_update_slice": slice(2, None),
    "gather": slice(1, 2),
    "scatter": slice(1, 2),
}


def _moved(eqn: Any, inputs: list[Value]) -> list[Value]:
    """Data movement: centres and radii move alike."""
    if any(isinstance(x, Rounded) for x in inputs[_INDICES.get(eqn.primitive.name, slice(0))]):
        raise UnsupportedError("an index that depends on rounded numbers")
    lifted = [x if not isinstance(x, Rounded) else x.centre for x in inputs]
    radii = [x if not isinstance(x, Rounded) else x.radius for x in inputs]
    if eqn.primitive.name in ("concatenate", "pad", "stack", "select_n", "scatter", "dynamic_update_slice"):
        # Certain truth values beside uncertain ones have radius 0.
        data = [isinstance(x, Rounded) or x.dtype == bool for x in inputs]
        radii = [np.zeros(x.shape) if moves and not isinstance(x, Rounded) else r
                 for x, r, moves in zip(inputs, radii, data, strict=True)]  # fmt: skip
    centres = _in_floats(eqn, lifted)
    return [Rounded(c, r.astype(np.float64)) for c, r in zip(centres, _in_floats(eqn, radii), strict=True)]


def _scan(eqn: Any, inputs: list[Value]) -> list[Value]:
    p, length = eqn.params, eqn.params["length"]
    n_consts, n_carry = scan_counts(p)
    consts, carry, xs = inputs[:n_consts], inputs[n_consts : n_consts + n_carry], inputs[n_consts + n_carry :]
    steps: list[list[Value]] = []
    for i in range(length - 1, -1, -1) if p["reverse"] else range(length):
        rows = [Rounded(x.centre[:, i], x.radius[:, i]) if isinstance(x, Rounded) else x[:, i] for x in xs]
        out = _run(p["jaxpr"].jaxpr, p["jaxpr"].consts, [*consts, *carry, *rows])
        carry = out[:n_carry]
        steps.append(out[n_carry:])
    if p["reverse"]:
        steps.reverse()
    return [*carry, *(_stacked(column) for column in zip(*steps, strict=True))]


def _stacked(column: Sequence[Value]) -> Value:
    if not any(isinstance(x, Rounded) for x in column):
        return np.stack(floats._together([np.asarray(x) for x in column]), axis=1)
    lifted = [_lift(x) for x in column]
    centres, radii = ([getattr(x, part) for x in lifted] for part in ("centre", "radius"))
    return Rounded(np.stack(floats._together(centres), axis=1), np.stack(floats._together(radii), axis=1))


# ------------------------------------------------------------------ elementwise


def _pair(a: Value, b: Value) -> tuple[Rounded, Rounded]:
    x, y = _lift(a), _lift(b)
    (cx, cy), (rx, ry) = floats._aligned([x.centre, y.centre]), floats._aligned([x.radius, y.radius])
    return (x, y) if cx is x.centre and cy is y.centre else (Rounded(cx, rx), Rounded(cy, ry))


def _add(eqn: Any, a: Value, b: Value) -> Rounded:
    x, y = _pair(a, b)
    return _rounded(x.centre + y.centre, x.radius + y.radius)


def _sub(eqn: Any, a: Value, b: Value) -> Rounded:
    if a is b:
        x = _lift(a)
        return Rounded(np.zeros(x.centre.shape), np.where(np.isfinite(_widest(x)), 0.0, np.inf))
    x, y = _pair(a, b)
    return _rounded(x.centre - y.centre, x.radius + y.radius)


def _mul(eqn: Any, a: Value, b: Value) -> Rounded:
    x, y = _pair(a, b)
    return _rounded(x.centre * y.centre, np.abs(x.centre) * y.radius + x.radius * _widest(y))


def _div(eqn: Any, a: Value, b: Value) -> Rounded:
    x, y = _pair(a, b)
    nearest = np.abs(y.centre) - y.radius
    quotient = x.centre / y.centre
    spread = np.where(nearest > 0, (x.radius + np.abs(quotient) * y.radius) / nearest, np.inf)
    return _rounded(quotient, spread, _stated("div", quotient))


def _square(eqn: Any, a: Value) -> Rounded:
    return _mul(eqn, a, a)


def _one_minus_square(eqn: Any, a: Value) -> Rounded:
    """1 - x^2 or (1 - x)(1 + x)."""
    x = _lift(a)
    return _rounded(
        (1 - x.centre) * (1 + x.centre),
        x.radius * (np.abs(x.centre) + _widest(x)) + 2 * UNIT * _widest(x) ** 2,
        _gamma(4),
    )


def _polynomial(eqn: Any, a: Value, *coefficients: Value) -> Rounded:
    """``sum_k a_k x^k`` in any order: each term is a product of at most 2N + 1 factors, one of N + 1 terms."""
    x, *lifted = (_lift(value) for value in (a, *coefficients))
    centre, *centres = floats._aligned([x.centre, *(y.centre for y in lifted)])
    radius, *radii = floats._aligned([x.radius, *(y.radius for y in lifted)])
    sizes = [np.abs(c) + r for c, r in zip(centres, radii, strict=True)]
    farthest, horner, n = np.abs(centre) + radius, ELEMENTWISE["polynomial"], len(lifted)
    slopes = [k * size for k, size in enumerate(sizes)][1:] or [np.zeros_like(sizes[0])]
    spread = horner(farthest, *radii) + radius * horner(farthest, *slopes)
    # Whatever is flushed to 0 on the way is multiplied by x as often as the rest of its term.
    flushed = TINY * horner(farthest, *map(np.ones_like, sizes))
    return _rounded(horner(centre, *centres), spread + 2 * _gamma(3 * n) * horner(farthest, *sizes) + flushed, 0.0)


def _integer_pow(eqn: Any, a: Value) -> Rounded:
    x, exponent = _lift(a), eqn.params["y"]
    n = abs(exponent)
    power = _rounded(x.centre**n, n * _widest(x) ** max(n - 1, 0) * x.radius, _gamma(max(2 * n, 1)))
    return power if exponent >= 0 else _div(eqn, _exact(np.ones(x.centre.shape)), power)


def _kept(function: Callable[[Array], Array]) -> Callable[..., Rounded]:
    """Functions that are exact in floats and move nothing by more than their argument."""
    return lambda eqn, a: Rounded(function(_lift(a).centre), _lift(a).radius)


def _extreme(function: np.ufunc) -> Callable[..., Rounded]:
    def rule(eqn: Any, a: Value, b: Value) -> Rounded:
        x, y = _pair(a, b)
        # One that surely loses has no say, however uncertain it is (the infinite guards of a maximum).
        sign = 1 if function is np.maximum else -1
        x_wins = sign * (x.centre - y.centre) > x.radius + y.radius
        y_wins = sign * (y.centre - x.centre) > x.radius + y.radius
        radius = np.where(x_wins, x.radius, np.where(y_wins, y.radius, np.maximum(x.radius, y.radius)))
        return Rounded(function(x.centre, y.centre), radius)

    return rule


def _clamp(eqn: Any, low: Value, a: Value, high: Value) -> Rounded:
    return _extreme(np.minimum)(eqn, _extreme(np.maximum)(eqn, a, low), high)


def _wave(function: Callable[[Array], Array], name: str) -> Callable[..., Rounded]:
    """Sine and cosine: of slope at most 1."""

    def rule(eqn: Any, a: Value) -> Rounded:
        x = _lift(a)
        return _rounded(function(x.centre), np.minimum(x.radius, 2.0), _stated(name, x.centre))

    return rule


def _monotone(name: str) -> Callable[..., Rounded]:
    """A monotone function: what it does to a ball lies between its values at the two ends."""
    function = ELEMENTWISE[name]

    def rule(eqn: Any, a: Value) -> Rounded:
        x = _lift(a)
        y = function(x.centre)
        low = function(np.nextafter(x.centre - x.radius, -np.inf))
        high = function(np.nextafter(x.centre + x.radius, np.inf))
        spread = np.maximum(np.abs(high - y), np.abs(y - low))
        errors = np.maximum(*(_stated(name, end) for end in (x.centre - x.radius, x.centre + x.radius)))
        # The values at the ends have errors of their own.
        own = errors * np.maximum(np.abs(low), np.abs(high))
        return _rounded(y, spread + own, errors)

    return rule


def _cosh(eqn: Any, a: Value) -> Rounded:
    """Increasing in |x|; where the ball reaches over 0 the upper end is the farther one, since cosh is convex."""
    return _monotone("cosh")(eqn, _kept(np.abs)(eqn, a))


def _sqrt(eqn: Any, a: Value) -> Rounded:
    """Of 0 as well: where the argument may be just below 0 the domain says that it is not."""
    x = _lift(a)
    y, low, high = (np.sqrt(np.maximum(z, 0.0)) for z in (x.centre, x.centre - x.radius, x.centre + x.radius))
    possible = x.centre + x.radius >= 0
    return _rounded(y, np.where(possible, np.maximum(high - y, y - low) + 4 * UNIT * high, np.inf), UNIT)


def _power(eqn: Any, a: Value, b: Value) -> Rounded:
    """x^y for x > 0: on a box of x and y it is extreme at a corner."""
    x, y = _pair(a, b)
    centre = np.power(x.centre, y.centre)
    corners = [np.power(x.centre + s * x.radius, y.centre + t * y.radius) for s in (1, -1) for t in (1, -1)]
    spread = np.max([np.abs(c - centre) for c in corners], axis=0)
    largest = np.max([np.abs(c) for c in corners], axis=0)
    errors = _stated("pow", x.centre)
    known = (x.centre - x.radius > 0) | ((x.radius == 0) & (y.radius == 0))
    return _rounded(centre, np.where(known, spread + errors * largest, np.inf), errors)


def _sign(eqn: Any, a: Value) -> Rounded:
    x = _lift(a)
    sure = (np.abs(x.centre) > x.radius) | (x.radius == 0)
    return Rounded(np.sign(x.centre), np.where(sure, 0.0, 2.0))


def _step(name: str) -> Callable[..., Rounded]:
    """floor, ceil, round: the same whole number at both ends, or all between."""

    def rule(eqn: Any, a: Value) -> Rounded:
        x = _lift(a)
        y, low, high = (_in_floats(eqn, [z])[0] for z in (x.centre, x.centre - x.radius, x.centre + x.radius))
        return Rounded(y, np.maximum(high - y, y - low))

    return rule


# How many ulps, 2^-52 relative, each function is taken to be off; of some, depending on the argument.
# XLA's own log1p loses digits below 0, its exp2, sinh and cosh at large arguments.
ULPS: Mapping[str, float | Callable[[Array], Array]] = {
    "asinh": 8,
    "atan": 4,
    "cbrt": 8,
    "cos": 4,
    "cosh": lambda x: 16 + np.abs(x),
    "div": 2,
    "erf": 8,
    "erfc": 512,
    "exp": 4,
    "exp2": lambda x: 4 + np.abs(x),
    "expm1": 8,
    "log": 4,
    "log1p": lambda x: np.where(x >= 0, 8.0, 256.0),
    "log2": 4,
    "logistic": 8,
    "pow": 64,
    "rsqrt": 4,
    "sin": 4,
    "sinh": lambda x: 16 + np.abs(x),
    "tanh": 16,
}


def _stated(name: str, x: Array) -> Array:
    """The relative error that the function is taken to have at x."""
    ulps = ULPS[name]
    return np.asarray(2 * UNIT * ulps(x) if callable(ulps) else 2 * UNIT * ulps)


_MONOTONE = ("asinh", "atan", "cbrt", "erf", "erfc", "exp", "exp2", "expm1", "log", "log1p", "log2", "logistic",
             "rsqrt", "sinh", "tanh")  # fmt: skip


# ------------------------------------------------------------------ truth values


def _compared(name: str) -> Callable[..., Rounded]:
    def rule(eqn: Any, a: Value, b: Value) -> Rounded:
        if a is b:  # one number: equal to itself, whatever it is
            x = _lift(a)
            answer = np.full(x.centre.shape, name in ("eq", "le", "ge"))
            return Rounded(answer, np.where(np.isfinite(x.radius), 0.0, 1.0))
        x, y = _pair(a, b)
        reach = x.radius + y.radius
        apart = np.abs(np.subtract(x.centre, y.centre, dtype=np.float64))  # truth values are compared, too
        unsure = (apart <= reach) & (reach > 0)
        return Rounded(ELEMENTWISE[name](x.centre, y.centre), unsure.astype(np.float64))

    return rule


def _is_finite(eqn: Any, a: Value) -> Rounded:
    x = _lift(a)
    finite = np.isfinite(x.centre)
    return Rounded(finite, np.where(finite & ~np.isfinite(x.radius), 1.0, 0.0))


def _logical(name: str) -> Callable[..., Rounded]:
    def rule(eqn: Any, *operands: Value) -> Rounded:
        lifted = [_lift(x) for x in operands]
        radius = np.max(np.broadcast_arrays(*floats._aligned([x.radius for x in lifted])), axis=0)
        return Rounded(ELEMENTWISE[name](*floats._aligned([x.centre for x in lifted])), radius)

    return rule


def _select(eqn: Any, which: Value, *cases: Value) -> Rounded:
    index, lifted = _lift(which), [_lift(case) for case in cases]
    centres = floats._aligned([index.centre, *(c.centre for c in lifted)])
    unsure, *radii = floats._aligned([index.radius, *(c.radius for c in lifted)])
    if centres[1].dtype == bool:
        chosen, own = (ELEMENTWISE["select_n"](centres[0], *parts) for parts in (centres[1:], radii))
        differ = np.any([c != chosen for c in np.broadcast_arrays(*centres[1:])], axis=0)
        return Rounded(
            chosen, np.where(unsure > 0, np.maximum(differ, np.max(np.broadcast_arrays(*radii), axis=0)), own)
        )
    chosen, own = (ELEMENTWISE["select_n"](centres[0], *parts) for parts in (centres[1:], radii))
    apart = np.max([np.abs(c - chosen) + r for c, r in zip(centres[1:], radii, strict=True)], axis=0)
    return Rounded(chosen, np.where(unsure > 0, np.where(np.isnan(apart), np.inf, apart), own))


def _convert(eqn: Any, a: Value) -> Value:
    x = _lift(a)
    if _is_float(np.dtype(eqn.params["new_dtype"])):
        return Rounded(x.centre.astype(np.float64), x.radius)
    if x.centre.dtype == bool and not x.radius.any():
        return np.asarray(_in_floats(eqn, [x.centre])[0])
    if x.centre.dtype == bool and np.dtype(eqn.params["new_dtype"]) == bool:
        return x
    raise UnsupportedError("a number made whole, or a truth value counted, that rounding may change")


# ------------------------------------------------------------------ reductions


def _over(eqn: Any) -> tuple[int, ...]:
    return tuple(axis + 1 for axis in eqn.params["axes"])


def _reduce_sum(eqn: Any, a: Value) -> Rounded:
    x, axes = _lift(a), _over(eqn)
    n = math.prod(x.centre.shape[axis] for axis in axes)
    spread = x.radius.sum(axis=axes) + 2 * _gamma(max(n - 1, 0)) * _widest(x).sum(axis=axes)
    return _rounded(x.centre.sum(axis=axes), spread, 0.0)


def _cumsum(eqn: Any, a: Value) -> Rounded:
    x, axis = _lift(a), eqn.params["axis"] + 1
    n = x.centre.shape[axis]
    centre, spread, widest = (_in_floats(eqn, [part])[0] for part in (x.centre, x.radius, _widest(x)))
    return _rounded(centre, spread + 2 * _gamma(n) * widest, 0.0)


def _scatter_add(eqn: Any, a: Value, indices: Value, updates: Value) -> Rounded:
    x, new = _lift(a), _lift(updates)
    n = math.prod(new.centre.shape[1:])  # at most so many come to one place

    def scattered(into: Array, added: Array) -> Array:
        return _in_floats(eqn, [into, indices, added])[0]

    spread = scattered(x.radius, new.radius) + 2 * _gamma(n) * scattered(_widest(x), _widest(new))
    return _rounded(scattered(x.centre, new.centre), spread, 0.0)


def _reduce_prod(eqn: Any, a: Value) -> Rounded:
    x, axes = _lift(a), _over(eqn)
    n = math.prod(x.centre.shape[axis] for axis in axes)
    centre = x.centre.prod(axis=axes)
    # |prod(c + d) - prod c| <= prod(|c| + r) - prod |c|, computed with a rounding of its own.
    spread = _widest(x).prod(axis=axes) * (1 + 4 * _gamma(n)) - np.abs(centre)
    return _rounded(centre, np.maximum(spread, 0.0), _gamma(n))


def _reduce_extreme(reduce: Callable[..., Any]) -> Callable[..., Rounded]:
    def rule(eqn: Any, a: Value) -> Rounded:
        x, axes = _lift(a), _over(eqn)
        return Rounded(np.asarray(reduce(x.centre, axis=axes)), x.radius.max(axis=axes))

    return rule


def _sort(eqn: Any, *operands: Value) -> Rounded:
    if len(operands) > 1:
        raise UnsupportedError("several arrays sorted together, by numbers that are rounded")
    x, axis = _lift(operands[0]), eqn.params["dimension"] + 1
    radius = np.broadcast_to(x.radius.max(axis=axis, keepdims=True), x.radius.shape)
    return Rounded(np.sort(x.centre, axis=axis), radius)


def _top_k(eqn: Any, a: Value) -> list[Value]:
    """Each of the k largest is off by at most the largest radius; their places are known where no radius matters."""
    x, axis = _lift(a), eqn.params.get("axis", -1) % (np.ndim(_lift(a).centre) - 1) + 1
    values, places = _in_floats(eqn, [x.centre])
    radius = np.broadcast_to(x.radius.max(axis=axis, keepdims=True), values.shape)
    return [Rounded(values, radius), Rounded(places, np.where(radius > 0, np.inf, 0.0))]


def _bilinear(eqn: Any, a: Value, b: Value) -> Rounded:
    """Matrix products and convolutions: sums of n products, in any order."""
    x, y = _lift(a), _lift(b)
    n = max(floats._weight(eqn) // 2, 1)

    def product(left: Array, right: Array) -> Array:
        return _in_floats(eqn, [left, right])[0]

    spread = 2 * _gamma(n) * product(_widest(x), _widest(y))
    if y.radius.any():
        spread = spread + product(np.abs(x.centre), y.radius)
    if x.radius.any():
        spread = spread + product(x.radius, _widest(y))
    return _rounded(product(x.centre, y.centre), spread, 0.0)


RULES: Mapping[str, Callable[..., Value | list[Value]]] = {
    **{name: _monotone(name) for name in _MONOTONE},
    **{name: _compared(name) for name in ("eq", "ge", "gt", "le", "lt", "ne")},
    **{name: _logical(name) for name in ("and", "not", "or", "xor")},
    **{name: _step(name) for name in ("ceil", "floor", "round")},
    "abs": _kept(np.abs),
    "add": _add,
    "add_any": _add,
    "clamp": _clamp,
    "conv_general_dilated": _bilinear,
    "convert_element_type": _convert,
    "cos": _wave(np.cos, "cos"),
    "cosh": _cosh,
    "cumsum": _cumsum,
    "div": _div,
    "dot_general": _bilinear,
    "integer_pow": _integer_pow,
    "is_finite": _is_finite,
    "max": _extreme(np.maximum),
    "min": _extreme(np.minimum),
    "mul": _mul,
    "neg": _kept(np.negative),
    "one_minus_square": _one_minus_square,
    "polynomial": _polynomial,
    "pow": _power,
    "reduce_max": _reduce_extreme(np.max),
    "reduce_min": _reduce_extreme(np.min),
    "reduce_prod": _reduce_prod,
    "reduce_sum": _reduce_sum,
    "scatter-add": _scatter_add,
    "select_n": _select,
    "sign": _sign,
    "sin": _wave(np.sin, "sin"),
    "sort": _sort,
    "sqrt": _sqrt,
    "square": _square,
    "stop_gradient": _kept(np.asarray),
    "sub": _sub,
    "top_k": _top_k,
}
