"""A short script, in NumPy alone, that shows a chord on the wrong side of a graph: for readers who trust no prover.

The function is printed from its traced equations, array by array.  What has no short NumPy form is not printed, and a
script is handed out only after it was run here and showed what it is to show: floats may round a small gap away.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from netprops.readings.jaxpr import INLINED
from netprops.report.witnesses import exact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from netprops.readings.jaxpr import Program

LONGEST = 16  # lines of the function
_WIDEST = 150  # of one line
_INLINE = 48  # an expression that is used once and no longer than this stands where it is used
_MOST_NUMBERS = 48  # of a constant array


class UnprintableError(Exception):
    """A function that has no short form in NumPy; the message says why."""


# ---------------------------------------------------------------- primitives


def _call(name: str) -> Callable[..., str]:
    return lambda *operands: f"{name}({', '.join(map(_bare, operands))})"


def _between(sign: str) -> Callable[..., str]:
    return lambda a, b: f"({a} {sign} {b})"


def _same(x: str) -> str:
    return x


# Elementwise: the operands as text to the expression.
ELEMENTWISE: Final[Mapping[str, Callable[..., str]]] = {
    "abs": _call("np.abs"),
    "add": _between("+"),
    "add_any": _between("+"),
    "and": _between("&"),
    "acos": _call("np.arccos"),
    "acosh": _call("np.arccosh"),
    "asin": _call("np.arcsin"),
    "asinh": _call("np.arcsinh"),
    "atan": _call("np.arctan"),
    "atan2": _call("np.arctan2"),
    "atanh": _call("np.arctanh"),
    "cbrt": _call("np.cbrt"),
    "clamp": lambda low, x, high: f"np.clip({x}, {low}, {high})",
    "copy": _same,
    "cos": _call("np.cos"),
    "cosh": _call("np.cosh"),
    "div": _between("/"),
    "eq": _between("=="),
    "exp": _call("np.exp"),
    "exp2": _call("np.exp2"),
    "expm1": _call("np.expm1"),
    "ge": _between(">="),
    "gt": _between(">"),
    "is_finite": _call("np.isfinite"),
    "le": _between("<="),
    "log": _call("np.log"),
    "log1p": _call("np.log1p"),
    "logistic": lambda x: f"(1 / (1 + np.exp(-{x})))",
    "lt": _between("<"),
    "max": _call("np.maximum"),
    "min": _call("np.minimum"),
    "mul": _between("*"),
    "ne": _between("!="),
    "neg": lambda x: f"(-{x})",
    "not": _call("np.logical_not"),
    "or": _between("|"),
    "pow": _between("**"),
    "rsqrt": lambda x: f"(1 / np.sqrt({x}))",
    "sign": _call("np.sign"),
    "sin": _call("np.sin"),
    "sinh": _call("np.sinh"),
    "sqrt": _call("np.sqrt"),
    "square": lambda x: f"({x} ** 2)",
    "stop_gradient": _same,
    "sub": _between("-"),
    "tan": _call("np.tan"),
    "tanh": _call("np.tanh"),
}
_REDUCTIONS = {"reduce_sum": "np.sum", "reduce_max": "np.max", "reduce_min": "np.min", "reduce_prod": "np.prod"}


def _reduction(eqn: Any, x: str) -> str:
    axes, rank, x = tuple(eqn.params["axes"]), len(eqn.invars[0].aval.shape), _bare(x)
    name = _REDUCTIONS[eqn.primitive.name]
    return f"{name}({x})" if len(axes) == rank else f"{name}({x}, axis={axes[0] if len(axes) == 1 else axes})"


def _product(eqn: Any, a: str, b: str) -> str:
    (left, right), (left_batch, right_batch) = eqn.params["dimension_numbers"]
    ranks = [len(v.aval.shape) for v in eqn.invars]
    plain = not left_batch and tuple(left) == (ranks[0] - 1,) and tuple(right) == (0,) and max(ranks) <= 2
    if plain:
        return f"({a} @ {b})"
    letters = iter("ijklmnopqr")
    first = [next(letters) for _ in range(ranks[0])]
    shared = dict(zip([*right, *right_batch], [first[k] for k in (*left, *left_batch)], strict=True))
    second = [shared[k] if k in shared else next(letters) for k in range(ranks[1])]
    batch = [first[k] for k in left_batch]
    rest = [x for k, x in enumerate(first) if k not in (*left, *left_batch)]
    rest += [x for k, x in enumerate(second) if k not in shared]
    return f'np.einsum("{"".join(first)},{"".join(second)}->{"".join(batch + rest)}", {a}, {b})'


def _spread(eqn: Any, x: str) -> str:
    shape, places = tuple(eqn.params["shape"]), tuple(eqn.params["broadcast_dimensions"])
    before = tuple(eqn.invars[0].aval.shape)
    placed = tuple(before[places.index(k)] if k in places else 1 for k in range(len(shape)))
    if placed != before and before:
        x = f"np.reshape({x}, {placed})"
    return x if placed == shape and before else f"np.broadcast_to({x}, {shape})"


def _slice(eqn: Any, x: str, dropped: Sequence[int] = ()) -> str:
    starts, limits = eqn.params["start_indices"], eqn.params["limit_indices"]
    strides = eqn.params["strides"] or (1,) * len(starts)
    parts = []
    for k, (start, limit, stride) in enumerate(zip(starts, limits, strides, strict=True)):
        whole = start == 0 and limit == eqn.invars[0].aval.shape[k] and stride == 1
        step = f":{stride}" if stride != 1 else ""
        parts.append(str(start) if k in dropped else ":" if whole else f"{start}:{limit}{step}")
    while parts and parts[-1] == ":":
        parts.pop()
    return f"{x}[{', '.join(parts)}]" if parts else x


def _select(eqn: Any, which: str, *cases: str) -> str:
    if len(cases) != 2 or eqn.invars[0].aval.dtype != np.bool_:
        raise UnprintableError("a choice among several cases")
    return f"np.where({which}, {cases[1]}, {cases[0]})"


def _converted(eqn: Any, x: str) -> str:
    if np.dtype(eqn.params["new_dtype"]) == eqn.invars[0].aval.dtype:
        return x
    return f"np.asarray({x}, np.{np.dtype(eqn.params['new_dtype']).name})"


_OTHERS: Final[Mapping[str, Callable[..., str]]] = {
    **dict.fromkeys(_REDUCTIONS, _reduction),
    "broadcast_in_dim": _spread,
    "concatenate": lambda eqn, *xs: f"np.concatenate([{', '.join(xs)}], axis={eqn.params['dimension']})",
    "convert_element_type": _converted,
    "cumsum": lambda eqn, x: f"np.cumsum({x}, axis={eqn.params['axis']})",
    "dot_general": _product,
    "integer_pow": lambda eqn, x: f"({x} ** {eqn.params['y']})",
    "iota": lambda eqn: f"np.arange({eqn.params['shape'][0]}.0)",
    "reshape": lambda eqn, x: f"np.reshape({x}, {tuple(eqn.params['new_sizes'])})",
    "rev": lambda eqn, x: f"np.flip({x}, {tuple(eqn.params['dimensions'])})",
    "select_n": _select,
    "slice": _slice,
    "squeeze": lambda eqn, x: f"np.squeeze({x}, {tuple(eqn.params['dimensions'])})",
    "stack": lambda eqn, *xs: f"np.stack([{', '.join(xs)}], axis={eqn.params['axis']})",
    "transpose": lambda eqn, x: f"np.transpose({x}, {tuple(eqn.params['permutation'])})",
}


# ---------------------------------------------------------------- the function


@dataclass(frozen=True)
class _Value:
    """Text for an argument or a constant, or an equation and what it is applied to."""

    text: str = ""
    eqn: Any = None
    operands: tuple[int, ...] = ()


@dataclass
class _Printer:
    values: list[_Value] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)

    def add(self, value: _Value) -> int:
        self.values.append(value)
        return len(self.values) - 1

    def walk(self, jaxpr: Any, consts: Sequence[Any], arguments: Sequence[int]) -> list[int]:
        """The values of the outputs, calls inlined."""
        where: dict[Any, int] = dict(zip(jaxpr.invars, arguments, strict=True))
        where.update((v, self.add(_Value(_constant(c)))) for v, c in zip(jaxpr.constvars, consts, strict=True))

        def read(atom: Any) -> int:
            return self.add(_Value(_constant(atom.val))) if hasattr(atom, "val") else where[atom]

        for eqn in jaxpr.eqns:
            given = tuple(map(read, eqn.invars))
            where.update(zip(eqn.outvars, self.equation(eqn, given), strict=True))
        return [read(atom) for atom in jaxpr.outvars]

    def equation(self, eqn: Any, given: tuple[int, ...]) -> list[int]:
        primitive = eqn.primitive.name
        if primitive in INLINED:
            closed = next(eqn.params[key] for key in ("jaxpr", "call_jaxpr", "fun_jaxpr") if key in eqn.params)
            inner, consts = (closed.jaxpr, closed.consts) if hasattr(closed, "consts") else (closed, ())
            return self.walk(inner, consts, given)
        if primitive not in ELEMENTWISE and primitive not in _OTHERS:
            raise UnprintableError(f"the primitive {primitive}")
        return [self.add(_Value(eqn=eqn, operands=given))]

    def returned(self, output: int) -> str:
        """The text of an output; what it needs has become lines before."""
        uses, todo, seen = Counter[int](), [output], {output}
        while todo:
            for operand in self.values[todo.pop()].operands:
                uses[operand] += 1
                if operand not in seen:
                    seen.add(operand)
                    todo.append(operand)
        for number in sorted(seen):  # operands come before what is made of them
            value = self.values[number]
            text = value.text or self.expression(value)
            short = len(text) <= _INLINE and uses[number] == 1
            if value.text or short or number == output or text.isidentifier():
                self.names[number] = text
            else:
                self.names[number] = f"t{len(self.lines) + 1}"
                self.lines.append(f"{self.names[number]} = {_bare(text)}")
        return _bare(self.names[output])

    def expression(self, value: _Value) -> str:
        operands = [self.names[k] for k in value.operands]
        eqn = value.eqn
        inner = self.values[value.operands[0]] if value.operands else _Value()
        if eqn.primitive.name == "squeeze" and inner.eqn is not None and inner.eqn.primitive.name == "slice":
            return _slice(inner.eqn, self.names[inner.operands[0]], eqn.params["dimensions"])  # x[0:1] squeezed: x[0]
        if eqn.primitive.name in ELEMENTWISE:
            return ELEMENTWISE[eqn.primitive.name](*operands)
        return _OTHERS[eqn.primitive.name](eqn, *operands)


def _bare(text: str) -> str:
    """Without parentheses around the whole."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for place, sign in enumerate(text):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth == 0 and place < len(text) - 1:
            return text
    return text[1:-1]


def _constant(value: Any) -> str:
    array = np.asarray(value)
    if array.size > _MOST_NUMBERS:
        raise UnprintableError(f"a constant of {array.size} numbers")
    if array.shape == ():
        text = repr(array.item()).replace("inf", "np.inf").replace("nan", "np.nan")
        return f"({text})" if text.startswith("-") else text
    return f"np.array({array.tolist()})".replace("inf", "np.inf").replace("nan", "np.nan")


def function(program: Program, entry: int = 0) -> str:
    """The definition of f in NumPy, of one output entry, a function of the flat arguments.

    Raises:
        UnprintableError: it has none that is short.
    """
    printer = _Printer()
    names = ["x"] if len(program.arguments) == 1 else [f"x{k}" for k in range(len(program.arguments))]
    places = [printer.add(_Value(name)) for name in names]
    outputs = printer.walk(program.closed.jaxpr, program.closed.consts, places)
    for output, shape in zip(outputs, program.out_shapes, strict=True):
        size = int(np.prod(shape))
        if entry < size:
            text = printer.returned(output)
            result = text if shape == () else f"np.ravel({text})[{entry}]"
            body = [*printer.lines, f"return {result}"]
            if len(body) > LONGEST or any(len(line) > _WIDEST for line in body):
                raise UnprintableError(f"it takes {len(body)} lines")
            return "\n".join([f"def f({', '.join(names)}):", *(f"    {line}" for line in body)])
        entry -= size
    raise UnprintableError("the entry is none of its outputs")


# ---------------------------------------------------------------- the script


def chord_script(program: Program, witness: Mapping[str, Any]) -> str:
    """The script for a chord's record, seen to show what the record says.

    Raises:
        UnprintableError: there is none; the message says why.
    """
    defined = function(program, witness["entry"])
    ends = [_point(program, witness["points"][name]) for name in ("a", "b")]
    lines = ["import numpy as np", "", defined, ""]
    lines += [f"{name} = [{', '.join(arrays)}]" for name, arrays in zip(("a", "b"), ends, strict=True)]
    lines += [
        f"w = {witness.get('weight', '1/2')}",
        "m = [(1 - w) * s + w * t for s, t in zip(a, b)]",
        "chord = (1 - w) * f(*a) + w * f(*b)",
        'print("inside", f(*m), "on the chord", chord, "gap", f(*m) - chord)',
    ]
    if any(len(line) > _WIDEST for line in lines[-6:]):
        raise UnprintableError("its points have many coordinates")
    text = "\n".join(lines)
    gap = _run(text)
    if not (gap > 0 if witness["sign"] > 0 else gap < 0 if witness["sign"] < 0 else gap == 0):
        raise UnprintableError("the gap is lost in rounding")
    return text


def _point(program: Program, coordinates: Sequence[str]) -> list[str]:
    """The arrays of a point, as text."""
    try:
        numbers, arrays, start = [exact(x) for x in coordinates], [], 0
    except ValueError as error:
        raise UnprintableError(f"a coordinate is no double: {error}") from None
    if len(numbers) != sum(leaf.size for leaf in program.arguments):
        raise UnprintableError("the point does not fit the function")
    for leaf in program.arguments:
        array = np.array(numbers[start : start + leaf.size]).reshape(leaf.shape)
        arrays.append(f"np.array({array.tolist()})")
        start += leaf.size
    return arrays


def _run(text: str) -> float:
    """The gap that the script finds.  Its text is made above, of this module's templates and of numbers."""
    space: dict[str, Any] = {"print": lambda *_: None}
    try:
        with np.errstate(all="ignore"):
            exec(compile(text, "<script>", "exec"), space)
            return float(space["f"](*space["m"]) - space["chord"])
    except (ArithmeticError, IndexError, NameError, TypeError, ValueError) as error:
        raise UnprintableError(f"it does not run: {error}") from None
