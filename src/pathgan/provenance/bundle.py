"""A bundle: what a stranger needs to check numbers and make tables again, without images and weights.

It is a zip file that unpacks into a checkout: tables, scores, manifests, curves, logs and every record, and the files
that configured the papers; what was left out is named with its sha256.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from pathgan.config.yaml_files import read_yaml
from pathgan.errors import ProvenanceError
from pathgan.files import atomic, move_all, sha256_of
from pathgan.provenance.bundle_members import check_contents, check_members, may_hold
from pathgan.provenance.checksums import SHOWN, checksums, read_checksums
from pathgan.provenance.places import CONFIG, CRATE, RECORDS, RESULTS, record_path
from pathgan.provenance.records import Record, read_record

LEFT_OUT = "left_out-*.sha256"  # the star is made of its content: bundles go side by side
IMAGES = (".h5", ".tif", ".tiff", ".svs", ".ndpi", ".png", ".jpg", ".jpeg")
EPOCH = (1980, 1, 1, 0, 0, 0)  # of every member: the same results are the same bundle


def left_out() -> dict[str, str]:
    """Name -> sha256 of what a bundle that was unpacked here did not bring."""
    return _left_out_of(Path())


def _left_out_of(checkout: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in (checkout / RESULTS).glob(f"*/{RECORDS}/{LEFT_OUT}"):
        found |= read_checksums(path) if path.is_file() else {}
    return found


def bundle(names: Iterable[str], out: Path) -> tuple[int, int]:
    """Packs artefacts with their records and logs; returns how many went in, and how many were left out.

    names: artefacts that an audit passed. Raises ProvenanceError for one without a record.
    """
    members: dict[str, Path] = {}  # its name -> the file
    absent: dict[str, dict[str, str]] = {}  # preset -> name -> sha256
    known = left_out()
    configuration = cache(_configuration)
    for name in names:
        if Path(name).name == CRATE:  # it speaks of files that stay behind
            continue
        entry = read_record(record_path(name))
        if entry is None:
            raise ProvenanceError(f"{name}: no record of it; make it again: snakemake {name}")
        members[str(record_path(name))] = record_path(name)
        preset, paper = Path(name).parts[1], entry["wildcards"].get("paper")
        if paper:
            members |= configuration(preset, paper) | dict(_sheets(preset, paper, entry))
        raw = {path: sha256 for path, sha256 in entry["inputs"].items() if not path.startswith(f"{RESULTS}/")}
        outside = {path: sha256 for path, sha256 in raw.items() if not path.startswith(f"{CONFIG}/")}
        away = absent.setdefault(preset, {})
        away |= outside
        for path, sha256 in {name: entry["outputs"][name], **entry["logs"]}.items():
            if Path(path).exists() and may_hold(path) and not _shows_images(path, entry):
                members[path] = Path(path)
            elif Path(path).exists() or known.get(path) == sha256:
                away[path] = sha256
    with atomic(out) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in sorted(members.items()):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), file.read_bytes(), zipfile.ZIP_DEFLATED)
        for preset, hashes in sorted(absent.items()):
            text = checksums(hashes)
            name = LEFT_OUT.replace("*", hashlib.sha256(text).hexdigest()[:SHOWN])
            archive.writestr(zipfile.ZipInfo(f"{RESULTS}/{preset}/{RECORDS}/{name}", EPOCH), text)
    return len(members), sum(map(len, absent.values()))


def _shows_images(name: str, entry: Record) -> bool:
    """A picture does that was made from images."""
    return Path(name).suffix in IMAGES and any(Path(path).suffix in IMAGES for path in entry["inputs"])


def _configuration(preset: str, paper: str) -> dict[str, Path]:
    """The files that configure a paper, by the names that they have in a bundle.

    They are there to be read: nothing that a bundle brings configures the checkout that it is unpacked in.
    """
    own = Path(CONFIG, "papers", f"{paper}.yaml")
    extended = read_yaml(own).get("extends") if own.exists() else None
    files = [Path(CONFIG, folder, f"{name}.yaml") for folder in ("papers", "claims") for name in (paper, extended)]
    return {f"{RESULTS}/{preset}/{paper}/{file}": file for file in files if file.exists()}


def _sheets(preset: str, paper: str, entry: Record) -> Iterator[tuple[str, Path]]:
    """The sheets that a job read, named after where they lie."""
    for file in map(Path, entry["inputs"]):
        if file.suffix == ".tsv" and file.exists():
            name = re.sub(r"[^A-Za-z0-9_.-]+", "_", str(file)).lstrip("._-")
            yield f"{RESULTS}/{preset}/{paper}/{CONFIG}/sheets/{name}", file


def unbundle(path: Path, into: Path) -> list[str]:
    """Unpacks a bundle into a checkout, whole or not at all; returns the files that were not there.

    Raises ProvenanceError for a damaged archive, a member that `bundle` would not have written, and a file that is
    there already with other bytes: nothing is written over, and where something is wrong nothing is left behind.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            check_members(members)
            with tempfile.TemporaryDirectory(dir=into, prefix=".unbundle-") as folder:
                archive.extractall(folder)
                names = [member.filename for member in members]
                check_contents(Path(folder), names)
                return _move(Path(folder), into, names)
    except ProvenanceError as error:
        raise ProvenanceError(f"{path}: {error}; nothing was unpacked") from None
    except Exception as error:  # damaged archives make zipfile raise types of every kind
        raise ProvenanceError(f"{path}: cannot be unpacked: {error}") from None


def _move(folder: Path, into: Path, names: Iterable[str]) -> list[str]:
    here = sorted(name for name in _left_out_of(folder) if name.startswith(f"{RESULTS}/") and (into / name).exists())
    if here:
        raise ProvenanceError(f"{here[0]} is here already, which it left out; unpack into a fresh checkout")
    new, now = [], time.time_ns()
    for name in names:
        there = into / name
        if not there.exists():
            new.append(name)
            # Of one time: a manifest newer than a score by a millisecond is a reason for Snakemake to make samples.
            os.utime(folder / name, ns=(now, now))
        elif not there.is_file() or sha256_of(there) != sha256_of(folder / name):
            raise ProvenanceError(f"{name} is there already with other bytes; unpack into a fresh checkout")
    move_all(folder, into, new)
    return new
