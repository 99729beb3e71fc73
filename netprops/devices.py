"""Which device a run is on, and what each of its workers has of it.

JAX reads all this from the environment when it is imported, so it is settled before, by environment variables; what
the caller has set stays as it is.  JAX itself is only ever imported in a process that is thrown away.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import math
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

CPU, GPU, TPU = "cpu", "gpu", "tpu"
DEVICES = (CPU, GPU, TPU)
VARIABLE = "NETPROPS_DEVICE"  # says the device where no option does

# What JAX calls the platforms of a device, and what it is told by default: the CPU stays at hand beside another.
_PLATFORMS = {CPU: ("cpu",), GPU: ("cuda", "rocm", "gpu"), TPU: ("tpu",)}
_TOLD = {CPU: "cpu", GPU: "cuda,cpu", TPU: "tpu,cpu"}
_REMEDY = {GPU: "install netprops[cuda] and look for the GPU by nvidia-smi", TPU: "install jax[tpu] on a TPU machine"}

# XLA's pool on the CPU is as large as NPROC; the others are those of the libraries under NumPy and SciPy.
_THREADS = ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# Two names of one variable: JAX refuses to be told both.
_FRACTIONS = ("XLA_CLIENT_MEM_FRACTION", "XLA_PYTHON_CLIENT_MEM_FRACTION")
_WHOLE_FRACTION = 0.75  # of a GPU's memory: JAX's own default
_CACHE = "JAX_COMPILATION_CACHE_DIR"

# What a worker is given to live on, in bytes, where `-n auto` counts them.
WORKER_MEMORY = 2 * 2**30

_PROBE = "import jax, json; print(json.dumps([[d.platform, d.device_kind] for d in jax.devices()]))"


class DeviceError(Exception):
    """The device that was asked for cannot be had.  The message says why and what to do."""


# ---------------------------------------------------------------- the device


def asked(option: str | None, environ: Mapping[str, str]) -> str | None:
    """The device that the command line asks for, or the environment; None where neither does.  Raises `DeviceError`."""
    device = option or environ.get(VARIABLE) or None
    if device not in (None, *DEVICES):
        raise DeviceError(f"{VARIABLE}={device}: a device is one of {', '.join(DEVICES)}")
    return device


def promise(device: str, environ: MutableMapping[str, str]) -> None:
    """Let JAX be on this device.  Raises `DeviceError` where it has been told otherwise or cannot be told any more."""
    if named := environ.get("JAX_PLATFORMS"):
        if named.split(",")[0] not in _PLATFORMS[device]:
            raise DeviceError(f"--device {device}, but JAX_PLATFORMS={named}: leave out one of them")
        return
    if "jax" in sys.modules:
        told = _TOLD[device]
        raise DeviceError(f"--device {device}: JAX has been imported already; set JAX_PLATFORMS={told} instead")
    environ["JAX_PLATFORMS"] = _TOLD[device]


def promised(environ: Mapping[str, str]) -> str | None:
    """The device that JAX has been told to be on; None where it chooses."""
    first = environ.get("JAX_PLATFORMS", "").split(",")[0]
    return next((device for device, names in _PLATFORMS.items() if first in names), None)


def expected(environ: Mapping[str, str]) -> str:
    """The device that JAX will be on, as far as that can be known without starting it."""
    has_plugin = any(importlib.util.find_spec(f"jax_cuda{version}_plugin") for version in (12, 13))
    return promised(environ) or (GPU if has_plugin and visible_gpus(environ) else CPU)


def found(device: str, environ: Mapping[str, str]) -> str:
    """The kinds of the devices that JAX finds in a process of its own.

    Raises `DeviceError` unless the first of them, on which JAX works, is of the promised sort.
    """
    # Nothing is to be left reserved for the workers to miss.
    quiet = {**environ, "XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}
    ran = subprocess.run([sys.executable, "-c", _PROBE], env=quiet, capture_output=True, text=True, check=False)
    lines = (ran.stdout if ran.returncode == 0 else ran.stderr).strip().splitlines()
    if ran.returncode != 0:
        why = lines[-1] if lines else f"exit status {ran.returncode}"
        # What JAX says where no platform at all is left; elsewhere its last line tells.
        raise _missing(device, environ, "JAX finds no device at all" if why == "AssertionError" else why)
    devices: list[list[str]] = json.loads(lines[-1])
    if devices[0][0] not in (device, *_PLATFORMS[device]):
        raise _missing(device, environ, f"only {', '.join(sorted({kind for _, kind in devices}))}")
    return ", ".join(sorted({kind for _, kind in devices}))


def _missing(device: str, environ: Mapping[str, str], why: str) -> DeviceError:
    seen = environ.get("CUDA_VISIBLE_DEVICES")
    where = "" if device != GPU or seen is None else f", CUDA_VISIBLE_DEVICES={seen}"
    told = f"JAX_PLATFORMS={environ.get('JAX_PLATFORMS', '')}{where}"
    return DeviceError(f"no {device} was found ({told}): {why}; {_REMEDY.get(device, '')}, or run on --device cpu")


# ---------------------------------------------------------------- shares


def visible_gpus(environ: Mapping[str, str]) -> list[str]:
    """The NVIDIA GPUs that the caller lets be seen, by the names that it gives them: numbers, UUIDs, parts of one."""
    named = environ.get("CUDA_VISIBLE_DEVICES")
    if named is None:
        return sorted((file.name[6:] for file in Path("/dev").glob("nvidia[0-9]*")), key=int)
    seen = [name.strip() for name in named.split(",")]
    # As CUDA reads it: from the first name that is none, nothing is seen.
    last = next((place for place, name in enumerate(seen) if name in ("", "-1", "NoDevFiles")), len(seen))
    return seen[:last]


def share(slot: int, workers: int, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of worker `slot`, counted from 0: its threads, its GPU, its part of that GPU's memory."""
    threads = str(max(1, cpus() // workers))
    given = {name: threads for name in _THREADS if name not in environ}
    gpus = visible_gpus(environ) if expected(environ) == GPU else []
    if gpus:
        given["CUDA_VISIBLE_DEVICES"] = gpus[slot % len(gpus)]
        sharers = len(range(slot % len(gpus), workers, len(gpus)))
        if sharers > 1:
            name = next((name for name in _FRACTIONS if environ.get(name)), _FRACTIONS[-1])
            whole = float(environ.get(name) or _WHOLE_FRACTION)
            given[name] = f"{math.floor(1000 * whole / sharers) / 1000:.3f}"
    return given


def sane_workers(environ: Mapping[str, str]) -> int:
    """The number of workers of `-n auto`.

    One for each GPU; one on a TPU, which belongs to one process; on a CPU one for each that this process may use, as
    far as each then has `WORKER_MEMORY`.
    """
    device = expected(environ)
    if device == TPU:
        return 1
    if device == GPU:
        return max(1, len(visible_gpus(environ)))
    free = memory()
    return max(1, cpus() if free is None else min(cpus(), free // WORKER_MEMORY))


# ---------------------------------------------------------------- the machine


def cpus(root: Path = Path("/sys/fs/cgroup")) -> int:
    """How many CPUs this process may use: by its affinity, and by the quota of its container."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _words(root / "cpu.max") or _words(root / "cpu/cpu.cfs_quota_us") + _words(root / "cpu/cpu.cfs_period_us")
    if len(quota) == 2 and quota[0].isdigit():
        return max(1, min(affinity, math.ceil(int(quota[0]) / int(quota[1]))))
    return affinity


def threads(environ: Mapping[str, str]) -> int:
    """How many threads this process may compute on: its share of the CPUs (`share`), or all that it may use."""
    told = environ.get(_THREADS[0], "")
    return int(told) if told.isdigit() and int(told) > 0 else cpus()


def memory(root: Path = Path("/sys/fs/cgroup"), proc: Path = Path("/proc")) -> int | None:
    """How many bytes of memory are free, on the machine and in its container; None where neither says."""
    free = []
    if line := re.search(r"^MemAvailable: *(\d+) kB$", _text(proc / "meminfo"), re.MULTILINE):
        free.append(1024 * int(line[1]))
    limit, used = _words(root / "memory.max"), _words(root / "memory.current")
    if limit and limit[0].isdigit() and used:
        free.append(max(0, int(limit[0]) - int(used[0])))
    return min(free, default=None)


def cpu_key(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """A name for the kind of this machine's CPUs: code compiled for one of them runs on all of the same name."""
    fields = {"model name", "flags", "Features", "CPU implementer", "CPU part"}
    lines = sorted(
        {line for line in _text(cpuinfo).splitlines() if line.partition(":")[0].strip() in fields}
    ) or [platform.processor(), platform.node()]  # where the features are not known, no two machines are alike
    text = "\n".join([platform.system(), platform.machine(), *lines])
    return f"{platform.machine()}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def cache_compilations(folder: Path, environ: MutableMapping[str, str]) -> None:
    """Let JAX keep what it compiles in this folder, in the part for CPUs of this kind.

    Raises `DeviceError` where JAX cannot be told any more.
    """
    if _CACHE not in environ and "jax" in sys.modules:
        raise DeviceError(f"--compilation-cache: JAX has been imported already; set {_CACHE} instead")
    environ.setdefault(_CACHE, str(folder / cpu_key()))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _words(path: Path) -> list[str]:
    return _text(path).split()
