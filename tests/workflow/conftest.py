"""Workflows that several modules look at are run once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from audited import make_audited
from tiny_paper import make_tiny

from once import made_once


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the small paper of `audited`, made whole. Not to be changed: copy it."""
    return made_once(tmp_path_factory, "audited", make_audited)


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the paper of `tiny_paper`, made whole. Not to be changed: see `copied`."""
    return made_once(tmp_path_factory, "tiny", make_tiny)


@pytest.fixture
def copied(done: Path, tmp_path: Path) -> Path:
    """The same, of one's own, with its times."""
    return shutil.copytree(done, tmp_path / "copy")
