"""Paths in configurations and sheets that lead out of the folder that they belong to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from attacks import Attack
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from pathgan.config.dataset_types import Tiles
from pathgan.config.loading import load_paper
from pathgan.config.slide_types import SlideSheet
from pathgan.config.strict import Below, Folder
from pathgan.datasets.adapters.cpm import CpmDataset
from pathgan.datasets.adapters.image_folders import ImageFoldersDataset
from pathgan.datasets.adapters.sheet import SheetDataset
from pathgan.datasets.adapters.tnbc import TnbcDataset
from pathgan.datasets.slide_sets import read_slides
from pathgan.errors import ConfigError, DataError
from pathgan.inside import why_outside

OUT = ("..", "../x", "a/../../x", "/etc", "C:/x", "a\\..\\x", "", " ", "a\nb", "a\0b", "a\u202eb")


def extended(name: object, folder: Path) -> None:
    (folder / "mine.yaml").write_text(f"extends: {name!r}\n")
    load_paper(folder / "mine.yaml", "demo")


def own_images(name: str, folder: Path, anywhere: bool = False) -> list[object]:
    (folder / "sheet.tsv").write_text(f"image\tmask\tclass\tpatient\tsplit\n{name}\t\t\t\t\n")
    sheet = SheetDataset(adapter="sheet", sheet=str(folder / "sheet.tsv"), tiles=Tiles(), anywhere=anywhere)
    return list(sheet.find(folder))


def own_slides(name: str, folder: Path, anywhere: bool = False) -> list[object]:
    header = "slide\tstain\tpair\tpatient\tsplit\tpath"
    (folder / "slides.tsv").write_text(f"{header}\na\the\ta\t\t\t{name}\n")
    sheet = SlideSheet(adapter="slide_sheet", sheet=str(folder / "slides.tsv"), anywhere=anywhere)
    return list(read_slides(sheet, folder, folder))


ATTACKS = {
    "`folder: ..` of a data set, which a download would unpack over the checkout": Attack(
        lambda folder: TnbcDataset(adapter="tnbc", folder=".."), "folder"
    ),
    "`folder: .git`": Attack(lambda folder: TnbcDataset(adapter="tnbc", folder=".git"), "folder"),
    "`folders: [../..]`": Attack(lambda folder: CpmDataset(adapter="cpm", folders=("../..",)), "leaves it"),
    "`parts: [{path: /etc}]`": Attack(
        lambda folder: ImageFoldersDataset(adapter="image_folders", folder="a", parts=({"path": "/etc"},)),
        "is absolute",
    ),
    "`extends: ../../x`": Attack(lambda folder: extended("../../x", folder), "expected the name of a paper beside it"),
    "`extends: [x]`": Attack(lambda folder: extended(["x"], folder), "expected the name of a paper beside it"),
    "a sheet of images that names `/etc/passwd`": Attack(
        lambda folder: own_images("/etc/passwd", folder), "line 2: image: expected a path inside .* which is absolute"
    ),
    "a sheet of images that names `../x.png`": Attack(lambda folder: own_images("../x.png", folder), "leaves it"),
    "a sheet of slides that names `../x.svs`": Attack(
        lambda folder: own_slides("../x.svs", folder), "line 2: path: .* leaves it; put the files there, or write"
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_path_that_leads_out_is_refused(name: str, tmp_path: Path) -> None:
    attack = ATTACKS[name]
    with pytest.raises((ConfigError, DataError, ValidationError), match=attack.said):
        attack.do(tmp_path)


def test_a_sheet_may_name_files_elsewhere_where_its_owner_says_so(tmp_path: Path) -> None:
    (folder := tmp_path / "sheets").mkdir()
    (tmp_path / "x.png").write_bytes(b"x")
    for name in (str(tmp_path / "x.png"), "../x.png"):
        (image,) = own_images(name, folder, anywhere=True)
        (slide,) = own_slides(name, folder, anywhere=True)
        assert image.image.samefile(slide.path)  # type: ignore[attr-defined]
        assert why_outside(image.id) == ""  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", OUT)
def test_no_type_of_a_path_takes_what_leads_out(name: str) -> None:
    assert why_outside(name)
    for kind in (Below, Folder):
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(name)


@given(st.text(max_size=20))
def test_a_path_that_stays_inside_does_so(name: str) -> None:
    if not why_outside(name):
        assert Path(os.path.normpath(Path("/root", name))).is_relative_to("/root")
