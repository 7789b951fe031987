"""Workflows that several modules look at are run once."""

from __future__ import annotations

from pathlib import Path

import pytest
from audited import make_audited

from once import made_once


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the small paper of `audited`, made whole. Not to be changed: copy it."""
    return made_once(tmp_path_factory, "audited", make_audited)
