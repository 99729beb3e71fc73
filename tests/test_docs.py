"""The documentation is true: its examples print what they state, and every public name is in the reference."""

import doctest
import inspect
import re
import runpy

import pytest
from pages import ROOT, blocks_of, fits, run_page

import netprops

DOCS = ROOT / "docs"
REFERENCE = sorted((DOCS / "reference").glob("*.md"))
RUN = ["tutorial.md", "faq.md", "your-own-function.md", "how-it-decides.md", "reference/frequencies.md"]
CONSTANTS = {"CONDITIONAL", "HOLDS", "REFUTED"}


@pytest.mark.parametrize("name", RUN)
def test_every_example_prints_what_the_page_states(name, tmp_path):
    wrong, ran = run_page((DOCS / name).read_text(encoding="utf-8"), name, tmp_path)
    assert ran
    assert not wrong, "\n\n".join(wrong)


def test_thirty_seconds(tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## Thirty seconds")[2].partition("\n## ")[0]
    wrong, ran = run_page(section, "README.md", tmp_path)
    assert ran == 1
    assert not wrong, "\n\n".join(wrong)


def test_the_claim_of_the_guide_is_shown_as_it_stands(project):
    blocks = blocks_of((DOCS / "adding-a-claim.md").read_text(encoding="utf-8"))
    row = next(block.text for block in blocks if block.language == "toml")
    module = next(block.text for block in blocks if block.language == "python")
    specs = project.pytester.path / "specs"
    (specs / "claims.toml").write_text(row)
    (specs / "losses").mkdir()
    project.pytester.makeconftest((ROOT / "conftest.py").read_text())
    (specs / "losses" / "test_outliers_cost_convexity.py").write_text(module)
    assert project.run_apart("specs").ret == 0
    assert project.entry("outliers-cost-convexity")["outcome"] == "shown"


PAGE = """
```python
x = 1
print(x, "and more")
```

```text
{stated}
```

```python
print(x)
```
"""


@pytest.mark.parametrize(
    ("stated", "wrong"), [("1 and more", 1), ("1 ...", 1), ("1 and", 2), ("2 ...", 2), ("", 2), ("1 and more\n1", 2)]
)
def test_what_is_printed_otherwise_or_not_stated_is_wrong(stated, wrong, tmp_path):
    """The last block prints what nobody stated."""
    found, ran = run_page(PAGE.format(stated=stated), "page.md", tmp_path)
    assert (len(found), ran) == (wrong, 2)


def test_files_and_sessions_of_a_page_are_run(tmp_path):
    page = (
        '```python title="hello.py"\nprint("hello")\n```\n'
        "```console\n$ python hello.py\nhello\n$ python hello.py\ngood bye\n```\n"
    )
    wrong, ran = run_page(page, "page.md", tmp_path)
    assert ran == 2
    assert len(wrong) == 1
    assert "good bye" in wrong[0]


def test_line_numbers_are_those_of_the_page(tmp_path):
    blocks = blocks_of(PAGE)
    assert [PAGE.splitlines()[block.line - 1] for block in blocks] == ["x = 1", "{stated}", "print(x)"]
    with pytest.raises(ZeroDivisionError) as raised:
        run_page("\n\n```python\n1 / 0\n```\n", "page.md", tmp_path)
    assert raised.traceback[-1].lineno + 1 == 4
    assert fits("a ... c\n", "a b  \nb c")


# ------------------------------------------------------------------ the reference


def test_every_public_name_stands_on_one_page_of_the_reference():
    pages = [page.read_text(encoding="utf-8") for page in REFERENCE]
    found = [name for page in pages for name in re.findall(r"^::: netprops\.(\w+)$", page, re.MULTILINE)]
    assert sorted(found) == sorted(netprops.__all__)


def test_the_list_of_the_reference_leads_to_the_pages():
    links = re.findall(r"\[`(\w+)`\]\((\w+\.md)#netprops\.(\w+)\)", (DOCS / "reference" / "index.md").read_text())
    assert {name for name, _, _ in links} == set(netprops.__all__)
    for name, page, anchor in links:
        assert name == anchor
        assert f"::: netprops.{name}\n" in (DOCS / "reference" / page).read_text()


def documented():
    return [name for name in netprops.__all__ if name not in CONSTANTS]


@pytest.mark.parametrize("name", documented())
def test_docstrings_of_public_functions_say_what_goes_in_and_show_a_use(name):
    thing = getattr(netprops, name)
    text = inspect.getdoc(thing)
    assert text
    if inspect.isfunction(thing):
        parameters = set(inspect.signature(thing).parameters)
        stated = set(re.findall(r"^    (\w+): ", text.partition("Args:")[2], re.MULTILINE))
        assert parameters <= stated, parameters - stated
        assert "Examples:" in text


@pytest.mark.parametrize("name", documented())
def test_examples_of_docstrings_print_what_they_state(name):
    thing = getattr(netprops, name)
    module = __import__(thing.__module__, fromlist=["_"])
    test = doctest.DocTestParser().get_doctest(inspect.getdoc(thing), {}, name, module.__file__, 0)
    heard = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    failed, _ = runner.run(test, out=heard.append)
    assert not failed, "".join(heard)


# ------------------------------------------------------------------ the site


def test_the_navigation_has_every_page():
    """As `mkdocs build --strict` demands, which only `.ci/run` calls; here without MkDocs."""
    listed = re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))


def test_the_picture_is_what_the_script_draws():
    assert (DOCS / "saddle.svg").read_text(encoding="utf-8") == runpy.run_path(DOCS / "draw_saddle.py")["drawn"]()
