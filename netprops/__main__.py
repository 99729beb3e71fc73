"""``python -m netprops``: questions about functions and costs in your modules, and ledgers, from the command line.

    python -m netprops curvature my_module:loss --on "[-1, 1]^3"
    python -m netprops explain my_module:cost --params my_module:params
    python -m netprops curvature my_module:loss --on "[-1, 1]^3" --certificate loss.json
    python -m netprops recheck loss.json my_module:loss
    python -m netprops merge out1 out2 out3 --into out
    python -m netprops durations out --into specs
    python -m netprops record out --into specs
    python -m netprops replay out/ledger.json
    python -m netprops new-claim cubes-have-no-minimum --topic losses --says "A cube has no minimum." --source D1.A5

The exit status is 0 if the answer is decided (recheck: the certificate is accepted; merge, replay: every claim is
shown), 2 if it is not, 1 for an error or a certificate that is refused.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DECIDED, ERROR, UNDECIDED = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as error:  # argparse says 2 where this says 1
        return ERROR if error.code else DECIDED
    if not options.asks:
        return int(options.command(options))
    sys.path.insert(0, os.getcwd())  # as `python -m` does for modules, whatever started this one
    import jax  # after the options were read: their help should not wait for it

    jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]  # of JAX
    from netprops.domains import DomainError
    from netprops.readings.jaxpr import NotAFunctionError, UnsupportedError

    try:
        status: int = options.command(options)
    except (DomainError, NotAFunctionError, UnsupportedError, _UsageError) as error:
        print(f"{type(error).__name__.removeprefix('_')}: {error}", file=sys.stderr)
        return ERROR
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m netprops", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    shape = commands.add_parser("curvature", help="is a function affine, convex, concave or neither?")
    shape.add_argument("function", help="module:name of a scalar function of one array")
    shape.add_argument("--on", default="R", help='its domain, such as R, "[-1, 1]^3", "[0, 1] x (0, inf)" (default: R)')
    shape.add_argument("--dim", type=int, help="the number of entries of its argument, where --on is one interval")
    shape.add_argument("--certificate", metavar="FILE", help="write what `recheck` verifies to a file, as JSON")
    shape.set_defaults(command=_curvature)
    blocks = commands.add_parser("explain", help="in which blocks of its parameters is a cost convex, and why not?")
    blocks.add_argument("cost", help="module:name of a scalar function of the parameters")
    blocks.add_argument("--params", help="module:name of the parameters (default: params in the cost's module)")
    blocks.set_defaults(command=_explain)
    certified = commands.add_parser("recheck", help="is a certificate right, of this function?")
    certified.add_argument("certificate", help="a JSON file that `curvature --certificate` or your program wrote")
    certified.add_argument("functions", nargs="+", metavar="function", help="module:name; two for are_equal")
    certified.set_defaults(command=_recheck, asks=True)
    again = commands.add_parser("replay", help="are the claims of a ledger, and its witnesses, still as it says?")
    again.add_argument("ledger", help="a ledger.json, whose modules lie below this folder as it says")
    again.add_argument("ids", nargs="*", metavar="CLAIM", help="the claims to run again (default: all)")
    again.set_defaults(command=_replay, asks=False)
    for command in (shape, blocks):
        command.add_argument("--json", action="store_true", help="print the answer as JSON")
        command.set_defaults(asks=True)
    begun = commands.add_parser("new-claim", help="begin a claim: its row in the catalogue, its module")
    begun.add_argument("id", help="lower-case words with hyphens between, such as outliers-cost-convexity")
    begun.add_argument("--topic", required=True, help="the folder of its module, beside the catalogue")
    begun.add_argument("--says", required=True, metavar="SENTENCE", help="the claim, as its source means it")
    begun.add_argument("--source", required=True, nargs="+", help="where it is made: D1.A5, a paper, an address")
    begun.add_argument("--verdict", default="holds", help="holds, conditional or refuted (default: holds)")
    begun.add_argument("--evidence", default=["proved"], nargs="+", help="the kinds that it owes (default: proved)")
    begun.add_argument("--into", default="specs", metavar="DIR", help="the folder of claims.toml (default: specs)")
    begun.set_defaults(command=_new_claim, asks=False)
    joined = commands.add_parser("merge", help="join the ledgers of all the shards of a run")
    joined.add_argument("ledgers", nargs="+", metavar="DIR", help="the folder of a shard's ledger")
    joined.set_defaults(command=_merge)
    timed = commands.add_parser("durations", help="let shards be balanced by the seconds that a ledger records")
    timed.add_argument("ledger", metavar="DIR", help="the folder of the ledger of a whole run")
    timed.set_defaults(command=_durations)
    known = commands.add_parser("record", help="let later runs try the witnesses that a ledger records first")
    known.add_argument("ledger", metavar="DIR", help="the folder of the ledger of a whole run")
    known.set_defaults(command=_record_witnesses)
    for command, what in (
        (joined, "the ledger of the whole"),
        (timed, "durations.json: that of the catalogue"),
        (known, "witnesses.json: that of the catalogue"),
    ):
        command.add_argument("--into", required=True, metavar="DIR", help=f"the folder for {what}")
        command.set_defaults(asks=False)
    return parser


def _curvature(options: argparse.Namespace) -> int:
    from netprops.domains import Box, DomainError, parse_domain
    from netprops.questions.shape import curvature

    on = parse_domain(options.on)
    if options.dim is not None:
        if options.dim < 1:
            raise DomainError(f"--dim is a number of entries from 1 on, got {options.dim}")
        if on.shape not in ((), (options.dim,)):
            raise DomainError(f"--dim {options.dim} does not fit the domain {on}")
        on = on if on.shape else Box((options.dim,), on.intervals)
    found = curvature(_named(options.function), on)
    if options.certificate is not None and found.certificate is None:
        print(f"{options.certificate} was not written: what is undecided has no certificate", file=sys.stderr)
    elif options.certificate is not None:
        _write(options.certificate, found.certificate)
    if options.json:
        verdicts = {"convex": found.convex, "concave": found.concave}
        answers = {name: _record(verdict) for name, verdict in verdicts.items()}
        asked = {"function": options.function, "domain": str(on)}
        print(json.dumps({"curvature": found.name, **asked, **answers}, indent=2))
    else:
        print(f"{options.function} on {on}: {found.name}")
        for name, verdict in (("convex", found.convex), ("concave", found.concave)):
            how = f" ({verdict.evidence})" if verdict.evidence else ""
            print(f"  {name}? {verdict.answer}{how}: {verdict.because}")
    return UNDECIDED if found.name == "undecided" else DECIDED


def _record(verdict: Any) -> dict[str, object]:
    return {
        "answer": verdict.answer,
        "evidence": verdict.evidence,
        "because": verdict.because,
        "witness": None if verdict.witness is None else dict(verdict.witness),
        "evaluations": verdict.evaluations,
    }


def _explain(options: argparse.Namespace) -> int:
    from netprops.questions.explaining import explain

    module, _, _ = options.cost.partition(":")
    found = explain(_named(options.cost), _named(options.params or f"{module}:params"))
    print(json.dumps({"cost": options.cost, **found.record()}, indent=2) if options.json else found)
    return DECIDED if found.is_decided else UNDECIDED


def _recheck(options: argparse.Namespace) -> int:
    from netprops.certificates.checking import recheck

    certificate = _read(options.certificate)
    found = recheck(certificate, *map(_named, options.functions))
    if found:
        for part in certificate.get("parts", [certificate]):
            words = ("question", "answer", "evidence", "domains", "decision")
            print(json.dumps({word: part[word] for word in words}))
    print(f"{options.certificate}: {found}")
    return DECIDED if found else ERROR


def _read(path: str) -> Any:
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError, RecursionError) as error:
        raise _UsageError(f"{path}: {error}") from None


def _write(path: str, certificate: object) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(certificate, file, indent=1)
    except OSError as error:
        raise _UsageError(f"{path}: {error}") from None


def _replay(options: argparse.Namespace) -> int:
    from netprops.report.replay import ReplayError, replay

    try:
        return DECIDED if replay(options.ledger, options.ids) else UNDECIDED
    except ReplayError as error:
        print(f"replay: {error}", file=sys.stderr)
        return ERROR


def _new_claim(options: argparse.Namespace) -> int:
    from netprops.claims import CATALOGUE, ClaimError
    from netprops.new_claim import new_claim

    catalogue = Path(options.into) / CATALOGUE
    claim = (options.id, options.topic, options.says, options.source, options.verdict, options.evidence)
    try:
        module = new_claim(catalogue, *claim)
    except (ClaimError, OSError) as error:
        print(f"new-claim: {error}", file=sys.stderr)
        return ERROR
    print(f"{catalogue}: a row for {options.id}; write its `formal` and its `control`")
    print(f"{module}: its module; write the function and the questions, then run")
    print(f"    pytest {module}")
    return DECIDED


def _merge(options: argparse.Namespace) -> int:
    from netprops.report import ledger, merging, run, terminal

    into = Path(options.into)
    try:
        parts = [merging.read(Path(path)) for path in options.ledgers]
        for part in parts:
            if part.file.resolve() == (into / ledger.LEDGER).resolve():
                raise merging.MergeError(f"{part.file} would be overwritten: merge into another folder")
        merged = merging.merge(parts)
        merging.write(run.open_folder(into), merged)
    except (merging.MergeError, OSError) as error:
        print(f"merge: {error}", file=sys.stderr)
        return ERROR
    for line, _ in terminal.summary(merged.environment, merged.judged, merged.missing, brief=True):
        print(line)
    if merged.too_many_estimates:
        print(merged.too_many_estimates)
    return DECIDED if merged.is_shown else UNDECIDED


def _durations(options: argparse.Namespace) -> int:
    from netprops.report import shards

    def made(ledger: dict[str, Any]) -> tuple[str, str]:
        seconds = shards.durations(ledger)
        return json.dumps(seconds, indent=1) + "\n", f"{len(seconds)} claims, {sum(seconds.values()):.0f} s"

    return _out_of_ledger("durations", Path(options.ledger), Path(options.into) / shards.DURATIONS, made)


def _record_witnesses(options: argparse.Namespace) -> int:
    from netprops.report import recorded

    def made(ledger: dict[str, Any]) -> tuple[str, str]:
        found = recorded.of_ledger(ledger)
        return recorded.text(found), f"{sum(map(len, found.values()))} witnesses of {len(found)} claims"

    return _out_of_ledger("record", Path(options.ledger), Path(options.into) / recorded.WITNESSES, made)


def _out_of_ledger(command: str, source: Path, into: Path, made: Callable[[dict[str, Any]], tuple[str, str]]) -> int:
    """Write a file that is made out of a ledger, and say what is in it."""
    from netprops.report import files, ledger

    try:
        content, told = made(json.loads((source / ledger.LEDGER).read_text(encoding="utf-8")))
        files.write(into, content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(
            f"{command}: {source} is not the folder of a ledger, or {into} cannot be written: {error}", file=sys.stderr
        )
        return ERROR
    print(f"{into}: {told}")
    return DECIDED


class _UsageError(Exception):
    """A name or a file that leads nowhere."""


def _named(path: str) -> Any:
    """The object that ``module:name`` names.  Raises `_UsageError`."""
    module, colon, name = path.partition(":")
    if not colon or not name:
        raise _UsageError(f"{path!r}: write module:name, such as my_package.losses:huber")
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise _UsageError(f"{path!r}: {error}; run this where the module can be imported") from None
    for part in name.split("."):
        if not hasattr(found, part):
            raise _UsageError(f"{path!r}: {found!r} has no {part!r}")
        found = getattr(found, part)
    return found


if __name__ == "__main__":
    sys.exit(main())
