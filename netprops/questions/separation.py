"""How 0/1 labels part the rows of a data set, decided by exact rational linear programming."""

from __future__ import annotations

from typing import Any, Literal

from flint import fmpq

from netprops.domains import DomainError
from netprops.evidence import Verdict, no, record, yes
from netprops.exact.programs import CompleteSeparation, Overlap, QuasiSeparation, separate
from netprops.questions.asking import exact_array

Kind = Literal["complete", "quasi", "overlap"]
KINDS = {CompleteSeparation: "complete", QuasiSeparation: "quasi", Overlap: "overlap"}


def is_separable(X: Any, y: Any, kind: Kind) -> Verdict:
    """Do the labels y (0 or 1) part the rows of X in the given way? With margins m_i = (2 y_i - 1)(x_i, 1):

    * "complete": some theta has m_i.theta > 0 for every i;
    * "quasi": some theta has m_i.theta >= 0 for every i, not all 0, and no theta is strict on all;
    * "overlap": every theta with m_i.theta >= 0 for all i has m_i.theta = 0 for all i.

    Exactly one holds. Each answer carries its certificate: theta, or multipliers l >= 0 with sum l_i m_i = 0.

    Args:
        X: the inputs, shape (n, d): ints, `Fraction`s or doubles, exact as they are.
        y: the labels, shape (n,), 0 or 1.
        kind: "complete", "quasi" or "overlap".

    Raises:
        DomainError: shapes that do not fit, labels other than 0 and 1, or an unknown kind.

    Examples:
        >>> from netprops import is_separable
        >>> is_separable([[0], [1], [2]], [0, 0, 1], "complete").answer
        'yes'
        >>> is_separable([[0], [1], [2]], [0, 1, 0], "overlap").answer
        'yes'
    """
    if kind not in KINDS.values():
        raise DomainError(f"a separation is 'complete', 'quasi' or 'overlap', got {kind!r}")
    rows, labels = exact_array(X), exact_array(y)
    if rows.ndim != 2 or labels.shape != rows.shape[:1]:
        raise DomainError(f"X has shape (n, d) and y shape (n,); got {rows.shape} and {labels.shape}")
    if not rows.size:
        raise DomainError("X has no entries: nothing to separate")
    if any(label not in (0, 1) for label in labels):
        raise DomainError("labels are 0 or 1")
    margins = [[(2 * s - 1) * x for x in [*row, fmpq(1)]] for row, s in zip(rows, labels, strict=True)]
    found = separate(margins)
    name = KINDS[type(found)]
    certificate = {key: _texts(value) for key, value in vars(found).items()}
    words = f"the labels part the rows: {name}; " + ", ".join(f"{key} = {value}" for key, value in certificate.items())
    answer = yes if name == kind else no
    return record(answer("is_separable", "certified", words, {"kind": name, **certificate}))


def _texts(value: Any) -> Any:
    return [str(x) for x in value] if isinstance(value, list | tuple) else value
