"""Whether results are what their records say, and whether this checkout would make them so: from disk, byte by byte.

Each artefact gets its verdicts, and a bad one names its culprit: the file to look at.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Literal

from pathgan.config.loading import PUBLISHED
from pathgan.config.workflow import Workflow
from pathgan.errors import DataError, ProvenanceError
from pathgan.provenance.artefacts import artefacts_below, images_of, is_artefact, is_result
from pathgan.provenance.attempts import SUFFIX, attempts_of
from pathgan.provenance.bundle import left_out
from pathgan.provenance.checksums import Disk, differ
from pathgan.provenance.closure import Code
from pathgan.provenance.current import Current
from pathgan.provenance.differences import differences, relocated
from pathgan.provenance.places import CRATE, RECORDS, RESULTS, record_path
from pathgan.provenance.records import LOCK, Record, read_record

RECEIPT = ".fetched.json"


class Verdict(StrEnum):
    OK = "ok"
    MODIFIED = "modified"  # its bytes, its record, or the bytes it was made from
    MISSING = "missing"
    UNRECORDED = "unrecorded"
    STALE_CODE = "stale code"
    STALE_CONFIGURATION = "stale configuration"
    INTERRUPTED = "interrupted"
    TEXT_CHANGED = "text changed"  # of its code, which does what it did: comments, docstrings, formatting
    OTHER_ENVIRONMENT = "other environment"  # a warning
    NOT_BUNDLED = "not bundled"  # left out of the bundle that these results came in; its record is here


PASSING = (Verdict.OK, Verdict.TEXT_CHANGED, Verdict.OTHER_ENVIRONMENT, Verdict.NOT_BUNDLED)


@dataclass(frozen=True)
class Finding:
    """About `path`, below the checkout. culprit: the file that differs, where it is not `path` itself."""

    path: str
    verdict: Verdict
    detail: str = ""
    culprit: str = ""


def audit(targets: Iterable[Path], current: Current, disk: Disk) -> list[Finding]:
    """The verdicts on `targets` and on all that they were made from, down to the raw files.

    targets: files and folders below `results/`, as `project_path` gives them; the working directory is the checkout's.
    An artefact may have several bad verdicts. Raises ProvenanceError for a target that is not there and never was, and
    for a file that cannot be read.
    """
    walk = _Walk(current, disk)
    waiting = [path for target in targets for path in _artefacts(target, walk)]
    while waiting:
        waiting.extend(walk.visit(waiting.pop()))
    return [*walk.findings, *walk.rest()]


def _artefacts(target: Path, walk: _Walk) -> list[str]:
    """What a target stands for: itself, or everything in a folder that is or should be an artefact."""
    if not target.is_dir():
        if not is_artefact(target) and target.exists():
            raise ProvenanceError(
                f"{target}: has no record of its own: neither logs, records nor reports have; audit {RESULTS}"
            )
        known = target.exists() or record_path(target).exists() or str(target) in walk.interrupted
        if not known and str(target) not in walk.left_out:
            raise ProvenanceError(
                f"{target}: no such file, and no record of one"
                + (f"; make it: snakemake {target}" if target.suffix else "")
            )
        return [str(target)]
    found = artefacts_below(target) | {name for name in walk.interrupted if Path(name).is_relative_to(target)}
    if not found:
        raise ProvenanceError(f"{target}: holds no results")
    return sorted(found, reverse=True)


class _Walk:
    """An audit under way."""

    def __init__(self, current: Current, disk: Disk):
        self.current = current
        self.findings: list[Finding] = []
        self._sha256 = disk.sha256
        self._seen: set[str] = set()
        self._records: dict[str, Record | ProvenanceError | None] = {}
        self._edges: dict[str, list[str]] = {}
        self._warnings: dict[str, Finding] = {}

    @cached_property
    def interrupted(self) -> dict[str, dict[str, Any]]:
        """Output -> the last attempt at it, of every job that left no record."""
        found: dict[str, dict[str, Any]] = {}
        for path in Path(RESULTS).glob(f"*/{RECORDS}/**/*{SUFFIX}"):
            tried = attempts_of(path)
            found |= {output: tried[-1] for entry in tried for output in entry.get("outputs", ())}
        return found

    @cached_property
    def left_out(self) -> Mapping[str, str]:
        return left_out()

    def visit(self, path: str) -> list[str]:
        """Judges an artefact once; returns the artefacts that come next."""
        if path in self._seen:
            return []
        self._seen.add(path)
        found, following = list(self._judge(path)), self._edges.get(path, [])
        self.findings.extend(found or [Finding(path, Verdict.OK)])
        entry = self._records.get(path)
        siblings = entry["outputs"] if isinstance(entry, dict) else ()
        return [*following, *filter(is_result, siblings)]

    def _judge(self, path: str) -> Iterator[Finding]:
        try:
            entry = self._record(path)
        except ProvenanceError as error:
            yield Finding(path, Verdict.MODIFIED, str(error), str(record_path(path)))
            return
        if entry is None:
            yield self._without_record(path)
            return
        yield from self._bytes(path, entry)
        yield from self._logs(path, entry)
        yield from self._inputs(path, entry)
        yield from self._manifest(path, entry)
        if Path(path).name != CRATE:  # which no rule makes
            yield from self._code(path, entry)
            yield from self._settings(path, entry)
        self._environment(entry)

    def _without_record(self, path: str) -> Finding:
        record = str(record_path(path))
        if path in self.interrupted:
            last = self.interrupted[path]
            end = f"ended {last['ended']}: {last['outcome']}" if "ended" in last else "was cut off, or is still running"
            return Finding(path, Verdict.INTERRUPTED, f"the attempt of {last.get('started')} {end}")
        if Path(path).exists():
            return Finding(path, Verdict.UNRECORDED, "nothing says what it was made from", record)
        return Finding(path, Verdict.MISSING, "neither the file nor a record of it is there")

    def _bytes(self, path: str, entry: Record) -> Iterator[Finding]:
        if entry["output"] != path:
            yield Finding(path, Verdict.MODIFIED, f"its record is of {entry['output']}", str(record_path(path)))
        elif outside := _leads_outside(Path(path)):
            yield Finding(path, Verdict.MODIFIED, f"a link out of {RESULTS}/, to {outside}")
        elif (found := self._sha256(path)) is None:
            if self.left_out.get(path) == entry["outputs"][path]:
                yield Finding(path, Verdict.NOT_BUNDLED)
            elif path in self.interrupted:
                yield self._without_record(path)
            else:
                yield Finding(path, Verdict.MISSING, "recorded, but not there")
        elif found != entry["outputs"].get(path):
            yield Finding(path, Verdict.MODIFIED, differ(entry["outputs"].get(path), found))

    def _logs(self, path: str, entry: Record) -> Iterator[Finding]:
        for log, recorded in entry["logs"].items():
            found = self._sha256(log)
            if found is None and self.left_out.get(log) != recorded:
                yield Finding(path, Verdict.MISSING, "the log of its job is gone", log)
            elif found is not None and found != recorded:
                yield Finding(path, Verdict.MODIFIED, f"the log of its job: {differ(recorded, found)}", log)

    def _inputs(self, path: str, entry: Record) -> Iterator[Finding]:
        """Raw files are held against the disk, artefacts against what their own records say of them."""
        self._edges[path] = [name for name in entry["inputs"] if is_result(name)]
        for name, recorded in entry["inputs"].items():
            if name in self._edges[path]:
                made = self._made(name)
                if made is not None and made != recorded:
                    yield Finding(
                        path, Verdict.MODIFIED, f"made from other bytes of {name}: {differ(recorded, made)}", name
                    )
                continue
            raw = self._raw(name, entry)
            found = self._sha256(raw)
            if found is None:
                if self.left_out.get(name) != recorded:
                    yield Finding(path, Verdict.MISSING, f"made from {name}, which is gone", name)
            elif found != recorded:
                yield Finding(path, Verdict.MODIFIED, f"made from {raw}: {differ(recorded, found)}", raw)
            elif name.endswith(RECEIPT):
                yield from self._fetched(path, Path(raw), entry)

    def _fetched(self, path: str, receipt: Path, entry: Record) -> Iterator[Finding]:
        """The files that an archive brought, which stand behind its receipt."""
        try:
            files = json.loads(receipt.read_text(encoding="utf-8"))["files"]
            brought = {str(name): str(sha256) for name, sha256 in files.items()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            yield Finding(path, Verdict.MODIFIED, f"made from {receipt}, which is no receipt", str(receipt))
            return
        yield from self._raw_files(
            path, {str(receipt.parent / name): sha256 for name, sha256 in brought.items()}, gone=True
        )

    def _manifest(self, path: str, entry: Record) -> Iterator[Finding]:
        """A manifest and the record of its job must have read the same images; of images beside a download it alone
        says so."""
        if self._sha256(path) != entry["outputs"].get(path):
            return
        recorded = {self._raw(name, entry): sha256 for name, sha256 in entry["inputs"].items()}
        receipts = any(name.endswith(RECEIPT) for name in entry["inputs"])
        try:
            images = images_of(path)
        except (ValueError, csv.Error) as error:
            yield Finding(path, Verdict.MODIFIED, f"no manifest: {error}")
            return
        listed = {self._raw(str(Path(_data_root(entry), source)), entry): sha256 for source, sha256 in images}
        for raw, sha256 in listed.items():
            if raw in recorded and recorded[raw] != sha256:
                said = f"its job read other bytes of {raw} than it lists: {differ(recorded[raw], sha256)}"
                yield Finding(path, Verdict.MODIFIED, said.replace(" found", " listed"), raw)
        yield from self._raw_files(
            path, {raw: sha for raw, sha in listed.items() if raw not in recorded}, gone=receipts
        )

    def _raw_files(self, path: str, expected: Mapping[str, str], gone: bool) -> Iterator[Finding]:
        """gone: one that is not there is missed."""
        for raw, recorded in expected.items():
            found = self._sha256(raw)
            if found is None and gone:
                yield Finding(path, Verdict.MISSING, f"made from {raw}, which is gone", raw)
            elif found is not None and found != recorded:
                yield Finding(path, Verdict.MODIFIED, f"made from {raw}: {differ(recorded, found)}", raw)

    def _made(self, name: str) -> str | None:
        """What the record of an artefact says of its bytes; the disk where there is no sound record."""
        try:
            entry = self._record(name)
        except ProvenanceError:
            entry = None
        return self._sha256(name) if entry is None else entry["outputs"].get(name)

    def _raw(self, name: str, entry: Record) -> str:
        """Where a raw file lies now: data may have moved with `data_root`."""
        before = _data_root(entry)
        if is_result(name) or Path(name).exists() or not Path(name).is_relative_to(before):
            return name
        return str(self.current.data_root / Path(name).relative_to(before))

    def _code(self, path: str, entry: Record) -> Iterator[Finding]:
        try:
            now, then = self.current.code(entry), entry["code"]
        except ProvenanceError as error:
            missing = str(error).partition(" ")[0]
            yield Finding(path, Verdict.STALE_CODE, str(error), missing)
            return
        stale = now["digest"] != then["digest"]
        kind: Literal["tree", "sha256"] = "tree" if stale else "sha256"
        names = [*sorted(then["files"]), *sorted(now["files"].keys() - then["files"].keys())]  # the new ones last
        changed = [name for name in names if _of(now, name, kind) != _of(then, name, kind)]
        if changed:
            others = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
            verdict = Verdict.STALE_CODE if stale else Verdict.TEXT_CHANGED
            yield Finding(path, verdict, f"{changed[0]}{others} changed since", changed[0])

    def _settings(self, path: str, entry: Record) -> Iterator[Finding]:
        """Parameters and the set of inputs, as this checkout would have them."""
        paper = entry["wildcards"].get("paper", "")
        culprit = self.current.paper_files(paper)
        if not self.current.makes(path, entry) and (not paper or paper in self.current.papers):
            said = f"its record is of a job of {entry['rule']}, which makes something else"
            yield Finding(path, Verdict.MODIFIED, said, str(record_path(path)))
            return
        try:
            params, inputs = self.current.job(entry)
        except DataError as error:
            verdict = Verdict.NOT_BUNDLED if self.left_out else Verdict.STALE_CONFIGURATION
            yield Finding(path, verdict, f"its settings cannot be told: {error}", culprit)
            return
        except ProvenanceError as error:
            yield Finding(path, Verdict.STALE_CONFIGURATION, str(error), culprit)
            return
        # Where data lie is no setting of a result; weights that are not here may have been where it was made.
        now = {
            name: value for name, value in params.items() if name != "data_root" and (name, value) != ("sha256", None)
        }
        now = relocated(now, str(self.current.data_root))
        then = relocated(entry["params"], _data_root(entry))
        for key, recorded, wanted in differences({name: then.get(name) for name in now}, now):
            detail = f"{key}: made with {recorded}, now {wanted}{self._hint(entry)}"
            source = PUBLISHED if key.startswith("given.printed") else culprit
            yield Finding(path, Verdict.STALE_CONFIGURATION, detail, source)
            return
        reads = {relocated(name, str(self.current.data_root)): name for name in inputs}
        read = {relocated(name, _data_root(entry)): self._raw(name, entry) for name in entry["inputs"]}
        for name in (reads[key] for key in sorted(reads.keys() - read.keys())):
            if is_result(name) or Path(name).exists():
                yield Finding(path, Verdict.STALE_CONFIGURATION, f"would now also be made from {name}", name)
                return
        for name in (read[key] for key in sorted(read.keys() - reads.keys())):
            if is_result(name) or (Path(name).exists() and not self.left_out):
                yield Finding(path, Verdict.STALE_CONFIGURATION, f"would no longer be made from {name}", name)
                return

    def _hint(self, entry: Record) -> str:
        """What Snakemake was given then, and the audit not."""
        device = entry["config"].get("device", Workflow().device)
        here = self.current.config.get("device", Workflow().device)
        return f"; made with --config device={device}, audited with device={here}" if device != here else ""

    def _environment(self, entry: Record) -> None:
        """Said once, of the lock file: it concerns all results alike."""
        lock = self._sha256(LOCK)
        if lock != entry["lock"]:
            self._warn("is missing" if lock is None else f"changed since: {differ(entry['lock'], lock)}")
        for name, made_with in entry["libraries"].items():
            pinned = self._pins.get(name, ())
            if pinned and made_with.split("+")[0] not in pinned:
                self._warn(f"made with {name} {made_with}, it pins {' or '.join(pinned)}")

    def _warn(self, detail: str) -> None:
        self._warnings.setdefault(detail, Finding(LOCK, Verdict.OTHER_ENVIRONMENT, detail))

    @cached_property
    def _pins(self) -> dict[str, list[str]]:
        """Library -> versions of the lock file, which may pin another one for each Python."""
        text = Path(LOCK).read_text(encoding="utf-8") if Path(LOCK).exists() else ""
        pins = re.findall(r"^([\w.-]+)==([^\s+]+)", text, re.MULTILINE)
        return {name: [version for pinned, version in pins if pinned == name] for name, _ in pins}

    def _record(self, path: str) -> Record | None:
        """Read once. Raises ProvenanceError each time that a damaged one is asked for."""
        if path not in self._records:
            try:
                self._records[path] = read_record(record_path(path))
            except ProvenanceError as error:
                self._records[path] = error
        entry = self._records[path]
        if isinstance(entry, ProvenanceError):
            raise entry
        return entry

    def rest(self) -> Iterator[Finding]:
        """What is about several artefacts: another environment, and records that lead back to themselves."""
        yield from self._warnings.values()
        try:
            TopologicalSorter(self._edges).prepare()
        except CycleError as error:
            ring = error.args[1]
            detail = f"made from itself: {' <- '.join(ring)}"
            yield Finding(ring[0], Verdict.MODIFIED, detail, str(record_path(ring[0])))


def _of(code: Code, name: str, kind: Literal["tree", "sha256"]) -> str | None:
    return code["files"][name][kind] if name in code["files"] else None


def _leads_outside(path: Path) -> str:
    """Where a link in `path`, below its preset, leads out of the results; '' where none does. The folder of all
    results may itself be one."""
    inside = [path, *path.parents][: len(path.parts) - 2]
    if not any(part.is_symlink() for part in inside):
        return ""
    try:
        target = path.resolve()
    except RuntimeError:  # how Python before 3.13 says that links lead in a circle
        return "itself"
    return "" if target.is_relative_to(Path(RESULTS).resolve()) else str(target)


def _data_root(entry: Record) -> str:
    return str(entry["config"].get("data_root", Workflow().data_root))
