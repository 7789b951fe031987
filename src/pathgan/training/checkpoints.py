"""Whole training states on disk: written atomically, two kept, each with its checksum inside."""

from __future__ import annotations

import errno
import hashlib
import io
import logging
import re
from pathlib import Path
from typing import Any

import torch

from pathgan.errors import TrainingError
from pathgan.files import atomic

MAGIC = b"pathgan-checkpoint-1\n"
KEEP = 2
log = logging.getLogger(__name__)


class Checkpoints:
    """The states of one run in a folder. A state is a mapping of tensors, numbers, strings and containers.

    `fingerprint` names what the run is made of; a state of another run is not resumed but removed, as its
    iteration would outrank ours.
    """

    def __init__(self, folder: Path, fingerprint: str):
        self.folder = folder
        self._fingerprint = fingerprint

    def save(self, iteration: int, state: dict[str, Any]) -> Path:
        """Writes a state; a crash at any moment leaves the earlier ones. Raises TrainingError on a full disk."""
        buffer = io.BytesIO()
        torch.save({"fingerprint": self._fingerprint, "iteration": iteration, **state}, buffer)
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
        for old in self._paths()[:-KEEP]:
            old.unlink()
        return path

    def latest(self) -> dict[str, Any] | None:
        """The newest sound state of this run, or None. A damaged one is named in the log and passed over."""
        for path in reversed(self._paths()):
            try:
                state = _load(path)
            except TrainingError as error:
                log.warning("%s; falling back to the one before", error)
                continue
            if state["fingerprint"] == self._fingerprint:
                return state
            log.warning("%s belongs to other settings, data or code; removed", path)
            path.unlink()
        return None

    def _paths(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("checkpoint-*.pt") if re.search(r"-\d{9}\.pt$", path.name))


def _load(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    head, payload = data[: len(MAGIC) + 32], memoryview(data)[len(MAGIC) + 32 :]
    if head != MAGIC + hashlib.sha256(payload).digest():
        raise TrainingError(f"{path}: damaged checkpoint ({len(data)} bytes)")
    state: dict[str, Any] = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
    return state
