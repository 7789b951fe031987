"""`provenance.lock`: the sha256 of every artefact and every record, to commit or to sign.

Records alone do not stand against somebody who edits results and records alike; a lock that lies elsewhere does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pathgan.provenance.artefacts import artefacts_below
from pathgan.provenance.audit import Finding, Verdict
from pathgan.provenance.bundle import left_out
from pathgan.provenance.checksums import Disk, differ, read_checksums, write_checksums
from pathgan.provenance.places import record_path


def lock(findings: Iterable[Finding], out: Path, disk: Disk) -> int:
    """Writes the lock of what an audit passed; returns the number of artefacts."""
    absent, hashes = left_out(), {}
    names = _artefacts(findings)
    for name in names:
        for path in (name, str(record_path(name))):
            hashes[path] = disk.sha256(path) or absent[path]
    write_checksums(out, hashes)
    return len(names)


def against(path: Path, targets: Iterable[Path], findings: Iterable[Finding], disk: Disk) -> Iterator[Finding]:
    """What differs from a lock: of its files below `targets`, and of all that an audit of these came upon.

    Raises ProvenanceError for a lock that cannot be read.
    """
    locked, absent = read_checksums(path), left_out()
    names = {*_artefacts(findings), *(name for target in targets for name in artefacts_below(target))}
    known = {name for name in locked if any(Path(name).is_relative_to(target) for target in targets)}
    for name in sorted(names - locked.keys()):
        yield Finding(name, Verdict.UNRECORDED, f"not in {path}")
    pairs = {file for name in names for file in (name, str(record_path(name)))}
    for file in sorted(known | (pairs & locked.keys())):
        found = disk.sha256(file)
        if found is None and absent.get(file) != locked[file]:
            yield Finding(file, Verdict.MISSING, f"in {path}, but not there")
        elif found is not None and found != locked[file]:
            yield Finding(file, Verdict.MODIFIED, f"against {path}: {differ(locked[file], found)}")


def _artefacts(findings: Iterable[Finding]) -> list[str]:
    return sorted({finding.path for finding in findings if record_path(finding.path).exists()})
