"""What a bundle may hold: a list of places. Whatever lies elsewhere is refused, by its name alone."""

from __future__ import annotations

import re
import stat
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from pathgan.config.workflow import PRESETS
from pathgan.errors import ProvenanceError
from pathgan.files import sha256_of
from pathgan.inside import why_outside
from pathgan.provenance.checksums import differ, read_checksums
from pathgan.provenance.places import BESIDES, CONFIG, RECORDS, RESULTS, artefact_path
from pathgan.provenance.records import read_record

MAX_MEMBERS = 20_000
MAX_BYTES = 10**9  # unpacked
MAX_DEPTH = 20  # folders

_NAME = r"[A-Za-z0-9][A-Za-z0-9_.+-]*"  # never hidden, and the same bytes in every file system
_NAMES = rf"{_NAME}(?:/{_NAME})*"
_PAPER = rf"(?!(?:{'|'.join(BESIDES)})/){_NAME}"
_TABLE_OF_ITEMS = rf"{_NAMES}\.csv"
# Below a paper's folder. No page is among them: a browser runs what is in it. No PDF, for the same reason.
_OF_PAPER = {
    "tables": rf"{_NAME}\.(?:csv|md|tex)",
    "figures": rf"{_NAME}\.png",
    "models": rf"{_NAME}/seed[0-9]+/{_NAME}\.csv",  # curves and evaluations; no weights, no state
    **dict.fromkeys(
        ("data", "counts", "scores", "slides", "registrations", "tiles", "cells", "extractions"), _TABLE_OF_ITEMS
    ),
    CONFIG: rf"(?:papers|claims)/{_NAME}\.yaml|sheets/{_NAME}\.tsv",
}
_BELOW = "|".join(rf"{folder}/(?:{pattern})" for folder, pattern in _OF_PAPER.items())
_PRESET = rf"{RESULTS}/(?:{'|'.join(PRESETS)})"
ARTEFACT = re.compile(rf"{_PRESET}/(?:scorecard\.(?:csv|md)|{_PAPER}/(?:{_BELOW}))")
CONFIGURATION = re.compile(rf"{_PRESET}/{_PAPER}/{CONFIG}/{_NAMES}")
LOG = re.compile(rf"{_PRESET}/logs/{_NAMES}\.log")
RECORD = re.compile(rf"{_PRESET}/{RECORDS}/{_NAMES}\.json")
LEFT_OUT = re.compile(rf"{_PRESET}/{RECORDS}/left_out-[0-9a-f]{{12}}\.sha256")


def may_hold(name: str) -> bool:
    """Whether a bundle may have a member of this name."""
    return any(place.fullmatch(name) for place in (ARTEFACT, LOG, RECORD, LEFT_OUT))


def check_members(members: Sequence[zipfile.ZipInfo]) -> None:
    """Raises ProvenanceError for what no bundle has: by names, kinds, number and declared sizes, before one is read."""
    if len(members) > MAX_MEMBERS:
        raise ProvenanceError(f"{len(members)} members, more than the {MAX_MEMBERS} of any bundle")
    for member in members:
        name, kind = member.filename, stat.S_IFMT(member.external_attr >> 16)
        if not may_hold(name) or name.count("/") > MAX_DEPTH or kind not in (0, stat.S_IFREG):
            raise ProvenanceError(f"member {name!r} is nothing that `pathgan bundle` writes")
    folded = Counter(member.filename.casefold() for member in members)
    twice = next((name for name, n in folded.items() if n > 1), None)
    if twice:
        raise ProvenanceError(f"has the member {twice!r} twice, by that name or in other letters")
    inside = next((name for name in folded for parent in PurePosixPath(name).parents if str(parent) in folded), None)
    if inside:
        raise ProvenanceError(f"member {inside!r} lies inside of another one")
    size = sum(member.file_size for member in members)
    if size > MAX_BYTES:
        raise ProvenanceError(f"{size / 1e9:.1f} GB unpacked, more than the {MAX_BYTES / 1e9:.0f} GB of any bundle")


def check_contents(folder: Path, names: Iterable[str]) -> None:
    """Raises ProvenanceError for a record that is none, and for a file that no record there speaks of as it is.

    folder: where the members were unpacked, which are none of anybody's results yet.
    """
    recorded: dict[str, str] = {}
    for name in (names := list(names)):
        try:
            if LEFT_OUT.fullmatch(name):
                read_checksums(folder / name)
            elif RECORD.fullmatch(name):
                recorded |= _recorded(folder, name)
        except ProvenanceError as error:
            raise ProvenanceError(str(error).removeprefix(f"{folder}/")) from None
    for name in names:
        if not (ARTEFACT.fullmatch(name) or LOG.fullmatch(name)) or CONFIGURATION.fullmatch(name):
            continue
        found = sha256_of(folder / name)
        if recorded.get(name) != found:
            raise ProvenanceError(f"{name}: its record in the bundle differs: {differ(recorded.get(name), found)}")


def _recorded(folder: Path, name: str) -> dict[str, str]:
    """sha256 of the output that a record is of, and of the logs of its job."""
    entry = read_record(folder / name)
    output = artefact_path(Path(name)).as_posix()
    if entry is None or entry["output"] != output or output not in entry["outputs"]:
        raise ProvenanceError(f"{name}: not a record of {output}")
    for path in (*entry["outputs"], *entry["logs"]):
        if why_outside(path) or not path.startswith(f"{RESULTS}/"):
            raise ProvenanceError(f"{name}: speaks of {path!r}, which is not below {RESULTS}/")
    logs = {name: sha256 for name, sha256 in entry["logs"].items() if LOG.fullmatch(name)}
    return {output: entry["outputs"][output], **logs}
