"""Which of our modules a script can reach, and one digest of them all.

Snakemake sees a script's path alone: without this, an edit in `src/` would leave old results standing.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from pathgan.files import sha256_of

PACKAGE = "pathgan"
# They log, record and judge, and change no result.
BYSTANDERS = ("pathgan.errors", "pathgan.jobs", "pathgan.provenance", "pathgan.cli")


def code_files(script: Path) -> list[Path]:
    """The script and every file of the package beside it that it imports, directly or not, sorted.

    script: `scripts/{rule}.py` of a checkout, whose package lies in `src/`.
    """
    found: set[Path] = set()
    waiting = [script]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting.extend(_imported(file, script.parents[1] / "src"))
    return sorted(found)


def code_hashes(script: Path) -> dict[str, str]:
    """Name within the checkout -> sha256, of `code_files`."""
    return {file.relative_to(script.parents[1]).as_posix(): sha256_of(file) for file in code_files(script)}


def code_digest(script: Path) -> str:
    """One sha256 of `code_hashes`; moving the whole tree does not change it."""
    return digest_of(code_hashes(script))


def digest_of(hashes: dict[str, str]) -> str:
    """sha256 of `{hash}  {name}` lines, as `sha256sum` prints them, by name."""
    lines = "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes))
    return hashlib.sha256(lines.encode()).hexdigest()


@lru_cache(maxsize=512)
def _imported(file: Path, source: Path) -> tuple[Path, ...]:
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
    return tuple(path for name in sorted(ours) for path in _module_files(name, source))


def _module_files(name: str, source: Path) -> Iterator[Path]:
    """A module's file and those of the packages around it, which Python runs first."""
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        base = source.joinpath(*parts[:depth])
        if (base / "__init__.py").exists():
            yield base / "__init__.py"
        elif base.with_suffix(".py").exists():
            yield base.with_suffix(".py")
