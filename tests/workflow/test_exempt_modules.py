"""Exempt modules change no byte: each is replaced by one that does nothing, and outputs are compared."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from checkouts import checkout, one_run, snakemake

from pathgan.provenance.closure import EXEMPT

pytestmark = pytest.mark.workflow
BASE = Path("results/demo/tiny")
NOTHING = {  # a module -> one of the same names that does nothing
    "pathgan.errors": """
class PathganError(Exception): pass
ConfigError = DataError = TrainingError = TableError = ClusterError = ProvenanceError = PathganError
""",
    "pathgan.provenance": "",
    "pathgan.provenance.attempts": "def note(**facts): pass\n",
    "pathgan.provenance.recording": """
from contextlib import contextmanager
@contextmanager
def recorded(**facts):
    yield
""",
}


def file_of(module: str, folder: Path) -> Path:
    base = folder.joinpath("src", *module.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


def test_outputs_are_the_same_without_them(tmp_path: Path) -> None:
    assert set(NOTHING) == set(EXEMPT)
    whole = checkout(tmp_path / "whole", {"tiny": one_run()})
    bare = shutil.copytree(whole, tmp_path / "bare")
    for module, text in NOTHING.items():
        file_of(module, bare).write_text(text)
    targets = [f"{BASE}/tables/table1.csv", f"{BASE}/figures/figure1.png"]
    for folder in (whole, bare):
        snakemake(folder, *targets)
    made = [path.relative_to(whole) for path in (whole / BASE).rglob("*") if path.is_file()]
    assert len(made) > 8
    assert not (bare / "results/demo/provenance").exists()
    for path in made:
        assert (bare / path).read_bytes() == (whole / path).read_bytes(), path
