"""How the checker refuses: a demand that is not met, and the step of the certificate at which it was made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netprops.domains import DomainError
from netprops.readings.expressions import MalformedError
from netprops.readings.jaxpr import NotAFunctionError, UnsupportedError
from netprops.readings.polynomials import TooLargeError


class RefusedError(Exception):
    """A step of a certificate that does not show what it has to; the message says why."""


class FailedError(Exception):
    """A step that failed: its name, and why."""

    def __init__(self, step: str, why: object) -> None:
        super().__init__(f"{step}: {why}")
        self.step, self.why = step, str(why)


# What reading a record that is none, or holds absurd numbers, comes to.
MALFORMED = (
    MalformedError, DomainError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError, AssertionError,
)  # fmt: skip


def demand(holds: bool | None, why: str, *about: Any) -> None:
    """Raise `RefusedError` unless the condition certainly holds; what it is about is put into the braces of `why`."""
    if holds is not True:
        raise RefusedError(why.format(*about))


def integer(value: Any, below: int) -> int:
    """A whole number from 0 to below, which is left out."""
    demand(isinstance(value, int) and not isinstance(value, bool) and 0 <= value < below, "no such place: {!r}", value)
    return int(value)


def truth(value: Any) -> bool:
    """A truth value."""
    demand(isinstance(value, bool), "neither true nor false: {!r}", value)
    return bool(value)


def at_step(name: str, check: Callable[[], Any]) -> Any:
    """What the check returns; its failure as the failure of the step."""
    try:
        return check()
    except FailedError:
        raise
    except (RefusedError, NotAFunctionError, UnsupportedError, TooLargeError) as error:
        raise FailedError(name, error) from error
    except MALFORMED as error:
        raise FailedError(name, f"malformed: {type(error).__name__}: {error}") from error
    except RecursionError as error:
        raise FailedError(name, "nested too deeply") from error
