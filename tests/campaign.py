"""The soundness campaign: random functions are asked about, and every answer is attacked by readings of its own.

    python tests/campaign.py --count 20000 --seed 0 --jobs 2 --json campaign.json
    python tests/campaign.py --seed 0 --only 1234

Half of the functions are drawn near the hypotheses of the rules (tests/families.py), half at random over all operations
(tests/compositions.py). What is proved is attacked by a long search (tests/adversary.py), witnesses are evaluated anew
at four times their precision, certificates are checked again. The last table says how often every row of every table
and every rule was exercised, and which rows are exempt, with the reason (`exemptions`); a row that never was, and every
contradiction, makes the exit status 1.
"""

import argparse
import collections
import contextlib
import functools
import gc
import json
import multiprocessing
import random
import sys
import time
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest import mock

import compositions
import families
import jax
from adversary import contradiction, wrong_complaint, wrong_witness

import netprops
from netprops.certificates.rules import RULES
from netprops.domains import DomainError
from netprops.questions import composition as by_composition
from netprops.questions import definiteness
from netprops.readings import atoms, balls, definite, jaxpr, one_dimension, shapes, symbols
from netprops.readings.jaxpr import NotAFunctionError, UnsupportedError
from netprops.readings.polynomials import Table
from netprops.readings.proofs import Proof
from netprops.search import falsify, polish

jax.config.update("jax_enable_x64", True)  # also in the processes of a pool

# ------------------------------------------------------------------ drawing


def drawn(seed, index):
    """(family, Composition) number `index` of a seed."""
    rng = random.Random(f"{seed}:{index}")
    if rng.random() < 0.3:
        return "random tree", _any_tree(rng)
    family = rng.choice(families.FAMILIES)
    c = family(rng)
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        c = families.mutated(rng, c)
    return family.__name__, replace(c, seed=rng.getrandbits(32))


def _any_tree(rng):
    c = compositions.composition(rng, deepest=3)
    if rng.random() < 0.5:
        return c
    variables = rng.choice((1, 1, 2, 2, 3, 4))
    sides = tuple(families.any_interval(rng) for _ in range(variables))
    return replace(
        c,
        tree=compositions.tree(rng, rng.choice((1, 2, 2, 3)), variables, c.parameters),
        variables=variables,
        x_kind=sides,
    )


# ------------------------------------------------------------------ asking

MORE = {  # a question for every few functions, and always for some families
    "is_nondecreasing": ("monotone",),
    "is_positive": ("positives", "open_choices"),
    "is_quasiconvex": ("quasi", "ratios"),
    "is_strictly_convex": ("sums_of_powers",),
    "is_nonincreasing": (),
    "is_quasiconcave": ("ratios",),
    "is_affine": ("affine_forms",),
    "is_constant": ("constants",),
    "are_equal": (),
}
CLAIMED = {
    **{
        f"is_{what}": what
        for what in ("convex", "concave", "nondecreasing", "nonincreasing", "positive", "affine", "constant")
    },
    **{f"is_{what}": what for what in ("quasiconvex", "quasiconcave")},
    "is_strictly_convex": "strictly convex",
    "are_equal": "zero",
}


@contextlib.contextmanager
def frugal():
    """Smaller budgets of proofs and searches that go on for long and come to nothing: of time, not of soundness."""
    small = functools.partial(Table, budget=1000)
    few_boxes = functools.partial(definite.boxes_with_definite_hessian, budget=24)
    with (
        mock.patch.object(one_dimension, "MAX_PARTS", 20),
        mock.patch.object(one_dimension, "MAX_PIECES", 12),
        mock.patch.object(by_composition, "MOST_CUTS", 2),
        mock.patch.object(definiteness, "boxes_with_definite_hessian", few_boxes),
        mock.patch.object(falsify, "BUDGET", 1500),
        mock.patch.object(falsify, "SWEPT", 0),
        mock.patch.object(polish, "_ROUNDS", 2),
        mock.patch.object(symbols, "Table", small),
        mock.patch.object(one_dimension, "Table", small),
    ):
        yield


def questions(family, index):
    """The names of the questions that are put to a function."""
    more = [name for name, favourites in MORE.items() if family in favourites]
    bent = (["is_convex"], ["is_concave"], ["is_convex", "is_concave"])[index % 3]
    return [*bent, *(more or [list(MORE)[index // 4 % len(MORE)]] * (index % 4 == 0))]


def other(c):
    """A function to compare with: the same one written otherwise, or changed."""
    rng = random.Random(c.seed)
    written = replace(c, tree=families.rewritten(rng, c.tree))
    if rng.random() < 0.7:
        return written
    return replace(families.mutated(rng, written), x_kind=c.x_kind)


def ask(c, name):
    """The verdict."""
    on, for_all = c.domains()
    if name == "are_equal":
        return netprops.are_equal(c.function(), other(c).function(), on if for_all is None else (on, for_all))
    return getattr(netprops, name)(c.function(), on, for_all)


# ------------------------------------------------------------------ coverage


@dataclass
class Coverage:
    """How many functions used a row, by what came of the question: {(table, row): {"proved": n, "certified": n}}."""

    counts: dict = field(default_factory=dict)
    used: set = field(default_factory=set)  # by the question that is being answered

    def settle(self, outcome, rules=()):
        """The question was answered: what it used counts."""
        for key in (*self.used, *(("rule", name) for name in rules)):
            self.counts.setdefault(key, collections.Counter())[outcome] += 1
        self.used.clear()

    def noting(self, table, name, function):
        """The function, its use noted."""

        @functools.wraps(function)
        def noted(*args, **kwargs):
            self.used.add((table, name))
            return function(*args, **kwargs)

        return noted

    @contextlib.contextmanager
    def recording(self):
        """While inside, every use of a row is noted."""
        with contextlib.ExitStack() as stack:
            for table, rows in (
                ("movement", jaxpr.MOVEMENT),
                ("reduction", jaxpr.REDUCTIONS),
                ("control", jaxpr.CONTROL),
                ("place", jaxpr.PLACES),
            ):
                wrapped = {name: self.noting(table, name, f) for name, f in rows.items()}
                stack.enter_context(mock.patch.dict(rows, wrapped))
            in_balls = {
                name: self.noting("atom" if name in atoms.ATOMS else "ball rule", name, _plain(f))
                for name, f in balls.RULES.items()
            }
            stack.enter_context(mock.patch.dict(balls.RULES, in_balls))
            derivatives = atoms.Atom.derivatives

            def noted_derivatives(atom, x, y):
                self.used.add(("atom", atom.name))
                return derivatives(atom, x, y)

            stack.enter_context(mock.patch.object(atoms.Atom, "derivatives", noted_derivatives))
            rules = symbols._rules
            stack.enter_context(
                mock.patch.object(
                    symbols,
                    "_rules",
                    lambda table: {name: self.noting("symbolic rule", name, f) for name, f in rules(table).items()},
                )
            )
            for name in ("range_of", "bend_on", "slope_on"):
                stack.enter_context(mock.patch.object(shapes, name, self._noting_shape(getattr(shapes, name))))
            yield self

    def _noting_shape(self, function):
        def noted(name, r):
            self.used.add(("shape", name))
            return function(name, r)

        return noted


def _plain(f):
    return f.__call__ if isinstance(f, atoms.Atom) else f


def tables():
    """The rows that a campaign has to exercise, but for those that are exempt: {table: names}."""
    return {
        "rule": [*RULES, *ABOUT_PROGRAMS],
        "shape": list(shapes.SHAPES),
        "atom": list(atoms.ATOMS),
        "movement": list(jaxpr.MOVEMENT),
        "reduction": list(jaxpr.REDUCTIONS),
        "control": list(jaxpr.CONTROL),
        "place": list(jaxpr.PLACES),
        "symbolic rule": list(symbols._rules(Table())),
        "ball rule": [name for name in balls.RULES if name not in atoms.ATOMS],
    }


NO_PRIMITIVES = ("rule", "shape")  # tables whose rows are named otherwise
OF_THE_INTERPRETER = ("choose_truth", "cut")  # rows that it calls for `select_n` and `bitcast_convert_type`


def exemptions():
    """The rows that no function of a campaign can exercise, and why: {(table, row): reason}."""
    known = {p.name for p in gc.get_objects() if isinstance(p, jax.extend.core.Primitive)}
    absent = f"no primitive of JAX {jax.__version__} has this name"
    reasons = {
        (table, name): absent
        for table, names in tables().items()
        if table not in NO_PRIMITIVES
        for name in names
        if name not in known and name not in OF_THE_INTERPRETER
    }
    return reasons | {("control", "fft"): "it is refused, so that no question about it is ever decided"}


ABOUT_PROGRAMS = ("normal form", "cut", "bent and moving", "definite Hessian", "one normal form")


def rules_of(verdict):
    """The names of the rules of a proof."""
    basis = getattr(verdict, "basis", None)
    return {node.rule for node in basis.nodes()} if isinstance(basis, Proof) else set()


# ------------------------------------------------------------------ one function


@dataclass
class Outcome:
    """What came of one function."""

    index: int
    family: str
    answers: dict = field(default_factory=dict)  # question -> "yes proved", "no certified", "undecided", or an error
    wrong: list = field(default_factory=list)  # contradictions, refused certificates, wrong witnesses, crashes
    seconds: dict = field(default_factory=collections.Counter)
    checked: dict = field(default_factory=collections.Counter)


def judged(seed, index, coverage):
    """Ask about function number `index` and attack the answers: (the function, what came of it)."""
    family, c = drawn(seed, index)
    return c, judge(c, questions(family, index), coverage, Outcome(index, family))


def judge(c, names, coverage, outcome):
    """Put these questions to a function and attack the answers."""
    for name in names:
        start = time.perf_counter()
        try:
            verdict = ask(c, name)
        except (DomainError, UnsupportedError, NotAFunctionError) as error:
            outcome.answers[name] = type(error).__name__
            coverage.settle("refused")
            meant = [c, other(c)] if name == "are_equal" else [c]
            if isinstance(error, DomainError) and (why := wrong_complaint(str(error), *meant)):
                outcome.wrong.append((name, "complaint", why))
            break
        except Exception:
            outcome.answers[name] = "crash"
            outcome.wrong.append((name, "crash", traceback.format_exc(limit=-4)))
            break
        finally:
            outcome.seconds["asking"] += time.perf_counter() - start
        outcome.answers[name] = f"{verdict.answer} {verdict.evidence or ''}".strip()
        coverage.settle(verdict.evidence or "undecided", rules_of(verdict))
        start = time.perf_counter()
        try:
            _attack(c, name, verdict, outcome)
        except Exception:
            outcome.wrong.append((name, "attack failed", traceback.format_exc(limit=-4)))
        outcome.seconds["attacking"] += time.perf_counter() - start
        start = time.perf_counter()
        _recheck(c, verdict, name, outcome)
        outcome.seconds["rechecking"] += time.perf_counter() - start
    if outcome.answers.get("is_strictly_convex", "").startswith("yes") and outcome.answers.get(
        "is_convex", ""
    ).startswith("no"):
        outcome.wrong.append(("is_strictly_convex", "contradiction", "strictly convex, and not convex"))
    return outcome


def _attack(c, name, verdict, outcome):
    claim = None
    if verdict.answer == "yes":
        claim = CLAIMED[name]
    elif verdict.answer == "no" and verdict.evidence == "proved":
        claim = "nonpositive"
    if claim is not None:
        outcome.checked["searches"] += 1
        meant = replace(c, tree=("sub", c.tree, other(c).tree)) if name == "are_equal" else c
        found = contradiction(meant, claim)
        if found:
            outcome.wrong.append((name, "contradiction", f"{found}; proved: {verdict.because}"))
    if verdict.answer == "no" and verdict.evidence == "certified":
        outcome.checked["witnesses"] += 1
        why = wrong_witness(
            c, verdict.witness.get("question", name), verdict.witness, other(c) if name == "are_equal" else None
        )
        if why:
            outcome.wrong.append((name, "witness", f"{why}; {verdict.because}"))


def _recheck(c, verdict, name, outcome):
    if verdict.answer == "undecided":
        return
    certificate = verdict.certificate
    if certificate is None:
        outcome.checked[f"{name}, {verdict.answer} {verdict.evidence}, without certificate"] += 1
        return
    outcome.checked["certificates"] += 1
    functions = [c.function(), other(c).function()] if name == "are_equal" else [c.function()]
    found = netprops.recheck(json.loads(json.dumps(certificate)), *functions)
    if not found:
        outcome.wrong.append((name, "certificate", f"{found}; {verdict.because}"))


# ------------------------------------------------------------------ many functions


@dataclass
class Report:
    """What came of many functions."""

    functions: int = 0
    answers: dict = field(default_factory=dict)  # question -> {answer: n}
    families: dict = field(default_factory=dict)  # family -> {answer to is_convex: n}
    wrong: list = field(default_factory=list)
    seconds: dict = field(default_factory=collections.Counter)
    checked: dict = field(default_factory=collections.Counter)
    coverage: dict = field(default_factory=dict)
    slowest: list = field(default_factory=list)

    def add(self, seed, outcome):
        self.functions += 1
        for name, answer in outcome.answers.items():
            self.answers.setdefault(name, collections.Counter())[answer] += 1
        self.families.setdefault(outcome.family, collections.Counter())[outcome.answers.get("is_convex")] += 1
        self.wrong += [(seed, outcome.index, outcome.family, *w) for w in outcome.wrong]
        for key, value in outcome.seconds.items():
            self.seconds[key] += value
        self.checked.update(outcome.checked)
        self.slowest = sorted([*self.slowest, (sum(outcome.seconds.values()), outcome.index)])[-10:]

    def merge(self, other):
        self.functions += other.functions
        for mine, theirs in (
            (self.answers, other.answers),
            (self.families, other.families),
            (self.coverage, other.coverage),
        ):
            for key, counts in theirs.items():
                mine.setdefault(key, collections.Counter()).update(counts)
        self.wrong += other.wrong
        for key, value in other.seconds.items():
            self.seconds[key] += value
        self.checked.update(other.checked)
        self.slowest = sorted([*self.slowest, *other.slowest])[-10:]

    def never(self):
        """The rows that were in no question that was decided, without those that are exempt."""
        done = {key for key, counts in self.coverage.items() if counts["proved"] + counts["certified"]} | {
            *exemptions()
        }
        return [(table, name) for table, names in tables().items() for name in names if (table, name) not in done]


def campaign(seed, indices):
    """The report on these functions of a seed, in this process."""
    report, coverage = Report(), Coverage()
    with frugal(), coverage.recording():
        for index in indices:
            _, outcome = judged(seed, index, coverage)
            report.add(seed, outcome)
            if report.functions % 400 == 0:
                jax.clear_caches()
    report.coverage = coverage.counts
    return report


def _part(arguments):
    seed, indices = arguments
    return campaign(seed, indices)


def spread(seed, count, jobs, first=0, say=print, keep=lambda report: None):
    """The report on `count` functions, in several processes; progress is said, and what is known so far is kept."""
    size = 100
    parts = [(seed, range(k, min(k + size, first + count))) for k in range(first, first + count, size)]
    total, start, told = Report(), time.perf_counter(), 0
    with contextlib.ExitStack() as stack:
        if jobs > 1:
            pool = stack.enter_context(multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=20))
            done = pool.imap_unordered(_part, parts)
        else:
            done = map(_part, parts)
        for report in done:
            for wrong in report.wrong:
                say("WRONG", *wrong)
            total.merge(report)
            if total.functions - told >= 500 or total.functions == count:
                told = total.functions
                keep(total)
                say(f"{told:6d} of {count}, {time.perf_counter() - start:7.1f} s, wrong so far: {len(total.wrong)}")
    total.seconds["wall"] = time.perf_counter() - start
    return total


# ------------------------------------------------------------------ reporting


def told(report):
    """The report as lines of text."""
    lines = [f"functions: {report.functions}", ""]
    for name, counts in report.answers.items():
        lines.append(f"{name:20s} " + ", ".join(f"{answer} {n}" for answer, n in sorted(counts.items())))
    lines += ["", "checked: " + ", ".join(f"{key} {n}" for key, n in sorted(report.checked.items()))]
    lines += ["seconds: " + ", ".join(f"{key} {s:.1f}" for key, s in sorted(report.seconds.items()))]
    lines += ["slowest: " + ", ".join(f"{index} {s:.1f} s" for s, index in reversed(report.slowest)), ""]
    by_table = collections.defaultdict(list)
    for (table, name), counts in sorted(report.coverage.items()):
        by_table[table].append((name, counts))
    for table, rows in by_table.items():
        lines.append(f"{table} ({len(rows)} exercised): proved, certified")
        lines += [f"    {name:75s} {counts['proved']:6d} {counts['certified']:6d}" for name, counts in rows]
    lines += ["", "exempt:", *(f"    {table}: {name}: {why}" for (table, name), why in sorted(exemptions().items()))]
    never = report.never()
    lines += ["", f"never exercised: {len(never)}", *(f"    {table}: {name}" for table, name in never)]
    lines += ["", f"WRONG: {len(report.wrong)}", *(f"    {w}" for w in report.wrong)]
    return lines


def _as_json(report):
    return {
        "functions": report.functions, "answers": report.answers, "families": report.families, "wrong": report.wrong,
        "seconds": report.seconds, "checked": report.checked, "never": report.never(),
        "coverage": {f"{table}: {name}": counts for (table, name), counts in sorted(report.coverage.items())},
    }  # fmt: skip


def main(arguments=None):
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", help="a file for the figures")
    parser.add_argument("--only", type=int, help="one function, told in full")
    given = parser.parse_args(arguments)
    if given.only is not None:
        return _tell_one(given.seed, given.only)

    def keep(report):
        if given.json:
            Path(given.json).write_text(json.dumps(_as_json(report), indent=1))

    say = functools.partial(print, flush=True)
    report = spread(given.seed, given.count, given.jobs, given.first, say, keep)
    print("\n".join(told(report)))
    keep(report)
    return 1 if report.wrong or report.never() else 0


def _tell_one(seed, index):
    coverage = Coverage()
    with frugal(), coverage.recording():
        c, outcome = judged(seed, index, coverage)
    on, for_all = c.domains()
    print(f"{outcome.family}: {c.tree}\non {on}" + (f", for every value in {for_all}" if for_all is not None else ""))
    for name in outcome.answers:
        print(f"  {name}: {outcome.answers[name]}")
        with contextlib.suppress(DomainError, UnsupportedError, NotAFunctionError), frugal():
            print(f"    {ask(c, name).because}")
    print(dict(outcome.seconds), *outcome.wrong, sep="\n")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
