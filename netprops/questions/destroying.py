"""What destroys convexity: the first step of a program whose value is neither affine, convex nor concave, in words.

These are words for people. They prove nothing, and where they are missing nothing else is.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from netprops.domains import WHOLE_LINE
from netprops.readings import ranges, shapes
from netprops.readings.curvature import Calculus
from netprops.readings.jaxpr import MOVEMENT, Program, Step, UnsupportedError, steps
from netprops.readings.polynomials import Expression, TooLargeError
from netprops.readings.symbols import Pending, read_steps

if TYPE_CHECKING:
    from netprops.questions.asking import Asked

Blocks: TypeAlias = frozenset[int]
Naming: TypeAlias = Callable[[Blocks], tuple[str, ...]]
Bend: TypeAlias = Literal["affine", "convex", "concave", "neither"]

MOST_VALUES = 4000  # of all steps together; larger programs are looked at from the values on that are affine
MOST_VALUES_AFTER_AFFINE = 300_000
MOST_LOOKED_AT = 256  # of one step
PRODUCTS = frozenset({"mul", "dot_general", "conv_general_dilated", "div"})
SPOKEN = {"integer_pow": "x ** n", "rsqrt": "1 / sqrt", "logistic": "sigmoid"}  # what users write
ORDERING = frozenset({"sort", "top_k"})
MAXIMA = frozenset({"max", "reduce_max", "reduce_window_max", "maximum", "relu"})


def missing_rule(asked: Asked) -> str:
    """The first step of a question's program of which no rule shows how it bends in what varies, in words; or ""."""
    blocks = tuple(frozenset({k}) for k in range(len(asked.program.arguments)))
    if size_of(asked.program) > MOST_VALUES:
        return ""
    view = View(asked.program, asked.decision, blocks)

    def names(chosen: Blocks) -> tuple[str, ...]:
        return tuple(asked.label(k) for k in sorted(chosen))

    try:
        return first_step_that_bends_both_ways(view, names, frozenset(range(asked.decision))) or ""
    except (UnsupportedError, TooLargeError, RecursionError):
        return ""


def listed(names: Sequence[str]) -> str:
    """Names in words."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


@dataclass(frozen=True, eq=False)
class _Value:
    """What is known of a step's value, or an argument: the blocks it depends on, and how it bends in the chosen."""

    blocks: Blocks
    bend: Bend
    read: Callable[[], Any] = lambda: None  # its expressions; None for an argument, or where they are too large

    def may_have_any_sign(self) -> bool:
        """Whether some entry may be positive as well as negative, as far as its range tells."""
        output = self.read()
        if output is None or not all(isinstance(e, Expression) for e in output.reshape(-1)):
            return True
        known = [e.table.range(e) for e in _some(output)]
        return not all(ranges.is_nonnegative(r) or ranges.is_nonpositive(r) for r in known)


@dataclass(frozen=True, eq=False)
class View:
    """A program whose first `varying` arguments are affine in the chosen blocks; the blocks behind each argument."""

    program: Program
    varying: int
    behind: tuple[Blocks, ...]


def size_of(program: Program) -> int:
    """How many numbers all steps of a program make together."""
    _, values = steps(program)
    return sum(math.prod(shape) for shape in values.out_shapes)


def first_step_that_bends_both_ways(view: View, names: Naming, chosen: Blocks) -> str | None:
    """The first step of the program that is neither affine, convex nor concave in the chosen blocks, in words."""
    taken, values = steps(view.program)
    if sum(math.prod(shape) for shape in values.out_shapes) > MOST_VALUES_AFTER_AFFINE:
        return None
    looks = [_Look.at(view, level) for level in ((0, 2) if size_of(view.program) <= MOST_VALUES else (0,))]
    known: list[_Value] = []
    for number, (step, shape) in enumerate(zip(taken, values.out_shapes, strict=True)):
        inputs = [known[k] if k >= 0 else _Value(view.behind[-1 - k], "affine") for k in step.inputs]
        blocks: Blocks = frozenset().union(*(v.blocks for v in inputs))
        at_once = _bend_at_once(step, inputs, chosen) if math.prod(shape) > MOST_VALUES else None
        bends = (look.bend(number) for look in looks)
        bend = at_once if at_once is not None else next((b for b in bends if b != "neither"), _kept(step, inputs))
        if bend == "neither":
            return f"{_words(step, inputs, names, chosen)}{_place(step)}"
        known.append(_Value(blocks, bend, functools.partial(looks[0].output, number)))
    return None


def _bend_at_once(step: Step, inputs: Sequence[_Value], chosen: Blocks) -> Bend | None:
    """How a large step's value bends, where its name and its inputs tell, so that it need not be read; else None."""
    if _is_product_of_any_sign(step, inputs, chosen):
        return "neither"
    shape = shapes.SHAPES.get(step.name)
    total = shape is not None and shape.domain == WHOLE_LINE
    if total and len(inputs) == 1 and inputs[0].bend == "affine" and inputs[0].blocks & chosen:
        bends: dict[int, Bend] = {1: "convex", -1: "concave", 0: "neither"}
        return bends[shapes.bend_on(step.name, WHOLE_LINE)]
    kept = _kept(step, inputs) if inputs else "neither"
    return None if kept == "neither" else kept


@dataclass(frozen=True, eq=False)
class _Look:
    """One reading of the steps of a program, as far as somebody has asked: squares kept (level 0) or multiplied out."""

    calculus: Calculus
    read: Iterator[Any]
    outputs: list[Any] = field(default_factory=list)

    @classmethod
    def at(cls, view: View, level: int) -> _Look:
        table, bits, read = read_steps(view.program, level=level)
        return cls(Calculus(table, sum(1 << bit for k in bits[: view.varying] for bit in k), thorough=False), read)

    def output(self, number: int) -> Any:
        """The value of a step; None where the normal form grows too large."""
        with contextlib.suppress(TooLargeError):
            self.outputs.extend(itertools.islice(self.read, number + 1 - len(self.outputs)))
        return self.outputs[number] if number < len(self.outputs) else None

    def bend(self, number: int) -> Bend:
        """How some entries of a step's value bend in the varying arguments, as far as the first look tells."""
        output = self.output(number)
        if output is None or any(isinstance(e, Pending) for e in output.reshape(-1)):
            return "neither"
        entries = [e for e in _some(output) if isinstance(e, Expression)]  # an infinity rests
        if all(self.calculus.is_affine(e) for e in entries):
            return "affine"
        if all(self.calculus.convex(e) for e in entries):
            return "convex"
        return "concave" if all(self.calculus.concave(e) for e in entries) else "neither"


def _is_product_of_any_sign(step: Step, inputs: Sequence[_Value], chosen: Blocks) -> bool:
    """Whether a step multiplies values of the chosen blocks with one another, or bent ones with values of any sign."""
    moving = [v for v in inputs if v.blocks & chosen]
    resting = [v for v in inputs if not v.blocks & chosen]
    if step.name not in PRODUCTS or not moving:
        return False
    return len(moving) > 1 or (moving[0].bend != "affine" and any(v.may_have_any_sign() for v in resting))


def _some(output: Any) -> list[Any]:
    """The entries of an array, of a large one some: enough for words, which prove nothing."""
    entries = list(output.reshape(-1))
    return entries[:: max(1, len(entries) // MOST_LOOKED_AT)]


def _kept(step: Step, inputs: Sequence[_Value]) -> Bend:
    """How the value bends by the step alone, whether the first look sees it or not."""
    bends = {v.bend for v in inputs}
    if step.name in MAXIMA and bends <= {"affine", "convex"}:
        return "convex"
    return bends.pop() if step.name in MOVEMENT and len(bends) == 1 and step.name not in ORDERING else "neither"


def _words(step: Step, inputs: Sequence[_Value], names: Naming, chosen: Blocks) -> str:
    """What a step does to its inputs that leaves them neither convex nor concave."""
    moving = [v for v in inputs if v.blocks & chosen]
    resting = frozenset().union(*(v.blocks for v in inputs if not v.blocks & chosen))
    called = [listed(names(v.blocks & chosen)) for v in moving]
    bent = " and ".join(dict.fromkeys(f"{v.bend} in {name}" for v, name in zip(moving, called, strict=True)))
    if step.name in PRODUCTS and len(moving) > 1:
        return f"a product of values that depend on {called[0]} and on {called[1]}"
    if step.name in PRODUCTS and resting:
        return f"values {bent}, not affine, times {listed(names(resting))}, which may be negative"
    if step.name in PRODUCTS:
        return f"values {bent}, times numbers of both signs"
    if step.name == "sub" and len(moving) > 1:
        return f"a difference of values, {bent}"
    name = SPOKEN.get(step.name, step.name)
    if all(v.bend == "affine" for v in moving):
        return f"`{name}`, neither convex nor concave, of values {bent}"
    return f"`{name}` of values {bent}, not affine: it does not keep that"


def _place(step: Step) -> str:
    return f" ({step.where})" if step.where else ""
