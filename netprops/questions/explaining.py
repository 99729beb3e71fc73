"""Which blocks of its parameters a cost is convex in, alone and together, and what destroys convexity in the others."""

from __future__ import annotations

import contextlib
import functools
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import jax
import numpy as np

from netprops.domains import WHOLE_LINE, Box, DomainError, reals
from netprops.evidence import Verdict
from netprops.questions.asking import LEVELS, Asked, readings, scalar, traced
from netprops.questions.shape import is_convex
from netprops.readings import ranges, shapes
from netprops.readings.affine import affine_cut, sources
from netprops.readings.curvature import Calculus
from netprops.readings.jaxpr import MOVEMENT, Program, Step, UnsupportedError, steps
from netprops.readings.polynomials import TooLargeError
from netprops.readings.symbols import read_steps

Cost: TypeAlias = Callable[[Any], Any]
Blocks: TypeAlias = frozenset[int]
Bend: TypeAlias = Literal["affine", "convex", "concave", "neither"]

MOST_BLOCKS = 16
MOST_VALUES = 4000  # of all steps together; larger programs are looked at from the values on that are affine
MOST_VALUES_AFTER_AFFINE = 300_000
MOST_LOOKED_AT = 256  # of one step
PRODUCTS = frozenset({"mul", "dot_general", "conv_general_dilated", "div"})
SPOKEN = {"integer_pow": "x ** n", "rsqrt": "1 / sqrt", "logistic": "sigmoid"}  # what users write
ORDERING = frozenset({"sort", "top_k"})
MAXIMA = frozenset({"max", "reduce_max", "reduce_window_max", "maximum", "relu"})


# ---------------------------------------------------------------- what is found


@dataclass(frozen=True)
class Block:
    """One array of the parameters: its path in the pytree, and its shape."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Refusal:
    """A set of blocks in which the cost is not convex, though it is in every smaller set.

    `reason` says in words what destroys convexity; it is empty where that was not found.
    """

    blocks: tuple[str, ...]
    verdict: Verdict
    reason: str


@dataclass(frozen=True, eq=False)
class Explanation:
    """What `explain` found.

    Attributes:
        blocks: the blocks.
        convex: the sets of blocks in which the cost is proved convex, whatever the others hold; the largest only.
        refusals: the smallest sets in which it is not, each with a certified witness.
        undecided: the smallest sets of which neither is known.
    """

    blocks: tuple[Block, ...]
    convex: tuple[tuple[str, ...], ...]
    refusals: tuple[Refusal, ...]
    undecided: tuple[Refusal, ...]

    @property
    def is_decided(self) -> bool:
        """Whether the cost is known to be convex, or not, in every set of blocks."""
        return not self.undecided

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    def record(self) -> dict[str, object]:
        """The explanation as a JSON object."""
        return {
            "blocks": [{"name": block.name, "shape": list(block.shape)} for block in self.blocks],
            "convex": [list(names) for names in self.convex],
            "not convex": [_refusal_record(refusal) for refusal in self.refusals],
            "undecided": [_refusal_record(refusal) for refusal in self.undecided],
        }


def _refusal_record(refusal: Refusal) -> dict[str, object]:
    witness = None if refusal.verdict.witness is None else dict(refusal.verdict.witness)
    return {
        "blocks": list(refusal.blocks),
        "reason": refusal.reason,
        "because": refusal.verdict.because,
        "witness": witness,
    }


def _lines(found: Explanation) -> Iterator[str]:
    width = max(len(block.name) for block in found.blocks)
    alone = {r.blocks[0]: r for r in (*found.refusals, *found.undecided) if len(r.blocks) == 1}
    yield f"blocks of parameters: {len(found.blocks)}; is the cost convex in each alone?"
    for block in found.blocks:
        refusal = alone.get(block.name)
        answer = "yes" if refusal is None else refusal.verdict.answer
        reason = f"   {refusal.reason}" if refusal is not None and refusal.reason else ""
        yield f"  {block.name:{width}}  {'x'.join(map(str, block.shape)) or '()':>8}  {answer:9}{reason}".rstrip()
    together = [names for names in found.convex if len(names) > 1]
    for names in together:
        everything = len(names) == len(found.blocks)
        yield f"jointly convex in {'all of them' if everything else f'{_listed(names)}, and in no larger set'}"
    for refusal in (*found.refusals, *found.undecided):
        if len(refusal.blocks) > 1:
            said = "not jointly convex" if refusal.verdict.answer == "no" else "undecided"
            yield f"{said} in {_listed(refusal.blocks)}" + (f": {refusal.reason}" if refusal.reason else "")
    for refusal in (*found.refusals, *found.undecided):
        yield f"{_listed(refusal.blocks)}: {refusal.verdict.because}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


# ---------------------------------------------------------------- the question


def explain(cost: Cost, params: Any) -> Explanation:
    """Which blocks of a pytree of parameters a scalar cost is convex in, alone and jointly, and why not in others.

    A block is a floating-point array of the pytree; everything else in it (functions, integers, keys, Python numbers)
    stays as it is.  Convex in some blocks means: for all real values of these, whatever real values the others hold.

    Args:
        cost: a function of `params` alone; data and library calls inside as usual.  Data that must be exact should not
            be computed with NumPy in there.
        params: plain containers of arrays, or any registered pytree, such as an Equinox module; only the shapes of the
            arrays count.

    Raises:
        DomainError: no arrays, or more than `MOST_BLOCKS`.
        NotAFunctionError, UnsupportedError: as `is_convex`.
    """
    parted = _Parted.of(params)
    scalar(_whole(cost, parted))
    found = _Search(cost, parted)
    found.run()
    return Explanation(
        parted.blocks,
        tuple(map(parted.names, found.largest_convex())),
        tuple(found.refusal(chosen) for chosen in found.smallest("no")),
        tuple(found.refusal(chosen) for chosen in found.smallest("undecided")),
    )


def _whole(cost: Cost, parted: _Parted) -> Asked:
    """The cost as a function of all blocks."""
    domains = parted.domains(frozenset(range(len(parted.blocks))))
    return traced("explain", lambda arrays: cost(parted.together(arrays)), domains)


@dataclass(frozen=True, eq=False)
class _Parted:
    """The parameters as blocks, and all that is needed to put them together again."""

    blocks: tuple[Block, ...]
    leaves: tuple[Any, ...]
    places: tuple[int, ...]  # of the blocks among the leaves
    structure: Any

    @classmethod
    def of(cls, params: Any) -> _Parted:
        """Raises `DomainError` for too few or too many blocks."""
        with_paths, structure = jax.tree_util.tree_flatten_with_path(params)
        places = tuple(k for k, (_, leaf) in enumerate(with_paths) if _is_block(leaf))
        if not 0 < len(places) <= MOST_BLOCKS:
            raise DomainError(
                f"explain looks at 1 to {MOST_BLOCKS} floating-point arrays, the parameters have {len(places)}: pass a "
                "part of them and close over the rest"
            )
        names = [jax.tree_util.keystr(with_paths[k][0], simple=True, separator=".") or "it" for k in places]
        if all(name.endswith(".value") for name in names):  # of variables that hold one array each, as in Flax NNX
            names = [name.removesuffix(".value") for name in names]
        blocks = tuple(Block(name, tuple(np.shape(with_paths[k][1]))) for name, k in zip(names, places, strict=True))
        return cls(blocks, tuple(leaf for _, leaf in with_paths), places, structure)

    def together(self, arrays: Mapping[int, Any]) -> Any:
        """The parameters with these arrays for the blocks."""
        leaves = list(self.leaves)
        for number, place in enumerate(self.places):
            leaves[place] = arrays[number]
        return jax.tree_util.tree_unflatten(self.structure, leaves)

    def names(self, chosen: Blocks) -> tuple[str, ...]:
        """Of some blocks, in their order."""
        return tuple(self.blocks[number].name for number in sorted(chosen))

    def domains(self, chosen: Blocks) -> dict[int, Any]:
        """Of some blocks, by their numbers."""
        return {number: reals(self.blocks[number].shape) for number in sorted(chosen)}

    def named(self, chosen: Blocks) -> dict[str, Any]:
        """Of some blocks, by their names."""
        return {block.name: reals(block.shape) for k, block in enumerate(self.blocks) if k in chosen}

    def numbered(self, arrays: Mapping[str, Any]) -> dict[int, Any]:
        """Arrays by their blocks' numbers."""
        return {k: arrays[block.name] for k, block in enumerate(self.blocks) if block.name in arrays}


def _is_block(leaf: Any) -> bool:
    return isinstance(leaf, np.ndarray | jax.Array) and jax.numpy.issubdtype(leaf.dtype, np.floating)


@dataclass(frozen=True, eq=False)
class _Search:
    """The answers for sets of blocks, smallest first: what is convex in a set is convex in all its subsets."""

    cost: Cost
    parted: _Parted
    answers: dict[Blocks, Verdict] = field(default_factory=dict)

    @property
    def all(self) -> Blocks:
        """The set of all blocks."""
        return frozenset(range(len(self.parted.blocks)))

    def ask(self, chosen: Blocks) -> Verdict:
        """Whether the cost is convex in these blocks, for all values of the others."""
        if chosen not in self.answers:
            rest = self.all - chosen
            parted = self.parted
            f = lambda ours, theirs=None: self.cost(parted.together(parted.numbered({**ours, **(theirs or {})})))  # noqa: E731
            self.answers[chosen] = is_convex(f, parted.named(chosen), parted.named(rest) if rest else None)
        return self.answers[chosen]

    def run(self) -> None:
        """Ask about all sets that the answers for smaller ones leave open, after a look at the largest that may be."""
        level = [frozenset({number}) for number in sorted(self.all)]
        while level:
            convex = {chosen for chosen in level if self.ask(chosen).answer == "yes"}
            together: Blocks = frozenset().union(*convex)
            if len(together) > 1 and self.ask(together).answer == "yes":
                return  # no other set of this size is convex, nor any larger one
            larger = {a | b for a, b in itertools.combinations(convex, 2) if len(a | b) == len(a) + 1}
            level = sorted((c for c in larger if all(c - {k} in convex for k in c)), key=sorted)

    def largest_convex(self) -> list[Blocks]:
        """The sets with the answer yes that no other such set holds."""
        convex = [chosen for chosen, verdict in self.answers.items() if verdict.answer == "yes"]
        return sorted((c for c in convex if not any(c < other for other in convex)), key=sorted)

    def smallest(self, answer: str) -> list[Blocks]:
        """The sets with this answer of which every smaller set has the answer yes (or was not asked about)."""
        bad = [chosen for chosen, verdict in self.answers.items() if verdict.answer != "yes"]
        least = [c for c in bad if not any(other < c for other in bad)]
        return sorted((c for c in least if self.answers[c].answer == answer), key=lambda c: (len(c), sorted(c)))

    def refusal(self, chosen: Blocks) -> Refusal:
        """The answer with its reason in words."""
        return Refusal(self.parted.names(chosen), self.answers[chosen], _reason(self.cost, self.parted, chosen))


# ---------------------------------------------------------------- what destroys convexity


@dataclass(frozen=True, eq=False)
class _Value:
    """What is known of a step's value, or an argument: the blocks it depends on, and how it bends in the chosen."""

    blocks: Blocks
    bend: Bend
    read: Callable[[], Any] = lambda: None  # its expressions; None for an argument, or where they are too large

    def may_have_any_sign(self) -> bool:
        """Whether some entry may be positive as well as negative, as far as its range tells."""
        output = self.read()
        entries = [] if output is None else _some(output)
        known = [e.table.range(e) for e in entries]
        return output is None or not all(ranges.is_nonnegative(r) or ranges.is_nonpositive(r) for r in known)


@dataclass(frozen=True, eq=False)
class _View:
    """A program whose first `varying` arguments are affine in the chosen blocks; the blocks behind each argument."""

    program: Program
    varying: int
    behind: tuple[Blocks, ...]


def _view(cost: Cost, parted: _Parted, chosen: Blocks) -> _View:
    """The cost with the chosen blocks first; a large one from the values on that are affine in them."""
    order = [*sorted(chosen), *(k for k in range(len(parted.blocks)) if k not in chosen)]
    domains = {place: reals(parted.blocks[k].shape) for place, k in enumerate(order)}
    f = lambda arrays: cost(parted.together({k: arrays[place] for place, k in enumerate(order)}))  # noqa: E731
    program, behind = traced("explain", f, domains).program, tuple(frozenset({k}) for k in order)
    whole = _View(program, len(chosen), behind)
    cut = affine_cut(program, len(chosen)) if _size(program) > MOST_VALUES else None
    if cut is None:
        return whole
    live = tuple(frozenset(order[k] for k in ks) for ks in sources(cut.inner))
    outer = cut.outer([Box(shape, (WHOLE_LINE,)) for shape in cut.inner.out_shapes])
    return _View(outer, len(live), (*live, *behind[len(chosen) :]))


def _size(program: Program) -> int:
    _, values = steps(program)
    return sum(math.prod(shape) for shape in values.out_shapes)


def _reason(cost: Cost, parted: _Parted, chosen: Blocks) -> str:
    """The first step of the program that is neither affine, convex nor concave in the blocks, in words."""
    try:
        found = _first_bent_both_ways(_view(cost, parted, chosen), parted, chosen)
    except (UnsupportedError, TooLargeError, RecursionError):  # then the words are missing, and nothing else
        return ""
    return "" if found is None else f"{found}{_bounded(_whole(cost, parted))}"


def _first_bent_both_ways(view: _View, parted: _Parted, chosen: Blocks) -> str | None:
    taken, values = steps(view.program)
    if sum(math.prod(shape) for shape in values.out_shapes) > MOST_VALUES_AFTER_AFFINE:
        return None
    looks = [_Look.at(view, level) for level in ((0, 2) if _size(view.program) <= MOST_VALUES else (0,))]
    known: list[_Value] = []
    for number, (step, shape) in enumerate(zip(taken, values.out_shapes, strict=True)):
        inputs = [known[k] if k >= 0 else _Value(view.behind[-1 - k], "affine") for k in step.inputs]
        blocks: Blocks = frozenset().union(*(v.blocks for v in inputs))
        at_once = _bend_at_once(step, inputs, chosen) if math.prod(shape) > MOST_VALUES else None
        bends = (look.bend(number) for look in looks)
        bend = at_once or next((b for b in bends if b != "neither"), None) or _kept(step, inputs)
        if bend == "neither":
            return f"{_words(step, inputs, parted, chosen)}{_place(step)}"
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
    def at(cls, view: _View, level: int) -> _Look:
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
        if output is None:
            return "neither"
        entries = _some(output)
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


def _words(step: Step, inputs: Sequence[_Value], parted: _Parted, chosen: Blocks) -> str:
    """What a step does to its inputs that leaves them neither convex nor concave."""
    moving = [v for v in inputs if v.blocks & chosen]
    resting = frozenset().union(*(v.blocks for v in inputs if not v.blocks & chosen))
    names = [_listed(parted.names(v.blocks & chosen)) for v in moving]
    bent = " and ".join(dict.fromkeys(f"{v.bend} in {name}" for v, name in zip(moving, names, strict=True)))
    if step.name in PRODUCTS and len(moving) > 1:
        return f"a product of values that depend on {names[0]} and on {names[1]}"
    if step.name in PRODUCTS and resting:
        return f"values {bent}, not affine, times {_listed(parted.names(resting))}, which may be negative"
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


def _bounded(asked: Asked) -> str:
    """That a function on a whole space with a finite upper bound is convex only if it is constant."""
    if _size(asked.program) > MOST_VALUES:
        return ""
    for reading in readings(asked, [], LEVELS[:1], thorough=False):
        if all(reading.symbols.table.range(e).hi is not None for e in reading.expressions):
            return "; the cost is bounded above, so convex only where it is constant"
    return ""
