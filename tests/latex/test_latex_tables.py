"""The demo's tables in LaTeX: each one compiles, and so does a table of letters that LaTeX would obey."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pathgan.render.table_files import latex_table

RESULTS = Path(__file__).parents[2] / "results" / "demo"
TABLES = sorted(RESULTS.glob("*/tables/*.tex"))


def _absent(reason: str) -> None:
    """Skips with the reason, and fails in CI."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def compiled(body: str, folder: Path) -> str:
    """What pdfLaTeX says of a document of tables, which may start no program."""
    if shutil.which("pdflatex") is None:
        _absent("no pdfLaTeX; on Debian, as root: tests/install.sh pdflatex texlive-latex-base")
    (folder / "t.tex").write_text(f"\\documentclass{{article}}\n\\begin{{document}}\n{body}\n\\end{{document}}\n")
    command = ["pdflatex", "-no-shell-escape", "-halt-on-error", "-interaction", "nonstopmode", "t.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (folder / "t.pdf").stat().st_size > 1000
    return done.stdout


def test_every_table_of_the_demo_compiles(tmp_path: Path) -> None:
    if not TABLES:
        _absent(f"{RESULTS}: no table in LaTeX; make them: make demo")
    assert len(TABLES) >= 40
    said = compiled("\n".join(f"{path.read_text()}\n\\clearpage" for path in TABLES), tmp_path)
    assert f"({len(TABLES)} page" in said


def test_letters_that_latex_would_obey_are_shown(tmp_path: Path) -> None:
    letters = "".join(map(chr, range(32, 127)))
    words = [letters, r"\input{/etc/passwd}", r"\write18{touch x}", "[1]", "* 2", "±†‡↑↓→×≤≥−µ²λβ–… é 病", "a\n\nb"]
    compiled(latex_table(["", letters], [[word, word] for word in words], letters, letters), tmp_path)
    assert not (tmp_path / "x").exists()
