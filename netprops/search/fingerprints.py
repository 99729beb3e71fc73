"""What a Python function computes, as a text: the same in every process, where it can be had at all."""

from __future__ import annotations

import functools
import hashlib
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any

import jax
import numpy as np

_PLAIN = (bool, int, float, complex, str, bytes, Fraction, type(None))


class UnknownError(Exception):
    """What a value is made of is not known, so that nobody can tell whether another process has the same."""


def fingerprint(function: Callable[..., Any]) -> str | None:
    """A hash of a function's code, of its defaults and of what it closes over; None where one of these is unknown.

    What it finds in its module does not count: that is a matter of the sources.  An object may say what it is by a
    method `fingerprint`.
    """
    try:
        return hashlib.sha256(repr(_told(function)).encode()).hexdigest()
    except (UnknownError, RecursionError, TypeError, ValueError):  # random keys are no arrays, cells may be empty
        return None


def _told(value: Any) -> Any:
    if isinstance(value, _PLAIN):
        return (type(value).__name__, repr(value))
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        array = np.asarray(value)
        return (str(array.dtype), array.shape, hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest())
    if isinstance(value, tuple | list):
        return (type(value).__name__, [_told(each) for each in value])
    if isinstance(value, Mapping):
        return (type(value).__name__, [(_told(name), _told(each)) for name, each in value.items()])
    if isinstance(value, functools.partial):
        return ("partial", _told(value.func), _told(value.args), _told(value.keywords))
    if isinstance(value, types.MethodType):
        return ("method", _told(value.__self__), _told(value.__func__))
    if isinstance(value, types.FunctionType):
        return _of_function(value)
    if isinstance(value, type | types.BuiltinFunctionType | types.ModuleType):
        return ("named", getattr(value, "__module__", ""), getattr(value, "__qualname__", value.__name__))
    return _of_object(value)


def _of_function(function: types.FunctionType) -> Any:
    cells = [_told(cell.cell_contents) for cell in function.__closure__ or ()]
    defaults = (_told(function.__defaults__ or ()), _told(function.__kwdefaults__ or {}))
    return ("function", function.__module__, function.__qualname__, _of_code(function.__code__), cells, defaults)


def _of_code(code: types.CodeType) -> Any:
    return (code.co_code.hex(), _constant(code.co_consts), code.co_names, code.co_varnames)


def _constant(value: Any) -> Any:
    if isinstance(value, types.CodeType):
        return _of_code(value)
    if isinstance(value, tuple):
        return [_constant(each) for each in value]
    if isinstance(value, frozenset):  # in an order that differs from process to process
        return sorted(map(repr, value))
    return repr(value)


def _of_object(value: Any) -> Any:
    kind = (type(value).__module__, type(value).__qualname__)
    if callable(own := getattr(value, "fingerprint", None)):
        return (*kind, own())
    if is_dataclass(value):
        return (*kind, [(each.name, _told(getattr(value, each.name))) for each in fields(value)])
    if callable(wrapped := getattr(value, "__wrapped__", None)):  # of jax.jit and its like
        return (*kind, _told(wrapped))
    raise UnknownError(f"{kind[0]}.{kind[1]}")
