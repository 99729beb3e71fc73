"""All devices of all processes as one line, over which independent work is spread.

In a distributed run all processes do the same in the same order; what one of them computes, all have afterwards.
Before they compute anything together they see to it that it is the same thing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from netprops.distributed import PeerError

if TYPE_CHECKING:
    from collections.abc import Iterator

Array = np.ndarray[Any, Any]

BATCH = "batch"
_LEFT = "this process broke off what it did with the others"
_broken: str = ""  # why the processes are not in step any more


def mesh() -> Mesh:
    """All devices, those of other processes included, along the axis `BATCH`."""
    return Mesh(np.array(jax.devices()), (BATCH,))


def is_alone() -> bool:
    """Whether there is one process."""
    return int(jax.process_count()) == 1


def spread(one: Callable[..., Any], shared: int) -> Callable[..., Any]:
    """`one`, compiled, of several last arguments at once: an array (devices,), each entry on a device of its own.

    Args:
        one: a function in JAX whose last argument is an integer; every device runs it as if it were alone.
        shared: how many arguments come before that one; all devices have the same.

    Returns:
        a function that gives a pytree of NumPy arrays (devices, ...), in every process.
    """
    line = mesh()
    parts, everywhere = PartitionSpec(BATCH), PartitionSpec()  # type: ignore[no-untyped-call]  # of JAX

    def here(*arguments: Any) -> Any:
        *same, numbers = arguments
        return jax.tree.map(lambda array: array[None], one(*same, numbers[0]))

    spread_out = jax.shard_map(
        here, mesh=line, in_specs=(*[everywhere] * shared, parts), out_specs=parts, check_vma=False
    )
    compiled = jax.jit(spread_out, out_shardings=NamedSharding(line, everywhere))

    def run(*arguments: Any) -> Any:
        *same, numbers = arguments
        laid = jax.make_array_from_callback(
            (line.size,), NamedSharding(line, parts), lambda index: np.asarray(numbers)[index]
        )
        with together():
            return jax.tree.map(np.asarray, compiled(*same, laid))

    return run


def ranges(count: int, size: int, compute: Callable[[int], Array]) -> list[Array]:
    """What `compute` gives for the numbers 0 to `count` - 1, each computed by one of the processes.

    Args:
        size: the most entries of a result, whole numbers from 0 to 126.

    Raises:
        PeerError: `compute` raised in another process; what it raises in this one is raised here.
    """
    mine, own_error = np.full((count, size), -1, dtype=np.int8), None
    lengths = np.zeros(count, dtype=np.int32)
    try:
        with in_one_go():
            for number in range(jax.process_index(), count, jax.process_count()):
                found = compute(number)
                mine[number, : len(found)], lengths[number] = found, len(found)
    except Exception as error:
        own_error, lengths[:] = error, -1
    with together():
        all_lengths, everything = (np.asarray(multihost_utils.process_allgather(a)) for a in (lengths, mine))
    if own_error is not None:
        raise own_error
    if failed := np.flatnonzero((all_lengths == -1).all(axis=1)).tolist():
        raise PeerError(f"process {failed[0] + 1} failed: what it says is in its own output")
    owner = [number % jax.process_count() for number in range(count)]
    return [everything[owner[n], n, : all_lengths[owner[n], n]] for n in range(count)]


def agree(what: str, text: str) -> None:
    """See to it that all processes have the same text.  Raises `PeerError`, in all of them, if not."""
    if is_alone():
        return
    mine = np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype=np.uint8)
    with together():
        everybodys = np.asarray(multihost_utils.process_allgather(mine))
    if others := np.flatnonzero((everybodys != everybodys[0]).any(axis=1)).tolist():
        _break(f"processes 1 and {others[0] + 1} differ in {what}")


def first_of(number: int) -> int:
    """The number that the first process has, below 2**32, in all of them."""
    if is_alone():
        return number
    with together():
        told: Sequence[int] = multihost_utils.broadcast_one_to_all(np.array([number], dtype=np.uint32))
    return int(told[0])


@contextmanager
def together() -> Iterator[None]:
    """Work of all processes inside; whatever goes wrong there leaves them out of step.

    Raises:
        PeerError: then, and ever after.
    """
    if _broken:
        raise PeerError(_broken)
    try:
        yield
    except Exception as error:
        if is_alone():
            raise
        _break(f"another process failed or was lost: {' '.join(str(error).split())[:300]}", error)
    except BaseException:
        if not is_alone():
            _note(_LEFT)
        raise


@contextmanager
def in_one_go() -> Iterator[None]:
    """Work inside that must not be broken off, by a time limit say, if this process is to stay in step."""
    try:
        yield
    except Exception:
        raise
    except BaseException:
        if not is_alone():
            _note(_LEFT)
        raise


def _note(why: str) -> None:
    global _broken
    _broken = why


def _break(why: str, cause: BaseException | None = None) -> None:
    _note(why)
    raise PeerError(why) from cause
