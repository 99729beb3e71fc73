"""Which axes of a network's arrays count the units of one hidden layer, read off the equations of its program.

Along the equations, axes are one *family* where an entry of one is made of the same entry of the other: those of the
operands of an elementwise step, a contracted axis and its partner, an axis that a reshape keeps.  The units of a hidden
layer are a family that has axes of parameters, but none of the inputs or outputs: incoming weights, biases, scales,
outgoing weights.  Where some step tells the entries of an axis apart by their places (a slice, a gather, a sum that
runs along), its family is *told apart*.

All this only proposes.  Whether units can be moved, and what an activation is, is asked of the functions themselves,
which `Wiring.part` cuts out of the program.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from netprops.readings.jaxpr import Program, applied, called, written_at

Axis: TypeAlias = tuple[int, int]  # of a value: its number, and the axis
Role: TypeAlias = Literal["in", "out"]

_MOVES = frozenset(
    {"broadcast_in_dim", "convert_element_type", "copy", "copy_p", "expand_dims", "reshape", "squeeze", "stop_gradient",
     "transpose"}
)  # fmt: skip
_ALONG = frozenset({"cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp", "rev", "sort"})


@dataclass(frozen=True, eq=False)
class Node:
    """One equation, calls looked into: what it applies, to which values, and which it makes."""

    eqn: Any
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    @property
    def name(self) -> str:
        """That of the primitive."""
        return str(self.eqn.primitive.name)

    @property
    def where(self) -> str:
        """The primitive and its line, in words."""
        return f"`{self.name}`{written_at(self.eqn)}"


@dataclass(frozen=True, eq=False)
class Use:
    """An argument that a product of matrices (or a convolution) applies to a value."""

    argument: int
    node: int
    data: int  # the value that it is applied to


@dataclass(frozen=True, eq=False)
class Family:
    """Axes of arguments that count the same things.

    `axes` gives, for each (argument, axis), its roles: "out" where a product sums over it, "in" elsewhere.
    """

    number: int
    size: int
    axes: Mapping[tuple[int, int], frozenset[Role]]
    told_apart: str  # by which step, in words; empty if by none
    at_the_ends: bool  # whether an axis of an input or an output is among them

    def having(self, role: Role) -> tuple[tuple[int, int], ...]:
        """The (argument, axis) pairs with a role."""
        return tuple(sorted(axis for axis, roles in self.axes.items() if role in roles))


@dataclass(frozen=True, eq=False)
class Wiring:
    """A program's equations with all calls looked into; values are numbered, the arguments first."""

    program: Program
    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]
    constants: Mapping[int, Any]
    sources: tuple[int, ...]  # for each value the arguments that it depends on, as bits
    families: Mapping[Axis, int] = field(default_factory=dict)  # of each axis

    def depends(self, value: int, argument: int) -> bool:
        """Whether a value depends on an argument."""
        return bool(self.sources[value] >> argument & 1)

    def nodes_before(self, value: int, given: frozenset[int] = frozenset()) -> list[Node]:
        """The equations that a value is made by when some are given."""
        wanted, kept = {value} - given, []
        for node in reversed(self.nodes):
            if wanted & set(node.outputs):
                wanted.update(set(node.inputs) - given)
                kept.append(node)
        return kept[::-1]

    def part(self, given: Sequence[int], wanted: Sequence[int]) -> Callable[..., tuple[Any, ...]]:
        """The function of the given values that makes the wanted ones; it may not need other arguments."""
        needed = {id(node) for value in wanted for node in self.nodes_before(value, frozenset(given))}
        nodes = [node for node in self.nodes if id(node) in needed]

        def function(*arrays: Any) -> tuple[Any, ...]:
            values = {**self.constants, **dict(zip(given, arrays, strict=True))}
            for node in nodes:
                made = applied(self.program, node.eqn, [values[k] for k in node.inputs])
                values.update((k, v) for k, v in zip(node.outputs, made, strict=True) if k not in given)
            return tuple(values[k] for k in wanted)

        return function

    def gate(self, value: int) -> int:
        """The first value that carries all that the arguments matter to a value; in the end that itself."""
        for node in self.nodes:
            for before in node.outputs:
                if self.sources[before] and self._carries(before, value):
                    return before
        return value

    def _carries(self, before: int, value: int) -> bool:
        if before == value:
            return True
        rest = {k for node in self.nodes_before(value, frozenset({before})) for k in node.inputs}
        return before in rest and rest.isdisjoint(range(len(self.program.arguments)))


# ---------------------------------------------------------------- reading the equations


@dataclass
class _Walk:
    """Numbers for the values, while the equations are gone through."""

    shapes: list[tuple[int, ...]] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)
    constants: dict[int, Any] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)

    def value(self, shape: Sequence[int], sources: int = 0) -> int:
        self.shapes.append(tuple(shape))
        self.sources.append(sources)
        return len(self.shapes) - 1

    def constant(self, value: Any) -> int:
        number = self.value(np.shape(value))
        self.constants[number] = value
        return number

    def walk(self, jaxpr: Any, consts: Sequence[Any], arguments: Sequence[int]) -> list[int]:
        """The values of the outputs."""
        known = dict(zip(jaxpr.invars, arguments, strict=True))
        known.update((v, self.constant(c)) for v, c in zip(jaxpr.constvars, consts, strict=True))

        def read(atom: Any) -> int:
            return self.constant(atom.val) if hasattr(atom, "val") else known[atom]

        for eqn in jaxpr.eqns:
            inputs = tuple(map(read, eqn.invars))
            if (call := called(eqn)) is not None:
                outputs = self.walk(*call, inputs)
            else:
                sources = 0
                for k in inputs:
                    sources |= self.sources[k]
                outputs = [self.value(v.aval.shape, sources) for v in eqn.outvars]
                self.nodes.append(Node(eqn, inputs, tuple(outputs)))
            known.update(zip(eqn.outvars, outputs, strict=True))
        return [read(atom) for atom in jaxpr.outvars]


def wiring(program: Program) -> Wiring:
    """The equations of a program, with the families of all axes."""
    walk = _Walk()
    arguments = [walk.value(leaf.shape, 1 << k) for k, leaf in enumerate(program.arguments)]
    outputs = walk.walk(program.closed.jaxpr, program.closed.consts, arguments)
    families = _families(walk)
    return Wiring(
        program, tuple(walk.nodes), tuple(outputs), tuple(walk.shapes), walk.constants, tuple(walk.sources), families
    )


def _families(walk: _Walk) -> dict[Axis, int]:
    parent: dict[Axis, Axis] = {(v, a): (v, a) for v, shape in enumerate(walk.shapes) for a in range(len(shape))}

    def root(axis: Axis) -> Axis:
        while parent[axis] != axis:
            parent[axis] = parent[parent[axis]]
            axis = parent[axis]
        return axis

    for node in walk.nodes:
        for a, b in _partners(node, walk.shapes):
            parent[root(a)] = root(b)
    numbers: dict[Axis, int] = {}
    return {axis: numbers.setdefault(root(axis), len(numbers)) for axis in parent}


# ---------------------------------------------------------------- what each step does to axes


def _partners(node: Node, shapes: Sequence[tuple[int, ...]]) -> Iterator[tuple[Axis, Axis]]:
    """The pairs of axes of operands and results that an equation makes one family."""
    rule = _RULES.get(node.name) or (_reduced if node.name.startswith(("reduce_", "arg")) else _entrywise)
    yield from rule(node, shapes)


def _entrywise(node: Node, shapes: Sequence[tuple[int, ...]]) -> Iterator[tuple[Axis, Axis]]:
    for out in node.outputs:
        for value in node.inputs:
            if len(shapes[value]) == len(shapes[out]):
                for axis, (n, m) in enumerate(zip(shapes[value], shapes[out], strict=True)):
                    if n == m:
                        yield (value, axis), (out, axis)


def _none(node: Node, shapes: Sequence[tuple[int, ...]]) -> Iterator[tuple[Axis, Axis]]:
    yield from ()


def _reduced(node: Node, shapes: Sequence[tuple[int, ...]]) -> Iterator[tuple[Axis, Axis]]:
    gone = node.eqn.params.get("axes", ())
    for value, out in zip(node.inputs, node.outputs, strict=False):
        kept = [axis for axis in range(len(shapes[value])) if axis not in gone]
        if len(kept) == len(shapes[out]):
            yield from (((value, axis), (out, place)) for place, axis in enumerate(kept))


def _broadcast(node: Node, shapes: Sequence[tuple[int, ...]]) -> Iterator[tuple[Axis, Axis]]:
    (out,), value = node.outputs, node.inputs[0]
    for axis, place in enumerate(map(int, node.eqn.params["broadcast_dimensions"])):
        if shapes[value][axis] == shapes[out][place]:
            yield (value, axis), (out, place)


def _transposed(node: Node, shapes: Sequence[tuple[int, ...]]) -> Iterator[tuple[Axis, Axis]]:
    (out,), value = node.outputs, node.inputs[0]
    yield from (((value, int(axis)), (out, place)) for place, axis in enumerate(node.eqn.params["permutation"]))


def _reshaped(node: Node, shapes: Sequence[tuple[int, ...]]) -> Iterator[tuple[Axis, Axis]]:
    """Axes that are kept whole: as many entries before them, and as many behind."""
    (out,), value = node.outputs, node.inputs[0]
    places = {_around(shapes[out], axis): axis for axis in range(len(shapes[out])) if shapes[out][axis] > 1}
    for axis, n in enumerate(shapes[value]):
        if n > 1 and (place := places.get(_around(shapes[value], axis))) is not None:
            yield (value, axis), (out, place)


def _around(shape: Sequence[int], axis: int) -> tuple[int, int]:
    return math.prod(shape[:axis]), math.prod(shape[axis + 1 :])


def _product(node: Node, shapes: Sequence[tuple[int, ...]]) -> Iterator[tuple[Axis, Axis]]:
    (left, right), (left_batch, right_batch) = node.eqn.params["dimension_numbers"]
    (a, b), (out,) = node.inputs, node.outputs
    yield from (((a, i), (b, j)) for i, j in zip((*left, *left_batch), (*right, *right_batch), strict=True))
    free_left = [k for k in range(len(shapes[a])) if k not in (*left, *left_batch)]
    free_right = [k for k in range(len(shapes[b])) if k not in (*right, *right_batch)]
    order = [*((a, k) for k in left_batch), *((a, k) for k in free_left), *((b, k) for k in free_right)]
    yield from ((axis, (out, place)) for place, axis in enumerate(order))


def _convolved(node: Node, shapes: Sequence[tuple[int, ...]]) -> Iterator[tuple[Axis, Axis]]:
    numbers = node.eqn.params["dimension_numbers"]
    (x, kernel), (out,) = node.inputs, node.outputs
    (batch, features), (outer, inner) = numbers.lhs_spec[:2], numbers.rhs_spec[:2]
    yield (x, batch), (out, numbers.out_spec[0])
    if node.eqn.params["feature_group_count"] == node.eqn.params["batch_group_count"] == 1:
        yield (x, features), (kernel, inner)
        yield (kernel, outer), (out, numbers.out_spec[1])


def _cut(node: Node, shapes: Sequence[tuple[int, ...]]) -> Iterator[tuple[Axis, Axis]]:
    """Slices, pads and their like: the axes that keep their length, but for that which pieces are put along."""
    along = node.eqn.params.get("dimension", node.eqn.params.get("axis"))
    for out in node.outputs:
        for value in node.inputs:
            if len(shapes[value]) != len(shapes[out]):
                continue
            for axis, (n, m) in enumerate(zip(shapes[value], shapes[out], strict=True)):
                if n == m and axis != along:
                    yield (value, axis), (out, axis)


_RULES: Mapping[str, Callable[[Node, Sequence[tuple[int, ...]]], Iterator[tuple[Axis, Axis]]]] = {
    **dict.fromkeys(("reshape", "squeeze", "expand_dims"), _reshaped),
    **dict.fromkeys(("slice", "pad", "concatenate", "split", *_ALONG), _cut),
    **dict.fromkeys(
        ("gather", "scatter", "scatter-add", "scatter_add", "dynamic_slice", "dynamic_update_slice", "scan", "while",
         "cond", "iota", "stack", "unstack", "top_k", "fft", "custom_linear_solve"),
        _none,
    ),
    "broadcast_in_dim": _broadcast,
    "conv_general_dilated": _convolved,
    "dot_general": _product,
    "transpose": _transposed,
}  # fmt: skip


# ---------------------------------------------------------------- families of parameters


def uses(wired: Wiring) -> list[Use]:
    """The products of an argument, moved at most, with something else that depends on arguments."""
    origin = _origins(wired)
    found = []
    for number, node in enumerate(wired.nodes):
        if node.name not in ("dot_general", "conv_general_dilated"):
            continue
        a, b = node.inputs
        # Of two arguments the second is taken for the weights, as in x @ W; the caller knows which is an input.
        found += [Use(origin[w], number, x) for w, x in ((b, a), (a, b)) if w in origin and wired.sources[x]]
    return found


def _origins(wired: Wiring) -> dict[int, int]:
    """The argument that a value is, its entries moved or repeated at most."""
    origin = {k: k for k in range(len(wired.program.arguments))}
    for node in wired.nodes:
        if node.name in _MOVES and node.inputs[0] in origin:
            origin[node.outputs[0]] = origin[node.inputs[0]]
    return origin


def families(wired: Wiring, inputs: Sequence[int]) -> list[Family]:
    """The families with axes of arguments that are no `inputs`, in the order of their first use."""
    ends = [*inputs, *wired.outputs]
    at_the_ends = {wired.families[v, a] for v in ends for a in range(len(wired.shapes[v]))}
    roles: dict[int, dict[tuple[int, int], set[Role]]] = {}
    apart = _told_apart(wired)
    origin = _origins(wired)
    for node in wired.nodes:
        if node.name in _MOVES:
            continue
        summed = _summed(node)
        for place, value in enumerate(node.inputs):
            argument = origin.get(value)
            if argument is None or argument in inputs:
                continue
            for axis in range(len(wired.shapes[value])):
                family = wired.families[value, axis]
                role: Role = "out" if axis in summed[place] else "in"
                for own in range(len(wired.shapes[argument])):
                    if wired.families[argument, own] == family:
                        roles.setdefault(family, {}).setdefault((argument, own), set()).add(role)
    return [
        Family(
            number,
            wired.shapes[first[0]][first[1]],
            {axis: frozenset(r) for axis, r in axes.items()},
            apart.get(number, ""),
            number in at_the_ends,
        )
        for number, axes in roles.items()
        for first in [next(iter(axes))]
    ]


def _summed(node: Node) -> tuple[tuple[int, ...], ...]:
    """For each operand, the axes that a product sums over."""
    if node.name == "dot_general":
        (left, right), _ = node.eqn.params["dimension_numbers"]
        return tuple(left), tuple(right)
    if node.name == "conv_general_dilated":
        numbers = node.eqn.params["dimension_numbers"]
        return (numbers.lhs_spec[1],), (numbers.rhs_spec[1],)
    return ((),) * len(node.inputs)


def _told_apart(wired: Wiring) -> dict[int, str]:
    """The families whose entries some step tells apart: it has an axis of theirs that none of its results keeps."""
    apart: dict[int, str] = {}
    for node in wired.nodes:
        for family in _lost(wired, node):
            apart.setdefault(family, node.where)
    return apart


def _lost(wired: Wiring, node: Node) -> set[int]:
    """The families that a step has among its operands and neither keeps, sums over, nor treats alike."""
    if node.name == "dot_general" or node.name.startswith(("reduce_", "arg")):
        return set()
    if node.name == "conv_general_dilated":  # its spatial axes count places, not units
        grouped = node.eqn.params["feature_group_count"] * node.eqn.params["batch_group_count"] > 1
        features = node.eqn.params["dimension_numbers"].lhs_spec[1]
        return {wired.families[node.inputs[0], features]} if grouped else set()
    if node.name in _ALONG:
        along = next(
            node.eqn.params[key] for key in ("axis", "dimension", "dimensions", "axes") if key in node.eqn.params
        )
        return {wired.families[node.inputs[0], a] for a in ((along,) if isinstance(along, int) else along)}
    kept = {wired.families[v, a] for v in node.outputs for a in range(len(wired.shapes[v]))}
    given = [v for v in node.inputs if wired.sources[v]]
    return {wired.families[v, a] for v in given for a, n in enumerate(wired.shapes[v]) if n > 1} - kept
