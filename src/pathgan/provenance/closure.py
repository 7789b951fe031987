"""Which of our modules a script can reach, and one digest of them all.

Snakemake sees a script's path alone: without this, an edit in `src/` would leave old results standing.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
PACKAGE = "pathgan"
BYSTANDERS = ("pathgan.errors", "pathgan.jobs", "pathgan.provenance")  # they log and record, and change no result


def code_files(script: Path) -> list[Path]:
    """The script and every file of the package that it imports, directly or not, sorted."""
    found: set[Path] = set()
    waiting = [script]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting.extend(_imported(file))
    return sorted(found)


def code_digest(script: Path) -> str:
    """sha256 over names and bytes of `code_files`; moving the whole tree does not change it."""
    digest = hashlib.sha256()
    for file in code_files(script):
        name = file.relative_to(SOURCE).as_posix() if file.is_relative_to(SOURCE) else file.name
        digest.update(f"{name}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


@lru_cache(maxsize=256)
def _imported(file: Path) -> tuple[Path, ...]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    ours = {
        name
        for name in names
        if (name == PACKAGE or name.startswith(f"{PACKAGE}.")) and not name.startswith(BYSTANDERS)
    }
    return tuple(path for name in sorted(ours) for path in _module_files(name))


def _module_files(name: str) -> Iterator[Path]:
    """A module's file and those of the packages around it, which Python runs first."""
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        base = SOURCE.joinpath(*parts[:depth])
        if (base / "__init__.py").exists():
            yield base / "__init__.py"
        elif base.with_suffix(".py").exists():
            yield base.with_suffix(".py")
