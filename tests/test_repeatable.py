"""One seed, one ledger: whatever the number of workers, whatever the number of shards."""

from projects import BOTH, DRAWN, PROVED, UNSURE, comparable, marked

# Real questions: a proof, and a search whose points hang on the seed, about functions that are drawn.
SEARCHED = """
import jax.numpy as jnp
from netprops import is_convex, reals

@CLAIM
@given(n=st.integers(1, 9))
def test_searched(n):
    assert is_convex(lambda v: n * v[0] ** 2 + jnp.exp(v[1]), on=reals(2))
    assert not is_convex(lambda v: n * v[0] ** 2 + jnp.sin(v[0] * v[1]), on=reals(2))
"""


# As in the conftest.py of the book: no deadline, so that a busy machine makes no difference.
POLICY = """
from hypothesis import settings
import jax
jax.config.update("jax_enable_x64", True)
settings.register_profile("few", max_examples=5, deadline=None)
settings.load_profile("few")
"""


def write_book(project):
    project.pytester.makeconftest(POLICY)
    for number in range(3):
        project.claim(f"drawn{number}", DRAWN + marked(*BOTH, name="test_other"))
    for number in range(2):
        project.claim(f"searched{number}", SEARCHED, topic="products")
    project.claim("wrong", marked(*BOTH, "assert n < 5", given="@given(st.integers())"))
    project.claim("unsure", marked(f"assert {UNSURE}"))
    project.claim("oneway", marked(f"assert {PROVED}"))


def test_one_seed_one_ledger(project):
    write_book(project)
    assert project.run_apart("specs", "-n0", "--hypothesis-seed=3").ret == 1
    alone = project.ledger()
    assert [entry["outcome"] for entry in alone["claims"]] == [*["shown"] * 5, "failed", "undecided", "undecided"]
    searched = next(entry for entry in alone["claims"] if entry["id"] == "searched0")
    assert searched["evaluations"] > 0
    assert searched["witnesses"]

    assert project.run_apart("specs", "-n2", "--hypothesis-seed=3").ret == 1
    assert comparable(project.ledger()) == comparable(alone)

    for index, workers in ((1, "-n2"), (2, "-n0"), (3, "-n0")):
        shard = (f"--shard={index}/3", f"--ledger=out{index}", "--hypothesis-seed=3", workers)
        assert project.pytester.runpytest_subprocess("specs", *shard).ret in (0, 1)
    assert project.command("merge", "out1", "out2", "out3", "--into", "merged").ret == 2
    assert comparable(project.ledger("merged")) == comparable(alone)

    assert project.run_apart("specs", "-n0", "--hypothesis-seed=4").ret == 1
    assert comparable(project.ledger()) != comparable(alone)
