"""Sheets as spreadsheets save them, slides whose tags lie, and records that say little."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from attacks import Attack

from pathgan.datasets.sheet_files import read_sheet
from pathgan.errors import DataError, ProvenanceError
from pathgan.provenance.places import record_path
from pathgan.provenance.records import read_record, sealed, seconds_of, times_of
from pathgan.slides.reading import open_slide
from small_results import make
from test_audit import bad

TEXT = "slide\tnote\r\na\tStra\u00dfe \u00fc\r\nb\t\r\n\t\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_a_sheet_is_read_as_editors_and_excel_save_it(encoding: str, tmp_path: Path) -> None:
    (path := tmp_path / "s.tsv").write_bytes(TEXT.encode(encoding))
    rows = read_sheet(path, ["slide"], ["note"])
    assert rows == [
        (f"{path}, line 2", {"slide": "a", "note": "Stra\u00dfe \u00fc"}),
        (f"{path}, line 3", {"slide": "b", "note": ""}),
    ]


def written(content: bytes) -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        (folder / "s.tsv").write_bytes(content)
        return read_sheet(folder / "s.tsv", ["slide", "path"], ["mpp"])

    return read


SHEETS = {
    "a sheet that is not there": Attack(
        lambda folder: read_sheet(folder / "no.tsv", ["slide"]), "no such sample sheet; write one, tab-separated"
    ),
    "a folder in place of a sheet": Attack(lambda folder: read_sheet(folder, ["slide"]), "no such sample sheet"),
    "an empty sheet": Attack(written(b""), "columns slide, path, and where wanted mpp; missing: slide, path"),
    "a sheet that is an Excel workbook": Attack(
        written(b"PK\x03\x04rest"), "an Excel workbook; save it as tab-separated"
    ),
    "a sheet with commas": Attack(written(b"slide,path\na,b\n"), "missing: slide, path; unknown: slide,path"),
    "a sheet with a column twice": Attack(written(b"slide\tpath\tpath\n"), "more than once: path"),
    "a sheet with a misspelt column": Attack(written(b"slide\tpath\tmmp\n"), "unknown: mmp"),
    "a sheet of noughts": Attack(written(bytes(64)), "no text; save it as tab-separated text in UTF-8"),
    "a sheet in UTF-16 that is cut": Attack(written(b"\xff\xfes"), "no text"),
    "a sheet with a lone quote": Attack(written(b'slide\tpath\na\t"b\n'), "line 2: no tab-separated text"),
    "a sheet with a value too many": Attack(written(b"slide\tpath\na\tb\tc\n"), "line 2: has 3 values for 2 columns"),
}


@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_that_is_none_is_named_with_its_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=SHEETS[name].said):
        SHEETS[name].do(tmp_path)


def slide(tag: int, value: int, **options: object) -> Callable[[Path], None]:
    """A sound slide in which one number of one tag is another one."""

    def write(path: Path) -> None:
        tifffile.imwrite(path, np.zeros((64, 48, 3), np.uint8), photometric="rgb", **options)
        data = bytearray(path.read_bytes())
        with tifffile.TiffFile(path) as file:
            found = file.pages.first.tags[tag]
            form = {3: "<H", 4: "<I", 16: "<Q"}[int(found.dtype)]
            struct.pack_into(form, data, found.valueoffset, value)
        path.write_bytes(data)

    return write


WIDTH, HEIGHT, ROWS, TILE_WIDTH, SIZES = 256, 257, 278, 322, 279
SLIDES = {
    "a slide of no width": slide(WIDTH, 0, rowsperstrip=16),
    "a slide of no height": slide(HEIGHT, 0, rowsperstrip=16),
    "a slide 4 billion pixels wide": slide(WIDTH, 2**32 - 1, rowsperstrip=16),
    "a slide with strips of no row": slide(ROWS, 0, rowsperstrip=16),
    "a slide with fewer strips than it needs": slide(ROWS, 5, rowsperstrip=16),
    "a slide with tiles of no width": slide(TILE_WIDTH, 0, tile=(16, 16)),
    "a slide with a strip cut short": slide(SIZES, 7, rowsperstrip=64),
    "a slide of four bytes": lambda path: path.write_bytes(b"II*\0"),
    "a slide that is a web page": lambda path: path.write_text("<html>not found</html>"),
}


@pytest.mark.parametrize("name", SLIDES)
def test_a_slide_whose_tags_lie_is_named(name: str, tmp_path: Path) -> None:
    SLIDES[name](path := tmp_path / "s.tif")
    with pytest.raises(DataError) as raised, open_slide(path) as opened:
        for _ in opened.bands(0):
            pass
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("rows", [5, 16, 64])
def test_a_last_strip_may_be_shorter(rows: int, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 48, 3), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "s.tif", pixels, photometric="rgb", rowsperstrip=rows)
    with open_slide(tmp_path / "s.tif") as opened:
        assert np.array_equal(opened.region(0, 3, 2, 40, 61), pixels[2:63, 3:43])


TIMES = {
    "a record whose job ended at no time": {"started": "yesterday"},
    "a record whose times have no zone": {"ended": "2026-01-01T00:00:00"},
    "a record whose times are numbers": {"ended": 7},
}


@pytest.mark.parametrize("name", TIMES)
def test_a_record_whose_times_are_none_is_named(name: str, chain: str) -> None:
    path = record_path(chain)
    path.write_text(sealed(json.loads(path.read_text()) | {"attempts": [TIMES[name]]}))
    with pytest.raises(ProvenanceError, match=r"attempts\.(started|ended): expected a time with its zone"):
        read_record(path)


def test_a_record_that_nests_without_end_is_named(chain: str) -> None:
    path, params = record_path(chain), {}
    for _ in range(300):
        params = {"a": params}
    path.write_text(sealed(json.loads(path.read_text()) | {"params": params}))
    with pytest.raises(ProvenanceError, match="nested more than 100 deep"):
        read_record(path)


def test_manifests_and_receipts_that_are_none_are_findings(chain: str) -> None:
    path = Path("results/demo/x/data/e.csv")
    make(str(path), content="id,source,sha256\n" + "a" * 200_000)
    assert bad()[str(path)][1].startswith("no manifest: field larger")
    (receipt := Path("data/a.fetched.json")).write_text("[]")
    make("results/demo/x/data/f.csv", str(receipt), content="id\n")
    assert bad()["results/demo/x/data/f.csv"] == ("modified", f"made from {receipt}, which is no receipt")


def test_a_record_without_attempts_is_read(chain: str) -> None:
    path = make(chain)
    path.write_text(sealed(json.loads(path.read_text()) | {"attempts": []}))
    entry = read_record(path)
    assert entry is not None
    assert (times_of(entry), seconds_of(entry)) == (("", ""), 0)


ATTACKS = SHEETS | {name: Attack(do) for name, do in SLIDES.items()} | {name: Attack(lambda: None) for name in TIMES}
