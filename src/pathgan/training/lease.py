"""One writer a run: a file that says who trains here, and that its heart beats."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psutil

from pathgan.errors import TrainingError

HEARTBEAT_S = 15.0
CLOCK_STEP_S = 60.0  # by how much a process may seem to have started earlier or later
STALE_S = 120.0  # a holder that is not seen is dead when its heart has not beaten for so long


class Lease:
    """Held for the time of a `with` block. Raises TrainingError where a live holder has it.

    A holder whose processes are seen from here is alive while its own one is; elsewhere, and in another container,
    while its file is fresh.
    Creation is a hard link, which is atomic on shared file systems where locks may not be.
    """

    def __init__(self, folder: Path, heartbeat_s: float = HEARTBEAT_S, stale_s: float = STALE_S):
        self.path = folder / "lease.json"
        self._heartbeat_s, self._stale_s = heartbeat_s, stale_s
        self._token = uuid.uuid4().hex
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Lease:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        mine = self.path.with_name(f".lease-{self._token}")
        mine.write_text(json.dumps(self._identity()))
        try:
            while True:
                try:
                    os.link(mine, self.path)
                    break
                except FileExistsError:
                    if self.held():  # a file system that says so although it made the link
                        break
                    self._remove_if_dead()
        finally:
            mine.unlink()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        if self.held():
            self.path.unlink()

    def held(self) -> bool:
        """Whether the file still carries our token."""
        return _read(self.path).get("token") == self._token

    def check(self) -> None:
        """Raises TrainingError where somebody else took over; called before anything is written."""
        if not self.held():
            raise TrainingError(f"{self.path}: another job took over this run; this one stops without writing")

    def _identity(self) -> dict[str, object]:
        process = psutil.Process()
        return {
            "token": self._token,
            "host": socket.gethostname(),
            "sees": _processes_seen(),
            "pid": process.pid,
            "started": process.create_time(),
            "job": os.environ.get("SLURM_JOB_ID", ""),
        }

    def _remove_if_dead(self) -> None:
        holder = _read(self.path)
        if not holder and not self.path.exists():
            return
        if self._alive(holder):
            job = f", SLURM job {holder['job']}" if holder.get("job") else ""
            raise TrainingError(
                f"{self.path}: process {holder.get('pid')} on {holder.get('host')}{job} trains this run now; "
                "wait for it or end it, then start again"
            )
        # Only one of two rivals can rename it, and what was renamed is checked to be what was read.
        grave = self.path.with_name(f".dead-{self._token}")
        try:
            self.path.rename(grave)
        except FileNotFoundError:
            return
        if _read(grave).get("token") != holder.get("token"):
            with suppress(FileExistsError):
                os.link(grave, self.path)
        grave.unlink()

    def _alive(self, holder: dict[str, object]) -> bool:
        if "host" not in holder:  # a live lease is linked whole: this one was cut short by a dying disk
            return False
        if (holder["host"], holder.get("sees")) != (socket.gethostname(), _processes_seen()):
            return self._beats(holder)
        try:
            process = psutil.Process(int(str(holder["pid"])))
            dead = process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
            return not dead and abs(process.create_time() - float(str(holder["started"]))) < CLOCK_STEP_S
        except psutil.NoSuchProcess:
            return False

    def _beats(self, holder: dict[str, object]) -> bool:
        """Whether a holder that is not seen from here lives: waits for its next heartbeat, or until it is stale.

        A scheduler that requeues a job at once after its node died must not be turned away.
        """
        if holder.get("job") and holder["job"] == os.environ.get("SLURM_JOB_ID"):
            return False  # our own job, requeued from there
        try:
            first = self.path.stat().st_mtime
            while time.time() - first < self._stale_s:
                time.sleep(min(1.0, self._heartbeat_s))
                if self.path.stat().st_mtime != first:
                    return True
        except FileNotFoundError:
            return False
        return False

    def _beat(self) -> None:
        while not self._stop.wait(self._heartbeat_s):
            with suppress(OSError):  # a shared disk's hiccup must not stop the heart
                if self.held():
                    os.utime(self.path)


def _processes_seen() -> str:
    """Which processes have numbers here: the boot, and the container's own numbering; '' where neither shows."""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    return ""


def _read(path: Path) -> dict[str, object]:
    """The holder; empty where the file is gone or was cut short by a dying disk."""
    try:
        holder = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return holder if isinstance(holder, dict) else {}
