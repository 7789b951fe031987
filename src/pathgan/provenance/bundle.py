"""A bundle: what a stranger needs to check numbers and make tables again, without images and weights.

It is a zip file that unpacks into a checkout: tables, scores, manifests, curves, logs and every record; what was left
out is named with its sha256.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
import time
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from pathgan.errors import ProvenanceError
from pathgan.files import atomic, sha256_of
from pathgan.provenance.checksums import SHOWN, checksums, read_checksums
from pathgan.provenance.places import CRATE, FRONT_PAGE, RECORDS, RESULTS, record_path
from pathgan.provenance.records import read_record

LEFT_OUT = "left_out-*.sha256"  # the star is made of its content: bundles go side by side
TEXTS = (".csv", ".md", ".tex", ".html", ".json", ".log")
IMAGES = (".h5", ".tif", ".tiff", ".svs", ".ndpi", ".png", ".jpg", ".jpeg")
EPOCH = (1980, 1, 1, 0, 0, 0)  # of every member: the same results are the same bundle
MAX_BYTES = 2**33  # unpacked


def left_out() -> dict[str, str]:
    """Name -> sha256 of what a bundle that was unpacked here did not bring."""
    return _left_out_of(Path())


def _left_out_of(checkout: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in (checkout / RESULTS).glob(f"*/{RECORDS}/{LEFT_OUT}"):
        found |= read_checksums(path)
    return found


def bundle(names: Iterable[str], out: Path) -> tuple[int, int]:
    """Packs artefacts with their records and logs; returns how many went in, and how many were left out.

    names: artefacts that an audit passed. Raises ProvenanceError for one without a record.
    """
    members: set[str] = set()
    absent: dict[str, dict[str, str]] = {}  # preset -> name -> sha256
    known = left_out()
    for name in names:
        if Path(name).name == CRATE:  # it speaks of files that stay behind
            continue
        entry = read_record(record_path(name))
        if entry is None:
            raise ProvenanceError(f"{name}: no record of it; make it again: snakemake {name}")
        members.add(str(record_path(name)))
        raw = {path: sha256 for path, sha256 in entry["inputs"].items() if not path.startswith(f"{RESULTS}/")}
        outside = {path: sha256 for path, sha256 in raw.items() if not path.startswith("config/")}
        away = absent.setdefault(Path(name).parts[1], {})
        away |= outside
        for path, sha256 in {name: entry["outputs"][name], **entry["logs"]}.items():
            if Path(path).exists() and _belongs(path, entry["inputs"]):
                members.add(path)
            elif Path(path).exists() or known.get(path) == sha256:
                away[path] = sha256
    with atomic(out) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(members):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), Path(name).read_bytes(), zipfile.ZIP_DEFLATED)
        for preset, hashes in sorted(absent.items()):
            text = checksums(hashes)
            name = LEFT_OUT.replace("*", hashlib.sha256(text).hexdigest()[:SHOWN])
            archive.writestr(zipfile.ZipInfo(f"{RESULTS}/{preset}/{RECORDS}/{name}", EPOCH), text)
    return len(members), sum(map(len, absent.values()))


def _belongs(name: str, inputs: Iterable[str]) -> bool:
    """Texts do, but for the page that holds pictures; of pictures those that were not made from images."""
    if Path(name).suffix in TEXTS:
        return Path(name).name != FRONT_PAGE
    return "figures" in Path(name).parts and not any(Path(path).suffix in IMAGES for path in inputs)


def unbundle(path: Path, into: Path) -> list[str]:
    """Unpacks a bundle into a checkout, whole or not at all; returns the files that were not there.

    Raises ProvenanceError for a damaged archive, a member that would lie outside of the results, and a file that is
    there already with other bytes: nothing is written over.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            for member in members:
                _check_member(path, member)
            _check_all(path, members)
            with tempfile.TemporaryDirectory(dir=into, prefix=".unbundle-") as folder:
                archive.extractall(folder)
                return _move(path, Path(folder), into, [member.filename for member in members])
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, EOFError) as error:
        raise ProvenanceError(f"{path}: cannot be unpacked: {error}") from None


def _check_member(path: Path, member: zipfile.ZipInfo) -> None:
    parts = PurePosixPath(member.filename).parts
    kind = stat.S_IFMT(member.external_attr >> 16)
    inside = len(parts) > 2 and parts[0] == RESULTS and ".." not in parts and "\\" not in member.filename
    if not inside or member.is_dir() or kind not in (0, stat.S_IFREG):
        raise ProvenanceError(f"{path}: member {member.filename!r} is no file below {RESULTS}/; nothing was unpacked")


def _check_all(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    if len({member.filename for member in members}) < len(members):
        raise ProvenanceError(f"{path}: has a member twice; nothing was unpacked")
    size = sum(member.file_size for member in members)
    if size > MAX_BYTES:
        limit = f"more than the {MAX_BYTES / 1e9:.1f} GB of any bundle"
        raise ProvenanceError(f"{path}: {size / 1e9:.1f} GB unpacked, {limit}; nothing was unpacked")


def _move(path: Path, folder: Path, into: Path, names: Iterable[str]) -> list[str]:
    here = sorted(name for name in _left_out_of(folder) if name.startswith(f"{RESULTS}/") and (into / name).exists())
    if here:
        raise ProvenanceError(f"{path}: {here[0]} is here already, which it left out; unpack into a fresh checkout")
    new, now = [], time.time_ns()
    for name in names:
        there = into / name
        if not there.exists():
            new.append(name)
        elif not there.is_file() or sha256_of(there) != sha256_of(folder / name):
            raise ProvenanceError(f"{path}: {name} is there already with other bytes; unpack into a fresh checkout")
    for name in new:
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        # Of one time: a manifest newer than a score by a millisecond would be a reason for Snakemake to make samples.
        os.utime(folder / name, ns=(now, now))
        shutil.move(folder / name, into / name)
    return new
