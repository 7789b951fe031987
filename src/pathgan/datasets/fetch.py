"""Getting an archive or a network's weights once: capped, hashed, and unpacked without trusting its member names."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path

import requests

from pathgan.config.dataset_types import Download
from pathgan.errors import DataError
from pathgan.files import atomic, sha256_of

CHUNK = 1 << 20


def fetch(origin: Download, folder: Path, receipt: Path) -> None:
    """Downloads `origin.url`, checks it, unpacks it into `folder`, and writes what it got to `receipt`.

    Raises DataError where the server fails, the file is too large or its sha256 differs, or a member
    would land outside the folder; the folder is then as it was.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
        archive = Path(scratch) / Path(origin.url).name
        digest = download(origin.url, archive, origin.max_bytes, origin.sha256)
        unpacked = Path(scratch) / "unpacked"
        unpacked.mkdir()
        unpack(archive, unpacked, origin.max_unpacked_bytes)
        files = {
            file.relative_to(unpacked).as_posix(): sha256_of(file)
            for file in sorted(unpacked.rglob("*"))
            if file.is_file()
        }
        folder.mkdir(exist_ok=True)
        shutil.copytree(unpacked, folder, dirs_exist_ok=True)
    with atomic(receipt) as temporary:
        temporary.write_text(json.dumps({"url": origin.url, "sha256": digest, "files": files}, indent=1) + "\n")


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


def unpack(archive: Path, folder: Path, max_bytes: int) -> None:
    """Unpacks a zip or tar; refuses members that leave the folder, links, and more than `max_bytes`."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed:
                _check_unpacked(archive, sum(info.file_size for info in packed.infolist()), max_bytes)
                for info in packed.infolist():
                    if not (folder / info.filename).resolve().is_relative_to(folder.resolve()):
                        raise DataError(f"{archive.name}: member {info.filename!r} leaves the folder; refused")
                packed.extractall(folder)  # noqa: S202 (checked above)
        else:
            with tarfile.open(archive) as packed_tar:
                _check_unpacked(archive, sum(member.size for member in packed_tar), max_bytes)
                packed_tar.extractall(folder, filter="data")
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DataError(f"{archive.name}: no space to unpack it into {folder}; free some") from error
        raise DataError(f"{archive.name}: not a sound zip or tar archive ({error})") from error
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise DataError(f"{archive.name}: not a sound zip or tar archive ({error})") from error


def _check_unpacked(archive: Path, size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise DataError(f"{archive.name}: unpacks to {size} bytes, more than max_unpacked_bytes = {max_bytes}")
