"""Getting an archive or a network's weights once: capped, hashed, and unpacked without trusting its member names."""

from __future__ import annotations

import errno
import hashlib
import json
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import requests

from pathgan.config.dataset_types import Download
from pathgan.errors import DataError
from pathgan.files import atomic, move_all, sha256_of
from pathgan.inside import why_outside

CHUNK = 1 << 20


def fetch(origin: Download, folder: Path, receipt: Path) -> None:
    """Downloads `origin.url`, checks it, unpacks it aside, moves its files into `folder`, and lists them in `receipt`.

    Raises DataError where the server fails, the file is too large or its sha256 differs, a member would land outside
    the folder, or a file is there already with other bytes; the folder is then as it was.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
        archive = Path(scratch) / "archive"
        digest = download(origin.url, archive, origin.max_bytes, origin.sha256)
        unpacked = Path(scratch) / "unpacked"
        unpacked.mkdir()
        unpack(archive, unpacked, origin.max_unpacked_bytes, origin.url)
        files = _files_in(unpacked, origin.url)
        _move(unpacked, folder, files, origin.url)
    with atomic(receipt) as temporary:
        temporary.write_text(json.dumps({"url": origin.url, "sha256": digest, "files": files}, indent=1) + "\n")


def _files_in(folder: Path, url: str) -> dict[str, str]:
    """Name -> sha256 of all files. Raises DataError for links, and whatever else is no file and no folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise DataError(f"{url}: member {name!r} is a link or a device; refused")
        if path.is_file():
            found[name] = sha256_of(path)
    return found


def _move(unpacked: Path, folder: Path, files: Mapping[str, str], url: str) -> None:
    """Moves what is not there yet. Raises DataError, and moves nothing, where a file is there with other bytes."""
    new = []
    for name, sha256 in files.items():
        there = folder / name
        if not (there.exists() or there.is_symlink()):
            new.append(name)
        elif not there.is_file() or sha256_of(there) != sha256:
            raise DataError(f"{url}: {there} is there already with other bytes; move it away, and fetch again")
    try:
        folder.mkdir(exist_ok=True)
        move_all(unpacked, folder, new)
    except OSError as error:
        raise DataError(f"{url}: cannot be moved into {folder} ({error}); nothing of it was") from error


def download(url: str, path: Path, max_bytes: int, sha256: str | None) -> str:
    """Streams a URL to a file and returns its sha256; stops at the size cap."""
    digest, size = hashlib.sha256(), 0
    try:
        with requests.get(url, stream=True, timeout=60) as response, path.open("wb") as file:
            response.raise_for_status()
            for chunk in response.iter_content(CHUNK):
                size += len(chunk)
                if size > max_bytes:
                    raise DataError(f"{url}: larger than max_bytes = {max_bytes}; raise it if that is right")
                digest.update(chunk)
                file.write(chunk)
            declared = int(response.headers.get("Content-Length", size))
    except requests.RequestException as error:
        raise DataError(f"{url}: {error}; get it by hand or try again") from error
    if size < declared:
        raise DataError(f"{url}: ended after {size} of {declared} bytes; try again")
    if sha256 and digest.hexdigest() != sha256:
        raise DataError(
            f"{url}: expected sha256 {sha256}, got {digest.hexdigest()}; "
            "the file changed or the transfer is damaged: do not use it before you know which"
        )
    return digest.hexdigest()


def unpack(archive: Path, folder: Path, max_bytes: int, name: str) -> None:
    """Unpacks a zip or tar into an empty folder; refuses members that leave it, and more than `max_bytes`.

    name: of the archive, for messages.
    """
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed:
                _check_unpacked(name, [(info.filename, info.file_size) for info in packed.infolist()], max_bytes)
                packed.extractall(folder)  # noqa: S202 (checked above)
        else:
            with tarfile.open(archive) as packed_tar:
                members = list(packed_tar)
                for member in members:  # a chain of links can outwit any check that resolves paths
                    if not (member.isreg() or member.isdir()):
                        raise DataError(f"{name}: member {member.name!r} is a link or a device; refused")
                _check_unpacked(name, [(member.name, member.size) for member in members], max_bytes)
                packed_tar.extractall(folder, filter="data")
                while packed_tar.fileobj and packed_tar.fileobj.read(CHUNK):
                    pass  # to the checksum at the end of what is compressed
    except DataError:
        raise
    except Exception as error:  # damaged archives make their readers raise types of every kind
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise DataError(f"{name}: no space to unpack it into {folder}; free some") from error
        raise DataError(f"{name}: not a sound zip or tar archive ({error})") from error


def _check_unpacked(archive: str, members: Sequence[tuple[str, int]], max_bytes: int) -> None:
    """members: name and bytes of each. Names are checked before one is made."""
    size = sum(size for _, size in members)
    if min((size for _, size in members), default=0) < 0:
        raise DataError(f"{archive}: a member of negative size; refused")
    if size > max_bytes:
        raise DataError(f"{archive}: unpacks to {size} bytes, more than max_unpacked_bytes = {max_bytes}")
    for name, _ in members:
        if why := why_outside(name):
            raise DataError(f"{archive}: expected members inside its folder; member {name!r} {why}; refused")
