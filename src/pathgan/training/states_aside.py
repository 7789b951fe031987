"""Training states that other code left: kept beside the current one, so that no edit costs a day of training."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pathgan.provenance import attempts

MOST = 3  # codes whose states are kept
SHOWN = 12  # digits of a code's digest
UNKNOWN = "unknown"  # the folder of states that nobody here left
log = logging.getLogger(__name__)


def place_aside(folder: Path, code: str) -> Path:
    """Where the states of a code lie, once they are set aside from `folder`."""
    return folder / f"stale-{code[:SHOWN] or 'unknown'}"


def folders_aside(folder: Path) -> list[Path]:
    """All of them, the one that was filled last at the end."""
    return sorted(folder.glob("stale-*"), key=lambda path: (path.stat().st_mtime_ns, path.name))


def set_aside(state: Path, code: str) -> None:
    """Moves a file of state that the code with this digest left."""
    place = place_aside(state.parent, code)
    place.mkdir(exist_ok=True)
    state.replace(place / state.name)
    log.warning(
        "%s was left by other code: set aside in %s; --config resume_stale=true goes on from it", state.name, place
    )


def is_ours(state: Mapping[str, Any]) -> bool:
    """Whether an attempt at this training that began in this checkout left the state; outside of a job all are."""
    begun = attempts.begun()
    return begun is None or state.get("attempt") in begun


def set_unknown_aside(state: Path) -> None:
    """Moves a file of state that no attempt of this checkout left: nothing says what it was made of."""
    place = state.parent / UNKNOWN
    place.mkdir(exist_ok=True)
    state.replace(place / state.name)
    log.warning(
        "%s: no attempt at this training that began in this checkout left it: set aside in %s, and not resumed",
        state.name,
        place,
    )


def forget_oldest(folder: Path, kept: str) -> None:
    """Of more than MOST codes removes the states of the oldest ones, but not those of `kept`, the code that trains."""
    for oldest in [place for place in folders_aside(folder) if place != place_aside(folder, kept)][:-MOST]:
        log.warning("%s: removed, states of %d other codes are newer", oldest, MOST)
        shutil.rmtree(oldest, ignore_errors=True)
