"""Sample sheets of users: tab-separated text, as editors and spreadsheets write it, and the files that it names."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path

from pathgan.errors import DataError
from pathgan.inside import inside

MAX_BYTES = 5_000_000
MAX_COLUMNS = 1000
Row = dict[str, str]


def read_sheet(path: Path, columns: Sequence[str], optional: Sequence[str] | None = None) -> list[tuple[str, Row]]:
    """Where each line stands, as `my.tsv, line 2`, and its values, stripped; lines without any are passed over.

    optional: columns that may be absent, beside which no others may be; None where any others are passed over. Raises
    DataError for a sheet that is not there, is no text, or lacks a column.
    """
    wanted = ", ".join(columns) + (f", and where wanted {', '.join(optional)}" if optional else "")
    if not path.is_file():
        raise DataError(f"{path}: no such sample sheet; write one, tab-separated, with the columns {wanted}")
    header, *lines = _lines(path) or [(1, [])]
    names = [name.strip() for name in header[1][:MAX_COLUMNS]]
    known = (*columns, *(optional or ()))
    missing = [name for name in columns if name not in names]
    unknown = [name for name in names if optional is not None and name not in known]
    twice = sorted({name for name in names if names.count(name) > 1})
    if missing or unknown or twice:
        wrong = {"missing": missing, "unknown": unknown, "more than once": twice}
        said = "; ".join(f"{what}: {', '.join(found)}" for what, found in wrong.items() if found)
        raise DataError(f"{path}: expected the tab-separated columns {wanted}; {said}")
    rows = []
    for number, line in lines:
        where, values = f"{path}, line {number}", [value.strip() for value in line]
        if any(values[len(names) :]):
            raise DataError(f"{where}: has {len(line)} values for {len(names)} columns; take away a tab")
        if any(values):
            found = dict(zip(names, values, strict=False))
            rows.append((where, {name: found.get(name, "") for name in known}))
    return rows


def listed_file(name: str, folder: Path, anywhere: bool, where: str) -> Path:
    """The file that a line names. anywhere: it may lie outside of `folder`. Raises DataError where it does and may not.

    Links that lie in the folder are followed: only its owner can have laid them.
    """
    if anywhere:
        return folder / name
    try:
        return inside(folder, name, where)
    except DataError as error:
        raise DataError(f"{error}; put the files there, or write `anywhere: true` beside `sheet:`") from None


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Number and values of each line."""
    reader = csv.reader(StringIO(_text(path), newline=""), delimiter="\t", strict=True)
    try:
        return list(_numbered(reader))
    except csv.Error as error:
        raise DataError(
            f"{path}, line {reader.line_num}: no tab-separated text ({error}); look for a lone quote"
        ) from None


def _numbered(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    for line in reader:
        yield reader.line_num, line  # type: ignore[attr-defined]


def _text(path: Path) -> str:
    """In UTF-8, in UTF-16 with its mark, or in the code page of Windows, as Excel writes it. Raises DataError."""
    if path.stat().st_size > MAX_BYTES:
        raise DataError(f"{path}: expected a sheet of up to {MAX_BYTES // 10**6} MB, got {path.stat().st_size} bytes")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise DataError(f"{path}: an Excel workbook; save it as tab-separated text")
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise DataError(f"{path}: no text; save it as tab-separated text in UTF-8")
