"""Devices: what JAX is told before it is imported, what each worker has, and what is missing."""

import json
import os
import re
import subprocess
import sys
import time

import jax.numpy as jnp
import numpy as np
import pytest
from projects import BOTH, marked

from netprops import curvature, devices, is_convex, positive, reals
from netprops.search import falsify

GPUS = {"JAX_PLATFORMS": "cuda,cpu", "CUDA_VISIBLE_DEVICES": "3, GPU-5e, MIG-7a"}


# ---------------------------------------------------------------- what JAX is told


@pytest.mark.parametrize(("device", "told"), [("cpu", "cpu"), ("gpu", "cuda,cpu"), ("tpu", "tpu,cpu")])
def test_jax_is_told_the_device(monkeypatch, device, told):
    monkeypatch.delitem(sys.modules, "jax")
    environ = {}
    devices.promise(device, environ)
    assert environ == {"JAX_PLATFORMS": told}
    assert devices.promised(environ) == device


@pytest.mark.parametrize("told", ["cuda", "rocm,cpu", "gpu"])
def test_what_jax_was_told_by_the_caller_stays(told):
    environ = {"JAX_PLATFORMS": told}
    devices.promise("gpu", environ)
    assert environ == {"JAX_PLATFORMS": told}


def test_two_devices_at_once_are_refused():
    with pytest.raises(devices.DeviceError, match="--device gpu, but JAX_PLATFORMS=cpu: leave out one of them"):
        devices.promise("gpu", {"JAX_PLATFORMS": "cpu"})


def test_jax_is_not_told_too_late():
    with pytest.raises(devices.DeviceError, match="JAX has been imported already; set JAX_PLATFORMS=cuda,cpu instead"):
        devices.promise("gpu", {})
    with pytest.raises(devices.DeviceError, match="JAX has been imported already; set JAX_COMPILATION_CACHE_DIR"):
        devices.cache_compilations("folder", {})


def test_a_device_that_is_there_is_named():
    assert devices.found("cpu", os.environ | {"JAX_PLATFORMS": "cpu"}) == "cpu"


def test_an_accelerator_that_falls_back_to_the_cpu_is_missing():
    with pytest.raises(devices.DeviceError, match=r"no gpu was found \(JAX_PLATFORMS=cpu\): only cpu; install"):
        devices.found("gpu", os.environ | {"JAX_PLATFORMS": "cpu"})


# ---------------------------------------------------------------- shares


@pytest.mark.parametrize(
    ("named", "seen"),
    [("0,1", ["0", "1"]), ("3, GPU-5e", ["3", "GPU-5e"]), ("", []), ("-1", []), ("2,-1,3", ["2"]), ("NoDevFiles", [])],
)
def test_the_callers_gpus_are_those_that_are_seen(named, seen):
    assert devices.visible_gpus({"CUDA_VISIBLE_DEVICES": named}) == seen


def test_a_gpu_for_each_worker_out_of_the_callers():
    shares = [devices.share(slot, 3, GPUS) for slot in range(3)]
    assert [share["CUDA_VISIBLE_DEVICES"] for share in shares] == ["3", "GPU-5e", "MIG-7a"]
    assert not any("XLA_PYTHON_CLIENT_MEM_FRACTION" in share for share in shares)


def test_workers_on_one_gpu_divide_its_memory():
    shares = [devices.share(slot, 4, GPUS) for slot in range(4)]
    assert [share["CUDA_VISIBLE_DEVICES"] for share in shares] == ["3", "GPU-5e", "MIG-7a", "3"]
    fractions = [share.get("XLA_PYTHON_CLIENT_MEM_FRACTION") for share in shares]
    assert fractions == ["0.375", None, None, "0.375"]


@pytest.mark.parametrize("name", ["XLA_CLIENT_MEM_FRACTION", "XLA_PYTHON_CLIENT_MEM_FRACTION"])
def test_the_memory_that_is_divided_is_the_callers(name):
    environ = {**GPUS, "CUDA_VISIBLE_DEVICES": "0", name: "0.5"}
    share = devices.share(2, 3, environ)
    assert {key: value for key, value in share.items() if "FRACTION" in key} == {name: "0.166"}


def test_threads_are_divided_unless_the_caller_says_how_many(monkeypatch):
    monkeypatch.setattr(devices, "cpus", lambda: 8)
    assert devices.share(0, 3, {"JAX_PLATFORMS": "cpu", "OMP_NUM_THREADS": "5"}) == (
        {"NPROC": "2", "OPENBLAS_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    )
    assert devices.share(0, 9, {"JAX_PLATFORMS": "cpu"})["NPROC"] == "1"


@pytest.mark.parametrize(("told", "expected"), [(None, 8), ("2", 2), ("0", 8), ("", 8)])
def test_a_process_computes_on_its_share_of_threads(told, expected, monkeypatch):
    monkeypatch.setattr(devices, "cpus", lambda: 8)
    assert devices.threads({} if told is None else {"NPROC": told}) == expected


def test_xla_keeps_to_its_share_of_threads():
    """NPROC is what XLA reads: with one thread a pool it starts fewer than with four."""
    code = "import jax, os; jax.devices(); print(len(os.listdir('/proc/self/task')))"
    environ = {**os.environ, "JAX_PLATFORMS": "cpu"}
    few, many = (
        int(subprocess.check_output([sys.executable, "-c", code], env={**environ, "NPROC": count}, text=True))
        for count in ("1", "4")
    )
    assert few < many


@pytest.mark.parametrize(
    ("environ", "cpus", "memory", "workers"),
    [
        ({"JAX_PLATFORMS": "cpu"}, 8, 64 * 2**30, 8),
        ({"JAX_PLATFORMS": "cpu"}, 8, 7 * 2**30, 3),
        ({"JAX_PLATFORMS": "cpu"}, 8, 2**30, 1),
        ({"JAX_PLATFORMS": "cpu"}, 8, None, 8),
        (GPUS, 64, 2**40, 3),
        ({"JAX_PLATFORMS": "tpu"}, 64, 2**40, 1),
    ],
)
def test_the_number_of_workers_is_sane(monkeypatch, environ, cpus, memory, workers):
    monkeypatch.setattr(devices, "cpus", lambda: cpus)
    monkeypatch.setattr(devices, "memory", lambda: memory)
    assert devices.sane_workers(environ) == workers


@pytest.mark.parametrize(
    ("file", "text", "allowed"),
    [
        ("cpu.max", "max 100000", None),
        ("cpu.max", "150000 100000", 2),
        ("cpu.max", "50000 100000", 1),
        ("none", "", None),
    ],
)
def test_a_containers_quota_limits_the_cpus(tmp_path, monkeypatch, file, text, allowed):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))
    (tmp_path / file).write_text(text)
    assert devices.cpus(tmp_path) == (allowed or 16)


def test_a_containers_limit_limits_the_memory(tmp_path):
    (tmp_path / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:    8000 kB\n")
    assert devices.memory(tmp_path / "nowhere", tmp_path) == 8000 * 1024
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("1000\n")
    assert devices.memory(tmp_path, tmp_path) == 8000 * 1024
    (tmp_path / "memory.max").write_text("3000\n")
    assert devices.memory(tmp_path, tmp_path) == 2000
    assert devices.memory(tmp_path / "nowhere", tmp_path / "nowhere") is None


# ---------------------------------------------------------------- caches


CPUINFO = "processor : 0\nmodel name : Some CPU\ncpu MHz : {mhz}\nflags : fpu {flags}\n"


def test_caches_are_apart_for_unlike_cpus_and_shared_by_like_ones(tmp_path):
    def key(**fields):
        (tmp_path / "cpuinfo").write_text(CPUINFO.format(**fields))
        return devices.cpu_key(tmp_path / "cpuinfo")

    assert key(mhz=2000, flags="avx2") == key(mhz=3000, flags="avx2")
    assert key(mhz=2000, flags="avx2") != key(mhz=2000, flags="avx2 avx512f")


# ---------------------------------------------------------------- runs


# What a worker finds when its conftest.py is read, before JAX is imported.
SEEN = """
import json, os, pathlib, sys

names = {names!r}
seen = {{name: os.environ.get(name) for name in names}} | {{"jax": "jax" in sys.modules}}
worker = os.environ.get("PYTEST_XDIST_WORKER", "controller")
pathlib.Path(__file__).with_name(f"seen-{{worker}}.json").write_text(json.dumps(seen))
"""
THEN_JAX = """
import jax
jax.config.update("jax_enable_x64", True)
"""
NAMES = ("JAX_PLATFORMS", "JAX_COMPILATION_CACHE_DIR", "NPROC", "CUDA_VISIBLE_DEVICES", *devices._FRACTIONS)


@pytest.fixture
def watched(project):
    project.pytester.makeconftest(SEEN.format(names=NAMES))
    project.claim("good", marked(*BOTH))
    return project


@pytest.fixture
def with_jax(watched):
    """Imported in the conftest.py, as in the one of the book."""
    watched.pytester.makeconftest(SEEN.format(names=NAMES) + THEN_JAX)
    return watched


def run(project, *arguments, **environ):
    """A run of its own, under these variables and no others of JAX's."""
    names = [*NAMES, *devices._THREADS, "PYTEST_XDIST_WORKER", "PYTEST_XDIST_AUTO_NUM_WORKERS"]
    clean = {name: value for name, value in os.environ.items() if name not in names}
    command = [sys.executable, "-m", "pytest", "specs", "--ledger=out", *arguments]
    ran = subprocess.run(
        command, cwd=project.pytester.path, env=clean | environ, capture_output=True, text=True, check=False
    )
    print(ran.stdout, ran.stderr)
    return ran


def seen(project):
    files = project.pytester.path.glob("seen-*.json")
    return {file.stem.removeprefix("seen-"): json.loads(file.read_text()) for file in files}


def test_the_device_is_settled_before_jax_is_imported(with_jax):
    ran = run(with_jax, "--device=cpu", "--compilation-cache=cache")
    assert ran.returncode == 0
    assert re.search(r"netprops: cpu, float64, profile \w+ \(\d+ examples\), 1 process, ", ran.stdout)
    (there,) = seen(with_jax).values()
    assert there["JAX_PLATFORMS"] == "cpu"
    assert there["JAX_COMPILATION_CACHE_DIR"] == str(with_jax.pytester.path / "cache" / devices.cpu_key())
    assert there["jax"] is False
    assert with_jax.ledger()["environment"]["device"] == "cpu"


def test_workers_have_their_shares_before_jax_is_imported(with_jax):
    """Two GPUs that are not there, which JAX passes over for the CPU; one that dies leaves its share to the next."""
    with_jax.pytester.makepyfile(pretend="from netprops import devices\ndevices.found = lambda *_: 'NVIDIA H200'\n")
    for number in range(4):
        with_jax.claim(f"c{number}", marked(*BOTH))
    with_jax.claim("fatal", marked(*BOTH, "import os", "os._exit(3)"))
    gpus = {"JAX_PLATFORMS": "cuda,cpu", "CUDA_VISIBLE_DEVICES": "5,7"}
    ran = run(with_jax, "-n3", "-p", "pretend", **gpus)
    assert ran.returncode == 1
    assert re.search(r"netprops: NVIDIA H200, float64, profile \w+ \(\d+ examples\), 3 workers, ", ran.stdout)
    found = seen(with_jax)
    controller = found.pop("controller")
    assert controller["CUDA_VISIBLE_DEVICES"] == "5,7"
    assert set(found) == {"gw0", "gw1", "gw2", "gw3"}
    assert not any(each["jax"] for each in found.values())
    assert [found[f"gw{n}"]["CUDA_VISIBLE_DEVICES"] for n in range(3)] == ["5", "7", "5"]
    assert [found[f"gw{n}"]["XLA_PYTHON_CLIENT_MEM_FRACTION"] for n in range(3)] == ["0.375", None, "0.375"]
    assert {each["NPROC"] for each in found.values()} == {str(max(1, devices.cpus() // 3))}
    dead = next(f"gw{n}" for n in range(3) if f"worker gw{n} ended with exit status 3" in ran.stdout)
    assert found["gw3"] == found[dead]


@pytest.mark.parametrize(
    ("arguments", "environ", "message"),
    [
        (["--device=gpu"], {}, "ERROR: no gpu was found (JAX_PLATFORMS=cuda,cpu, *): only cpu; install *"),
        (["--device=gpu", "-n2"], {}, "ERROR: no gpu was found *, or run on --device cpu"),
        ([], {"JAX_PLATFORMS": "cuda"}, "ERROR: no gpu was found (JAX_PLATFORMS=cuda, CUDA_VISIBLE_DEVICES=): JAX *"),
        (["--device=tpu"], {}, "ERROR: no tpu was found (JAX_PLATFORMS=tpu,cpu): *"),
        (["--device=gpu"], {"JAX_PLATFORMS": "cpu"}, "ERROR: --device gpu, but JAX_PLATFORMS=cpu: leave *"),
    ],
)
def test_an_accelerator_that_is_missing_ends_the_run_at_once(watched, arguments, environ, message):
    began = time.monotonic()
    ran = run(watched, *arguments, CUDA_VISIBLE_DEVICES="", **environ)
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    pytest.LineMatcher(ran.stderr.splitlines()).fnmatch_lines([message])
    assert "collected" not in ran.stdout
    assert time.monotonic() - began < 60


def test_auto_starts_as_many_workers_as_is_sane(watched):
    ran = run(watched, "-nauto", "--device=cpu")
    count = devices.sane_workers({"JAX_PLATFORMS": "cpu"})
    assert f", {count} workers, " in ran.stdout
    assert ", 3 workers, " in run(watched, "-nauto", "--device=cpu", PYTEST_XDIST_AUTO_NUM_WORKERS="3").stdout


# ---------------------------------------------------------------- floats decide nothing


CONVEX = {
    "x^2": (lambda v: v @ v, reals(2)),
    "log-sum-exp": (lambda v: jnp.log(jnp.sum(jnp.exp(v))), reals(2)),
    "y^2 / x + x": (lambda v: v[1] ** 2 / v[0] + v[0], positive(2)),
    # Convex by a^4 + b^4 + 6 a^2 b^2 = ((a + b)^4 + (a - b)^4) / 2, at several places at once.
    "quartics": (lambda v: jnp.sum((v[0] + v) ** 4) + jnp.sum((v[0] - v) ** 4) + jnp.cosh(v[0] * 1.5), reals(2)),
}


@pytest.mark.parametrize("name", CONVEX)
def test_floats_of_a_device_that_lies_decide_nothing(monkeypatch, name):
    """Whatever a device computes, even noise, no convex function is certified not to be convex."""
    honest, rng = falsify.evaluate_batch, np.random.default_rng(1)
    asked = []

    def lying(program, points, **options):
        asked.append(len(points))
        return [y + rng.normal(scale=100.0, size=np.shape(y)) for y in honest(program, points, **options)]

    monkeypatch.setattr(falsify, "evaluate_batch", lying)
    f, on = CONVEX[name]
    assert is_convex(f, on=on).answer != "no"
    assert curvature(f, on=on).name in ("convex", "undecided")
    assert curvature(lambda v: f(v) - 30 * v[0] ** 2 + v[0] ** 3, on=on).name in ("neither", "undecided")
    assert asked


# ---------------------------------------------------------------- a name that others use as well


# A plugin with an option of the same name, as those for GPUs, phones and browsers have.
OTHERS = """
def pytest_addoption(parser):
    parser.addoption("--device", type={type}, default=None, help="another device")

def pytest_configure(config):
    print("the other has", repr(config.getoption("device")))
"""


@pytest.mark.parametrize(("type", "value"), [("int", "3"), ("str", "phone"), ("str", "cpu")])
def test_another_plugins_option_of_the_name_stays_the_others(watched, type, value):
    watched.pytester.makepyfile(others=OTHERS.format(type=type))
    ran = run(watched, "-p", "others", f"--device={value}")
    assert ran.returncode == 0
    assert f"the other has {value if type == 'int' else repr(value)}" in ran.stdout
    (there,) = seen(watched).values()
    assert there["JAX_PLATFORMS"] is None


@pytest.mark.parametrize(("arguments", "environ"), [(["--netprops-device=cpu"], {}), ([], {"NETPROPS_DEVICE": "cpu"})])
def test_the_device_has_other_names(watched, arguments, environ):
    watched.pytester.makepyfile(others=OTHERS.format(type="int"))
    ran = run(watched, "-p", "others", "--device=3", *arguments, **environ)
    assert ran.returncode == 0
    assert "the other has 3" in ran.stdout
    (there,) = seen(watched).values()
    assert there["JAX_PLATFORMS"] == "cpu"
    assert there["jax"] is False


@pytest.mark.parametrize("value", ["cpu", "phone"])
def test_a_conftests_option_of_the_name_is_its_own(watched, value):
    (watched.pytester.path / "conftest.py").write_text("import os\n" + OTHERS.format(type="str").replace(
        'print("the', 'print(os.environ.get("JAX_PLATFORMS"), "the'))  # fmt: skip
    ran = run(watched, f"--device={value}")
    assert ran.returncode == 0
    assert f"None the other has {value!r}" in ran.stdout
    ran = run(watched, f"--device={value}", "--netprops-device=cpu")
    assert f"cpu the other has {value!r}" in ran.stdout


def test_the_option_says_more_than_the_variable(watched):
    assert run(watched, "--device=cpu", NETPROPS_DEVICE="tpu").returncode == 0
    ran = run(watched, NETPROPS_DEVICE="phone")
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "NETPROPS_DEVICE=phone: a device is one of cpu, gpu, tpu" in ran.stderr
    ran = run(watched, "--device=phone")
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "argument --device" in ran.stderr
    assert "phone" in ran.stderr


def test_help_names_both(watched):
    helped = run(watched, "--help").stdout
    assert "--netprops-device" in helped
    assert "--device" in helped.replace("--netprops-device", "")
