"""Paths that somebody wrote down, in a configuration, a sheet, an archive or a record: do they stay in their folder?"""

from __future__ import annotations

import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath

from pathgan.errors import DataError

# They turn the direction of writing: such a name does not read as what it is.
TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def why_outside(name: str) -> str:
    """What is wrong with a path that belongs inside a folder, as `leaves it`; '' where nothing is."""
    path = PurePosixPath(name)
    if not name.strip():
        return "is empty"
    if path.is_absolute() or PureWindowsPath(name).drive:
        return "is absolute"
    if ".." in path.parts:
        return "leaves it"
    if "\\" in name:
        return "has a backslash; write /"
    if any(unicodedata.category(letter) in ("Cc", "Cs") or letter in TURNS for letter in name):
        return "has a character that does not show"
    return ""


def inside(folder: Path, name: str, where: str) -> Path:
    """`folder / name`. where: begins the message of the DataError for a path that does not stay inside `folder`."""
    if why := why_outside(name):
        raise DataError(f"{where}: expected a path inside {folder}, got {name!r}, which {why}")
    return folder / name
