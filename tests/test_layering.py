"""Imports flow one way, readings alone know JAX's insides, and nothing inherits from anything concrete."""

import ast
import builtins
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "netprops"
MODULES = sorted(PACKAGE.rglob("*.py"))
SPECS = sorted((ROOT / "specs").rglob("*.py"))

# Lowest first. A module imports its own layer and those below it.
LAYERS = (
    ("evidence", "domains", "exact", "progress", "limits", "devices", "sharing", "distributed"),
    ("readings", "objects"),
    ("certificates", "search"),
    ("questions",),
    ("strategies",),
    ("claims",),
    ("report", "new_claim"),
    ("networks",),
    ("testing",),
    ("plugin", "__main__"),
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
# What a spec is about, or is written with.
SPEC_LIBRARIES = {
    "netprops", "jax", "numpy", "hypothesis", "pytest", "optax", "sklearn", "dataclasses", "fractions", "functools",
    "itertools", "math",
}  # fmt: skip


def part_of(path):
    """The first name below netprops: a folder or a module."""
    inside = path.relative_to(PACKAGE).parts
    return inside[0] if len(inside) > 1 else path.stem


def imported(path, *, top_only=False):
    """The dotted names of all imports of a file; those that only a type checker runs are left out."""
    tree = ast.parse(path.read_text())
    checked = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    names = []
    for node in tree.body if top_only else ast.walk(tree):
        if id(node) in checked:
            continue
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def short(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_every_module_has_a_layer(path):
    assert path == PACKAGE / "__init__.py" or part_of(path) in RANK


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_a_module_imports_its_own_layer_and_lower_ones(path):
    if path == PACKAGE / "__init__.py":
        return
    own = RANK[part_of(path)]
    above = {name for name in imported(path) if name.startswith("netprops.") and RANK.get(name.split(".")[1], -1) > own}
    assert not above


def test_parts_of_one_layer_do_not_import_each_other_in_a_circle():
    needs = {
        part: {
            name.split(".")[1]
            for path in MODULES
            if path != PACKAGE / "__init__.py" and part_of(path) == part
            for name in imported(path)
            if name.startswith("netprops.")
        }
        - {part}
        for part in RANK
    }
    done = set()
    while len(done) < len(needs):
        ready = {part for part in needs if part not in done and needs[part] & set(RANK) <= done}
        assert ready, {part: needs[part] - done for part in needs if part not in done}
        done |= ready


@pytest.mark.parametrize("path", [p for p in MODULES if part_of(p) in ("networks", "testing")], ids=short)
def test_what_is_for_other_projects_needs_no_extra(path):
    """`objects` and `strategies` import optax, scikit-learn and Hypothesis."""
    inside = {"netprops.objects", "netprops.strategies", "optax", "sklearn", "hypothesis"}
    assert not [name for name in imported(path) if name.startswith(tuple(inside))]


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_one_module_alone_imports_jax_extend(path):
    uses = any(name.startswith("jax.extend") for name in imported(path))
    assert uses == (short(path) == "netprops/readings/jaxpr.py")


@pytest.mark.parametrize("path", [p for p in MODULES if part_of(p) in ("exact", "readings")], ids=short)
def test_what_decides_knows_no_floats_of_a_device(path):
    """Proofs and certificates are made by these; only the bound on rounding is about floats."""
    names = imported(path)
    assert not any(name.startswith("netprops.search") for name in names)
    assert any(name.startswith("netprops.readings.floats") for name in names) == (path.stem == "rounding")
    if part_of(path) == "exact" or path.stem in ("balls", "jets", "krawczyk", "witnesses"):
        assert not any(name.split(".")[0] == "jax" for name in names)


@pytest.mark.parametrize("path", [*MODULES, *SPECS, *sorted((ROOT / "tests").glob("*.py"))], ids=short)
def test_nobody_imports_what_jax_keeps_private(path):
    assert not any("jax._src" in name for name in imported(path))


@pytest.mark.parametrize("path", [p for p in SPECS if p.name.startswith("test_")], ids=short)
def test_a_spec_imports_the_package_and_the_libraries_it_is_about(path):
    assert {name.split(".")[0] for name in imported(path)} <= SPEC_LIBRARIES


@pytest.mark.parametrize("path", [p for p in SPECS if p.name.startswith("test_")], ids=short)
def test_a_spec_knows_no_readings_and_no_searches(path):
    inside = {"readings", "search", "exact", "report", "plugin", "evidence"}
    assert not {name for name in imported(path) if name.startswith("netprops.") and name.split(".")[1] in inside}


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_nothing_is_a_subclass_of_anything_but_exceptions_protocols_and_enumerations(path):
    classes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]
    exceptions = {
        name
        for name in vars(builtins)
        if isinstance(getattr(builtins, name), type) and issubclass(getattr(builtins, name), BaseException)
    }
    for node in classes:
        for base in map(ast.unparse, node.bases):
            known = {c.name for c in classes} | {"DomainError", "UnsupportedError", "NotAFunctionError", "ClaimError"}
            is_exception = base in exceptions or (base in known and base.endswith("Error"))
            is_abstract = base.split("[")[0] in ("Protocol", "NamedTuple", "Enum", "Generic", "TypedDict")
            # A monomial is a tuple that remembers its hash: proofs spend most of their time looking monomials up.
            is_monomial = (path.stem, node.name) == ("polynomials", "Monomial")
            assert is_exception or is_abstract or is_monomial, f"{node.name} is a subclass of {base}"


def test_the_plugin_and_what_it_needs_import_nothing_heavy():
    probe = (
        "import sys, netprops, netprops.plugin, netprops.claims, netprops.evidence, netprops.testing;"
        "print([m for m in ('jax', 'numpy', 'flint', 'scipy', 'sklearn', 'optax') if m in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
