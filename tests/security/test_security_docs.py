"""The table of attacks in docs/security.md: what the other tests of this folder try, and what comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import test_bundles
import test_configuration
import test_images
import test_inputs
import test_paths
import test_sheets_and_slides
import test_states
import test_stored_files

from written_docs import compare

DOCS = Path(__file__).parents[2] / "docs" / "security.md"
TRIED = {
    "bundles": test_bundles.ATTACKS,
    "states": test_states.ATTACKS,
    "paths": test_paths.ATTACKS,
    "inputs of a job": test_inputs.ATTACKS,
    "images and masks": test_images.ATTACKS,
    "stores, weights, polygons": test_stored_files.ATTACKS,
    "sheets, slides, records": test_sheets_and_slides.ATTACKS,
    "configuration": test_configuration.ATTACKS,
}


def test_the_docs_show_every_attack(request: pytest.FixtureRequest) -> None:
    """Written with `pytest tests/security --write-docs`."""
    lines = ["| of | attack | verdict |", "|---|---|---|"]
    for kind, attacks in TRIED.items():
        lines += [f"| {kind} | {name.replace('|', chr(92) + '|')} | {one.verdict} |" for name, one in attacks.items()]
    n = sum(map(len, TRIED.values()))
    compare(DOCS, "attacks", "\n".join([*lines, "", f"{n} attacks, and none came through.", ""]), request)
