"""For other people's test suites: assertions about functions and networks, whose failures show their evidence.

    from netprops.testing import assert_convex, assert_network

    def test_my_loss():
        assert_convex(lambda z, y: jnp.maximum(0, 1 - y * z), "R", for_all="R")

    def test_my_network():
        assert_network(my_module, inputs=(2, 3))

An assertion passes only on a proof or a certified witness; an undecided answer fails it, and the message says what was
tried.  Functions are read with doubles, whatever JAX is set to elsewhere.  A domain is one of netprops's (``reals(3)``,
``box(0, 1)``, pytrees of them), or a text: "R", "R^3", "[-1, 1]^2", "(0, inf) x R".

Importing this module costs nothing: JAX is imported when something is asked.  Where the package is installed, pytest
also has a fixture `netprops`, which is this module.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from typing import TYPE_CHECKING, Any

from netprops.evidence import UndecidedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from netprops.domains import box, nonnegative, ordered_cone, positive, reals
    from netprops.evidence import Verdict
    from netprops.networks.checking import NetworkReport, check_network

__all__ = [
    "assert_affine", "assert_concave", "assert_convex", "assert_equal_functions", "assert_gradient", "assert_holds",
    "assert_network", "assert_nondecreasing", "assert_nonincreasing", "assert_not_affine", "assert_not_concave",
    "assert_not_convex", "assert_not_equal_functions", "assert_not_quasiconvex", "assert_positive",
    "assert_quasiconcave", "assert_quasiconvex", "assert_strictly_convex", "box", "check_network", "network_claims",
    "nonnegative", "ordered_cone", "positive", "reals",
]  # fmt: skip


# ---------------------------------------------------------------- functions


def assert_convex(f: Callable[..., Any], on: Any, for_all: Any = None) -> Verdict:
    """``f(x)``, or ``f(x, q)`` for every q of `for_all`, is convex in x on the domain; proved, or an `AssertionError`.

    Returns the verdict, whose `because`, `evidence` and `certificate` say how it is known.
    """
    __tracebackhide__ = True
    return _demand("is_convex", True, f, on=on, for_all=for_all)


def assert_not_convex(f: Callable[..., Any], on: Any, for_all: Any = None) -> Verdict:
    """f is certified not to be convex: by two points between which it lies above its chord."""
    __tracebackhide__ = True
    return _demand("is_convex", False, f, on=on, for_all=for_all)


def assert_concave(f: Callable[..., Any], on: Any, for_all: Any = None) -> Verdict:
    """f is proved concave; see `assert_convex`."""
    __tracebackhide__ = True
    return _demand("is_concave", True, f, on=on, for_all=for_all)


def assert_not_concave(f: Callable[..., Any], on: Any, for_all: Any = None) -> Verdict:
    """f is certified not to be concave."""
    __tracebackhide__ = True
    return _demand("is_concave", False, f, on=on, for_all=for_all)


def assert_affine(f: Callable[..., Any], on: Any, for_all: Any = None) -> Verdict:
    """f is proved affine, linear plus a constant; see `assert_convex`."""
    __tracebackhide__ = True
    return _demand("is_affine", True, f, on=on, for_all=for_all)


def assert_not_affine(f: Callable[..., Any], on: Any, for_all: Any = None) -> Verdict:
    """f is certified not to be affine."""
    __tracebackhide__ = True
    return _demand("is_affine", False, f, on=on, for_all=for_all)


def assert_strictly_convex(f: Callable[..., Any], on: Any, for_all: Any = None) -> Verdict:
    """f is proved strictly convex; see `assert_convex`."""
    __tracebackhide__ = True
    return _demand("is_strictly_convex", True, f, on=on, for_all=for_all)


def assert_quasiconvex(f: Callable[..., Any], on: Any, for_all: Any = None) -> Verdict:
    """f is proved quasi-convex: all its sublevel sets are convex; see `assert_convex`."""
    __tracebackhide__ = True
    return _demand("is_quasiconvex", True, f, on=on, for_all=for_all)


def assert_not_quasiconvex(f: Callable[..., Any], on: Any, for_all: Any = None) -> Verdict:
    """f is certified not to be quasi-convex."""
    __tracebackhide__ = True
    return _demand("is_quasiconvex", False, f, on=on, for_all=for_all)


def assert_quasiconcave(f: Callable[..., Any], on: Any, for_all: Any = None) -> Verdict:
    """f is proved quasi-concave; see `assert_convex`."""
    __tracebackhide__ = True
    return _demand("is_quasiconcave", True, f, on=on, for_all=for_all)


def assert_nondecreasing(f: Callable[..., Any], on: Any, for_all: Any = None) -> Verdict:
    """f is proved to fall nowhere as any coordinate of x grows; see `assert_convex`."""
    __tracebackhide__ = True
    return _demand("is_nondecreasing", True, f, on=on, for_all=for_all)


def assert_nonincreasing(f: Callable[..., Any], on: Any, for_all: Any = None) -> Verdict:
    """f is proved to rise nowhere as any coordinate of x grows; see `assert_convex`."""
    __tracebackhide__ = True
    return _demand("is_nonincreasing", True, f, on=on, for_all=for_all)


def assert_positive(f: Callable[..., Any], on: Any, for_all: Any = None) -> Verdict:
    """f is proved > 0 everywhere on the domain; see `assert_convex`."""
    __tracebackhide__ = True
    return _demand("is_positive", True, f, on=on, for_all=for_all)


def assert_equal_functions(f: Callable[..., Any], g: Callable[..., Any], on: Any) -> Verdict:
    """f and g are proved to be one real function on `on`; a tuple stands for several arguments."""
    __tracebackhide__ = True
    return _demand("are_equal", True, f, g, on=on)


def assert_not_equal_functions(f: Callable[..., Any], g: Callable[..., Any], on: Any) -> Verdict:
    """f and g are certified to differ at a point of `on`."""
    __tracebackhide__ = True
    return _demand("are_equal", False, f, g, on=on)


def assert_gradient(g: Callable[..., Any], f: Callable[..., Any], on: Any, for_all: Any = None) -> Verdict:
    """g is proved to be the gradient of the scalar f: for derivatives written by hand; see `is_gradient_of`."""
    __tracebackhide__ = True
    return _demand("is_gradient_of", True, g, f, on=on, for_all=for_all)


def _demand(question: str, wanted: bool, *functions: Callable[..., Any], on: Any, for_all: Any = None) -> Verdict:
    """The verdict of a question, if it is the wanted one."""
    __tracebackhide__ = True
    import jax

    import netprops

    domains = {"on": _domain(on)} | ({} if for_all is None else {"for_all": _domain(for_all)})
    with jax.enable_x64(True):
        verdict: Verdict = getattr(netprops, question)(*functions, **domains)
        if _answer(verdict) is wanted:
            return verdict
        raise AssertionError("\n".join(_message(verdict, "yes" if wanted else "no")))


def _answer(verdict: Verdict) -> bool | None:
    """Yes or no, None if undecided; asked for by its truth, so that a claim's recorder knows that it was looked at."""
    try:
        return bool(verdict)
    except UndecidedError:
        return None


def _domain(given: Any) -> Any:
    """A domain; texts in a tuple are several arguments'."""
    from netprops.domains import parse_domain

    if isinstance(given, str):
        return parse_domain(given)
    if isinstance(given, tuple) and any(isinstance(part, str) for part in given):
        return tuple(map(_domain, given))
    return given


def _message(verdict: Verdict, wanted: str) -> Iterator[str]:
    from netprops.report import failures

    how = "" if verdict.kind is None else f" ({verdict.kind})"
    yield f"{verdict.question}: {verdict.answer}{how}, where the test says {wanted}"
    if verdict.answer == "undecided":
        yield "Undecided is neither: there was no proof and no witness. A smaller domain or a simpler form may help."
        yield f"Tried:      {verdict.because}"
        return
    yield from failures.evidence(verdict)


# ---------------------------------------------------------------- networks


def assert_network(network: Any, inputs: Any, targets: Any = None, **options: Any) -> NetworkReport:
    """All claims about networks that apply to this one hold, and all that are named apply: see `check_network`.

    Options are `loss`, `claims` and `parameters`.  The message of the `AssertionError` is the table, and for each claim
    that fails the witness; returns the report.
    """
    __tracebackhide__ = True
    from netprops.networks.checking import check_network

    return assert_holds(check_network(network, inputs, targets, **options))


def assert_holds(report: NetworkReport) -> NetworkReport:
    """A report of `check_network` falls short in nothing; returns it."""
    __tracebackhide__ = True
    if report.holds:
        return report
    import jax

    with jax.enable_x64(True):
        raise AssertionError("\n".join(_shortfalls(report)))


def _shortfalls(report: NetworkReport) -> Iterator[str]:
    from netprops.report import failures

    yield str(report)
    for found in report.short:
        yield ""
        yield f"{found.claim}{f' ({found.where})' if found.where else ''}: {found.outcome}"
        if found.verdict is not None and found.outcome == "fails":
            yield from failures.evidence(found.verdict)


def network_claims(
    network: Callable[[], Any],
    inputs: Any,
    targets: Any = None,
    *,
    loss: Callable[[Any, Any], Any] | None = None,
    claims: Sequence[str] | None = None,
    parameters: Callable[[str], bool] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator: the test runs once for each claim about networks, and is given the `report` of that claim.

        @network_claims(lambda: MLP(key), inputs=(2, 3))
        def test_my_network(report):
            assert_holds(report)

    A claim that does not apply to the network skips its run, with the hypothesis that is not met as the reason; where
    `claims` are named, it is handed to the test instead, and does not hold.

    Args:
        network: makes the network; called in the test, so that collecting tests costs nothing.
        inputs, targets, loss, claims, parameters: as for `check_network`; functions without arguments make inputs and
            targets when they are needed.
    """
    import pytest

    options: dict[str, Any] = {"parameters": parameters} | ({} if loss is None else {"loss": loss})

    def decorate(test: Callable[..., Any]) -> Callable[..., Any]:
        if "report" not in inspect.signature(test).parameters:
            raise TypeError(f"{test.__name__} has no parameter `report`, which it is to be given")

        @functools.wraps(test)
        def one_claim(*args: Any, report: str, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            from netprops.networks.checking import check_network

            found = check_network(network(), _made(inputs), _made(targets), claims=[report], **options)
            if claims is None and all(each.outcome == "does not apply" for each in found.findings):
                pytest.skip("; ".join(each.because for each in found.findings))
            return test(*args, report=found, **kwargs)

        parametrized: Callable[..., Any] = pytest.mark.parametrize("report", claims or _NETWORK_CLAIMS)(one_claim)
        return parametrized

    return decorate


def _made(value: Any) -> Any:
    return value() if callable(value) else value


# The names in `netprops.networks.claims`, here without an import of JAX; a test compares them.
_NETWORK_CLAIMS = (
    "one function", "permutation symmetry", "sign-flip symmetry", "rescaling symmetry",
    "GL symmetry of a linear layer", "last layer convex", "each layer convex", "convex with one layer",
    "not convex in all parameters", "no local maxima", "gradient = back-propagation",
)  # fmt: skip

_LATE = {
    "box": "netprops.domains", "nonnegative": "netprops.domains", "ordered_cone": "netprops.domains",
    "positive": "netprops.domains", "reals": "netprops.domains", "check_network": "netprops.networks.checking",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module 'netprops.testing' has no attribute {name!r}")
    return getattr(importlib.import_module(_LATE[name]), name)
