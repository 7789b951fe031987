"""What is an artefact below `results/`, and which of them a file or a folder stands for."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pathgan.errors import ProvenanceError
from pathgan.provenance.places import (
    ASIDE,
    BESIDES,
    CONFIG,
    HASHES,
    RECORDS,
    RESULTS,
    STATE,
    WRAPPERS,
    artefact_path,
    record_path,
)
from pathgan.provenance.records import read_record


def artefacts_below(target: Path) -> set[str]:
    """The artefacts in a folder, and those that a record there is of; of a file itself."""
    if not target.is_dir():
        return {str(target)}
    found = {str(path) for path in target.rglob("*") if path.is_file() and is_artefact(path)}
    places = [record_path(target / "x").parent] if len(target.parts) > 1 else target.glob(f"*/{RECORDS}")
    records = (path for place in places for path in place.rglob("*.json") if not path.name.startswith("."))
    return found | {str(artefact_path(path)) for path in records}


def recorded_data_root(targets: Iterable[Path]) -> str | None:
    """Where raw data lay when the targets were made, as the first sound record of them says."""
    for name in (name for target in targets for name in sorted(artefacts_below(target))):
        with suppress(ProvenanceError):
            entry = read_record(record_path(name))
            if entry is not None and "data_root" in entry["config"]:
                return str(entry["config"]["data_root"])
    return None


def is_artefact(path: Path) -> bool:
    inside = path.parts[2:]  # of results/{preset}
    if len(inside) == 1 and path.name in WRAPPERS:
        return record_path(path).exists()
    return not (
        len(path.parts) < 3
        or inside[0] in BESIDES
        or path.parts[1] in (*BESIDES, HASHES, ASIDE)
        or inside[1:2] == (CONFIG,)  # {paper}/config
        or inside[4:5] == (STATE,)  # {paper}/models/{run}/seed{n}/state
        or path.name.startswith(".")
    )


def is_result(name: str) -> bool:
    """Whether a name is an artefact's, which has a record."""
    return Path(name).parts[:1] == (RESULTS,) and is_artefact(Path(name))


def images_of(path: str) -> list[tuple[str, str]]:
    """Source and sha256 of each item that a manifest lists; none of another file."""
    parts = Path(path).parts
    if len(parts) != 5 or parts[3] != "data" or not path.endswith(".csv") or path.endswith(".counts.csv"):
        return []
    with Path(path).open(newline="", encoding="utf-8") as file:
        rows = ((row.get("source"), row.get("sha256")) for row in csv.DictReader(file))
        return list(dict.fromkeys((source, sha256) for source, sha256 in rows if source and sha256))
