"""Which slides a set holds, and which of them are serial sections of one block. Opens the sheet and no slide."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np

from pathgan.config.slide_types import CutDataset, FocusPhantom, SectionPhantom, SlideSet, SlideSheet
from pathgan.config.strict import Strict
from pathgan.datasets.sheet_files import Row, listed_file, read_sheet
from pathgan.datasets.splits import assign_splits
from pathgan.errors import DataError

COLUMNS = ("slide", "stain", "pair", "patient", "split", "path")
OPTIONAL = ("mpp", "landmarks", "plane_um")
UNITS = {"mpp": "um/px", "plane_um": "um"}
NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")


class SlideFile(Strict):
    """A slide of a set. pair: the block that it was cut from; mpp [um/px] and plane_um [um between focal planes] count
    before what the file says.
    """

    slide: str
    stain: str
    pair: str
    patient: str = ""
    split: str = ""
    path: Path
    mpp: float | None = None
    landmarks: Path | None = None
    plane_um: float | None = None


def read_slides(options: SlideSet, data_root: Path, drawn: Path) -> list[SlideFile]:
    """The slides of a set, in a fixed order; phantoms lie in the folder `drawn`. Raises DataError for a wrong sheet."""
    match options:
        case SlideSheet():
            return _read_sheet(options, data_root)
        case FocusPhantom():
            return _focus_phantoms(options, drawn)
        case SectionPhantom():
            return _phantoms(options, drawn)
    raise TypeError(f"expected a set of slides that is known here, got {type(options).__name__}")


def moving_pairs(slides: list[SlideFile], fixed: str) -> dict[str, tuple[SlideFile, SlideFile]]:
    """Name of each moving slide -> (fixed slide, moving slide), of every pair that has both."""
    anchors = {slide.pair: slide for slide in slides if slide.stain == fixed}
    moving = [slide for slide in slides if slide.stain != fixed and slide.pair in anchors]
    return {slide.slide: (anchors[slide.pair], slide) for slide in moving}


def sides(dataset: CutDataset, slides: list[SlideFile]) -> dict[str, str]:
    """Slide -> `train` or `test`: as its sheet says, else seeded, by patient; a pair is never parted."""
    groups = {slide.slide: slide.patient or slide.pair for slide in slides}
    given = {groups[slide.slide]: slide.split for slide in slides}
    pairs = {(groups[slide.slide], slide.pair) for slide in slides}
    chosen = assign_splits(given, dataset.split, Counter(group for group, _ in pairs))
    return {slide: chosen[group] for slide, group in groups.items()}


def _focus_phantoms(options: FocusPhantom, drawn: Path) -> list[SlideFile]:
    names = {f"slide{index:03d}": f"{options.stain}{index:03d}" for index in range(options.n_slides)}
    return [
        SlideFile(slide=name, stain=options.stain, pair=name, path=drawn / f"{file}.ome.tif")
        for file, name in names.items()
    ]


def _phantoms(options: SectionPhantom, drawn: Path) -> list[SlideFile]:
    return [
        SlideFile(
            slide=f"{pair}-{stain}",
            stain=stain,
            pair=pair,
            path=drawn / f"{pair}-{stain}.tif",
            landmarks=drawn / f"{pair}-{stain}.csv",
        )
        for pair in (f"pair{index:03d}" for index in range(options.n_pairs))
        for stain in ("he", "ki67")
    ]


def _read_sheet(options: SlideSheet, data_root: Path) -> list[SlideFile]:
    sheet = Path(options.sheet)
    folder = data_root / options.folder if options.folder else sheet.parent
    rows = read_sheet(sheet, COLUMNS, OPTIONAL)
    slides = [_row(row, where, folder, options.anywhere) for where, row in rows]
    if not slides:
        raise DataError(f"{sheet}: the sheet lists no slide")
    _check(slides, sheet)
    return slides


def _row(values: Row, where: str, folder: Path, anywhere: bool) -> SlideFile:
    for name in ("slide", "stain", "pair"):
        if not NAME.match(values[name]):
            raise DataError(f"{where}: {name}: expected letters, digits, dots, _ and -, got {values[name]!r}")
    if not values["path"]:
        raise DataError(f"{where}: path: expected a file, got nothing")
    if values["split"] not in ("", "train", "test"):
        raise DataError(f"{where}: split: expected train, test or nothing, got {values['split']!r}")
    sizes = {name: _number(values[name], f"{where}: {name}", unit) for name, unit in UNITS.items()}
    files = {
        name: listed_file(values[name], folder, anywhere, f"{where}: {name}")
        for name in ("path", "landmarks")
        if values[name]
    }
    texts = {name: values[name] for name in ("slide", "stain", "pair", "patient", "split")}
    return SlideFile(**texts, **sizes, **files)


def _number(text: str, where: str, unit: str) -> float | None:
    try:
        number = float(text) if text else None
    except ValueError:
        number = np.nan
    if number is not None and not (number > 0 and np.isfinite(number)):
        raise DataError(f"{where}: expected a number [{unit}] above 0 or nothing, got {text!r}")
    return number


def _check(slides: list[SlideFile], sheet: Path) -> None:
    """Raises DataError for a name twice, two slides of one stain in a pair, and a patient on both sides."""
    for what, keys in {
        "slide": [slide.slide for slide in slides],
        "stain of one pair": [f"{slide.stain} of {slide.pair}" for slide in slides],
    }.items():
        twice = sorted(key for key, n in Counter(keys).items() if n > 1)
        if twice:
            raise DataError(f"{sheet}: the {what} {twice[0]!r} is listed twice; give each a name of its own")
    splits: dict[str, str] = {}
    for slide in slides:
        group = slide.patient or slide.pair
        if splits.setdefault(group, slide.split) != slide.split:
            raise DataError(f"{sheet}: {group} is in more than one split; a patient's slides belong on one side")
