"""The runs behind a preset's results as a Provenance Run Crate 0.5: which job made which file of which, when.

https://www.researchobject.org/workflow-run-crate/profiles/provenance_run_crate
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rocrate.model import ContextEntity
from rocrate.rocrate import ROCrate

from pathgan.errors import ProvenanceError
from pathgan.files import atomic, sha256_of
from pathgan.provenance.closure import Code
from pathgan.provenance.places import CRATE, RESULTS, WORKFLOW, record_path
from pathgan.provenance.records import FORMAT, LOCK, ROOT, Record, read_record, sealed, times_of

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
TERMS = "https://w3id.org/ro/terms/workflow-run/context"
LANGUAGE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
MEDIA_TYPES = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".tex": "application/x-tex",
    ".h5": "application/x-hdf5",
    ".tif": "image/tiff",
}


def write_crate(preset: str, names: Iterable[str]) -> Path:
    """Writes `results/{preset}/ro-crate-metadata.json`, the code that it speaks of beside it, and its record.

    names: artefacts of the preset that an audit passed. Raises ProvenanceError where there are none.
    """
    folder = Path(RESULTS) / preset
    jobs: dict[tuple[str, ...], Record] = {}  # by their outputs
    for name in sorted(names):
        entry = read_record(record_path(name))
        if entry is not None and Path(name).name != CRATE:
            jobs[tuple(sorted(entry["outputs"]))] = entry
    if not jobs:
        raise ProvenanceError(f"{folder}: no recorded results; make some: snakemake --config preset={preset}")
    _copy_code(folder / WORKFLOW)
    crate = _Crate(folder, list(jobs.values()))
    path = folder / CRATE
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(crate.metadata(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    _record(path, jobs.values())
    return path


def _copy_code(folder: Path) -> None:
    """The workflow as this checkout has it: a crate holds what it names."""
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("rules", "scripts"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", folder / "Snakefile")


def _record(path: Path, jobs: Iterable[Record]) -> None:
    """The crate is an artefact like others, made from all that it speaks of."""
    described = {name: sha256 for job in jobs for name, sha256 in job["outputs"].items()}
    copied = {str(file): sha256_of(file) for file in (path.parent / WORKFLOW).rglob("*") if file.is_file()}
    entry = {
        "format": FORMAT,
        "output": str(path),
        "outputs": {str(path): sha256_of(path)},
        "rule": "",
        "wildcards": {},
        "params": {},
        "config": {},
        "inputs": described | copied,
        "logs": {},
        "code": Code(digest="", roots=[], files={}),
        "commit": {},
        "lock": sha256_of(ROOT / LOCK),
        "threads": 1,
        "device": "cpu",
        "host": "",
        "python": "",
        "libraries": {},
        "attempts": [],
    }
    record = record_path(path)
    with atomic(record) as temporary:
        temporary.write_text(sealed(entry), encoding="utf-8")


class _Crate:
    """A crate being filled."""

    def __init__(self, folder: Path, jobs: list[Record]):
        self._folder = folder
        self._crate = ROCrate(version="1.1")
        self._crate.metadata.extra_contexts.append(TERMS)
        self._rules = {job["rule"]: job["code"]["roots"][0] for job in sorted(jobs, key=lambda job: job["rule"])}
        self._jobs = sorted(jobs, key=lambda job: (times_of(job), min(job["outputs"])))
        self._describe_root()
        self._describe_workflow()
        self._describe_runs()

    def metadata(self) -> dict[str, Any]:
        return dict(self._crate.metadata.generate())

    def _add(self, identifier: str, kind: str | list[str], **properties: Any) -> Any:
        entity = ContextEntity(self._crate, identifier, properties={"@type": kind, **properties})
        return self._crate.add(entity)

    def _describe_root(self) -> None:
        root = self._crate.root_dataset
        root["name"] = f"pathgan, preset {self._folder.name}"
        root["description"] = "Tables and figures of papers on synthetic pathology images, and the runs that made them"
        root["datePublished"] = max(times_of(job)[1] for job in self._jobs)
        root["license"] = self._add("https://spdx.org/licenses/MIT", "CreativeWork", name="MIT License")
        root["conformsTo"] = [
            self._add(url, "CreativeWork", name=name, version=url.rsplit("/", 1)[1]) for url, name in PROFILES.items()
        ]

    def _describe_workflow(self) -> None:
        language = self._add(LANGUAGE, "ComputerLanguage", name="Snakemake", url="https://snakemake.readthedocs.io")
        versions = sorted({job["libraries"]["snakemake"] for job in self._jobs if "snakemake" in job["libraries"]})
        site = "https://snakemake.readthedocs.io"
        self._engine = self._add(site, "SoftwareApplication", name="Snakemake", url=site, version=", ".join(versions))
        self._workflow = self._file(
            f"{WORKFLOW}/Snakefile",
            ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
            name="pathgan",
            programmingLanguage=language,
        )
        self._tools = {
            rule: self._file(f"{WORKFLOW}/{script}", ["File", "SoftwareSourceCode"], name=rule)
            for rule, script in self._rules.items()
        }
        self._steps = {
            rule: self._add(f"#step/{rule}", "HowToStep", position=str(number), workExample=self._tools[rule])
            for number, rule in enumerate(self._rules, 1)
        }
        included = [
            self._file(str(path.relative_to(self._folder)), ["File", "SoftwareSourceCode"], name=path.stem)
            for path in sorted((self._folder / WORKFLOW / "rules").glob("*.smk"))
        ]
        self._workflow["hasPart"] = list({tool.id: tool for tool in self._tools.values()}.values())
        self._workflow["step"] = list(self._steps.values())
        self._workflow["isBasedOn"] = included
        self._crate.root_dataset["mainEntity"] = self._workflow

    def _describe_runs(self) -> None:
        self._files: dict[str, Any] = {}
        controls = [self._run(number, job) for number, job in enumerate(self._jobs, 1)]
        made = {name for job in self._jobs for name in job["outputs"]}
        read = {name for job in self._jobs for name in job["inputs"]}
        run = self._add(
            "#run",
            "CreateAction",
            name=f"snakemake --config preset={self._folder.name}",
            instrument=self._workflow,
            object=[self._files[name] for name in sorted(read - made)],
            result=[self._files[name] for name in sorted(made - read)],
            startTime=min(times_of(job)[0] for job in self._jobs),
            endTime=max(times_of(job)[1] for job in self._jobs),
        )
        self._add(
            "#orchestration",
            "OrganizeAction",
            name="Snakemake's run",
            instrument=self._engine,
            object=controls,
            result=run,
        )
        self._crate.root_dataset["mentions"] = run

    def _run(self, number: int, job: Record) -> Any:
        """A job and the step that it was; returns the latter."""
        wildcards = " ".join(f"{key}={value}" for key, value in sorted(job["wildcards"].items()))
        start, end = times_of(job)
        action = self._add(
            f"#job/{number}",
            "CreateAction",
            name=f"{job['rule']} {wildcards}".strip(),
            instrument=self._tools[job["rule"]],
            object=[self._data(name, sha256) for name, sha256 in job["inputs"].items()],
            result=[self._data(name, sha256) for name, sha256 in job["outputs"].items()],
            subjectOf=[self._record_of(name) for name in sorted(job["outputs"])],
            startTime=start,
            endTime=end,
        )
        return self._add(
            f"#control/{number}",
            "ControlAction",
            name=f"step {job['rule']}",
            instrument=self._steps[job["rule"]],
            object=action,
        )

    def _data(self, name: str, sha256: str) -> Any:
        """A file of the crate; one outside of it, or left out, is described without being a part."""
        if name not in self._files:
            inside = Path(name).is_relative_to(self._folder) and Path(name).exists()
            self._files[name] = (
                self._file(str(Path(name).relative_to(self._folder)), "File", sha256=sha256)
                if inside
                else self._add(f"#file/{name}", "CreativeWork", name=name, sha256=sha256)
            )
        return self._files[name]

    def _record_of(self, name: str) -> Any:
        record = record_path(name).relative_to(self._folder)
        return self._file(str(record), "File", name=f"record of {Path(name).name}")

    def _file(self, path: str, kind: str | list[str], **properties: Any) -> Any:
        facts: dict[str, Any] = {"name": Path(path).name, "contentSize": str((self._folder / path).stat().st_size)}
        media = MEDIA_TYPES.get(Path(path).suffix)
        facts |= {"encodingFormat": media} if media else {}
        if "sha256" not in properties:
            facts["sha256"] = sha256_of(self._folder / path)
        return self._crate.add_file(dest_path=path, properties={"@type": kind, **facts, **properties})
