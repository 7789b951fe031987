"""Files that are whole or absent, and their hashes."""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic(path: Path | str) -> Iterator[Path]:
    """A temporary path beside `path` that takes its name when the block ends well, and goes when not."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    temporary.chmod(0o644)
    try:
        yield temporary
        sync(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Writes a CSV file, whole or not at all."""
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def move_all(folder: Path, into: Path, names: Iterable[str]) -> None:
    """Moves files from one folder into another, with the folders that they lie in: all of them, or none.

    Raises OSError where one cannot be moved, FileExistsError where something has its name already; what was moved
    before is then back in its place, and every folder made for it is gone again.
    """
    moved: list[str] = []
    made: list[Path] = []
    try:
        for name in names:
            target = into / name
            missing = [parent for parent in target.parents if not parent.exists()]
            target.parent.mkdir(parents=True, exist_ok=True)
            made += reversed(missing)
            if target.exists() or target.is_symlink():
                raise FileExistsError(f"{target} is there already")
            shutil.move(folder / name, target)
            moved.append(name)
    except BaseException:
        for name in reversed(moved):
            shutil.move(into / name, folder / name)
        for parent in reversed(made):
            parent.rmdir()
        raise


def sync(path: Path) -> None:
    """Waits until the bytes of a file are on disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def identity(path: Path | str) -> tuple[int, int, int, int]:
    """Inode, size and both times [ns] of a file: while these stay, so do its bytes. No program can set the last one."""
    facts = Path(path).stat()
    return facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def sha256_of(path: Path | str) -> str:
    """The hexadecimal sha256 of a file."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
