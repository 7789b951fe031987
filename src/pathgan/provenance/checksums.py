"""Files and their sha256 as text that `sha256sum --check` reads."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from pathgan.errors import ProvenanceError
from pathgan.files import atomic


def write_checksums(path: Path, hashes: Mapping[str, str]) -> None:
    """hashes: name -> sha256. Sorted by name; backslashes and line ends in names are escaped as `sha256sum` does."""
    with atomic(path) as temporary:
        lines = "".join(_line(name, hashes[name]) for name in sorted(hashes))
        temporary.write_bytes(os.fsencode(lines))


def _line(name: str, sha256: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{'' if escaped == name else chr(92)}{sha256}  {escaped}\n"


def read_checksums(path: Path) -> dict[str, str]:
    """Name -> sha256. Raises ProvenanceError for a file that is missing, or has a line of another form."""
    try:
        lines = os.fsdecode(path.read_bytes()).split("\n")
    except OSError as error:
        raise ProvenanceError(f"{path}: cannot be read: {error}") from None
    found = {}
    for number, line in enumerate(lines, 1):
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
