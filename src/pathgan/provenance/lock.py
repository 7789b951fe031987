"""`provenance.lock`: the sha256 of every artefact and every record, to commit or to sign.

Records alone do not stand against somebody who edits results and records alike; a lock that lies elsewhere does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pathgan.files import sha256_of
from pathgan.provenance.audit import Finding, Verdict, artefacts_below, differ
from pathgan.provenance.bundle import left_out
from pathgan.provenance.checksums import read_checksums, write_checksums
from pathgan.provenance.places import record_path


def lock(findings: Iterable[Finding], out: Path) -> int:
    """Writes the lock of what an audit passed; returns the number of artefacts."""
    absent, hashes = left_out(), {}
    names = sorted({finding.path for finding in findings if record_path(finding.path).exists()})
    for name in names:
        record = record_path(name)
        hashes[str(record)] = sha256_of(record)
        hashes[name] = sha256_of(name) if Path(name).exists() else absent[name]
    write_checksums(out, hashes)
    return len(names)


def against(path: Path, targets: Iterable[Path]) -> Iterator[Finding]:
    """What differs from a lock: of its files below `targets`, and artefacts there that it does not know.

    Raises ProvenanceError for a lock that cannot be read.
    """
    locked, absent = read_checksums(path), left_out()
    for target in targets:
        inside = {name: value for name, value in locked.items() if _within(name, target)}
        for name, sha256 in inside.items():
            if not Path(name).is_file():
                if absent.get(name) != sha256:
                    yield Finding(name, Verdict.MISSING, f"in {path}, but not there")
            elif (found := sha256_of(name)) != sha256:
                yield Finding(name, Verdict.MODIFIED, f"against {path}: {differ(sha256, found)}")
        for name in artefacts_below(target):
            if name not in inside:
                yield Finding(name, Verdict.UNRECORDED, f"not in {path}")


def _within(name: str, target: Path) -> bool:
    """Whether a locked file is `target`, lies below it, or is the record of one that does."""
    record = record_path(target) if not target.is_dir() else record_path(target / "x").parent
    return any(Path(name) == place or Path(name).is_relative_to(place) for place in (target, record))
