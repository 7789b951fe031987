"""What a job reads, hashed before its work and looked at again after it: what was read is what is recorded."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pathgan.errors import ProvenanceError
from pathgan.files import identity
from pathgan.provenance.checksums import differ
from pathgan.provenance.places import RESULTS, record_path
from pathgan.provenance.records import read_record, sha256_once


class ReadInputs:
    """The files that a job is about to read. Raises ProvenanceError for an artefact that is not what its record says.

    sha256: path -> that of the bytes before the work.
    """

    def __init__(self, paths: Iterable[str]):
        self._seen = {path: identity(path) for path in paths if Path(path).is_file()}
        self.sha256 = {path: sha256_once(path) for path in self._seen}
        for path, found in self.sha256.items():
            _check_artefact(path, found)

    def check_unchanged(self) -> None:
        """Raises ProvenanceError where a file went or has other bytes than before the work."""
        for path, before in self._seen.items():
            if not Path(path).is_file():
                raise ProvenanceError(f"{path}: went away while this job read it; start again once it is back")
            if identity(path) != before and (found := sha256_once(path)) != self.sha256[path]:
                said = differ(self.sha256[path], found).replace("recorded", "before")
                raise ProvenanceError(f"{path}: changed while this job read it: {said}; start again once it rests")


def _check_artefact(path: str, found: str) -> None:
    """Nothing is built on damage."""
    if Path(path).parts[:1] != (RESULTS,):
        return
    entry = read_record(record_path(path))
    if entry is not None and entry["outputs"].get(path) != found:
        said = differ(entry["outputs"].get(path), found)
        raise ProvenanceError(f"{path}: not what its record says: {said}; see pathgan repair {path}")
