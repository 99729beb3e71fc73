"""The float reading: a program at many points at once, in float64 NumPy, without compiling anything.

Every value of the jaxpr carries a leading axis: the batch, or 1 where the value does not depend on the arguments, so
that NumPy's broadcasting does all the batching. An elementwise primitive is one row of `ELEMENTWISE`; a primitive
without a rule is run by JAX, one at a time. What can be known before the points is done once for each program: its
`_Plan`. `device=True` compiles the whole program instead, once per program.

Floats find candidates; they never decide anything.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

import jax
import numpy as np
import scipy.special  # type: ignore[import-untyped]

from netprops.domains import DomainError
from netprops.readings import float_matrices
from netprops.readings import jaxpr as jaxprs
from netprops.readings.jaxpr import (
    MAX_TRIPS,
    MOVEMENT,
    Program,
    UnsupportedError,
    applies,
    called,
    lifted,
    scan_counts,
    scatter_positions,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Array = np.ndarray[Any, Any]

_TILE_ENTRIES = 1 << 18  # doubles of the widest intermediate value that one NumPy pass may hold
_DEVICE_ROWS = (256, 4096)  # points of one call of a compiled program, few or many: two shapes, so two compilations
_COMPILED_KEPT = 32


@dataclass
class _Pass:
    """One evaluation under way: remembered index tables, and the largest intermediate value of each row if asked."""

    positions: dict[Any, Array]
    largest: Array | None = None


@dataclass(frozen=True)
class Cost:
    """Rough cost of one point: scalar operations (a transcendental one counts eight), and the widest value."""

    operations: int
    widest: int


@dataclass
class _Notes:
    """What is remembered about a program for as long as it lives."""

    positions: dict[Any, Array] = field(default_factory=dict)
    cost: Cost | None = None
    plan: _Plan | None = None


_notes: WeakKeyDictionary[Program, _Notes] = WeakKeyDictionary()
_compiled: OrderedDict[Any, Callable[..., Any]] = OrderedDict()


def evaluate_batch(program: Program, points: Sequence[Array], *, device: bool = False) -> list[Array]:
    """The flat outputs of `program` at B points: one array (B, *out_shape) per output.

    Args:
        points: one array (B, *shape) per flat argument.
        device: compile the program with XLA and run it on JAX's default device, in calls of a fixed number of rows;
            programs that differ in constants only are compiled once. Worth it when `cost(program).operations` times B
            is some billions, or for the device's own rounding.

    Infinities and NaNs come out as they are, without warnings.

    Raises:
        DomainError: points that are not shaped like the arguments.
        UnsupportedError: a primitive that neither NumPy nor JAX can evaluate.
    """
    rows = _rows(program, points)
    if rows == 0:
        return [np.empty((0, *shape)) for shape in program.out_shapes]
    if device:
        return _on_device(program, points, rows)
    tile = max(1, _TILE_ENTRIES // max(1, cost(program).widest))
    pieces = [_evaluate(program, [x[i : i + tile] for x in points])[0] for i in range(0, rows, tile)]
    return pieces[0] if len(pieces) == 1 else [np.concatenate(column) for column in zip(*pieces, strict=True)]


def measured(program: Program, points: Sequence[Array]) -> tuple[list[Array], Array]:
    """The flat outputs at B points, and the largest absolute intermediate value at each: so large is the rounding."""
    rows = _rows(program, points)
    tile = max(1, _TILE_ENTRIES // max(1, cost(program).widest))
    pieces = []
    for i in range(0, max(rows, 1), tile):
        part = [x[i : i + tile] for x in points]
        pieces.append(_evaluate(program, part, np.zeros(len(part[0]))))
    outputs = [np.concatenate(column) for column in zip(*(out for out, _ in pieces), strict=True)]
    return outputs, np.concatenate([size for _, size in pieces])


def cost(program: Program) -> Cost:
    """Rough cost of evaluating the program at one point."""
    notes = _notes.setdefault(program, _Notes())
    if notes.cost is None:
        notes.cost = _cost(program.closed.jaxpr)
    return notes.cost


def _rows(program: Program, points: Sequence[Array]) -> int:
    if len(points) != len(program.arguments):
        raise DomainError(f"{len(points)} arrays of points for {len(program.arguments)} arguments")
    for array, leaf in zip(points, program.arguments, strict=True):
        if array.shape[1:] != leaf.shape or len(array) != len(points[0]):
            raise DomainError(f"points of shape {array.shape} for the domain {leaf} of shape {leaf.shape}")
    return len(points[0])


def _evaluate(program: Program, points: Sequence[Array], largest: Array | None = None) -> tuple[list[Array], Array]:
    rows, given = len(points[0]), [np.asarray(x, np.float64) for x in points]
    notes = _notes.setdefault(program, _Notes())
    under_way = _Pass(notes.positions, largest)
    with np.errstate(all="ignore"):
        if largest is not None:  # of every value there is
            out = _run(program.closed.jaxpr, program.closed.consts, given, under_way)
        else:
            notes.plan = notes.plan or _planned(program.closed, under_way)
            out = notes.plan.run(given, under_way)
    full = [np.broadcast_to(y, (rows, *shape)) for y, shape in zip(out, program.out_shapes, strict=True)]
    return full, np.zeros(rows) if under_way.largest is None else under_way.largest


def _on_device(program: Program, points: Sequence[Array], rows: int) -> list[Array]:
    size = min((n for n in _DEVICE_ROWS if n >= rows), default=_DEVICE_ROWS[-1])
    function, consts = _executable(program, size), [np.asarray(c) for c in program.closed.consts]
    pieces = []
    for i in range(0, rows, size):
        tile = [x[i : i + size] for x in points]
        short = size - len(tile[0])
        padded = [np.concatenate([x, np.repeat(x[-1:], short, axis=0)]) for x in tile]
        out = function(*consts, *padded)
        pieces.append([np.asarray(y)[: len(tile[0])] for y in out])
    return [np.concatenate(column) for column in zip(*pieces, strict=True)]


def _executable(program: Program, rows: int) -> Callable[..., Any]:
    """The program compiled for so many points; its constants are arguments, so that others need no compilation.

    Two permutations of one network's units, say, are one executable.
    """
    consts = [np.asarray(c) for c in program.closed.consts]
    key = (shape_key(program), rows, jax.default_backend())
    if key not in _compiled:
        batched = jax.vmap(lifted(program), in_axes=[*(None for _ in consts), *(0 for _ in program.arguments)])
        given = [np.zeros((rows, *leaf.shape)) for leaf in program.arguments]
        with jax.default_matmul_precision("highest"):
            _compiled[key] = jax.jit(batched).lower(*consts, *given).compile()
        if len(_compiled) > _COMPILED_KEPT:
            _compiled.popitem(last=False)
    _compiled.move_to_end(key)
    return _compiled[key]


def shape_key(program: Program) -> tuple[Any, ...]:
    """Equal for programs that are one function of their constants and arguments: for them one executable does."""
    head, _, *equations = program.key
    shapes = tuple((str(np.asarray(c).dtype), np.shape(c)) for c in program.closed.consts)
    return (head, shapes, tuple(equations))


def _cost(jaxpr: Any) -> Cost:
    operations, widest = 0, 1
    for eqn in jaxpr.eqns:
        size = sum(math.prod(v.aval.shape) for v in eqn.outvars)
        inner = [_cost(sub) for sub in _inner(eqn)]
        for part in inner:
            operations += part.operations * eqn.params.get("length", 1)
            widest = max(widest, part.widest)
        if not inner:
            operations += size * _weight(eqn)
        widest = max(widest, size)
    return Cost(operations, widest)


def _weight(eqn: Any) -> int:
    name = eqn.primitive.name
    if name == "dot_general":
        (contract, _), _ = eqn.params["dimension_numbers"]
        return int(2 * math.prod(eqn.invars[0].aval.shape[d] for d in contract))
    if name == "conv_general_dilated":
        return int(2 * math.prod(eqn.invars[1].aval.shape))
    return 8 if name in TRANSCENDENTAL else 1


def _inner(eqn: Any) -> list[Any]:
    found = []
    for value in eqn.params.values():
        for item in value if isinstance(value, tuple | list) else (value,):
            bare = getattr(item, "jaxpr", item)
            if hasattr(bare, "eqns"):
                found.append(bare)
    return found


# ------------------------------------------------------------------ plans

Step = Callable[[list[Array]], Any]


@dataclass(frozen=True)
class _Plan:
    """A program's equations as steps over numbered places: calls inlined, and nothing computed twice.

    What does not depend on the arguments is computed when the plan is made, equal equations once, and those that no
    output depends on not at all.  The numbers are the same as equation by equation.
    """

    places: list[Array | None]  # the constants; None where a value will be
    arguments: list[int]
    steps: list[tuple[Any, Step | None, list[int], list[int]]]  # equation, prepared function, places read and filled
    outputs: list[int]

    def run(self, points: Sequence[Array], under_way: _Pass) -> list[Array]:
        values: list[Any] = self.places.copy()
        for place, x in zip(self.arguments, points, strict=True):
            values[place] = x
        for eqn, step, read, filled in self.steps:
            inputs = [values[place] for place in read]
            results = [step(inputs)] if step is not None else _equation(eqn, inputs, under_way)
            for place, result in zip(filled, results, strict=True):
                values[place] = result
        return [values[place] for place in self.outputs]


def _planned(closed: Any, under_way: _Pass) -> _Plan:
    planner = _Planner(under_way)
    arguments = [planner.place() for _ in closed.jaxpr.invars]
    outputs = planner.inlined(closed.jaxpr, closed.consts, arguments)
    wanted, steps = set(outputs), []
    for step in reversed(planner.steps):
        if wanted.intersection(step[3]):
            wanted.update(step[2])
            steps.append(step)
    return _Plan(planner.places, arguments, steps[::-1], outputs)


@dataclass
class _Planner:
    under_way: _Pass
    places: list[Array | None] = field(default_factory=list)
    steps: list[tuple[Any, Step | None, list[int], list[int]]] = field(default_factory=list)
    known: dict[Any, list[int]] = field(default_factory=dict)  # equations met before, and where their values are

    def place(self, constant: Array | None = None) -> int:
        self.places.append(constant)
        return len(self.places) - 1

    def inlined(self, jaxpr: Any, consts: Sequence[Any], arguments: Sequence[int]) -> list[int]:
        """The places of the outputs."""
        where: dict[Any, int] = dict(zip(jaxpr.invars, arguments, strict=True))
        where.update((v, self.constant(c)) for v, c in zip(jaxpr.constvars, consts, strict=True))

        def read(atom: Any) -> int:
            return self.constant(atom.val) if hasattr(atom, "val") else where[atom]

        for eqn in jaxpr.eqns:
            given = [read(atom) for atom in eqn.invars]
            inner = called(eqn)
            made = self.inlined(*inner, given) if inner is not None else self.equation(eqn, given)
            where.update(zip(eqn.outvars, made, strict=True))
        return [read(atom) for atom in jaxpr.outvars]

    def constant(self, value: Any) -> int:
        array = np.asarray(value)
        key = ("constant", array.dtype.str, array.shape, array.tobytes())
        if key not in self.known:
            self.known[key] = [self.place(array[None])]
        return self.known[key][0]

    def equation(self, eqn: Any, given: list[int]) -> list[int]:
        key = (eqn.primitive.name, *given, *((name, _plain(value)) for name, value in sorted(eqn.params.items())))
        if key in self.known:
            return self.known[key]
        inputs = [self.places[place] for place in given]
        if all(x is not None for x in inputs):
            made = [self.place(x) for x in _equation(eqn, cast("list[Array]", inputs), self.under_way)]
        else:
            made = [self.place() for _ in eqn.outvars]
            self.steps.append((eqn, _prepared(eqn), given, made))
        self.known[key] = made
        return made


def _plain(value: Any) -> Any:
    """A parameter to compare by; another for each where it is more than numbers and names."""
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    if isinstance(value, float):
        return (float, value.hex())  # 0.0 equals -0.0
    return (type(value), value) if isinstance(value, str | int | np.dtype | None) else (object, id(value))


def _prepared(eqn: Any) -> Step | None:
    """The equation as a function of its inputs alone, where that is known from the shapes of its operands."""
    name = eqn.primitive.name
    if name in BUILDERS:
        return BUILDERS[name](eqn)
    if name not in ELEMENTWISE:
        return None
    function, ranks = ELEMENTWISE[name], {len(atom.aval.shape) for atom in eqn.invars}
    if len(ranks) == 1:
        return lambda inputs: function(*inputs)
    return lambda inputs: function(*_aligned(inputs))


# ------------------------------------------------------------------ the interpreter


def _run(jaxpr: Any, consts: Sequence[Any], arguments: Sequence[Array], under_way: _Pass) -> list[Array]:
    values: dict[Any, Array] = {}

    def read(atom: Any) -> Array:
        return np.asarray(atom.val)[None] if hasattr(atom, "val") else values[atom]

    values.update(zip(jaxpr.constvars, (np.asarray(c)[None] for c in consts), strict=True))
    values.update(zip(jaxpr.invars, arguments, strict=True))
    for eqn in jaxpr.eqns:
        results = _equation(eqn, [read(atom) for atom in eqn.invars], under_way)
        values.update(zip(eqn.outvars, results, strict=True))
        if under_way.largest is not None:
            for result in results:
                _enlarge(under_way, result)
    return [read(atom) for atom in jaxpr.outvars]


def _enlarge(under_way: _Pass, value: Array) -> None:
    if np.issubdtype(value.dtype, np.floating) and value.size:
        by_row = np.abs(value).reshape(len(value), -1).max(axis=1)
        # A max-shifted form holds infinities for a moment (the mask of a maximum); they say nothing about rounding.
        by_row = np.where(np.isfinite(by_row), by_row, 0.0)
        under_way.largest = np.maximum(cast("Array", under_way.largest), by_row)


def _equation(eqn: Any, inputs: list[Array], under_way: _Pass) -> list[Array]:
    name = eqn.primitive.name
    if name in ELEMENTWISE:
        return [np.asarray(ELEMENTWISE[name](*_aligned(inputs)))]
    inner = called(eqn)
    if inner is not None:
        return _run(*inner, inputs, under_way)
    if name in BUILDERS:
        return [BUILDERS[name](eqn)(inputs)]
    if name in RULES:
        result = RULES[name](eqn, inputs, under_way)
        if result is not None:
            return result if isinstance(result, list) else [result]
    return _by_jax(eqn, inputs)


def _aligned(inputs: Sequence[Array]) -> list[Array]:
    """Scalars beside arrays: (rows,) becomes (rows, 1, ..., 1)."""
    rank = max(x.ndim for x in inputs)
    return [x if x.ndim == rank else x.reshape(len(x), *(1,) * (rank - 1)) for x in inputs]


def _by_jax(eqn: Any, inputs: list[Array]) -> list[Array]:
    """Any primitive, as JAX evaluates it, with its own batching rule."""

    def bind(*xs: Any) -> Any:
        return eqn.primitive.bind(*xs, **eqn.params)

    rows = max((len(x) for x in inputs), default=1)
    try:
        if rows == 1:
            out = bind(*(jax.numpy.asarray(x[0]) for x in inputs))
        else:
            # Few shapes, so few compilations: a power of two rows.
            short = (1 << (rows - 1).bit_length()) - rows
            batched = [len(x) == rows for x in inputs]
            given = [
                np.concatenate([x, np.repeat(x[:1], short, axis=0)]) if many else x[0]
                for x, many in zip(inputs, batched, strict=True)
            ]
            out = jax.vmap(bind, in_axes=[0 if many else None for many in batched])(*map(jax.numpy.asarray, given))
    except NotImplementedError as error:
        raise UnsupportedError(
            f"the float reading cannot evaluate the primitive `{eqn.primitive.name}`: {error}. "
            "An elementwise function is one row of ELEMENTWISE in netprops/readings/floats.py."
        ) from None
    results = [np.asarray(y) for y in (out if eqn.primitive.multiple_results else [out])]
    return [y[None] for y in results] if rows == 1 else [y[:rows] for y in results]


# ------------------------------------------------------------------ elementwise


def _divide(x: Array, y: Array) -> Array:
    if np.issubdtype(x.dtype, np.integer):
        return cast("Array", np.trunc(x / y).astype(x.dtype))
    return cast("Array", x / y)


def _choose(which: Array, *cases: Array) -> Array:
    if len(cases) == 2:
        return np.where(which.astype(bool), cases[1], cases[0])
    return np.select([which == k for k in range(len(cases))], cases)


def _horner(x: Array, *coefficients: Array) -> Array:
    """``a_0 + a_1 x + ... + a_N x^N``."""
    total = coefficients[-1]
    for a in reversed(coefficients[:-1]):
        total = a + x * total
    return np.broadcast_to(total, np.broadcast_shapes(*(y.shape for y in (x, *coefficients))))


ELEMENTWISE: Mapping[str, Callable[..., Any]] = {
    "abs": np.abs,
    "acos": np.arccos,
    "acosh": np.arccosh,
    "add": np.add,
    "add_any": np.add,
    "and": np.bitwise_and,
    "asin": np.arcsin,
    "asinh": np.arcsinh,
    "atan": np.arctan,
    "atan2": np.arctan2,
    "atanh": np.arctanh,
    "bessel_i0e": scipy.special.i0e,
    "bessel_i1e": scipy.special.i1e,
    "cbrt": np.cbrt,
    "ceil": np.ceil,
    "clamp": lambda lo, x, hi: np.minimum(np.maximum(x, lo), hi),
    "copy": np.asarray,
    "cos": np.cos,
    "cosh": np.cosh,
    "digamma": scipy.special.psi,
    "div": _divide,
    "eq": np.equal,
    "erf": scipy.special.erf,
    "erf_inv": scipy.special.erfinv,
    "erfc": scipy.special.erfc,
    "exp": np.exp,
    "exp2": np.exp2,
    "expm1": np.expm1,
    "floor": np.floor,
    "ge": np.greater_equal,
    "gt": np.greater,
    "is_finite": np.isfinite,
    "le": np.less_equal,
    "lgamma": scipy.special.gammaln,
    "log": np.log,
    "log1p": np.log1p,
    "log2": np.log2,
    "logistic": scipy.special.expit,
    "lt": np.less,
    "max": np.maximum,
    "min": np.minimum,
    "mul": np.multiply,
    "ne": np.not_equal,
    "neg": np.negative,
    "nextafter": np.nextafter,
    "not": np.invert,
    "one_minus_square": lambda x: (1.0 - x) * (1.0 + x),
    "or": np.bitwise_or,
    "polygamma": scipy.special.polygamma,
    "polynomial": _horner,
    "pow": np.power,
    "rem": np.fmod,
    "rsqrt": lambda x: 1.0 / np.sqrt(x),
    "select_n": _choose,
    "sign": np.sign,
    "sin": np.sin,
    "sinh": np.sinh,
    "sqrt": np.sqrt,
    "square": np.square,
    "stop_gradient": np.asarray,
    "sub": np.subtract,
    "tan": np.tan,
    "tanh": np.tanh,
    "xor": np.bitwise_xor,
}

TRANSCENDENTAL = frozenset(
    {"acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "digamma", "erf", "erf_inv"}
    | {"erfc", "exp", "exp2", "expm1", "lgamma", "log", "log1p", "log2", "logistic", "pow", "sin", "sinh", "tan"}
    | {"tanh"}
)


# ------------------------------------------------------------------ everything else: rule(eqn, inputs, pass)

Result = Array | list[Array] | None  # None: this case is left to JAX


def _integer_pow(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
    x, exponent = inputs[0], eqn.params["y"]
    power, out, base = abs(exponent), None, x
    while power:
        if power & 1:
            out = base if out is None else out * base
        power >>= 1
        base = base * base if power else base
    if out is None:
        return np.ones_like(x)
    return out if exponent > 0 else 1.0 / out


def _round(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
    x = inputs[0]
    if int(eqn.params["rounding_method"]) == 1:
        return np.rint(x)
    return np.copysign(np.floor(np.abs(x) + 0.5), x)


def _convert(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
    return inputs[0].astype(eqn.params["new_dtype"])


def _reduce_precision(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
    whole = eqn.params["exponent_bits"] >= 11 and eqn.params["mantissa_bits"] >= 52
    return inputs[0] if whole else None


def _same_order(eqn: Any) -> Step:
    shape = eqn.outvars[0].aval.shape
    return lambda inputs: inputs[0].reshape(len(inputs[0]), *shape)


def _reshape(eqn: Any) -> Step:
    if eqn.params["dimensions"] is None:
        return _same_order(eqn)
    shape, order = eqn.params["new_sizes"], (0, *(axis + 1 for axis in eqn.params["dimensions"]))
    return lambda inputs: inputs[0].transpose(order).reshape(len(inputs[0]), *shape)


def _broadcast_in_dim(eqn: Any) -> Step:
    shape, before = eqn.params["shape"], eqn.invars[0].aval.shape
    expanded = [1] * len(shape)
    for axis, target in enumerate(eqn.params["broadcast_dimensions"]):
        expanded[target] = before[axis]
    if tuple(expanded) == tuple(shape):
        return lambda inputs: inputs[0].reshape(len(inputs[0]), *shape)
    return lambda inputs: np.broadcast_to(inputs[0].reshape(len(inputs[0]), *expanded), (len(inputs[0]), *shape))


def _slice(eqn: Any) -> Step:
    p = eqn.params
    strides = p["strides"] or (1,) * len(p["start_indices"])
    kept = (slice(None), *map(slice, p["start_indices"], p["limit_indices"], strides))
    return lambda inputs: inputs[0][kept]


def _transpose(eqn: Any) -> Step:
    order = (0, *(axis + 1 for axis in eqn.params["permutation"]))
    return lambda inputs: inputs[0].transpose(order)


def _rev(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
    return np.flip(inputs[0], tuple(axis + 1 for axis in eqn.params["dimensions"]))


def _together(inputs: Sequence[Array]) -> list[Array]:
    rows = max(len(x) for x in inputs)
    return [np.broadcast_to(x, (rows, *x.shape[1:])) for x in inputs]


def _concatenate(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
    return np.concatenate(_together(inputs), axis=eqn.params["dimension"] + 1)


def _stack(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
    return np.stack(_together(inputs), axis=eqn.params["axis"] + 1)


def _split(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
    return list(np.split(inputs[0], np.cumsum(eqn.params["sizes"])[:-1], axis=eqn.params["axis"] + 1))


def _iota(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
    return cast("Array", MOVEMENT["iota"](_as_integers(eqn), [], _NO_ALGEBRA)).astype(eqn.params["dtype"])[None]


@dataclass(frozen=True)
class _Equation:
    """As much of an equation as the exact readings' data-movement rules look at."""

    params: Mapping[str, Any]
    primitive: Any
    invars: Any
    outvars: Any
    source_info: Any


_NO_ALGEBRA = cast("Any", None)  # data movement of plain integers never looks at the algebra


def _as_integers(eqn: Any) -> Any:
    params = {**eqn.params, "dtype": np.dtype(np.int64)}
    return _Equation(params, eqn.primitive, eqn.invars, eqn.outvars, eqn.source_info)


def _ids(x: Array, first: int = 0) -> Array:
    return np.arange(first, first + math.prod(x.shape[1:])).reshape(x.shape[1:])


def _flat(x: Array) -> Array:
    return x.reshape(len(x), math.prod(x.shape[1:]))


def _remembered(eqn: Any, known: Sequence[Array], under_way: _Pass, build: Callable[[], Array]) -> Array:
    key = (id(eqn), tuple(x.tobytes() for x in known))
    if key not in under_way.positions:
        under_way.positions[key] = build()
    return under_way.positions[key]


def _moved(n_data: int) -> Callable[[Any, list[Array], _Pass], Result]:
    """Data movement of the first `n_data` operands by known indices: done once on integer ids, then by fancy index."""

    def rule(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
        # The operands of a scatter come as (operand, indices, updates), of all others as (data..., indices...).
        scatter = eqn.primitive.name == "scatter"
        data = [inputs[0], inputs[2]] if scatter else inputs[:n_data]
        indices = [inputs[1]] if scatter else inputs[n_data:]
        if any(len(x) > 1 for x in indices) or applies(eqn):
            return None

        def build() -> Array:
            firsts = np.cumsum([0, *(math.prod(x.shape[1:]) for x in data)]).tolist()
            ids = [_ids(x, first) for x, first in zip(data, firsts, strict=False)]
            known = [x[0] for x in indices]
            operands = [ids[0], *known, ids[1]] if scatter else [*ids, *known]
            return cast("Array", MOVEMENT[eqn.primitive.name](eqn, operands, _NO_ALGEBRA))

        try:
            where = _remembered(eqn, indices, under_way, build)
        except UnsupportedError:
            return None
        flat = _flat(data[0]) if n_data == 1 else np.concatenate(_together([_flat(x) for x in data]), axis=1)
        return flat[:, where]

    return rule


def _dynamic_slice(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
    x, starts = inputs[0], inputs[1:]
    if all(len(start) == 1 for start in starts):
        return _moved(1)(eqn, inputs, under_way)
    shape, sizes = x.shape[1:], eqn.params["slice_sizes"]
    rows = max(len(a) for a in inputs)
    where = np.zeros((rows, *sizes), dtype=np.int64)
    for axis, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        first = np.clip(start.astype(np.int64), 0, shape[axis] - size)
        place = first.reshape(-1, *(1,) * len(sizes)) + np.arange(size).reshape(-1, *(1,) * (len(sizes) - axis - 1))
        where += place * math.prod(shape[axis + 1 :])
    flat = np.broadcast_to(_flat(x), (rows, math.prod(shape)))
    return flat[np.arange(rows).reshape(-1, *(1,) * len(sizes)), where]


def _gather(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
    """At known indices as data movement; at indices of its own per row (after an argmax) by adding up strides."""
    x, indices = inputs
    if len(indices) == 1:
        moved = _moved(1)(eqn, inputs, under_way)
        if moved is not None:
            return moved
    d, sizes, shape = eqn.params["dimension_numbers"], eqn.params["slice_sizes"], x.shape[1:]
    mode = str(eqn.params["mode"]).lower()
    strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    batch, absent = indices.shape[1:-1], (*d.collapsed_slice_dims, *d.operand_batching_dims)
    start, fits = np.zeros(indices.shape[:-1], dtype=np.int64), np.ones(indices.shape[:-1], dtype=bool)
    for k, axis in enumerate(d.start_index_map):
        index, last = indices[..., k].astype(np.int64), shape[axis] - sizes[axis]
        fits &= (index >= 0) & (index <= last)
        start += np.clip(index, 0, last) * strides[axis]
    for axis, along in zip(d.operand_batching_dims, d.start_indices_batching_dims, strict=True):
        start += np.arange(batch[along]).reshape([-1 if k == along else 1 for k in range(len(batch))]) * strides[axis]
    kept = [axis for axis in range(len(shape)) if axis not in absent]
    window = np.zeros([sizes[axis] for axis in kept], dtype=np.int64)
    for k, axis in enumerate(kept):
        window += (np.arange(sizes[axis]) * strides[axis]).reshape([-1 if j == k else 1 for j in range(len(kept))])
    where = start.reshape(start.shape + (1,) * len(kept)) + window
    rows = max(len(x), len(where))
    flat = np.broadcast_to(_flat(x), (rows, math.prod(shape)))
    out = flat[np.arange(rows).reshape((-1,) + (1,) * (where.ndim - 1)), where]
    if "fill" in mode:
        fill = eqn.params["fill_value"]
        if fill is None:
            fill = np.nan if np.issubdtype(out.dtype, np.floating) else None
        if fill is None and not fits.all():
            return None
        out = np.where(fits.reshape(start.shape + (1,) * len(kept)), out, out.dtype.type(fill or 0))
    rank = len(batch) + len(kept)
    batch_axes, offset_axes = iter(range(1, 1 + len(batch))), iter(range(1 + len(batch), 1 + rank))
    order = [next(offset_axes) if axis in d.offset_dims else next(batch_axes) for axis in range(rank)]
    return out.transpose(0, *order)


def _accumulated(accumulate: np.ufunc) -> Callable[[Any, list[Array], _Pass], Result]:
    """The scatters that combine: scatter-add and its like, at known indices."""

    def rule(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
        x, indices, updates = inputs
        if len(indices) > 1:
            return None
        shapes = x.shape[1:], updates.shape[1:]
        where = _remembered(
            eqn, [indices], under_way, lambda: scatter_positions(eqn, shapes[0], indices[0], shapes[1])
        )
        x, flat_updates = _together([_flat(x), _flat(updates)])
        out, inside = x.copy(), where.reshape(-1) >= 0
        where_in: Any = (slice(None), where.reshape(-1)[inside])
        accumulate.at(out, where_in, flat_updates[:, inside])
        return out.reshape(len(out), *eqn.outvars[0].aval.shape)

    return rule


def _reduced(reduce: Callable[..., Any]) -> Callable[[Any], Step]:
    def build(eqn: Any) -> Step:
        axes = tuple(axis + 1 for axis in eqn.params["axes"])
        return lambda inputs: np.asarray(reduce(inputs[0], axis=axes))

    return build


def _index_of(pick: Callable[..., Any]) -> Callable[[Any, list[Array], _Pass], Result]:
    def rule(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
        (axis,) = eqn.params["axes"]
        return np.asarray(pick(inputs[0], axis=axis + 1)).astype(eqn.params["index_dtype"])

    return rule


def _running(accumulate: Callable[..., Any]) -> Callable[[Any, list[Array], _Pass], Result]:
    def rule(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
        axis, x = eqn.params["axis"] + 1, inputs[0]
        if eqn.params["reverse"]:
            return np.flip(np.asarray(accumulate(np.flip(x, axis), axis=axis)), axis)
        return np.asarray(accumulate(x, axis=axis))

    return rule


def _sort(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
    axis, keys = eqn.params["dimension"] + 1, eqn.params["num_keys"]
    if len(inputs) == 1:
        return [np.sort(inputs[0], axis=axis)]
    arrays = _together(inputs)
    order = np.lexsort(arrays[:keys][::-1], axis=axis)
    return [np.take_along_axis(x, order, axis=axis) for x in arrays]


def _top_k(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
    x = inputs[0]
    if eqn.params.get("axis", x.ndim - 2) != x.ndim - 2:
        return None
    order = np.argsort(-x, axis=-1, kind="stable")[..., : eqn.params["k"]]
    return [np.take_along_axis(x, order, axis=-1), order.astype(np.int32)]


def _dot_general(eqn: Any) -> Step:
    (left_contract, right_contract), (left_batch, right_batch) = eqn.params["dimension_numbers"]
    left, right = (atom.aval.shape for atom in eqn.invars)
    left_free = [d for d in range(len(left)) if d not in left_contract and d not in left_batch]
    right_free = [d for d in range(len(right)) if d not in right_contract and d not in right_batch]
    batch = [left[d] for d in left_batch]
    contracted = math.prod(left[d] for d in left_contract)
    m, n = math.prod(left[d] for d in left_free), math.prod(right[d] for d in right_free)
    left_order = (0, *(d + 1 for d in (*left_batch, *left_free, *left_contract)))
    right_order = (0, *(d + 1 for d in (*right_batch, *right_contract, *right_free)))
    shape = [*batch, *(left[d] for d in left_free), *(right[d] for d in right_free)]

    def step(inputs: list[Array]) -> Array:
        a, b = inputs
        out = _matmul(
            a.transpose(left_order).reshape(len(a), *batch, m, contracted),
            b.transpose(right_order).reshape(len(b), *batch, contracted, n),
        )
        return out.reshape(len(out), *shape)

    return step


def _axes(x: Array, axes: Sequence[int]) -> Array:
    return x.transpose(0, *(axis + 1 for axis in axes))


def _matmul(a: Array, b: Array) -> Array:
    """(rows, ..., m, k) times (rows, ..., k, n); one large product where an operand is the same for every row."""
    if b.ndim == 3 and b.size >= _LARGE_OPERAND:
        a, b = _without_zero_rows(a, b)
    rows, m, k, n = max(len(a), len(b)), a.shape[-2], a.shape[-1], b.shape[-1]
    if m == 1 and n == 1:
        return cast("Array", np.einsum("...ik,...kj->...ij", a, b))
    if a.ndim == 3 and rows > 1 and len(b) == 1:
        return cast("Array", (a.reshape(-1, k) @ b[0]).reshape(rows, m, n))
    if a.ndim == 3 and rows > 1 and len(a) == 1:
        return cast("Array", (b.transpose(0, 2, 1).reshape(-1, k) @ a[0].T).reshape(rows, n, m).transpose(0, 2, 1))
    return cast("Array", np.matmul(a, b))


_LARGE_OPERAND = 1 << 16


def _without_zero_rows(a: Array, b: Array) -> tuple[Array, Array]:
    """The factors without what meets only zeros of b: of a long point that is 0 nearly everywhere, nearly all."""
    used = (b != 0).any(axis=(0, 2))
    if 4 * int(used.sum()) > len(used) or not np.isfinite(a).all():
        return a, b
    used[0] = True  # a product over nothing is not what is meant
    return a[..., used], b[:, used]


def _convolution(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
    """``conv_general_dilated`` as matrix products over the positions that each output reads."""
    p = eqn.params
    if p["batch_group_count"] != 1:
        return None
    numbers, groups = p["dimension_numbers"], p["feature_group_count"]
    left, right = _axes(inputs[0], numbers.lhs_spec), _axes(inputs[1], numbers.rhs_spec)
    images, features = left.shape[1:3]
    outs, ins = right.shape[1:3]
    space, window = left.shape[3:], right.shape[3:]
    where = _remembered(
        eqn, [], under_way,
        lambda: jaxprs._windows(np.arange(math.prod(space)).reshape(space), window, p["window_strides"], p["padding"],
                                p["lhs_dilation"], p["rhs_dilation"]),
    )  # fmt: skip
    out_space = where.shape[: len(space)]
    places = where.reshape(math.prod(out_space), -1)
    zero = np.zeros((len(left), images, features, 1))
    flat = np.concatenate([left.reshape(len(left), images, features, -1), zero], axis=-1)
    patches = flat[..., places].reshape(len(left), images, groups, ins, *places.shape)
    columns = patches.transpose(0, 2, 1, 4, 3, 5).reshape(len(left), groups, images * len(places), -1)
    kernel = right.reshape(len(right), groups, outs // groups, -1).transpose(0, 1, 3, 2)
    out = np.matmul(columns, kernel).reshape(-1, groups, images, len(places), outs // groups)
    shaped = out.transpose(0, 2, 1, 4, 3).reshape(len(out), images, outs, *out_space)
    return _axes(shaped, np.argsort(numbers.out_spec).tolist())


def _reduce_window(reduce: Callable[..., Any], empty: float) -> Callable[[Any, list[Array], _Pass], Result]:
    def rule(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
        p, x = eqn.params, inputs[0]
        where = _remembered(
            eqn, [], under_way,
            lambda: jaxprs._windows(_ids(x), p["window_dimensions"], p["window_strides"], p["padding"],
                                    p["base_dilation"], p["window_dilation"]),
        )  # fmt: skip
        flat = np.concatenate([_flat(x), np.full((len(x), 1), empty)], axis=1)
        rank = x.ndim - 1
        return np.asarray(reduce(flat[:, where], axis=tuple(range(1 + rank, 1 + 2 * rank))))

    return rule


def _scan(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
    p, length = eqn.params, eqn.params["length"]
    n_consts, n_carry = scan_counts(p)
    consts, carry, xs = inputs[:n_consts], inputs[n_consts : n_consts + n_carry], inputs[n_consts + n_carry :]
    steps: list[list[Array]] = []
    for i in range(length - 1, -1, -1) if p["reverse"] else range(length):
        step = _run(p["jaxpr"].jaxpr, p["jaxpr"].consts, [*consts, *carry, *(x[:, i] for x in xs)], under_way)
        carry = step[:n_carry]
        steps.append(step[n_carry:])
    if p["reverse"]:
        steps.reverse()
    return [*carry, *(np.stack(_together(column), axis=1) for column in zip(*steps, strict=True))]


def _while(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
    """Rows whose loop has ended keep their values while the others go on."""
    p = eqn.params
    n_cond, n_body = p["cond_nconsts"], p["body_nconsts"]
    cond_consts, body_consts, carry = inputs[:n_cond], inputs[n_cond : n_cond + n_body], inputs[n_cond + n_body :]
    alive = np.ones(1, dtype=bool)
    for _ in range(MAX_TRIPS):
        (go,) = _run(p["cond_jaxpr"].jaxpr, p["cond_jaxpr"].consts, [*cond_consts, *carry], under_way)
        alive = alive & go
        if not alive.any():
            return list(carry)
        new = _run(p["body_jaxpr"].jaxpr, p["body_jaxpr"].consts, [*body_consts, *carry], under_way)
        carry = [_choose(*_aligned([alive, old, fresh])) for old, fresh in zip(carry, new, strict=True)]
    raise UnsupportedError(f"a while loop runs more than {MAX_TRIPS} times")


def _cond(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
    branches = eqn.params["branches"]
    which = np.clip(inputs[0].astype(int), 0, len(branches) - 1)
    if len(which) == 1:
        branch = branches[int(which[0])]
        return _run(branch.jaxpr, branch.consts, inputs[1:], under_way)
    outcomes = [_run(branch.jaxpr, branch.consts, inputs[1:], under_way) for branch in branches]
    return [np.select([_aligned([which == k, cases[0]])[0] for k in range(len(branches))], _together(cases))
            for cases in zip(*outcomes, strict=True)]  # fmt: skip


# Rules whose course the shapes of the operands tell: made ready once for each equation.
BUILDERS: Mapping[str, Callable[[Any], Step]] = {
    "broadcast_in_dim": _broadcast_in_dim,
    "dot_general": _dot_general,
    "reduce_and": _reduced(np.all),
    "reduce_max": _reduced(np.max),
    "reduce_min": _reduced(np.min),
    "reduce_or": _reduced(np.any),
    "reduce_prod": _reduced(np.prod),
    "reduce_sum": _reduced(np.sum),
    "reshape": _reshape,
    "slice": _slice,
    "squeeze": _same_order,
    "transpose": _transpose,
}


def _linear_solve(eqn: Any, inputs: list[Array], under_way: _Pass) -> Result:
    """A read off its own program, column by column."""
    counts, matvec = eqn.params["const_lengths"], eqn.params["jaxprs"].matvec
    consts, b = inputs[: counts.matvec], inputs[sum(counts) :]
    if len(b) != 1:
        return None
    shape, size = b[0].shape[1:], math.prod(b[0].shape[1:])
    columns = []
    for unit in np.eye(size):
        (image,) = _run(matvec.jaxpr, matvec.consts, [*consts, unit.reshape(1, *shape)], under_way)
        columns.append(image.reshape(len(image), size))
    A = np.stack(columns, axis=-1)
    return float_matrices.solved(A, b[0].reshape(len(b[0]), size, 1)).reshape(-1, *shape)


RULES: Mapping[str, Callable[[Any, list[Array], _Pass], Result]] = {
    "argmax": _index_of(np.argmax),
    "argmin": _index_of(np.argmin),
    "cholesky": float_matrices.cholesky,
    "concatenate": _concatenate,
    "cond": _cond,
    "conv_general_dilated": _convolution,
    "convert_element_type": _convert,
    "cumlogsumexp": _running(np.logaddexp.accumulate),
    "cummax": _running(np.maximum.accumulate),
    "cummin": _running(np.minimum.accumulate),
    "cumprod": _running(np.multiply.accumulate),
    "cumsum": _running(np.add.accumulate),
    "custom_linear_solve": _linear_solve,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _moved(2),
    "eigh": float_matrices.eigh,
    "gather": _gather,
    "integer_pow": _integer_pow,
    "iota": _iota,
    "lu": float_matrices.lu,
    "optimization_barrier": lambda eqn, inputs, under_way: inputs,
    "pad": _moved(2),
    "reduce_precision": _reduce_precision,
    "reduce_window_max": _reduce_window(np.max, -math.inf),
    "reduce_window_min": _reduce_window(np.min, math.inf),
    "reduce_window_sum": _reduce_window(np.sum, 0.0),
    "rev": _rev,
    "round": _round,
    "scan": _scan,
    "scatter": _moved(2),
    "scatter-add": _accumulated(np.add),
    "scatter-max": _accumulated(np.maximum),
    "scatter-min": _accumulated(np.minimum),
    "scatter-mul": _accumulated(np.multiply),
    "sort": _sort,
    "split": _split,
    "stack": _stack,
    "svd": float_matrices.svd,
    "top_k": _top_k,
    "triangular_solve": float_matrices.triangular_solve,
    "while": _while,
}
