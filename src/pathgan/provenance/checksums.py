"""Files and their sha256 as text that `sha256sum --check` reads."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from pathgan.errors import ProvenanceError, UnreadableError
from pathgan.files import atomic, sha256_of

SHOWN = 12  # digits of a sha256 in a message


class Disk:
    """What lies on disk, each file read once: an audit, a lock and a second look share it."""

    def __init__(self) -> None:
        self._hashes: dict[str, str | None] = {}

    def sha256(self, path: str) -> str | None:
        """None where no regular file is. Raises UnreadableError for one that cannot be read."""
        if path not in self._hashes:
            try:
                self._hashes[path] = sha256_of(path) if Path(path).is_file() else None
            except OSError as error:
                raise UnreadableError(f"{path}: cannot be read: {error.strerror}") from None
        return self._hashes[path]


def differ(recorded: str | None, found: str | None) -> str:
    """Two sha256, in short."""
    return f"sha256 {(recorded or 'none')[:SHOWN]} recorded, {(found or 'none')[:SHOWN]} found"


def checksums(hashes: Mapping[str, str]) -> bytes:
    """hashes: name -> sha256. Sorted by name; backslashes and line ends in names are escaped as `sha256sum` does."""
    return os.fsencode("".join(_line(name, hashes[name]) for name in sorted(hashes)))


def write_checksums(path: Path, hashes: Mapping[str, str]) -> None:
    with atomic(path) as temporary:
        temporary.write_bytes(checksums(hashes))


def _line(name: str, sha256: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{'' if escaped == name else chr(92)}{sha256}  {escaped}\n"


def read_checksums(path: Path) -> dict[str, str]:
    """Name -> sha256. Raises UnreadableError for a file that is missing, ProvenanceError for a line of another form."""
    try:
        lines = os.fsdecode(path.read_bytes()).split("\n")
    except OSError as error:
        raise UnreadableError(f"{path}: cannot be read: {error.strerror}") from None
    found = {}
    for number, line in enumerate((line.removesuffix("\r") for line in lines), 1):
        if not line:
            continue
        match = re.fullmatch(r"(\\?)([0-9a-f]{64})  (.+)", line)
        if match is None:
            raise ProvenanceError(f"{path}, line {number}: expected a sha256, two spaces and a path, got {line[:80]!r}")
        escaped, sha256, name = match.groups()
        found[re.sub(r"\\(.)", _unescape, name) if escaped else name] = sha256
    return found


def _unescape(match: re.Match[str]) -> str:
    return {"n": "\n", "r": "\r"}.get(match[1], match[1])
