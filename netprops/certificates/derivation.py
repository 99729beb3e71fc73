"""Derivations: the steps of a proof, from the question about a program down to rules about expressions."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flint import fmpq

from netprops.certificates import records
from netprops.certificates.goals import Goal, convex
from netprops.certificates.refusals import FailedError, at_step, demand, integer, truth
from netprops.certificates.rules import RULES
from netprops.certificates.statement import Statement
from netprops.certificates.views import View, entries, real_entries
from netprops.readings.definite import is_definite
from netprops.readings.expressions import number
from netprops.readings.intermediate import ranges_of_values, with_settled_values
from netprops.readings.jaxpr import Program, cuts
from netprops.readings.krawczyk import halves
from netprops.readings.polynomials import Expression, Table
from netprops.readings.proofs import Proof, step
from netprops.readings.pulling_back import pulled_back
from netprops.readings.subdivision import bounded_domain
from netprops.readings.symbols import read
from netprops.readings.vanishing import vanishes

Step = Mapping[str, Any]


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
# The rules about programs; all others (`rules`) are about expressions.
PROGRAM_RULES = ("normal form", "pulled back", "cut", "bent and moving", "definite Hessian", "one normal form")
BENT = {"is_convex": 1, "is_concave": -1, "is_strictly_convex": 1}
# No linear bijection keeps the order of coordinates: these are not read off the gaps of a cone.
BY_COORDINATES = ("is_nondecreasing", "is_nonincreasing")


class Derivation:
    """The steps of a proof, each held against the goals that it has to show."""

    def __init__(self, steps: Any) -> None:
        at_step("steps", lambda: demand(isinstance(steps, list) and len(steps) > 0, "no steps"))
        self.steps: list[Step] = steps
        self.shown: set[tuple[int, str, Expression, int, int, fmpq]] = set()
        needed = {len(steps) - 1}
        for place in reversed(range(len(steps))):
            needed |= at_step(f"step {place}", functools.partial(self._premises_of, place, needed))

    def _premises_of(self, place: int, needed: set[int]) -> set[int]:
        """The numbers of the premises of a step, which is one, and is needed for another."""
        step = self.steps[place]
        demand(isinstance(step, Mapping), "it is no step: {!r}", step)
        parts = set(step)
        demand({"rule", "premises"} <= parts <= {"rule", "premises", "parameters"}, "it has the parts {}", list(step))
        demand(isinstance(step["rule"], str), "no rule: {!r}", step["rule"])
        demand(isinstance(step["premises"], list), "no list of premises: {!r}", step["premises"])
        demand(isinstance(step.get("parameters", {}), Mapping), "no parameters: {!r}", step.get("parameters"))
        demand(place in needed, "nothing rests on it")
        return {integer(premise, place) for premise in step["premises"]}

    def check(self, statement: Statement) -> int:
        """The number of steps, each shown; raises `FailedError` at the first that is not."""
        last = len(self.steps) - 1
        at_step(self.name(last), lambda: self._statement(statement, last))
        return len(self.steps)

    def name(self, place: int) -> str:
        """A step by number and rule."""
        return f"step {place} ({self.rule(place)})"

    def rule(self, place: int) -> str:
        """The name of the step's rule."""
        return str(self.steps[place]["rule"])

    def premises(self, place: int, count: int) -> list[int]:
        """The numbers of the step's premises, so many."""
        premises: list[int] = self.steps[place]["premises"]
        demand(len(premises) == count, "the rule has {} premises, the step {}", count, len(premises))
        return premises

    def parameters(self, place: int) -> dict[str, Any]:
        """What the rule needs besides."""
        return dict(self.steps[place].get("parameters", {}))

    # -------------------------------------------------------------- steps about programs

    def _statement(self, statement: Statement, place: int) -> None:
        demand(statement.answer == "yes", "a proof shows a yes")
        straight = not any(statement.cones) or statement.question not in BY_COORDINATES
        demand(straight, "the gaps of a cone say nothing of the order of its coordinates")
        if statement.question == "are_equal":
            demand(self.rule(place) == "one normal form", "the rule does not show that functions are equal")
            self._equal(statement, place)
            return
        demand(statement.question in PROVED, "no proofs of {!r} are known", statement.question)
        ruled = {
            "normal form": self._normal_form,
            "cut": self._cut,
            "definite Hessian": self._definite,
            "pulled back": self._pulled_back,
        }
        demand(self.rule(place) in ruled, "no rule about programs: {!r}", self.rule(place))
        ruled[self.rule(place)](statement, place)

    def _normal_form(self, statement: Statement, place: int) -> None:
        """What holds of the normal form holds of the program; and what holds for all data, for those that settle."""
        level, settled = integer(self.parameters(place)["level"], 3), truth(self.parameters(place)["settled"])
        program: Program | None = statement.program
        if settled:
            program = with_settled_values(statement.program, statement.decision)
        demand(program is not None, "no values are settled by the quantified arguments")
        assert program is not None
        symbols = read(program, level=level)
        mask, aim = symbols.mask(range(statement.decision)), PROVED[statement.question]
        found = real_entries(symbols)
        for e, premise in zip(found, self.premises(place, len(found)), strict=True):
            self.shows(aim(e, mask), premise)

    def _pulled_back(self, statement: Statement, place: int) -> None:
        """A function of values affine in the variables is convex if it is so for all values on their ranges."""
        demand(statement.question in ("is_convex", "is_concave"), "affine values show convexity only")
        pulled = pulled_back(statement.program, statement.decision)
        demand(pulled is not None, "no other values are affine in the variables")
        assert pulled is not None
        (inner,) = self.premises(place, 1)
        demand(self.rule(inner) == "normal form", "a normal form of the rest is missing")
        self._normal_form(replace(statement, programs=(pulled.program,), decision=pulled.decision), inner)

    def _cut(self, statement: Statement, place: int) -> None:
        """h(g(x)) is convex for convex h that moves the fitting way in each g_i that is not affine."""
        demand(statement.question in BENT and statement.question != "is_strictly_convex", "a cut shows convexity only")
        parameters = self.parameters(place)
        places = cuts(statement.program, statement.decision)
        cut = places[integer(parameters["cut"], len(places))]
        symbols = read(cut.inner, level=integer(parameters["level"], 3))
        values, mask, bends = real_entries(symbols), symbols.mask(range(statement.decision)), parameters["bends"]
        demand(isinstance(bends, list) and len(bends) == len(values), "a bend for each value")
        *inner, outer = self.premises(place, len(values) + 1)
        for e, bend, premise in zip(values, bends, inner, strict=True):
            demand(type(bend) is int and bend in (-1, 0, 1), "a bend is -1, 0 or 1")
            self.shows(convex(View(e.table, mask), e, bend) if bend else Goal("affine", e, mask), premise)
        rest = cut.outer(list(ranges_of_values(symbols, cut.inner)))
        self._moving(rest, len(cut.inner.out_shapes), bends, BENT[statement.question], outer)

    def _moving(self, program: Program, decision: int, bends: list[int], side: int, place: int) -> None:
        parameters = self.parameters(place)
        demand(self.rule(place) == "normal form", "a normal form of the rest is missing")
        demand(not truth(parameters["settled"]), "the data settle no values of the rest")
        symbols = read(program, level=integer(parameters["level"], 3))
        found = real_entries(symbols)
        for e, premise in zip(found, self.premises(place, len(found)), strict=True):
            signed = e.table.scale(e, side)
            demand(self.rule(premise) == "bent and moving", "convexity and monotony of the rest are missing")
            goals = [convex(View(e.table, symbols.mask(range(decision))), signed)]
            goals += [Goal("rising", e.table.scale(signed, bend), 1 << bit) for bit, bend in enumerate(bends) if bend]
            for goal, inner in zip(goals, self.premises(premise, len(goals)), strict=True):
                self.shows(goal, inner)

    def _definite(self, statement: Statement, place: int) -> None:
        """A Hessian that is definite near every point of a convex set makes the function strictly convex there."""
        demand(statement.question in BENT, "a definite Hessian shows convexity only")
        program, side = statement.program, BENT[statement.question]
        domain = bounded_domain(program)
        demand(domain is not None, "the domain is unbounded")
        assert domain is not None
        found = self.parameters(place)["boxes"]
        demand(isinstance(found, list) and len(found) == statement.entries, "boxes for each entry")
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
        for x, y in zip(entries(first), entries(second), strict=True):
            gap = first.table.subtract(x, y)
            demand(not gap.needs, "it may be no real number: {}", gap)
            demand(vanishes(gap, []), "the difference is {}", gap)
        self.premises(place, 0)

    # -------------------------------------------------------------- steps about expressions

    def shows(self, goal: Goal, place: int) -> None:
        """Go through all steps from this one down."""
        stack = [(goal, place)]
        while stack:
            goal, place = stack.pop()
            key = (place, goal.kind, goal.expression, id(goal.expression.table), goal.mask, goal.power)
            if key not in self.shown:
                stack += at_step(self.name(place), lambda goal=goal, place=place: self._expanded(goal, place))  # type: ignore[misc]  # mypy cannot infer a lambda with defaults
                self.shown.add(key)

    def _expanded(self, goal: Goal, place: int) -> list[tuple[Goal, int]]:
        name = self.rule(place)
        demand(name in RULES, "no rule {!r}", name)
        entry = RULES[name]
        demand(goal.kind in entry.kinds, "the rule does not show {}", goal)
        goals = entry.check(goal, self.parameters(place))
        return list(zip(goals, self.premises(place, len(goals)), strict=True))


def why_refused(goals: Sequence[tuple[Goal, Proof]]) -> str | None:
    """The first step of proofs of these goals that the rules refuse, and why; None if they accept all of them.

    For the prover's own use: what it finds is gone through by rules that were written apart from it before anybody
    hears of it.
    """
    try:
        derivation = Derivation(records.steps(step("all", "", *(proof for _, proof in goals))))
        places = derivation.premises(len(derivation.steps) - 1, len(goals))
        for (goal, _), place in zip(goals, places, strict=True):
            derivation.shows(goal, place)
    except FailedError as error:
        return str(error)
    return None


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
