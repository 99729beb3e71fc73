"""What a claim compiles is counted in its ledger and keeps to a budget; what was compiled before is found again."""

import json

import pytest
from test_devices import run

POLICY = """
import json, pathlib
import jax
from hypothesis import settings
from jax import monitoring

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")
settings.register_profile("some", max_examples=12, deadline=None)
settings.load_profile("some")

events = {}

def note(event, **_):
    events[event] = events.get(event, 0) + 1
    pathlib.Path(__file__).with_name("events.json").write_text(json.dumps(events))

monitoring.register_event_listener(note)
"""

# Every draw is another function, of another shape.
PROVED = """
import jax.numpy as jnp
from netprops import is_convex, reals

@CLAIM
@given(n=st.integers(1, 30))
def test_it(n):
    assert is_convex(lambda v: n * jnp.sum(v * v) + jnp.max(v), on=reals(n))
    assert not is_convex(lambda v: -n * jnp.sum(v * v), on=reals(n))
"""

SEARCHED = """
import jax.numpy as jnp
from netprops import is_convex, reals

@CLAIM
@given(n=st.integers(2, 30))
def test_it(n):
    assert is_convex(lambda v: jnp.sum(v * v), on=reals(n))
    assert not is_convex(lambda v: jnp.sum(jnp.sin(v[1:] * v[:-1])) + n * v[0] ** 2, on=reals(n))
"""

# Two sorts of runs, one of them in many tiles and the other in few, and three events.
COUNTED = """
import jax, jax.numpy as jnp
from netprops.questions.frequencies import is_share_above, runs

def trial(key):
    return jax.random.uniform(key, (), jnp.float64)

def other(key):
    return jax.random.normal(key, (), jnp.float64)

@CLAIM
def test_it():
    many, few = runs("many", trial, 1000, tile=8), runs("few", other, 100)
    for share in (many.share(lambda u: u < 0.5, "low"), many.share(lambda u: u > 0.5, "high"),
                  few.share(lambda x: x > 0, "positive")):
        assert is_share_above(share, 0.1)
        assert not is_share_above(share, 0.9)
"""

# At most: proofs, certificates and searches of small functions compile nothing, whatever is drawn; runs compile one
# executable for each trial and one for each event, whatever their number, and two small ones that make keys.
BUDGET = {"proved": (PROVED, 0), "searched": (SEARCHED, 0), "counted": (COUNTED, 2 + 3 + 2)}


def write_book(project):
    project.pytester.makeconftest(POLICY)
    for name, (tests, _) in BUDGET.items():
        project.claim(name, tests)
    catalogue = project.pytester.path / "specs" / "claims.toml"
    catalogue.write_text(catalogue.read_text().replace('["proved", "certified"]', '["estimated"]').replace(
        '["estimated"]', '["proved", "certified"]', 2))  # fmt: skip


def test_every_claim_keeps_to_its_budget_of_compilations(project):
    write_book(project)
    ran = run(project, "--hypothesis-seed=3")
    assert ran.returncode == 0
    spent = {entry["id"]: entry["compiles"] for entry in project.ledger()["claims"]}
    assert all(spent[name] <= budget for name, (_, budget) in BUDGET.items()), spent
    assert spent["counted"] >= 2  # it is counted at all
    assert f" {sum(spent.values())} compilations; cpu, float64, " in ran.stdout


def test_a_claim_beyond_its_budget_is_seen(project):
    """The count would tell: a function that is compiled for every draw."""
    project.pytester.makeconftest(POLICY)
    wasteful = PROVED.replace("def test_it(n):", "def test_it(n):\n    jax.jit(lambda v: v * n)(jnp.ones(n))")
    project.claim("wasteful", "import jax\n" + wasteful)
    assert run(project, "--hypothesis-seed=3").returncode == 0
    assert project.entry("wasteful")["compiles"] > 5


def test_what_is_compiled_by_a_test_that_imports_jax_itself_is_counted(project):
    head, body = COUNTED.split("@CLAIM\ndef test_it():\n")
    inside = "".join(f"    {line}\n" for line in head.splitlines()) + body
    project.claim("late", f"@CLAIM\ndef test_it():\n{inside}")
    catalogue = project.pytester.path / "specs" / "claims.toml"
    catalogue.write_text(catalogue.read_text().replace('["proved", "certified"]', '["estimated"]'))
    assert run(project, "--hypothesis-seed=3", JAX_ENABLE_X64="1").returncode == 0
    assert project.entry("late")["compiles"] >= 2


@pytest.fixture
def cached(project):
    write_book(project)

    def again(kind):
        pretend = f"from netprops import devices\ndevices.cpu_key = lambda: {kind!r}\n"
        (project.pytester.path / f"{kind}.py").write_text(pretend)
        limit = {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0", "JAX_ENABLE_COMPILATION_CACHE": "true"}
        (project.pytester.path / "events.json").write_text("{}")
        ran = run(project, "-p", kind, "--compilation-cache=cache", "--hypothesis-seed=3", **limit)
        assert ran.returncode == 0
        events = json.loads((project.pytester.path / "events.json").read_text())
        return {name: events.get(f"/jax/compilation_cache/cache_{name}", 0) for name in ("hits", "misses")}

    return project.pytester.path / "cache", again


def test_like_cpus_share_what_was_compiled_and_unlike_ones_never(cached):
    folder, again = cached
    first = again("haswell")
    assert first["hits"] == 0
    assert first["misses"] > 0
    kept = sorted(file.name for file in (folder / "haswell").iterdir())
    assert kept
    second = again("haswell")
    assert second["misses"] == 0
    assert second["hits"] == first["misses"]
    other = again("zen")
    assert other["hits"] == 0
    assert other["misses"] == first["misses"]
    assert sorted(path.name for path in folder.iterdir()) == ["haswell", "zen"]
    assert sorted(file.name for file in (folder / "haswell").iterdir() if "atime" not in file.name) == [
        name for name in kept if "atime" not in name
    ]
