"""`python -m netprops new-claim`: what it writes fails until it is filled in, and nothing is overwritten."""

import pytest
from projects import Project

from netprops.claims import ClaimError, read_catalogue
from netprops.new_claim import new_claim

SAYS = 'A "cube" costs C:\\new money — \x7f.'
GIVEN = ("cubes-cost", "losses", SAYS, ["D1.A5", "Cauchy 1847"], "holds", ["proved", "certified"])
FILLED = {
    'raise NotImplementedError("write here, in JAX, the function of which the claim speaks")': "return w @ w",
}


def changed(**fields):
    names = ("id", "topic", "says", "source", "verdict", "evidence")
    return [fields.get(name, value) for name, value in zip(names, GIVEN, strict=True)]


@pytest.fixture
def project(pytester):
    pytester.mkdir("specs")
    pytester.makeconftest("import jax\njax.config.update('jax_enable_x64', True)")
    return Project(pytester)


def catalogue_of(project):
    return project.pytester.path / "specs" / "claims.toml"


def replace_in(path, changes):
    text = path.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)


def test_the_row_is_read_as_it_was_given(project):
    project.row("an-older-claim")
    module = new_claim(catalogue_of(project), *GIVEN)
    older, row = read_catalogue(catalogue_of(project)).values()
    assert older.id == "an-older-claim"
    assert (row.id, row.topic, row.says, list(row.source), row.verdict, list(row.evidence)) == GIVEN
    assert module == project.pytester.path / "specs" / "losses" / "test_cubes_cost.py"
    space = {}
    exec(compile(module.read_text().partition("from netprops")[0], str(module), "exec"), space)
    assert space["__doc__"] == SAYS


def test_it_fails_until_all_is_filled_in(project):
    catalogue = catalogue_of(project)
    module = new_claim(catalogue, *GIVEN)
    result = project.run_apart("specs")
    assert result.ret == 1
    assert project.entry("cubes-cost")["outcome"] == "failed"

    replace_in(module, FILLED)  # the module, not yet the row
    result = project.run_apart("specs")
    assert result.ret == 1
    leaves = "*its catalogue row leaves to do: "
    result.stdout.fnmatch_lines([f"{leaves}formal*", f"{leaves}control*"])
    assert project.entry("cubes-cost")["outcome"] == "undecided"

    replace_in(catalogue, {"TO DO: what exactly": "What exactly", "TO DO: what the": "What the"})
    assert project.run_apart("specs").ret == 0
    assert project.entry("cubes-cost")["outcome"] == "shown"


def test_the_command(project):
    begun = ("new-claim", "cubes-cost", "--topic", "losses", "--says", "A cube costs.", "--source", "D1.A5", "D2.Q")
    assert project.command(*begun).ret == 0
    assert read_catalogue(catalogue_of(project))["cubes-cost"].source == ("D1.A5", "D2.Q")
    again = project.command(*begun)
    assert again.ret == 1
    again.stderr.fnmatch_lines(["*has 'cubes-cost' already, in the topic losses: choose another id*"])


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (changed(id="Cubes cost"), "lower-case words"),
        (changed(topic="../losses"), "name of a folder"),
        (changed(topic="proved"), "marker of another kind"),
        (changed(says="two\nlines"), "one line"),
        (changed(says=" "), "one line"),
        (changed(source=[]), "where the claim is made"),
        (changed(source=[""]), "where the claim is made"),
        (changed(verdict="true"), "a verdict is one of"),
        (changed(evidence=["seen"]), "a kind of evidence"),
        (changed(evidence=[]), "a kind of evidence"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(project, given, why):
    with pytest.raises(ClaimError, match=why):
        new_claim(catalogue_of(project), *given)
    assert list((project.pytester.path / "specs").iterdir()) == []


def test_no_module_is_overwritten(project):
    module = project.pytester.path / "specs" / "losses" / "test_cubes_cost.py"
    module.parent.mkdir()
    module.write_text("mine")
    with pytest.raises(ClaimError, match="exists already"):
        new_claim(catalogue_of(project), *GIVEN)
    assert module.read_text() == "mine"
    assert not catalogue_of(project).exists()


def test_the_folder_must_be_there(tmp_path):
    with pytest.raises(ClaimError, match="there is no folder"):
        new_claim(tmp_path / "elsewhere" / "claims.toml", *GIVEN)
