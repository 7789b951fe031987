"""The modules that no digest of code counts, replaced by others that do nothing."""

from __future__ import annotations

from pathlib import Path

from pathgan.provenance.closure import EXEMPT

NOTHING = {  # a module -> one of the same names that does nothing
    "pathgan.errors": """
class PathganError(Exception): pass
ConfigError = DataError = TrainingError = TableError = ClusterError = ProvenanceError = PathganError
UnreadableError = PathganError
""",
    "pathgan.provenance": "",
    "pathgan.provenance.attempts": """
def note(**facts): pass
def current(): return ""
def begun(): return None
""",
    "pathgan.provenance.recording": """
from contextlib import contextmanager
@contextmanager
def recorded(**facts):
    yield
""",
}


def do_nothing(folder: Path) -> None:
    """Replaces them in a checkout."""
    assert set(NOTHING) == set(EXEMPT)
    for module, text in NOTHING.items():
        base = folder.joinpath("src", *module.split("."))
        (base / "__init__.py" if base.is_dir() else base.with_suffix(".py")).write_text(text)
