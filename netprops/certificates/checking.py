"""`recheck`: is what a certificate says of a function true?  Nothing is searched and no proof is looked for.

A proof is gone through step by step, from the question down: the function is traced anew and read into its normal form,
and each rule (`rules`) says what its premises have to show.  A witness is evaluated anew in balls at its exact points.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
from flint import arb, fmpq

from netprops.certificates import records
from netprops.certificates.goals import Goal, convex
from netprops.certificates.rules import RULES
from netprops.certificates.views import RefusedError, View, demand, integer
from netprops.domains import Box, DomainError, Interval, OrderedCone, exact
from netprops.readings.cones import gaps_of, has_cone, of_gaps, whole_of
from netprops.readings.definite import is_definite
from netprops.readings.expressions import MalformedError, number
from netprops.readings.intermediate import ranges_of_values, with_settled_values
from netprops.readings.jaxpr import NotAFunctionError, Program, UnsupportedError, cuts, trace
from netprops.readings.krawczyk import halves
from netprops.readings.polynomials import Expression, Table, TooLargeError
from netprops.readings.subdivision import bounded_domain
from netprops.readings.substitution import over
from netprops.readings.symbols import Symbols, read
from netprops.readings.vanishing import vanishes
from netprops.readings.witnesses import (
    Certificate,
    certain_sign,
    curvature_along,
    difference,
    jensen_gap,
    order,
    sign_of,
)

Point = list[np.ndarray[Any, Any]]
Step = Mapping[str, Any]
MALFORMED = (MalformedError, DomainError, TypeError, ValueError, KeyError, IndexError, AttributeError)


@dataclass(frozen=True)
class Recheck:
    """What came of checking a certificate; true where it was accepted.

    Attributes:
        accepted: whether every step holds.
        step: the step that failed, or the number of steps gone through.
        because: why it failed; empty where it was accepted.
    """

    accepted: bool
    step: str
    because: str

    def __bool__(self) -> bool:
        return self.accepted

    def __str__(self) -> str:
        return f"accepted: {self.step}" if self.accepted else f"refused at {self.step}: {self.because}"


class _FailedError(Exception):
    """A step that failed: its name, and why."""

    def __init__(self, step: str, why: object) -> None:
        super().__init__(f"{step}: {why}")
        self.step, self.why = step, str(why)


def recheck(
    certificate: Mapping[str, Any], *functions: Callable[..., Any], domains: Sequence[Any] | None = None
) -> Recheck:
    """Check a certificate against the function (for `are_equal` the two functions) that it is about.

    Args:
        certificate: as `Verdict.certificate` or `Curvature.certificate` gave it, also after a round trip through JSON.
        domains: where arguments are pytrees of types of their own (modules): the domains that the question was asked
            on, one for each argument; they are compared with the recorded ones.

    Returns:
        Whether it was accepted; else the step that failed, and why.  A certificate that is no such object, or about
        another function, is refused like any other.
    """
    parts = certificate.get("parts") if isinstance(certificate, Mapping) else None
    if isinstance(parts, list) and certificate.get("question") == "curvature":
        return _recheck_curvature(certificate, parts, functions, domains)
    try:
        return Recheck(True, f"{_checked(certificate, functions, domains)} steps", "")
    except _FailedError as error:
        return Recheck(False, error.step, error.why)


def _recheck_curvature(
    certificate: Mapping[str, Any], parts: list[Any], functions: Sequence[Any], domains: Sequence[Any] | None
) -> Recheck:
    answers = {"affine": ("yes", "yes"), "convex": ("yes", "no"), "concave": ("no", "yes"), "neither": ("no", "no")}
    expected = answers.get(certificate.get("name", ""))
    asked = [(p.get("question"), p.get("answer")) for p in parts if isinstance(p, Mapping)]
    if expected is None or asked != list(zip(("is_convex", "is_concave"), expected, strict=True)):
        return Recheck(False, "name", f"{certificate.get('name')!r} does not follow from {asked}")
    for part in parts:
        found = recheck(part, *functions, domains=domains)
        if not found:
            return replace(found, step=f"{part['question']}, {found.step}")
    return Recheck(True, "both parts", "")


def _step(name: str, check: Callable[[], Any]) -> Any:
    """What the check returns; its failure as the failure of the step."""
    try:
        return check()
    except _FailedError:
        raise
    except (RefusedError, NotAFunctionError, UnsupportedError, TooLargeError) as error:
        raise _FailedError(name, error) from error
    except MALFORMED as error:
        raise _FailedError(name, f"malformed: {type(error).__name__}: {error}") from error
    except RecursionError as error:
        raise _FailedError(name, "nested too deeply") from error


def _checked(certificate: Mapping[str, Any], functions: Sequence[Any], domains: Sequence[Any] | None) -> int:
    _step("format", lambda: _demand_format(certificate))
    statement = _step("function", lambda: _statement(certificate, functions, domains))
    if "steps" in certificate:
        return _Derivation(certificate["steps"]).check(statement)
    return _checked_witness(statement, certificate.get("witness"))


def _demand_format(certificate: Mapping[str, Any]) -> None:
    demand(isinstance(certificate, Mapping) and certificate.get("format") == records.FORMAT, "no netprops certificate")
    demand(certificate.get("schema") == records.SCHEMA, "schema {!r} is unknown", certificate.get("schema"))
    demand(certificate.get("checksum") == records.checksum(certificate), "the checksum is not that of the contents")
    evidence = {"steps": "proved", "witness": "certified"}
    kinds = [kind for part, kind in evidence.items() if part in certificate]
    demand(kinds == [certificate.get("evidence")], "the evidence {!r} is not given", certificate.get("evidence"))


# ------------------------------------------------------------------ the statement


@dataclass(frozen=True)
class Statement:
    """What a certificate says: the answer to a question about traced functions."""

    question: str
    answer: str
    programs: tuple[Program, ...]  # of the gaps, where there are cones
    wholes: tuple[Program, ...]  # in the functions' own coordinates
    cones: tuple[OrderedCone | None, ...]  # for each flat argument
    decision: int

    @property
    def program(self) -> Program:
        return self.programs[0]


def _statement(certificate: Mapping[str, Any], functions: Sequence[Any], domains: Sequence[Any] | None) -> Statement:
    question, answer = certificate["question"], certificate["answer"]
    demand(question in QUESTIONS, "no certificates of {!r} are known", question)
    demand(answer in ("yes", "no"), "an answer is yes or no, got {!r}", answer)
    wanted = 2 if question == "are_equal" else 1
    demand(len(functions) == wanted, "it is about {} functions, got {}", wanted, len(functions))
    given = [records.domain_from_json(on) for on in certificate["domains"]] if domains is None else list(domains)
    _demand_domains(certificate["domains"], given)
    if any(map(has_cone, given)):
        programs = tuple(trace(of_gaps(f, given), *map(gaps_of, given)) for f in functions)
        wholes = tuple(trace(f, *map(whole_of, given)) for f in functions)
    else:
        programs = wholes = tuple(trace(f, *given) for f in functions)
    digests = [records.digest(program) for program in programs]
    by = f"traced by jax {jax.__version__}, recorded by jax {certificate.get('jax')}"
    demand(digests == certificate["programs"], "the function is not the one that was certified ({})", by)
    flat = [leaf for on in given for leaf in jax.tree.leaves(on)]
    cones = tuple(leaf if isinstance(leaf, OrderedCone) else None for leaf in flat)
    decision = integer(certificate["decision"], len(flat) + 1)
    demand(decision > 0, "nothing varies")
    return Statement(question, answer, programs, wholes, cones, decision)


def _demand_domains(recorded: Sequence[Any], given: Sequence[Any]) -> None:
    """That the domains are the recorded ones, leaf by leaf."""

    def leaves(value: Any) -> list[Any]:
        if "box" in value or "ordered cone" in value:
            return [value]
        ((_, inner),) = value.items()
        parts = [inner[k] for k in sorted(inner)] if isinstance(inner, dict) else inner
        return [leaf for part in parts for leaf in leaves(part)]

    same = [leaves(records.domain_to_json(on)) for on in given] == [leaves(on) for on in recorded]
    demand(same, "the domains are not the recorded ones")


# ------------------------------------------------------------------ proofs

# What has to be shown of an output entry e.
Aim = Callable[[Expression, int], Goal]
PROVED: dict[str, Aim] = {
    "is_convex": lambda e, mask: convex(View(e.table, mask), e),
    "is_concave": lambda e, mask: convex(View(e.table, mask), e, -1),
    "is_affine": lambda e, mask: Goal("affine", e, mask),
    "is_constant": lambda e, mask: Goal("constant", e, mask),
    "is_strictly_convex": lambda e, mask: Goal("strictly convex", e, mask),
    "is_quasiconvex": lambda e, mask: Goal("quasi-convex", e, mask),
    "is_quasiconcave": lambda e, mask: Goal("quasi-convex", e.table.scale(e, -1), mask),
    "is_nondecreasing": lambda e, mask: Goal("nondecreasing", e, mask),
    "is_nonincreasing": lambda e, mask: Goal("nondecreasing", e.table.scale(e, -1), mask),
    "is_positive": lambda e, mask: Goal("positive", e, mask),
}
BENT = {"is_convex": 1, "is_concave": -1, "is_strictly_convex": 1}
ON_BOXES = ("is_nondecreasing", "is_nonincreasing")


class _Derivation:
    """The steps of a proof, each held against the goals that it has to show."""

    def __init__(self, steps: Any) -> None:
        _step("steps", lambda: demand(isinstance(steps, list) and len(steps) > 0, "no steps"))
        self.steps: list[Step] = steps
        self.shown: set[tuple[int, str, Expression, int, int, fmpq]] = set()

    def check(self, statement: Statement) -> int:
        """The number of steps, each shown; raises `_FailedError` at the first that is not."""
        name = f"step {len(self.steps) - 1} ({self.rule(len(self.steps) - 1)})"
        _step(name, lambda: self._statement(statement, len(self.steps) - 1))
        return len(self.steps)

    def rule(self, place: int) -> str:
        step = self.steps[place]
        return str(step.get("rule")) if isinstance(step, Mapping) else "no step"

    def premises(self, place: int, count: int) -> list[int]:
        """The numbers of the step's premises, all of them earlier steps."""
        premises = self.steps[place]["premises"]
        demand(len(premises) == count, "the rule has {} premises, the step {}", count, len(premises))
        return [integer(p, place) for p in premises]

    def parameters(self, place: int) -> Mapping[str, Any]:
        found = self.steps[place].get("parameters", {})
        demand(isinstance(found, Mapping), "no parameters: {!r}", found)
        return dict(found)

    # -------------------------------------------------------------- steps about programs

    def _statement(self, statement: Statement, place: int) -> None:
        demand(statement.answer == "yes", "a proof shows a yes")
        if statement.question == "are_equal":
            demand(self.rule(place) == "one normal form", "the rule does not show that functions are equal")
            self._equal(statement, place)
            return
        ruled = {"normal form": self._normal_form, "cut": self._cut, "definite Hessian": self._definite}
        demand(self.rule(place) in ruled, "no rule about programs: {!r}", self.rule(place))
        ruled[self.rule(place)](statement, place)

    def _normal_form(self, statement: Statement, place: int) -> None:
        """What holds of the normal form holds of the program; and what holds for all data, for those that settle."""
        level, settled = integer(self.parameters(place)["level"], 3), self.parameters(place).get("settled")
        program: Program | None = statement.program
        if settled:
            program = with_settled_values(statement.program, statement.decision)
        demand(program is not None, "no values are settled by the quantified arguments")
        assert program is not None
        symbols = read(program, level=level)
        mask, aim = symbols.mask(range(statement.decision)), PROVED[statement.question]
        entries = _entries(symbols)
        for e, premise in zip(entries, self.premises(place, len(entries)), strict=True):
            self._shows(aim(e, mask), premise)

    def _cut(self, statement: Statement, place: int) -> None:
        """h(g(x)) is convex for convex h that moves the fitting way in each g_i that is not affine."""
        demand(statement.question in BENT and statement.question != "is_strictly_convex", "a cut shows convexity only")
        parameters = self.parameters(place)
        found = cuts(statement.program, statement.decision)
        cut = found[integer(parameters["cut"], len(found))]
        symbols = read(cut.inner, level=integer(parameters["level"], 3))
        entries, mask, bends = _entries(symbols), symbols.mask(range(statement.decision)), parameters["bends"]
        *inner, outer = self.premises(place, len(entries) + 1)
        for e, bend, premise in zip(entries, bends, inner, strict=True):
            demand(bend in (-1, 0, 1), "a bend is -1, 0 or 1")
            self._shows(convex(View(e.table, mask), e, bend) if bend else Goal("affine", e, mask), premise)
        rest = cut.outer(list(ranges_of_values(symbols, cut.inner)))
        self._moving(rest, len(cut.inner.out_shapes), bends, BENT[statement.question], outer)

    def _moving(self, program: Program, decision: int, bends: list[int], side: int, place: int) -> None:
        demand(self.rule(place) == "normal form", "a normal form of the rest is missing")
        symbols = read(program, level=integer(self.parameters(place)["level"], 3))
        entries = _entries(symbols)
        for e, premise in zip(entries, self.premises(place, len(entries)), strict=True):
            signed = e.table.scale(e, side)
            demand(self.rule(premise) == "bent and moving", "convexity and monotony of the rest are missing")
            goals = [convex(View(e.table, symbols.mask(range(decision))), signed)]
            goals += [Goal("rising", e.table.scale(signed, bend), 1 << bit) for bit, bend in enumerate(bends) if bend]
            for goal, inner in zip(goals, self.premises(premise, len(goals)), strict=True):
                self._shows(goal, inner)

    def _definite(self, statement: Statement, place: int) -> None:
        """A Hessian that is definite near every point of a convex set makes the function strictly convex there."""
        demand(statement.question in BENT, "a definite Hessian shows convexity only")
        program, side = statement.program, BENT[statement.question]
        domain = bounded_domain(program)
        demand(domain is not None, "the domain is unbounded")
        assert domain is not None
        entries = sum(int(np.prod(shape)) for shape in program.out_shapes)
        found = self.parameters(place)["boxes"]
        demand(len(found) == entries, "boxes for each entry")
        varying = sum(leaf.size for leaf in program.arguments[: statement.decision])
        for entry, listed in enumerate(found):
            boxes = [[(number(a), number(b)) for a, b in box] for box in listed]
            _demand_cover(domain, boxes)
            for box in boxes:
                demand(is_definite(program, box, varying, side, entry), "the Hessian is not definite on {}", box)
        self.premises(place, 0)

    def _equal(self, statement: Statement, place: int) -> None:
        """Functions with one normal form are equal."""
        f, g = statement.programs
        demand(f.out_shapes == g.out_shapes, "the functions have outputs of other shapes")
        level = integer(self.parameters(place)["level"], 3)
        first = read(f, table=Table(level=level, homogeneous=True))
        second = read(g, level=level, shared=first)
        for x, y in zip(_entries(first, real=False), _entries(second, real=False), strict=True):
            gap = first.table.subtract(x, y)
            demand(not gap.needs, "it may be no real place: {}", gap)
            demand(vanishes(gap, []), "the difference is {}", gap)
        self.premises(place, 0)

    # -------------------------------------------------------------- steps about expressions

    def _shows(self, goal: Goal, place: int) -> None:
        """Go through all steps from this one down."""
        stack = [(goal, place)]
        while stack:
            goal, place = stack.pop()
            key = (place, goal.kind, goal.expression, id(goal.expression.table), goal.mask, goal.power)
            if key not in self.shown:
                name = f"step {place} ({self.rule(place)})"
                stack += _step(name, lambda goal=goal, place=place: self._expanded(goal, place))  # type: ignore[misc]  # mypy cannot infer a lambda with defaults
                self.shown.add(key)

    def _expanded(self, goal: Goal, place: int) -> list[tuple[Goal, int]]:
        name = self.rule(place)
        demand(name in RULES, "no rule {!r}", name)
        entry = RULES[name]
        demand(goal.kind in entry.kinds, "the rule does not show {}", goal)
        goals = entry.check(goal, self.parameters(place))
        return list(zip(goals, self.premises(place, len(goals)), strict=True))


def _entries(symbols: Symbols, *, real: bool = True) -> list[Expression]:
    found = [e for output in symbols.outputs for e in output.reshape(-1)]
    for e in found if real else ():
        demand(not e.needs, "it may be no real number: not shown that {}", "; ".join(map(str, e.needs)))
    return found


def _demand_cover(domain: list[tuple[fmpq, fmpq]], boxes: list[list[tuple[fmpq, fmpq]]]) -> None:
    """That the boxes are the leaves of a tree of halvings of the domain."""
    left, stack = [tuple(box) for box in boxes], [domain]
    while stack:
        box = stack.pop()
        if tuple(box) in left:
            left.remove(tuple(box))
            continue
        demand(len(left) > 0 and len(stack) <= len(left), "the boxes do not cover the domain")
        stack += halves(box)


# ------------------------------------------------------------------ witnesses


def _checked_witness(statement: Statement, witness: Any) -> int:
    """The number of steps gone through."""
    _step("witness", lambda: demand(isinstance(witness, Mapping), "no witness"))
    kind = witness.get("kind", AT_POINTS.get(statement.question))
    _step("kind", lambda: demand(kind in WITNESSES, "no witnesses of the kind {!r} are known", kind))
    points = _step("points", lambda: _points(statement, witness))
    _step("domain", lambda: _demand_inside(statement, points))
    computed = _step("sign", lambda: WITNESSES[kind](statement, witness, points))
    if computed is not None:
        _step("enclosures", lambda: _demand_enclosures(witness, computed))
    return 5


def _points(statement: Statement, witness: Mapping[str, Any]) -> dict[str, Point]:
    return {name: _shaped(statement, coordinates) for name, coordinates in witness["points"].items()}


def _shaped(statement: Statement, coordinates: Sequence[str]) -> Point:
    flat = list(map(_coordinate, coordinates))
    demand(len(flat) == sum(leaf.size for leaf in statement.program.arguments), "a point has other coordinates")
    point, start = [], 0
    for leaf in statement.program.arguments:
        array = np.empty(leaf.size, dtype=object)
        array[:] = flat[start : start + leaf.size]
        point.append(array.reshape(leaf.shape))
        start += leaf.size
    return point


def _coordinate(text: str) -> fmpq:
    return exact(float.fromhex(text)) if "0x" in text else number(text)


def _demand_inside(statement: Statement, points: Mapping[str, Point]) -> None:
    for name, point in points.items():
        if name == "v":  # a direction
            continue
        for leaf, cone, array in zip(statement.wholes[0].arguments, statement.cones, point, strict=True):
            inside: Box | OrderedCone = leaf if cone is None else cone
            demand(inside.contains(array), "{} lies outside the domain", name)


def _demand_enclosures(witness: Mapping[str, Any], computed: Certificate) -> None:
    """That each recorded enclosure meets the one computed anew, and the sign follows from the last of them."""
    recorded = witness["enclosures"]
    demand(list(recorded) == list(computed.enclosures), "other quantities than {}", list(computed.enclosures))
    for name, text in recorded.items():
        demand(arb(text).overlaps(arb(computed.enclosures[name])), "{} is {}", name, computed.enclosures[name])
    demand(witness["sign"] == computed.sign, "the sign is {}", computed.sign)
    goal = certain_sign(arb(list(recorded.values())[-1]))
    demand(goal == computed.sign, "the recorded enclosure {} does not show the sign", list(recorded.values())[-1])


def _entry(statement: Statement, witness: Mapping[str, Any]) -> int:
    return integer(witness["entry"], sum(int(np.prod(shape)) for shape in statement.program.out_shapes))


def _decided(certificate: Certificate | None) -> Certificate:
    demand(certificate is not None, "balls do not decide the sign")
    assert certificate is not None
    return certificate


def _demand_quantified(statement: Statement, a: Point, b: Point) -> None:
    same = all((x == y).all() for x, y in zip(a[statement.decision :], b[statement.decision :], strict=True))
    demand(same, "what is quantified differs from one end to the other")


def _chord(statement: Statement, witness: Mapping[str, Any], points: Mapping[str, Point]) -> Certificate:
    a, b = points["a"], points["b"]
    signs = {"is_convex": (1,), "is_concave": (-1,), "is_affine": (1, -1), "is_strictly_convex": (0, 1)}
    demand(statement.answer == "no" and statement.question in signs, "a chord shows nothing of the kind")
    _demand_quantified(statement, a, b)
    weight = number(witness["weight"])
    demand(0 < weight < 1, "the weight {} is not between 0 and 1", weight)
    demand(any((x != y).any() for x, y in zip(a, b, strict=True)), "the ends are one point")
    certificate = _decided(jensen_gap(statement.wholes[0], _entry(statement, witness), a, b, weight))
    demand(certificate.sign in signs[statement.question], "the chord lies on the other side")
    _demand_same_points(certificate, points)
    return certificate


def _demand_same_points(certificate: Certificate, points: Mapping[str, Point]) -> None:
    for name, coordinates in certificate.points.items():
        flat = [x for array in points[name] for x in array.reshape(-1)]
        demand(list(map(_coordinate, coordinates)) == flat, "the point {} is another", name)


def _inner_point(statement: Statement, witness: Mapping[str, Any], points: Mapping[str, Point]) -> Certificate:
    """The middle against one end, as recorded, and against the other."""
    side = {"is_quasiconvex": 1, "is_quasiconcave": -1}.get(statement.question)
    demand(statement.answer == "no" and side is not None, "an inner point shows nothing of the kind")
    weight, entry = number(witness["weight"]), _entry(statement, witness)
    demand(0 < weight < 1, "the weight {} is not between 0 and 1", weight)
    middle, a, b = points["a"], points["start"], points["end"]
    _demand_quantified(statement, a, b)
    exactly = [(1 - weight) * x + weight * y for x, y in zip(a, b, strict=True)]
    demand(all((x == y).all() for x, y in zip(middle, exactly, strict=True)), "the inner point is not between the ends")
    first, second = (_decided(order(statement.wholes[0], entry, middle, end)) for end in (a, b))
    demand(first.sign == second.sign == side, "the inner point is not beyond both ends")
    return first


def _pair(statement: Statement, witness: Mapping[str, Any], points: Mapping[str, Point]) -> Certificate:
    a, b = points["a"], points["b"]
    signs = {"is_nondecreasing": (1,), "is_nonincreasing": (-1,), "is_constant": (1, -1)}
    demand(statement.answer == "no" and statement.question in signs, "a pair shows nothing of the kind")
    demand(all((x <= y).all() for x, y in zip(a, b, strict=True)), "the points are in no order")
    _demand_quantified(statement, a, b)
    certificate = _decided(order(statement.wholes[0], _entry(statement, witness), a, b))
    demand(certificate.sign in signs[statement.question], "the values are in the other order")
    return certificate


def _sign_at(question: str, signs: Sequence[int]) -> Callable[..., Certificate]:
    def check(statement: Statement, witness: Mapping[str, Any], points: Mapping[str, Point]) -> Certificate:
        demand(statement.question == question and statement.answer == "no", "such a point shows nothing of the kind")
        certificate = _decided(sign_of(statement.wholes[0], _entry(statement, witness), points["x"]))
        demand(certificate.sign in signs, "the sign there is {}", certificate.sign)
        return certificate

    return check


def _apart(statement: Statement, witness: Mapping[str, Any], points: Mapping[str, Point]) -> Certificate:
    demand(statement.question == "are_equal" and statement.answer == "no", "a difference shows nothing of the kind")
    certificate = _decided(
        difference(statement.wholes[0], statement.wholes[1], _entry(statement, witness), points["x"])
    )
    demand(certificate.sign != 0, "the functions agree there")
    return certificate


def _straight(statement: Statement, witness: Mapping[str, Any], points: Mapping[str, Point]) -> None:
    """On the segment the normal form is affine, exactly."""
    demand(
        statement.question == "is_strictly_convex" and statement.answer == "no", "a segment shows nothing of the kind"
    )
    a, b = points["a"], points["b"]
    _demand_quantified(statement, a, b)
    demand(any((x != y).any() for x, y in zip(a, b, strict=True)), "the ends are one point")
    symbols = read(statement.wholes[0], level=integer(witness["level"], 3))
    e = _entries(symbols)[_entry(statement, witness)]
    target = Table()
    t = target.variable("t", Interval(fmpq(0), fmpq(1)))
    flat = [[x for array in point for x in array.reshape(-1)] for point in (a, b)]
    values = [target.add(target.number(x), target.scale(t, y - x)) for x, y in zip(*flat, strict=True)]
    there = over(symbols.table, e, target, values)
    demand(there is not None and not there.needs and View(target, 1).is_affine(there), "it is not affine there")


def _at_points(statement: Statement, witness: Mapping[str, Any], points: Mapping[str, Point]) -> Certificate:
    """The sign of a quantity at given points, whichever the question expected."""
    program, entry = statement.wholes[0], _entry(statement, witness)
    if statement.question == "has_curvature":
        certificate = curvature_along(program, entry, points["x"], points["v"])
    elif statement.question == "is_higher":
        certificate = order(program, entry, points["a"], points["b"])
    else:
        certificate = jensen_gap(program, entry, points["a"], points["b"], number(witness["weight"]))
    found = _decided(certificate)
    _demand_same_points(found, points)
    demand(
        (found.sign == number(str(witness["expected"]))) == (statement.answer == "yes"), "the sign is {}", found.sign
    )
    return found


AT_POINTS = dict.fromkeys(("has_curvature", "is_higher", "violates_jensen"), "at points")
WITNESSES: dict[str, Callable[..., Certificate | None]] = {
    "chord": _chord,
    "inner point beyond both ends": _inner_point,
    "pair": _pair,
    "point where the function is not positive": _sign_at("is_positive", (0, -1)),
    "point where the function is negative": _sign_at("no_counterexample", (-1,)),
    "point where the functions differ": _apart,
    "straight segment": _straight,
    "at points": _at_points,
}
QUESTIONS = (*PROVED, "are_equal", "no_counterexample", *AT_POINTS)
