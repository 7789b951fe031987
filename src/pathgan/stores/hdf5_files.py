"""HDF5 files, opened for reading: everything that is read lies in the file itself."""

from __future__ import annotations

from pathlib import Path

import h5py

from pathgan.errors import DataError

MOST_DEFLATED = 1100  # times that deflate makes anything smaller: what declares more than that was never written
SPARE = 2**20  # bytes that a data set may declare whatever it stores


def open_hdf5(path: Path | str) -> h5py.File:
    """The file, open for reading: of data sets alone.

    Raises DataError for one that is damaged, for links and data sets whose bytes lie elsewhere, and for data sets that
    declare more than they store.
    """
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise DataError(f"{path}: not a readable HDF5 file ({error}); make it again with --force") from error
    try:
        for name in file:
            if wrong := _wrong_with(file, name):
                raise DataError(f"{path}: {name}: {wrong}; make it again with --force")
    except (OSError, KeyError, RuntimeError, ValueError, UnicodeDecodeError) as error:
        file.close()
        raise DataError(f"{path}: damaged ({error}); make it again with --force") from error
    except DataError:
        file.close()
        raise
    return file


def _wrong_with(file: h5py.File, name: str) -> str:
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        return "a link, expected a data set of the file itself"
    member = file[name]
    if not isinstance(member, h5py.Dataset):
        return "a group, expected a data set"
    if member.external or member.is_virtual:
        return "its bytes lie in other files"
    if member.nbytes > SPARE + MOST_DEFLATED * member.id.get_storage_size():
        return f"declares {member.nbytes / 1e9:.2f} GB and stores {member.id.get_storage_size()} bytes"
    return ""
