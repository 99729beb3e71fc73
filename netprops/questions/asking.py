"""What every question does: trace, try proofs from cheap to dear, search, certify, and remember the answer."""

from __future__ import annotations

import functools
import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
from flint import fmpq

from netprops.certificates.checking import QUESTIONS
from netprops.certificates.derivation import PROVED, why_refused
from netprops.certificates.goals import Goal
from netprops.certificates.records import certificate
from netprops.domains import Box, DomainError, OrderedCone, describe, exact, leaves, nearest_double, reals
from netprops.evidence import Verdict, noting_replays, reject_new_questions_when_undecided, run_seed, running_claim, yes
from netprops.readings.collection import collection_paused
from netprops.readings.cones import gaps_of, has_cone, of_gaps, whole_of
from netprops.readings.curvature import Calculus
from netprops.readings.jaxpr import NotAFunctionError, Program, UnsupportedError, trace
from netprops.readings.polynomials import Expression, TooLargeError
from netprops.readings.proofs import Proof, lines, step
from netprops.readings.symbols import Symbols, read
from netprops.readings.witnesses import LONG, is_real_at

Array = np.ndarray[Any, Any]
Point = Sequence[Array]  # one object array of fmpq per flat argument
Function = Callable[..., Any]
LONG_NAMED = 6
MOST_SHOWN = 16
LEVELS = (0, 1, 2)  # of the normal form, in the order in which they are tried


@dataclass(frozen=True, eq=False)
class Original:
    """A function on a domain with ordered cones, of which `Asked.program` is the composition with boxes of gaps."""

    program: Program  # on whole spaces in the place of the cones
    cones: tuple[OrderedCone | None, ...]  # for each flat argument

    def point(self, gaps: Point) -> tuple[Array, ...]:
        """The point with these gaps."""
        return tuple(x if c is None else c.exact_from_gaps(x) for c, x in zip(self.cones, gaps, strict=True))

    def contains(self, point: Point) -> bool:
        """Whether an exact point lies in all the cones (what is no cone is a box, and looked at elsewhere)."""
        return all(c is None or c.contains(x) for c, x in zip(self.cones, point, strict=True))


@dataclass(frozen=True, eq=False)
class Asked:
    """A traced question: the first `decision` flat arguments vary, the others are quantified.

    Where the domain has ordered cones, `program` is a function of their gaps, and `original` the function itself.
    `names` are what witnesses call the flat arguments.
    """

    name: str
    program: Program
    decision: int
    domain: str
    domains: tuple[Any, ...]  # one pytree for each argument of the function
    original: Original | None = None
    names: tuple[str, ...] = ()

    @property
    def entries(self) -> int:
        """Number of output entries, over all outputs in C order."""
        return sum(int(np.prod(shape)) for shape in self.program.out_shapes)

    def where(self, entry: int) -> str:
        """The output entry in words; empty when there is only one."""
        if self.entries == 1:
            return ""
        for number, shape in enumerate(self.program.out_shapes):
            size = int(np.prod(shape))
            if entry < size:
                place = ", ".join(str(int(k)) for k in np.unravel_index(entry, shape))
                output = f"output {number}, " if len(self.program.out_shapes) > 1 else ""
                return f" in {output}entry [{place}]"
            entry -= size
        raise IndexError(entry)

    def as_asked(self, *points: Point) -> tuple[Any, ...]:
        """The question itself and the points in its own coordinates: where there are cones, not their gaps."""
        if self.original is None:
            return (self, *points)
        moved = [self.original.point(p) for p in points]
        if not all(map(self.original.contains, moved)):
            raise AssertionError("gaps below 0: not a point of the ordered cone")
        return (replace(self, program=self.original.program, original=None), *moved)

    def show(self, point: Point) -> str:
        """A point in words; of a long one (sooner if it has names) that is 0 nearly everywhere, the other entries."""
        if not self._is_sparse(point):
            return show_point(point, self.names)
        shown = [self._show_entry(*entry) for entry in _entries(point, _nonzero(point))]
        return f"({_cut_off(shown)}, the rest 0)" if shown else "0"

    def show_together(self, points: Sequence[Point]) -> tuple[str, list[str]]:
        """Points in words, and before them what all have in common, where they are 0 nearly everywhere."""
        if not all(map(self._is_sparse, points)):
            return "", list(map(self.show, points))
        somewhere = np.logical_or.reduce([_nonzero(point) for point in points])
        columns = list(zip(*(_entries(point, somewhere) for point in points), strict=True))
        fixed = [column[0] for column in columns if len({entry[2] for entry in column}) == 1]
        moving = [column for column in columns if len({entry[2] for entry in column}) > 1]
        common = [self._show_entry(*entry) for entry in fixed if entry[2] != 0]
        parts = [f"({_cut_off([self._show_entry(*column[k]) for column in moving])})" for k in range(len(points))]
        where = f"{_cut_off(common)} and all else is 0" if common else "all else is 0"
        return f"where {where}, ", parts

    def _is_sparse(self, point: Point) -> bool:
        long, share = (LONG_NAMED, 2) if any(self.names) else (LONG, 4)
        size = sum(array.size for array in point)
        return size > long and int(_nonzero(point).sum()) <= size / share

    def _show_entry(self, number: int, place: tuple[int, ...], x: fmpq) -> str:
        return f"{self.label(number)}{list(place) if place else ''} = {show_number(x)}"

    def label(self, number: int) -> str:
        """The name of a flat argument, or x and q: x0, x1 ... where there are several."""
        if number < len(self.names) and self.names[number]:
            return self.names[number]
        varies = number < self.decision
        alike = self.decision if varies else len(self.program.arguments) - self.decision
        return ("x" if varies else "q") + (str(number if varies else number - self.decision) if alike > 1 else "")

    def seed(self) -> int:
        """A key for the search that depends on the run, the claim, the program and the domain, and on nothing else."""
        text = repr((run_seed(), running_claim(), self.name, self.program.key, self.program.arguments, self.decision))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def _nonzero(point: Point) -> Array:
    """Which of all the entries of an exact point are not 0."""
    return np.concatenate([array.reshape(-1).astype(bool) for array in point])


def _entries(point: Point, chosen: Array) -> list[tuple[int, tuple[int, ...], fmpq]]:
    """The chosen ones of all the entries of a point, each with the number of its array and its place there."""
    found: list[tuple[int, tuple[int, ...], fmpq]] = []
    start = 0
    for number, array in enumerate(point):
        for i in np.flatnonzero(chosen[start : start + array.size]).tolist():
            place = tuple(int(k) for k in np.unravel_index(i, array.shape))
            found.append((number, place, array[place]))
        start += array.size
    return found


def _cut_off(parts: list[str]) -> str:
    """The parts separated by commas, not too many of them."""
    more = len(parts) - MOST_SHOWN
    return ", ".join(parts if more <= 0 else [*parts[:MOST_SHOWN], f"... {more} more"])


def traced(name: str, f: Function, on: Any, for_all: Any = None) -> Asked:
    """Trace ``f(x)`` or ``f(x, q)`` for x in `on` and q in `for_all`.

    Raises:
        DomainError, NotAFunctionError, UnsupportedError: see `netprops.readings.jaxpr.trace`.
    """
    _callable(name, f)
    first = len(leaves(on))
    if for_all is None:
        return Asked(name, trace(f, on), first, describe(on), (on,), names=_names(on))
    shown = f"{describe(on)}, for every value in {describe(for_all)}"
    return Asked(name, trace(f, on, for_all), first, shown, (on, for_all), names=(*_names(on), *_names(for_all)))


def _names(domain: Any) -> tuple[str, ...]:
    """What the leaves of a pytree are called; nothing where that would be a number."""
    with_paths, _ = jax.tree_util.tree_flatten_with_path(domain)
    names = [jax.tree_util.keystr(path, simple=True, separator=".") for path, _ in with_paths]
    return tuple(name if any(map(str.isalpha, name)) else "" for name in names)


def traced_on_cones(name: str, f: Function, on: Any, for_all: Any = None) -> Asked:
    """As `traced`, with ordered cones allowed as leaves of both domains.

    For questions whose answer no linear bijection changes: shape, sign and identity, but not the order of coordinates.
    """
    _callable(name, f)
    domains = [on] if for_all is None else [on, for_all]
    if not any(map(has_cone, domains)):
        return traced(name, f, on, for_all)
    straight = traced(name, of_gaps(f, domains), *map(gaps_of, domains))
    shown = describe(on) if for_all is None else f"{describe(on)}, for every value in {describe(for_all)}"
    return replace(straight, domain=shown, original=_original(f, domains), domains=tuple(domains))


def traced_together(name: str, f: Function, on: Any) -> Asked:
    """Trace f on `on`, a tuple standing for several arguments, cones among them; nothing is quantified apart."""
    _callable(name, f)
    domains = on if isinstance(on, tuple) and not isinstance(on, Box) else (on,)
    shown = " and ".join(map(describe, domains))
    if not any(map(has_cone, domains)):
        program = trace(f, *domains)
        names = tuple(itertools.chain.from_iterable(map(_names, domains)))
        return Asked(name, program, len(program.arguments), shown, domains, names=names)
    program = trace(of_gaps(f, domains), *map(gaps_of, domains))
    return Asked(name, program, len(program.arguments), shown, domains, _original(f, domains))


def _original(f: Function, domains: Sequence[Any]) -> Original:
    flat = [leaf for on in domains for leaf in jax.tree.leaves(on)]
    cones = tuple(leaf if isinstance(leaf, OrderedCone) else None for leaf in flat)
    return Original(trace(f, *map(whole_of, domains)), cones)


def _callable(name: str, f: Any) -> None:
    if not callable(f):
        raise NotAFunctionError(f"{name} asks about a function, got {type(f).__name__} {f!r}")


def scalar(asked: Asked) -> None:
    """Raise unless the function has one scalar output."""
    if asked.program.out_shapes != ((),):
        shapes = ", ".join(map(str, asked.program.out_shapes))
        raise NotAFunctionError(
            f"{asked.name} is about a scalar function; this one returns shape {shapes}. Reduce it, or index an entry."
        )


# ------------------------------------------------------------------ remembering

_answers: dict[tuple[Any, ...], Verdict] = {}
MOST_ANSWERS = 4096


def remembered(asked: Asked, answer: Callable[[], Verdict], *extra: Any, others: Sequence[Asked] = ()) -> Verdict:
    """The answer to an equal question asked before under the same claim, or a new one, with its certificate.

    The claim and the run's seed belong to the key because they belong to the search's: so an answer does not depend on
    which questions this process happened to answer before.
    """
    key = (
        run_seed(), running_claim(), asked.name, asked.program.key, asked.program.arguments, asked.decision,
        asked.original is None, asked.names, *extra,
    )  # fmt: skip
    if key not in _answers:
        undecided_before = reject_new_questions_when_undecided()
        if len(_answers) >= MOST_ANSWERS and not undecided_before:
            _answers.clear()
        with noting_replays() as tried:
            found = answer()
        _answers[key] = replace(found, replays=tuple(tried)) if tried else found
    return certified(asked, _answers[key], others)


def certified(asked: Asked, verdict: Verdict, others: Sequence[Asked] = ()) -> Verdict:
    """The verdict with its certificate, made when somebody asks for it; `others` are further functions it is about."""
    basis = verdict.basis if isinstance(verdict.basis, Proof) else verdict.witness
    if verdict.kind not in ("proved", "certified") or basis is None or verdict.question not in QUESTIONS:
        return verdict
    programs = [a.program for a in (asked, *others)]
    make = functools.partial(
        certificate, verdict.question, verdict.answer, verdict.kind, asked.domains, asked.decision, programs, basis
    )
    return replace(verdict, certify=make)


# ------------------------------------------------------------------ symbolic proofs


@dataclass(frozen=True, eq=False)
class Reading:
    """One symbolic reading: the calculus of the decision variables, and the expressions of all entries."""

    symbols: Symbols
    calculus: Calculus
    expressions: tuple[Expression, ...]


def readings(
    asked: Asked, notes: list[str], levels: Sequence[int] = LEVELS, *, thorough: bool = True
) -> Iterator[Reading]:
    """The symbolic readings that can be made, products kept first, multiplied out last; failures go to `notes`.

    A level at which neither the last reading nor what was asked about it would come out otherwise is left out.
    """
    last: Reading | None = None
    for level in levels:
        if last is not None and level not in last.symbols.table.differing:
            continue
        last = reading_at(asked, level, notes, thorough=thorough)
        if last is None:
            continue
        missing = sorted({str(c) for e in last.expressions for c in e.needs})
        if missing:
            notes.append(f"it may be undefined: not shown that {'; '.join(missing[:3])}")
            continue
        yield last


def reading_at(asked: Asked, level: int, notes: list[str], *, thorough: bool = True) -> Reading | None:
    """One symbolic reading, or None with the reason in `notes`."""
    try:
        symbols = read(asked.program, level=level)
    except (UnsupportedError, TooLargeError) as error:
        notes.append(str(error))
        return None
    except RecursionError:
        notes.append("the function is nested too deeply for the symbolic reading")
        return None
    expressions = tuple(e for output in symbols.outputs for e in output.reshape(-1))
    return Reading(symbols, Calculus(symbols.table, symbols.mask(range(asked.decision)), thorough), expressions)


def proof_of_all(
    expressions: Sequence[Expression], prove: Callable[[Expression], Proof | None]
) -> tuple[Proof, ...] | None:
    """A proof for every entry, or None."""
    proofs: list[Proof] = []
    for e in expressions:
        try:
            proof = prove(e)
        except RecursionError:  # nested too deeply: no proof
            return None
        if proof is None:
            return None
        proofs.append(proof)
    return tuple(proofs)


@collection_paused()
def proved(
    asked: Asked,
    aim: str,
    prove: Callable[[Calculus, Expression], Proof | None],
    notes: list[str],
    levels: Sequence[int] = LEVELS,
    *,
    thorough: bool = True,
    settled: bool = False,
) -> Proof | None:
    """A proof about every entry of one normal form of the program, which the checker's rules accept.

    Args:
        aim: what is shown, by the name of the question to which it is the answer yes.
        settled: whether the program's settled values were made data.
    """
    for reading in readings(asked, notes, levels, thorough=thorough):
        proofs = proof_of_all(reading.expressions, functools.partial(prove, reading.calculus))
        if proofs is None:
            continue
        goals = [PROVED[aim](e, reading.calculus.mask) for e in reading.expressions]
        if accepted(list(zip(goals, proofs, strict=True)), notes):
            return step("normal form", "", *proofs, level=reading.symbols.table.level, settled=settled)
    return None


def accepted(goals: Sequence[tuple[Goal, Proof]], notes: list[str]) -> bool:
    """Whether the checker's rules, written apart from the prover, accept the proofs; if not, `notes` says why."""
    refusal = why_refused(goals)
    if refusal is not None:
        notes.append(f"a proof was found that the checker refuses at {refusal}")
    return refusal is None


def by_proof(asked: Asked, proof: Proof, evaluations: int = 0) -> Verdict:
    """The verdict yes, proved."""
    return replace(yes(asked.name, "proved", "; ".join(lines([proof])), evaluations=evaluations), basis=proof)


# ------------------------------------------------------------------ exact points


def exact_point(values: Sequence[Any]) -> Point:
    """Float arrays as arrays of the exact numbers that they are."""
    return [exact_array(v) for v in values]


def exact_array(value: Any) -> Array:
    """An array (or nested list) of ints, Fractions or doubles as an object array of exact numbers."""
    if isinstance(value, jax.Array):
        value = np.asarray(value)
    try:
        array = np.asarray(value, dtype=object)
    except ValueError as error:
        raise DomainError(f"expected an array, got rows of several lengths: {error}") from None
    out = np.empty(array.shape, dtype=object)
    flat = out.reshape(-1)
    for i, x in enumerate(array.reshape(-1)):
        flat[i] = exact(x)
    return out


def point_in(value: Any, on: Any, what: str) -> Point:
    """A pytree of arrays as an exact point of the domain `on`.

    Raises:
        DomainError: another pytree, another shape, or outside the domain.
    """
    structure = jax.tree.structure(on)
    try:
        parts = structure.flatten_up_to(value)
    except (ValueError, TypeError, KeyError) as error:
        raise DomainError(f"{what} does not fit the domain {describe(on)}: {error}") from None
    point = []
    for part, leaf in zip(parts, leaves(on), strict=True):
        array = exact_array(part)
        if array.shape != leaf.shape:
            raise DomainError(f"{what} has shape {array.shape}, its domain {leaf} has shape {leaf.shape}")
        if not leaf.contains(array):
            raise DomainError(f"{what} lies outside the domain {leaf}")
        point.append(array)
    return point


def domain_around(value: Any) -> Any:
    """The domain of all reals with the shapes of a pytree of arrays (nested lists and tuples of numbers are arrays)."""
    return jax.tree.map(lambda v: reals(exact_array(v).shape), value, is_leaf=is_array_like)


def is_array_like(value: Any) -> bool:
    """Whether a value is one array: a number, a NumPy or JAX array, or a nested list of numbers."""
    if isinstance(value, list):
        return bool(value) and all(is_array_like(v) and not isinstance(v, np.ndarray | jax.Array) for v in value)
    return isinstance(value, int | float | fmpq | np.ndarray | np.generic | jax.Array) or hasattr(value, "numerator")


def contains(program: Program, point: Point) -> bool:
    """Whether an exact point lies in the program's domain."""
    return all(leaf.contains(array) for leaf, array in zip(program.arguments, point, strict=True))


def complain_at(asked: Asked, point: Point) -> None:
    """Raise if the function is certified to be no real number at a point that was given."""
    if is_real_at(asked.program, point) == "undefined":
        raise DomainError(f"{asked.name}: the function is not a real number at {show_point(point)}")


def complain_if_undefined(asked: Asked, nonfinite: Sequence[Any] | None) -> None:
    """Raise if the function is certified to be no real number at a point that floats found infinite or NaN."""
    if nonfinite is None:
        return
    point = exact_point(nonfinite)
    if contains(asked.program, point) and is_real_at(asked.program, point) == "undefined":
        _, shown = asked.as_asked(point)
        raise DomainError(
            f"{asked.name}: the function is not a real number at {show_point(shown)}, which lies in the domain "
            f"{asked.domain}. State a domain on which it is defined."
        )


# ------------------------------------------------------------------ showing


def show_number(x: fmpq) -> str:
    """A rational as an integer, a short fraction or decimal, or as the double nearest to it."""
    if x.q == 1 and abs(x.p) < 10**7:
        return str(x.p)
    if x.q <= 64 and abs(x.p) < 10**6:
        return f"{x.p}/{x.q}"
    return repr(nearest_double(x))


def show_array(array: Array) -> str:
    """An object array of exact numbers in nested brackets."""
    if array.shape == ():
        return show_number(array.item())
    parts = [show_array(np.asarray(row, dtype=object)) for row in array]
    if len(parts) > 12:
        parts = [*parts[:10], f"... {len(parts) - 10} more"]
    return "[" + ", ".join(parts) + "]"


def show_point(point: Point, names: Sequence[str] = ()) -> str:
    """A point, its flat arguments separated by commas, with their names if they have some."""
    parts = [show_array(array) for array in point]
    if any(names):
        parts = [f"{name} = {part}" if name else part for name, part in zip(names, parts, strict=True)]
    return parts[0] if len(parts) == 1 else "(" + ", ".join(parts) + ")"


def record_point(point: Point) -> list[list[str]]:
    """A point for a JSON record: exact fractions as text, an inner list per flat argument."""
    return [[str(x) for x in array.reshape(-1)] for array in point]
