"""Where a table or figure comes from, as its record says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pathgan.errors import ProvenanceError
from pathgan.provenance.ancestry import Ancestry
from pathgan.provenance.places import RESULTS
from pathgan.provenance.records import commit_of, seconds_of, times_of


@dataclass(frozen=True)
class Origin:
    """file: within the project. made: by which job, when. inputs: file within its paper, and sha256."""

    file: str
    sha256: str
    commit: str
    made: str
    inputs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Work:
    """What all jobs behind a paper were: when, for how long together, on what, at which commits."""

    files: int
    jobs: int
    duration: str
    first: str
    last: str
    commits: tuple[str, ...]
    devices: tuple[str, ...]
    python: tuple[str, ...]
    libraries: tuple[str, ...]


def origin(file: str, behind: Ancestry) -> Origin:
    """Of a table or figure. Raises ProvenanceError for a file without a record: nothing is shown of unknown origin."""
    if file not in behind.records:
        raise ProvenanceError(f"{file}: no record of it; make it again: snakemake --cores all --force {file}")
    entry = behind.records[file]
    inputs = tuple((_within(name), sha256) for name, sha256 in entry["inputs"].items())
    made = f"{entry['rule']}, {_when(times_of(entry)[1])}"
    return Origin(file, entry["outputs"][file], commit_of(entry), made, inputs)


def work(behind: Ancestry) -> Work:
    """Of everything behind a paper's tables and figures."""
    jobs = behind.jobs
    return Work(
        files=len(behind.records),
        jobs=len(jobs),
        duration=_duration(sum(map(seconds_of, jobs))),
        first=_when(min((times_of(entry)[0] for entry in jobs), default="")),
        last=_when(max((times_of(entry)[1] for entry in jobs), default="")),
        commits=_counted(map(commit_of, jobs), len(jobs)),
        devices=tuple(sorted({str(entry["device"]) for entry in jobs})),
        python=tuple(sorted({entry["python"] for entry in jobs})),
        libraries=tuple(f"{name} {version}" for name, version in behind.libraries.items()),
    )


def _counted(names: Iterable[str], n: int) -> tuple[str, ...]:
    """Each name, with how many jobs there are of it where not all are."""
    found = Counter(names).most_common()
    return tuple(name if count == n else f"{name} ({count} jobs)" for name, count in found)


def _within(name: str) -> str:
    parts = Path(name).parts
    return "/".join(parts[2:]) if parts[0] == RESULTS else name


def _when(moment: str) -> str:
    return f"{moment[:16].replace('T', ' ')} UTC" if moment else ""


def _duration(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min" if minutes else f"{seconds:.0f} s"
