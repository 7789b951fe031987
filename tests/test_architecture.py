"""Packages import one way, as docs/architecture.md draws it, and each module holds one concept."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from written_docs import compare

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
DOCS = ROOT / "docs" / "architecture.md"
MODULES = {
    ".".join(file.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): file
    for file in sorted(SOURCE.rglob("*.py"))
}
LAYERS = (  # from the ground up: a package imports what stands in rows before its own
    ("errors",),
    ("files", "inside", "determinism", "resizing", "sharpness", "spreads", "stains"),
    ("intervals",),
    ("config",),
    ("losses", "masks", "metrics", "networks", "stores"),
    ("phantoms",),
    ("datasets",),
    ("slides", "provenance"),
    ("training",),
    ("recipes", "sampling", "scoring", "jobs"),
    ("render",),
    ("claims",),
    ("page", "cluster"),
    ("plan", "demo"),
    ("cli",),
)
LONGEST = 400  # lines of a module


def imported(node: ast.AST) -> Iterator[str]:
    """Modules of ours that a tree imports, but for type checkers alone."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and getattr(child.test, "id", "") == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names if alias.name in MODULES)
        elif isinstance(child, ast.ImportFrom) and child.module:
            for alias in child.names:
                name = f"{child.module}.{alias.name}"
                if name in MODULES or child.module in MODULES:
                    yield name if name in MODULES else child.module
        yield from imported(child)


IMPORTS = {name: sorted(set(imported(ast.parse(file.read_text())))) for name, file in MODULES.items()}


def package_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


@pytest.fixture(scope="module")
def arrows() -> dict[str, set[str]]:
    """Package -> the packages that it imports."""
    found: dict[str, set[str]] = defaultdict(set)
    for module, names in IMPORTS.items():
        found[package_of(module)] |= {package_of(name) for name in names} - {package_of(module), ""}
    return {package: names for package, names in found.items() if package}


def test_every_package_has_its_row(arrows: dict[str, set[str]]) -> None:
    assert {name for row in LAYERS for name in row} == set(arrows)


def test_packages_import_downwards_alone(arrows: dict[str, set[str]]) -> None:
    height = {name: number for number, row in enumerate(LAYERS) for name in row}
    upward = {
        f"{package} -> {name}" for package, names in arrows.items() for name in names if height[name] >= height[package]
    }
    assert not upward


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert list(TopologicalSorter({name: set(names) - {name} for name, names in IMPORTS.items()}).static_order())


def test_no_two_modules_share_a_name() -> None:
    names = Counter(name.rpartition(".")[2] for name, file in MODULES.items() if file.stem != "__init__")
    assert [name for name, n in names.items() if n > 1] == []


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_short_and_says_what_it_holds(name: str) -> None:
    text = MODULES[name].read_text()
    said = ast.get_docstring(ast.parse(text)) or ""
    assert len(said.splitlines()[0] if said else "") > 10
    assert len(text.splitlines()) <= LONGEST


def test_what_the_user_of_a_function_gets_depends_on_nothing_of_ours(arrows: dict[str, set[str]]) -> None:
    """Architectures, losses and metrics know their equations and their options."""
    assert arrows["losses"] == set()
    assert arrows["metrics"] <= {"stains"}
    assert arrows["networks"] <= {"config", "errors", "files"}


def test_below_jobs_and_scripts_nobody_knows_snakemakes_object() -> None:
    """What a function needs is in its signature."""
    knowing = {
        name
        for name, file in MODULES.items()
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.arg) and node.arg == "snakemake"
    }
    assert knowing <= {"pathgan.jobs"}


def test_the_page_shows_these_packages(arrows: dict[str, set[str]], request: pytest.FixtureRequest) -> None:
    lines = ["| package | what it holds | imports |", "|---|---|---|"]
    for row in LAYERS:
        for name in row:
            file = MODULES[f"pathgan.{name}"]
            what = (ast.get_docstring(ast.parse(file.read_text())) or "").splitlines()[0].rstrip(".")
            below = ", ".join(f"`{other}`" for other in sorted(arrows[name] - {"errors"}))
            lines.append(f"| `{name}` | {what.replace('|', chr(92) + '|')} | {below} |")
    compare(DOCS, "packages", "\n".join([*lines, ""]), request)
