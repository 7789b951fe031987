"""Where every file came from: what code, settings and bytes made it."""

from pathgan.provenance.attempts import note
from pathgan.provenance.closure import code_digest, code_files
from pathgan.provenance.places import record_path
from pathgan.provenance.records import JobFacts, code_state, commit_state, read_record, record, remove_records

__all__ = [
    "JobFacts",
    "code_digest",
    "code_files",
    "code_state",
    "commit_state",
    "note",
    "read_record",
    "record",
    "record_path",
    "remove_records",
]
