"""Whole training states on disk: written atomically, two kept, each with its checksum inside."""

from __future__ import annotations

import errno
import hashlib
import io
import logging
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from pathgan.errors import TrainingError
from pathgan.files import atomic
from pathgan.provenance import attempts
from pathgan.training.states_aside import (
    SHOWN,
    folders_aside,
    forget_oldest,
    is_ours,
    place_aside,
    set_aside,
    set_unknown_aside,
)

MAGIC = b"pathgan-checkpoint-2\n"
KEEP = 2
HEADER = ("fingerprint", "code", "resumed_stale", "iteration")  # of every state
log = logging.getLogger(__name__)


class Checkpoints:
    """The states of one run in a folder. A state is a mapping of tensors, numbers, strings and containers.

    A state that no attempt of this checkout left is set aside for good: nothing says where it is from.
    `fingerprint` names what the run is made of, and `code` is the digest of the code that trains. A state of another
    run that the same code left is removed: its iteration would outrank ours. A state that other code left is set
    aside, and comes back where that code does. With `resume_stale` training goes on from the furthest of all codes.

    resumed_stale: digests of the other codes that a part of this training was done with.
    """

    def __init__(self, folder: Path, fingerprint: str, code: str = "", resume_stale: bool = False):
        self.folder = folder
        self.resumed_stale: list[str] = []
        self._fingerprint, self._code, self._resume_stale = fingerprint, code, resume_stale

    def save(self, iteration: int, state: dict[str, Any]) -> Path:
        """Writes a state; a crash at any moment leaves the earlier ones. Raises TrainingError on a full disk."""
        buffer = io.BytesIO()
        own = {"fingerprint": self._fingerprint, "code": self._code, "resumed_stale": self.resumed_stale}
        own |= {"attempt": attempts.current()}
        torch.save({**own, "iteration": iteration, **state}, buffer)
        payload = buffer.getbuffer()
        path = self.folder / f"checkpoint-{iteration:09d}.pt"
        try:
            with atomic(path) as temporary, temporary.open("wb") as file:
                file.write(MAGIC + hashlib.sha256(payload).digest())
                file.write(payload)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise TrainingError(
                f"{self.folder}: no space for a checkpoint of {len(payload) / 1e6:.0f} MB; free some and start "
                "again: training goes on from the last one"
            ) from error
        paths = _paths(self.folder)
        end = paths.index(path) + 1
        for old in [*paths[: max(0, end - KEEP)], *paths[end:]]:  # a later one is damaged: `latest` passed it over
            old.unlink()
        return path

    def latest(self) -> dict[str, Any] | None:
        """The furthest sound state of this run, or None. A damaged one is named in the log and passed over."""
        self._tidy()
        own = [self.folder, place_aside(self.folder, self._code)]
        folders = [*own, *folders_aside(self.folder)] if self._resume_stale else own
        paths = dict.fromkeys(path for folder in folders for path in _paths(folder))
        for path in sorted(paths, key=lambda path: path.name, reverse=True):  # of equals the own one comes first
            try:
                state = _load(path)
            except TrainingError as error:
                log.warning("%s; falling back to the one before", error)
                continue
            if state["fingerprint"] == self._fingerprint and is_ours(state):
                return self._chosen(path, state)
        return None

    def _chosen(self, path: Path, state: dict[str, Any]) -> dict[str, Any]:
        stale = [] if state["code"] == self._code else [state["code"][:SHOWN]]
        if stale:
            log.warning("%s: going on from a state of other code, as resume_stale asks for", path)
        elif path.parent != self.folder:
            log.info("%s: the code is again what it was then", path)
        self.resumed_stale = [*dict.fromkeys([*state["resumed_stale"], *stale])]
        return state

    def _tidy(self) -> None:
        """Leaves states of this run and this code, and damaged ones."""
        for path in _paths(self.folder):
            with suppress(TrainingError):
                state = _load(path)
                if not is_ours(state):
                    set_unknown_aside(path)
                elif state["code"] != self._code:
                    set_aside(path, state["code"])
                elif state["fingerprint"] != self._fingerprint:
                    log.warning("%s belongs to other settings or data; removed", path)
                    path.unlink()
        forget_oldest(self.folder, kept=self._code)


def _paths(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("checkpoint-*.pt") if re.search(r"-\d{9}\.pt$", path.name))


def _load(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    head, payload = data[: len(MAGIC) + 32], memoryview(data)[len(MAGIC) + 32 :]
    if head != MAGIC + hashlib.sha256(payload).digest():
        raise TrainingError(f"{path}: damaged checkpoint ({len(data)} bytes)")
    try:
        state = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a pickle of somebody's makes torch raise; none of its code was run
        raise TrainingError(f"{path}: not a checkpoint ({type(error).__name__})") from error
    lacking = [name for name in HEADER if name not in state] if isinstance(state, dict) else list(HEADER)
    if lacking:
        raise TrainingError(f"{path}: not a checkpoint: lacks {', '.join(lacking)}")
    found: dict[str, Any] = state
    return found
