"""Where every file came from: what code, settings and bytes made it."""

from pathgan.provenance.closure import code_digest, code_files
from pathgan.provenance.record import JobFacts, code_state, commit_state, record, record_path

__all__ = ["JobFacts", "code_digest", "code_files", "code_state", "commit_state", "record", "record_path"]
