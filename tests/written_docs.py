"""Tables in docs/ that a test finds: compared with what stands there, or written with `pytest --write-docs`."""

from __future__ import annotations

from pathlib import Path

import pytest


def compare(path: Path, name: str, table: str, request: pytest.FixtureRequest) -> None:
    """The text between `<!-- NAME: begin -->` and `<!-- NAME: end -->`."""
    begin, end = (f"<!-- {name}: {place} -->\n" for place in ("begin", "end"))
    before, rest = path.read_text().split(begin)
    shown, after = rest.split(end)
    if request.config.getoption("--write-docs"):
        path.write_text(f"{before}{begin}{table}{end}{after}")
    else:
        assert shown == table, f"{path.name}: run `pytest {request.node.nodeid.split('::')[0]} --write-docs`"
