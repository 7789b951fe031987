"""Paths that somebody wrote down, in a configuration, a sheet, an archive or a record: do they stay in their folder?"""

from __future__ import annotations

import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath

from pathgan.errors import DataError

UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # controls, turns of the direction of writing, line ends: Unicode's categories
JOINERS = "\u200c\u200d"  # which Persian and Indian languages write


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
    if any(unicodedata.category(letter) in UNSEEN and letter not in JOINERS for letter in name):
        return "has a character that does not show"
    return ""


def inside(folder: Path, name: str, where: str) -> Path:
    """`folder / name`. where: begins the message of the DataError for a path that does not stay inside `folder`."""
    if why := why_outside(name):
        raise DataError(f"{where}: expected a path inside {folder}, got {name!r}, which {why}")
    return folder / name
