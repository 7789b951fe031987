"""A copy of the project with small papers of a test's own, and Snakemake in it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import warm
import yaml

from own_lock import own_lock

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "rules", "scripts", "src", "config", "envs", "profiles", "report")


def checkout(
    folder: Path, papers: Mapping[str, Any], published: Sequence[str] = (), claims: Mapping[str, Any] | None = None
) -> Path:
    """A copy of the project whose only papers are these; `published`: rows of published.csv. claims: of papers."""
    folder.mkdir(exist_ok=True)
    for part in PARTS:
        source = ROOT / part
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / part)
    (folder / "envs" / "requirements.lock").write_text(own_lock())
    for file in (folder / "config" / "papers").glob("*.yaml"):
        file.unlink()
    for name, paper in papers.items():
        (folder / "config" / "papers" / f"{name}.yaml").write_text(yaml.safe_dump(paper, sort_keys=False))
    for name, of_paper in (claims or {}).items():
        (folder / "config" / "claims" / f"{name}.yaml").write_text(yaml.safe_dump(of_paper, sort_keys=False))
    (folder / "config" / "config.yaml").write_text(f"preset: demo\npapers: [{', '.join(papers)}]\n")
    with (folder / "config" / "published.csv").open("a") as file:
        file.writelines(f"{row}\n" for row in published)
    return folder


def snakemake(folder: Path, *arguments: str, code: int = 0, covered: bool = False, warm_jobs: bool = True) -> str:
    """Its output; it must end with `code`. covered: coverage counts Snakemake and its jobs. warm_jobs: see `warm`."""
    done = warm.run("snakemake", ["--cores", "2", *arguments], folder, warm.environment(covered), warm_jobs)
    output = done.stdout + done.stderr
    assert done.returncode == code, output[-4000:]
    return output


def jobs(output: str) -> dict[str, int]:
    """Rule -> jobs, of the first table of job counts that Snakemake prints."""
    table = output.partition("Job stats:")[2].partition("total")[0]
    return {name: int(n) for name, n in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)}
