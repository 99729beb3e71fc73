"""Which blocks of its parameters a cost is convex in, alone and together, and what destroys convexity in the others."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import jax
import numpy as np

from netprops.domains import WHOLE_LINE, Box, DomainError, reals
from netprops.evidence import Verdict
from netprops.questions.asking import LEVELS, Asked, readings, scalar, traced
from netprops.questions.destroying import MOST_VALUES, Blocks, View, first_step_that_bends_both_ways, listed, size_of
from netprops.questions.shape import is_convex
from netprops.readings.affine import affine_cut, sources
from netprops.readings.jaxpr import UnsupportedError
from netprops.readings.polynomials import TooLargeError

Cost: TypeAlias = Callable[[Any], Any]

MOST_BLOCKS = 16


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
        yield f"jointly convex in {'all of them' if everything else f'{listed(names)}, and in no larger set'}"
    for refusal in (*found.refusals, *found.undecided):
        if len(refusal.blocks) > 1:
            said = "not jointly convex" if refusal.verdict.answer == "no" else "undecided"
            yield f"{said} in {listed(refusal.blocks)}" + (f": {refusal.reason}" if refusal.reason else "")
    for refusal in (*found.refusals, *found.undecided):
        yield f"{listed(refusal.blocks)}: {refusal.verdict.because}"


# ---------------------------------------------------------------- the question


def explain(cost: Cost, params: Any) -> Explanation:
    """Which blocks of a pytree of parameters a scalar cost is convex in, alone and jointly, and why not in others.

    A block is a floating-point array of the pytree; everything else in it (functions, integers, keys, Python numbers)
    stays as it is.  Convex in some blocks means: for all real values of these, whatever real values the others hold.

    Args:
        cost: a function of `params` alone; data and library calls inside as usual. Data that must be exact should
            not be computed with NumPy in there.
        params: plain containers of arrays, or any registered pytree, such as an Equinox module; only the shapes of
            the arrays count.

    Raises:
        DomainError: no arrays, or more than `MOST_BLOCKS`.
        NotAFunctionError: the cost is not scalar, or does not map the parameters to float64.
        UnsupportedError: as of `is_convex`.

    Examples:
        >>> import jax.numpy as jnp
        >>> from netprops import explain
        >>> def cost(p): return jnp.sum((p["A"] @ p["b"]) ** 2)
        >>> found = explain(cost, {"A": jnp.zeros((2, 2)), "b": jnp.zeros(2)})
        >>> found.convex
        (('A',), ('b',))
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


def _view(cost: Cost, parted: _Parted, chosen: Blocks) -> View:
    """The cost with the chosen blocks first; a large one from the values on that are affine in them."""
    order = [*sorted(chosen), *(k for k in range(len(parted.blocks)) if k not in chosen)]
    domains = {place: reals(parted.blocks[k].shape) for place, k in enumerate(order)}
    f = lambda arrays: cost(parted.together({k: arrays[place] for place, k in enumerate(order)}))  # noqa: E731
    program, behind = traced("explain", f, domains).program, tuple(frozenset({k}) for k in order)
    whole = View(program, len(chosen), behind)
    cut = affine_cut(program, len(chosen)) if size_of(program) > MOST_VALUES else None
    if cut is None:
        return whole
    live = tuple(frozenset(order[k] for k in ks) for ks in sources(cut.inner))
    outer = cut.outer([Box(shape, (WHOLE_LINE,)) for shape in cut.inner.out_shapes])
    return View(outer, len(live), (*live, *behind[len(chosen) :]))


def _reason(cost: Cost, parted: _Parted, chosen: Blocks) -> str:
    """The first step of the program that is neither affine, convex nor concave in the blocks, in words."""
    try:
        found = first_step_that_bends_both_ways(_view(cost, parted, chosen), parted.names, chosen)
    except (UnsupportedError, TooLargeError, RecursionError):  # then the words are missing, and nothing else
        return ""
    return "" if found is None else f"{found}{_bounded(_whole(cost, parted))}"


def _bounded(asked: Asked) -> str:
    """That a function on a whole space with a finite upper bound is convex only if it is constant."""
    if size_of(asked.program) > MOST_VALUES:
        return ""
    for reading in readings(asked, [], LEVELS[:1], thorough=False):
        if all(reading.symbols.table.range(e).hi is not None for e in reading.expressions):
            return "; the cost is bounded above, so convex only where it is constant"
    return ""
