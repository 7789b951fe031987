"""Every record behind some artefacts, back to the raw files that they begin with."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pathgan.provenance.places import RESULTS, record_path
from pathgan.provenance.records import Record, read_record


class Ancestry(NamedTuple):
    """records: artefact -> its record, by name. raw: raw file -> sha256."""

    records: dict[str, Record]
    raw: dict[str, str]

    @property
    def jobs(self) -> list[Record]:
        """One record of each job."""
        return list({tuple(sorted(entry["outputs"])): entry for entry in self.records.values()}.values())

    @property
    def libraries(self) -> dict[str, str]:
        """Name -> version, of all jobs."""
        return dict(sorted({pair for entry in self.jobs for pair in entry["libraries"].items()}))


def ancestry(artefacts: Iterable[str]) -> Ancestry:
    """Of all files behind `artefacts` and beside them that have a record."""
    entries: dict[str, Record] = {}
    raw: dict[str, str] = {}
    waiting = dict.fromkeys(artefacts)
    while waiting:
        name, _ = waiting.popitem()
        entry = read_record(record_path(name))
        if entry is None:
            continue
        entries[name] = entry
        for path, sha256 in entry["inputs"].items():
            if Path(path).parts[0] == RESULTS and record_path(path).exists():
                waiting |= {path: None} if path not in entries else {}
            else:
                raw[path] = sha256
        waiting |= {path: None for path in entry["outputs"] if path not in entries}
    return Ancestry(dict(sorted(entries.items())), dict(sorted(raw.items())))
