"""Where things lie below `results/`, and what is an artefact there."""

from __future__ import annotations

from pathlib import Path

RESULTS = "results"
RECORDS = "provenance"
HASHES = "hashes"  # of large files
ASIDE = "aside"  # what was not sound, and was made again
WORKFLOW = "workflow"  # the code that a crate speaks of
BESIDES = (RECORDS, WORKFLOW, "logs", "benchmarks")  # folders of a preset that hold no artefacts
CONFIG = "config"  # of a paper: the files that configured it where a bundle was made
STATE = "state"  # of a training under way
FRONT_PAGE = "index.html"  # of a preset; it holds its figures
CRATE = "ro-crate-metadata.json"
WRAPPERS = ("report.html", "report.zip", CRATE)  # of a preset, made from what is there


def record_path(output: str | Path) -> Path:
    """`results/demo/x/tables/table1.csv` -> `results/demo/provenance/x/tables/table1.csv.json`."""
    path = Path(output)
    parts = path.parts
    if RESULTS not in parts:
        return path.with_name(path.name + ".provenance.json")
    at = parts.index(RESULTS) + 2
    return Path(*parts[:at], RECORDS, *parts[at:-1], f"{path.name}.json")


def artefact_path(record: Path) -> Path:
    """The reverse of `record_path`, below `results/`."""
    parts = record.parts
    at = parts.index(RESULTS) + 2
    return Path(*parts[:at], *parts[at + 1 : -1], record.name.removesuffix(".json"))
