"""`check_network`: which claims of the book hold of somebody's own network, which do not apply, and why."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netprops.domains import Box, DomainError, reals
from netprops.networks.anatomy import anatomy
from netprops.networks.claims import CLAIMS, FUNCTION, Finding, NetworkClaim, Setting
from netprops.networks.models import Array, Model, model_of
from netprops.readings.jaxpr import NotAFunctionError, UnsupportedError

NAMES = tuple(row.name for row in CLAIMS)

_BY_NAME = {row.name: row for row in CLAIMS}
MOST_PARAMETERS = 1000
_WIDTH = 116  # of a line
_LONGEST = 700  # characters of a reason


@dataclass(frozen=True, eq=False)
class NetworkReport:
    """What `check_network` found.

    Attributes:
        network: what was looked at, in words.
        findings: one for each claim, or for each hidden layer that a claim is about.
        demanded: the claims that were named, which must apply somewhere.
    """

    network: str
    findings: tuple[Finding, ...]
    demanded: tuple[str, ...] = ()

    def of(self, outcome: str) -> tuple[Finding, ...]:
        """The findings with an outcome: "holds", "fails", "undecided" or "does not apply"."""
        return tuple(found for found in self.findings if found.outcome == outcome)

    @property
    def holds(self) -> bool:
        """Whether all that applies holds (what is undecided does not), and all that was demanded applies."""
        return not self.short

    @property
    def short(self) -> tuple[Finding, ...]:
        """The findings because of which it does not hold."""
        shown = {found.claim for found in self.of("holds")}
        idle = [f for f in self.of("does not apply") if f.claim in self.demanded and f.claim not in shown]
        return (*self.of("fails"), *self.of("undecided"), *idle)

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    def record(self) -> dict[str, object]:
        """The report as a JSON object."""
        return {"network": self.network, "findings": [found.record() for found in self.findings]}


def squared_error(outputs: Array, targets: Array) -> Array:
    """The square of each output's distance from its target."""
    return (outputs - targets) ** 2


def check_network(
    network: Any,
    inputs: Any,
    targets: Any = None,
    *,
    loss: Callable[[Array, Array], Array] = squared_error,
    claims: Sequence[str] | None = None,
    parameters: Callable[[str], bool] | None = None,
) -> NetworkReport:
    """Which claims about networks hold of this one; for each that does not apply, which hypothesis is not met.

    Hypotheses are found out by asking the network, never from names: which axes of its arrays count the units of a
    hidden layer, whether these can be permuted, whether an activation is odd, positively homogeneous or linear, whether
    the loss is convex.  Symmetries are asked of the outputs, for all parameters and all inputs; what is said of the
    cost, the mean of `loss`, is meant for all parameters and the given data.

    Claims are about an architecture: a network of few units says as much as a wide one, and is decided in seconds.

    Args:
        network: see `netprops.networks.models`: an object with `init` and `apply` (Flax Linen, Haiku), a pair (params,
            function), or a callable pytree (Equinox, Flax NNX).
        inputs: rows of inputs, an array (n, ...): data as they are; or a domain of that shape, ``reals((2, 3))``, or
            the shape itself, ``(2, 3)``: all of them.
        targets: likewise; by default all real arrays of the outputs' shape.
        loss: of outputs and targets, a scalar or an array, whose mean is taken.
        parameters: of the name of an array, whether it is a parameter; the others stay as they are (running means and
            variances, say).  By default all floating-point arrays, or those of the collection "params" where there are
            collections, as in Flax Linen.
        claims: names out of `NAMES`, which then must apply for the report to hold; by default all, where they apply.

    Raises:
        NotAFunctionError: it is no network, or cannot be called with such inputs; the message says what was tried.
        DomainError: inputs or targets without rows; more than `MOST_PARAMETERS` parameters.
        ValueError: a claim of another name.

    Examples:
        >>> import jax.numpy as jnp
        >>> from netprops import check_network
        >>> params = {"W": jnp.ones((2, 3)), "v": jnp.ones(3)}
        >>> report = check_network((params, lambda p, x: jnp.tanh(x @ p["W"]) @ p["v"]), inputs=(1, 2))
        >>> [found.outcome for found in report.findings if found.claim == "permutation symmetry"]
        ['holds']
    """
    chosen = _chosen(claims)
    with jax.enable_x64(True):
        inputs = _data(inputs, "inputs")
        model = model_of(network, inputs.shape[1:], parameters)
        _demand_few(model)
        shape = model.outputs(inputs.shape[0])
        targets = reals(shape) if targets is None else _data(targets, "targets")
        setting = Setting(model, anatomy(model), loss, inputs, targets)
        findings = tuple(found for row in chosen for found in _asked(row, setting))
    return NetworkReport(_described(network, model, inputs), findings, () if claims is None else tuple(claims))


def _chosen(claims: Sequence[str] | None) -> list[NetworkClaim]:
    names = NAMES if claims is None else claims
    if isinstance(names, str) or not set(names) <= set(NAMES):
        raise ValueError(f"claims are some of {', '.join(map(repr, NAMES))}; got {names!r}")
    return [_BY_NAME[name] for name in names]


def _data(value: Any, what: str) -> Any:
    """A domain, also by its shape, or an array with floats as doubles."""
    if isinstance(value, tuple) and all(isinstance(n, int) for n in value):
        value = reals(value)
    if not isinstance(value, Box):
        value = np.asarray(value)
        value = value.astype(np.float64) if jnp.issubdtype(value.dtype, np.floating) else value
    if not value.shape or not value.shape[0]:
        raise DomainError(f"{what} are rows, an array or a domain of shape (n, ...); got shape {value.shape}")
    return value


def _demand_few(model: Model) -> None:
    numbers = _size(model)
    if numbers > MOST_PARAMETERS:
        raise DomainError(
            f"the network has {numbers} parameters, and is looked at in symbols: what is claimed is claimed of an "
            f"architecture, so make one with fewer units a layer (at most {MOST_PARAMETERS} parameters)"
        )


def _size(model: Model) -> int:
    return sum(math.prod(each.shape) for each in model.parameters)


def _asked(row: NetworkClaim, setting: Setting) -> Iterator[Finding]:
    """The findings of a claim; what cannot be asked of the network is undecided, and says why."""
    if setting.model.draws and row.name != FUNCTION and not _keys_do_not_matter(setting):
        words = f"the network draws random numbers, and what is claimed is claimed of one function (see `{FUNCTION}`)"
        yield Finding(row.name, "", "does not apply", words)
        return
    try:
        yield from row.ask(setting)
    except (UnsupportedError, DomainError, NotAFunctionError) as error:
        yield Finding(row.name, "", "undecided", f"{type(error).__name__}: {error}")


def _keys_do_not_matter(setting: Setting) -> bool:
    return all(found.outcome == "holds" for found in _asked(_BY_NAME[FUNCTION], setting))


def _described(network: Any, model: Model, inputs: Any) -> str:
    name = "(params, function)" if isinstance(network, tuple) else type(network).__name__
    return (
        f"{name}, called as {model.kind}: {_size(model)} parameters in {len(model.parameters)} arrays, "
        f"{inputs.shape[0]} rows of inputs"
    )


# ---------------------------------------------------------------- as text


def _lines(report: NetworkReport) -> Iterator[str]:
    """A table of claims, and the reasons below it."""
    head = ("claim", "at", "outcome", "evidence")
    rows = [(f.claim, f.where, f.outcome, f.evidence or "") for f in report.findings]
    widths = [max(len(row[k]) for row in (head, *rows)) for k in range(len(head))]
    drawn = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)]
    yield report.network
    yield drawn[0]
    yield "-" * max(map(len, drawn))
    yield from drawn[1:]
    yield ""
    for alike in _grouped(report.findings):
        yield from reason(alike)


def _grouped(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Findings of one outcome for one reason together."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for found in findings:
        groups.setdefault((found.outcome, found.because), []).append(found)
    return list(groups.values())


def reason(alike: Sequence[Finding]) -> list[str]:
    """Findings for one reason, and that, in lines."""
    first = alike[0]
    about = ", ".join(f"{found.claim} ({found.where})" if found.where else found.claim for found in alike)
    because = first.because if len(first.because) <= _LONGEST else f"{first.because[:_LONGEST]} ..."
    words = f"{about}: {first.outcome}; {because}"
    return textwrap.wrap(words, _WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
