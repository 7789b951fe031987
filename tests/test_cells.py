"""Phantom slides with focal planes, the cells cut out of them, and what is no such slide."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
from PIL import Image

from pathgan.config.dataset_types import Split
from pathgan.config.slide_types import CellDataset, FocusPhantom, SlideSheet
from pathgan.datasets.slide_sets import SlideFile, read_slides
from pathgan.errors import DataError
from pathgan.phantoms.painted_stacks import focus_field, paint_stack
from pathgan.sharpness import focus_profile
from pathgan.slides.cells import DROPPED_FOR, Frame, extract, find_threshold, plane_step, resample_planes
from pathgan.slides.reading import open_slide
from pathgan.slides.slide_work import extract_cells, gather
from pathgan.stores.focus_stacks import IN_FOCUS, N_PLANES
from pathgan.stores.manifest import read_manifest
from pathgan.stores.slide_files import write_planes
from pathgan.stores.store import ImageStore

CELLS = CellDataset(adapter="cells", slides="s", stain="pap")


def phantom(**changes) -> FocusPhantom:
    return FocusPhantom(adapter="phantom_stacks", **({"n_slides": 2, "size_px": 480, "seed": 4} | changes))


@pytest.fixture(scope="module")
def painted(tmp_path_factory) -> Path:
    """slide000 and slide001 with their cells."""
    folder = tmp_path_factory.mktemp("stacks")
    for index in range(2):
        out = {"slide": folder / f"slide{index:03d}.ome.tif", "cells": folder / f"slide{index:03d}.csv"}
        paint_stack(phantom(), index, out)
    return folder


def cut(path: Path, dataset: CellDataset = CELLS, mpp: float | None = None):
    with open_slide(path) as slide:
        return list(extract(Frame(slide, dataset, mpp), dataset))


def found_on(slide, dataset: CellDataset = CELLS):
    return list(extract(Frame(slide, dataset), dataset))


def outputs(folder: Path, name: str) -> dict[str, Path]:
    ends = {"store": "h5", "cells": "csv", "scores": "scores.csv", "picture": "png"}
    return {key: folder / f"{name}.{end}" for key, end in ends.items()}


def write_stack(path: Path, planes: np.ndarray, plane_um: float = 1.0) -> Path:
    write_planes(path, planes, 0.23, plane_um)
    return path


def one_cell(n_planes: int, at: float, size: int = 200, place: tuple[int, int] = (100, 100)) -> np.ndarray:
    """A grainy dark disc on glass, sharp in plane `at`."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:size, :size]
    inside = (x - place[0]) ** 2 + (y - place[1]) ** 2 < 18**2
    field = np.where(inside[..., None], rng.integers(60, 140, (size, size, 1)), 245).repeat(3, -1).astype(np.uint8)
    widths = 0.1 + 0.8 * abs(np.arange(n_planes) - at)
    return np.stack([cv2.GaussianBlur(field, (0, 0), float(width)) for width in widths])


# --- phantoms -----------------------------------------------------------------------------------------------


def test_a_phantom_is_the_same_bytes_again(painted, tmp_path):
    paint_stack(phantom(), 0, {"slide": tmp_path / "s.ome.tif", "cells": tmp_path / "c.csv"})
    assert (tmp_path / "s.ome.tif").read_bytes() == (painted / "slide000.ome.tif").read_bytes()
    assert (tmp_path / "c.csv").read_bytes() == (painted / "slide000.csv").read_bytes()
    assert (painted / "slide001.csv").read_bytes() != (painted / "slide000.csv").read_bytes()


def test_the_file_says_how_large_its_pixels_and_steps_are(painted):
    with open_slide(painted / "slide000.ome.tif") as slide:
        assert (slide.n_planes, slide.mpp, slide.plane_um) == (15, 0.23, 1.0)
        field = focus_field(phantom(), 0)
        off = np.abs(slide.region(0, 0, 0, 480, 480, 7).astype(int) - field.planes[7])
        assert off.mean() < 3  # JPEG


def test_the_two_kinds_of_cells_differ():
    alike, unlike = (
        focus_field(phantom(pleomorphism=value, clustered=0, depth_um=0, cells_per_mpx=60, size_px=700), 0)
        for value in (0.0, 0.8)
    )

    def nuclear_areas(field):
        dark = cv2.threshold(field.planes[7].min(-1), 120, 1, cv2.THRESH_BINARY_INV)[1]
        _, _, stats, _ = cv2.connectedComponentsWithStats(dark)
        return stats[1:, cv2.CC_STAT_AREA][stats[1:, cv2.CC_STAT_AREA] > 60]

    spread = [areas.std() / areas.mean() for areas in map(nuclear_areas, (alike, unlike))]
    assert spread[1] > 1.5 * spread[0]


# --- extraction ---------------------------------------------------------------------------------------------


def test_cells_are_cut_around_the_plane_that_they_are_known_to_lie_in(painted):
    field = focus_field(phantom(), 0)
    found = cut(painted / "slide000.ome.tif")
    taken = [(cell, stack) for cell, stack in found if stack is not None]
    assert len(taken) >= 5
    for cell, stack in taken:
        away = np.hypot(*(field.centre - [cell.x, cell.y]).T)
        nearest = int(away.argmin())
        assert away[nearest] < 4
        assert abs(cell.focus - field.depth[nearest]) <= 0.6
        assert stack.shape == (N_PLANES, 64, 64, 3)
        assert focus_profile(stack[None])[0].argmax() == IN_FOCUS
    assert all((stack is None) == bool(cell.dropped) for cell, stack in found)
    assert {cell.dropped for cell, _ in found} <= {"", *DROPPED_FOR}


def test_every_lone_cell_inside_is_found():
    """Of cells that touch no other, are in range and lie inside, none is lost, however blocks cut the slide."""
    options = phantom(size_px=1400, clustered=0, depth_um=0.5, seed=9, cells_per_mpx=40)
    field = focus_field(options, 0)
    slide = MemorySlide(field.planes)
    taken = np.array([(cell.x, cell.y) for cell, stack in extract(Frame(slide, CELLS), CELLS) if stack is not None])
    inside = ((field.centre > 34) & (field.centre < 1400 - 34)).all(1)
    gaps = np.array([np.hypot(*(taken - centre).T).min() for centre in field.centre[inside]])
    assert (gaps < 4).all()
    assert len(taken) == len({tuple(np.round(place)) for place in taken})


def test_a_seam_between_blocks_of_different_focus_loses_no_cell_and_doubles_none():
    """Two blocks whose sharpest planes differ see the middle of a cell at other places."""
    rng, size = np.random.default_rng(3), (1800, 1300)
    y, x = np.mgrid[: size[0], : size[1]]
    centres = [(1024 + rng.uniform(-5, 5), 60.0 + 90 * row) for row in range(19)]
    sharp = np.full((*size, 3), 245, np.uint8)
    for cx, cy in centres:
        sharp[np.hypot(x - cx, y - cy) < 17] = 120
        sharp[np.hypot(x - cx - 5, y - cy) < 8] = 50
    sharp[::160, 30:980:160] = 0  # what makes the left block sharp in plane 4 and the right one in plane 9
    planes = np.stack([cv2.GaussianBlur(sharp, (0, 0), 0.3 + 0.7 * abs(k - 6)) for k in range(13)])
    for plane, columns in ((4, slice(0, 950)), (9, slice(1100, 1300))):
        planes[plane, :, columns] = np.where(
            rng.random((*planes.shape[1:2], planes[plane, :, columns].shape[1], 1)) < 0.02, 150, 245
        )
    found = np.array([(cell.x, cell.y) for cell, _ in found_on(MemorySlide(planes)) if cell.diameter_um > 5])
    counts = [(np.hypot(*(found - centre).T) < 8).sum() for centre in centres]
    assert counts == [1] * len(centres)


def test_the_threshold_does_not_depend_on_how_large_the_slide_is():
    small = one_cell(11, 5)
    large = np.full((11, 4000, 3000, 3), 245, np.uint8)
    for row in range(0, 4000, 200):
        for column in range(0, 3000, 200):
            large[:, row : row + 200, column : column + 200] = small
    thresholds = [find_threshold(Frame(MemorySlide(planes), CELLS), False, 0.23) for planes in (small, large)]
    assert abs(thresholds[0] - thresholds[1]) <= 2


@pytest.mark.parametrize(("n_planes", "first"), [(11, 0), (12, 0), (13, 1)])
def test_patches_are_planes_as_they_are(n_planes, first):
    rng = np.random.default_rng(0)
    planes = rng.integers(0, 120, (n_planes, 400, 1100, 3), dtype=np.uint8)
    planes[:, :, 1050:] = 255
    field = CELLS.model_copy(update={"cut": "patches", "cell_px": 96})
    found = found_on(MemorySlide(planes), field)
    assert {cell.x for cell, _ in found} == {48 + 96.0 * k for k in range(11)}  # no patch is lost where blocks meet
    assert len(found) == 11 * 4
    for cell, stack in found:
        left, top = int(cell.x) - 48, int(cell.y) - 48
        assert np.array_equal(stack, planes[first : first + 11, top : top + 96, left : left + 96])


class MemorySlide:
    """Planes (n, h, w, 3) as a slide of one level."""

    def __init__(self, planes, mpp=0.23, plane_um=1.0):
        from pathgan.slides.slide import Level

        self.planes, self.n_planes, self.mpp, self.plane_um, self.path = planes, len(planes), mpp, plane_um, Path("m")
        self.levels = (Level(planes.shape[2], planes.shape[1], 1.0),)

    def region(self, level, x, y, width, height, plane=0):
        return self.planes[plane, y : y + height, x : x + width]

    def bands(self, level, plane=0):
        yield 0, self.planes[plane]


@pytest.mark.parametrize(
    ("planes", "place", "reason"),
    [
        (one_cell(11, 5), (100, 100), ""),
        (one_cell(13, 7), (100, 100), ""),
        (one_cell(12, 5), (100, 100), ""),
        (one_cell(11, 3), (100, 100), "focus out of range"),
        (one_cell(11, 5, place=(20, 100)), (20, 100), "at the edge"),
        (one_cell(11, 2)[10:].repeat(11, 0), (100, 100), "nowhere in focus"),
    ],
)
def test_why_a_cell_is_dropped(planes, place, reason):
    (cell, stack), *others = found_on(MemorySlide(planes))
    assert not others
    assert (cell.x, cell.y) == pytest.approx(place, abs=2)
    assert cell.dropped == reason
    assert (stack is None) == bool(reason)


def test_two_cells_that_touch_are_a_cluster():
    planes = one_cell(11, 5, place=(82, 100))
    planes[:, :, 100:] = planes[:, :, 99::-1][:, :, :100]
    ((cell, _),) = found_on(MemorySlide(planes))
    assert cell.dropped == "cluster"


def test_debris_is_too_small():
    tight = CELLS.model_copy(update={"diameter_um": (12.5, 14.0)})
    assert [cell.dropped for cell, _ in found_on(MemorySlide(one_cell(11, 5)), tight)] == ["too small"]


def test_planes_are_resampled_to_the_wanted_distance():
    planes = np.arange(21, dtype=np.uint8)[:, None, None, None] * np.full((1, 2, 2, 3), 10, np.uint8)
    middle = resample_planes(planes, 10 + 2.0 * (np.arange(11) - 5))
    assert middle[:, 0, 0, 0].tolist() == list(range(0, 201, 20))
    between = resample_planes(planes, 10 + 0.5 * (np.arange(11) - 5))
    assert between[:, 0, 0, 0].tolist() == list(range(75, 126, 5))


def test_twice_as_many_planes_give_the_same_stack():
    fine = one_cell(21, 10)
    ((_, expected),) = found_on(MemorySlide(fine[::2]))
    ((_, got),) = found_on(MemorySlide(fine, plane_um=0.5), CELLS.model_copy(update={"plane_um": 1.0}))
    assert np.array_equal(got, expected)


def test_cells_that_shine_are_found_on_a_dark_ground():
    shining = CELLS.model_copy(update={"bright": True})
    ((cell, stack),) = found_on(MemorySlide(255 - one_cell(11, 5)), shining)
    assert cell.dropped == ""
    assert stack is not None


# --- from slides to a dataset -------------------------------------------------------------------------------


def dataset_of(painted: Path, folder: Path, split: Split | None = None):
    parts = []
    for index in range(2):
        slide = SlideFile(
            slide=f"pap{index}", stain="pap", pair=f"pap{index}", path=painted / f"slide{index:03d}.ome.tif"
        )
        out = outputs(folder, slide.slide)
        extract_cells(CELLS, slide, out)
        side = "" if split else ("train", "test")[index]
        part = {"store": str(out["store"]), "source": "s", "pair": slide.pair, "group": slide.pair, "split": side}
        parts.append(part)
    n = gather(parts, folder / "d.h5", folder / "d.csv", split)["stacks"]
    return n, read_manifest(folder / "d.csv")


def test_from_slides_to_a_dataset_of_stacks(painted, tmp_path):
    n, manifest = dataset_of(painted, tmp_path)
    with ImageStore(tmp_path / "d.h5") as store:
        stacks = store.stacks()
        assert len(stacks) == n == len(manifest)
        assert np.array_equal(store.images(), stacks[:, IN_FOCUS])
    assert {(row["group"], row["split"]) for row in manifest} == {("pap0", "train"), ("pap1", "test")}
    listed = list(csv.DictReader((tmp_path / "pap0.csv").open()))
    dropped = [row["dropped"] for row in listed]
    assert 0 < dropped.count("") < len(dropped)
    assert dropped.count("") == sum(row["group"] == "pap0" for row in manifest)
    scores = {row["metric"]: float(row["value"]) for row in csv.DictReader((tmp_path / "pap0.scores.csv").open())}
    assert scores["n_found"] == len(listed)
    assert scores["n_taken"] + sum(scores[name.replace(" ", "_")] for name in DROPPED_FOR) == len(listed)


def test_cells_of_one_slide_can_be_dealt_one_by_one(painted, tmp_path):
    n, manifest = dataset_of(painted, tmp_path, Split(by="image", test_fraction=0.25))
    sides = [row["split"] for row in manifest]
    assert sides.count("test") == round(0.25 * n)
    assert len({row["group"] for row in manifest}) == n
    assert len({row["split"] for row in manifest if row["id"].startswith("pap0")}) == 2


def test_phantom_slides_are_the_slides_of_their_set(tmp_path):
    slides = read_slides(phantom(stain="siha"), Path("data"), tmp_path)
    assert [slide.slide for slide in slides] == ["siha000", "siha001"]
    assert slides[0].path == tmp_path / "slide000.ome.tif"


# --- folders of planes, and real ones -----------------------------------------------------------------------


def test_a_folder_of_planes_is_a_slide_in_natural_order(tmp_path):
    planes = one_cell(11, 5)
    for index, plane in enumerate(planes):
        Image.fromarray(plane).save(tmp_path / f"plane{index}.png")
    (tmp_path / "notes.txt").write_text("no plane")
    with open_slide(tmp_path) as slide:
        assert slide.n_planes == 11
        assert all(np.array_equal(slide.region(0, 0, 0, 200, 200, k), planes[k]) for k in range(11))
    ((cell, stack),) = cut(tmp_path, mpp=0.23)
    assert cell.focus == 5
    assert stack is not None


def test_patches_of_a_real_focus_stack(real_data):
    """Microtubules: noise alone must not decide which plane is sharp."""
    field = CELLS.model_copy(update={"cut": "patches", "bright": True, "cell_px": 32})
    found = cut(real_data / "focus_stack", field, mpp=0.23)
    assert len(found) > 20
    stacks = np.stack([stack for _, stack in found if stack is not None])
    assert stacks.shape == (len(found), N_PLANES, 32, 32, 3)
    assert focus_profile(stacks).mean(0).argmax() in range(2, 8)
    places = {(cell.x, cell.y) for cell, _ in found}
    assert len(places) == len(found)
    assert all((x - 16) % 32 == 0 and (y - 16) % 32 == 0 for x, y in places)


# --- bad input ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "plane_um", "needed"), [(9, None, 11), (12, 2.0, 21)])
def test_too_few_planes(n, plane_um, needed):
    slide = MemorySlide(one_cell(n, n // 2))
    with pytest.raises(DataError, match=rf"has {n} focal plane\(s\), a stack of 11 needs {needed}"):
        plane_step(slide, CELLS.model_copy(update={"plane_um": plane_um}))


def test_a_distance_that_nobody_knows():
    with pytest.raises(DataError, match="give plane_um in the sample sheet"):
        plane_step(MemorySlide(one_cell(11, 5), plane_um=None), CELLS.model_copy(update={"plane_um": 1.0}))


def test_a_blank_slide():
    blank = np.full((11, 200, 200, 3), 240, np.uint8)
    with pytest.raises(DataError, match="nothing on it is darker than its ground; is it blank"):
        found_on(MemorySlide(blank))


def test_no_cell_left_says_why(tmp_path):
    slide = SlideFile(slide="s", stain="pap", pair="s", path=write_stack(tmp_path / "s.ome.tif", one_cell(11, 3)))
    with pytest.raises(DataError, match=r"no cell to take \(1 focus out of range\)"):
        extract_cells(CELLS, slide, outputs(tmp_path, "s"))
    assert not outputs(tmp_path, "s")["store"].exists()


def test_a_sheet_may_say_how_far_planes_are_apart(tmp_path):
    header = "slide\tstain\tpair\tpatient\tsplit\tpath\tmpp\tplane_um\n"
    (tmp_path / "s.tsv").write_text(header + "a\tpap\ta\t\t\ta.tif\t0.23\t0.5\n")
    sheet = SlideSheet(adapter="slide_sheet", sheet=str(tmp_path / "s.tsv"))
    assert read_slides(sheet, Path("data"), tmp_path)[0].plane_um == 0.5
    for wrong in ("far", "-1", "nan", "inf", "0"):
        (tmp_path / "s.tsv").write_text(header + f"a\tpap\ta\t\t\ta.tif\t0.23\t{wrong}\n")
        told = rf"line 2: plane_um: expected a number \[um\] above 0 or nothing, got '{wrong}'"
        with pytest.raises(DataError, match=told):
            read_slides(sheet, Path("data"), tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"diameter_um": (14.0, 5.0)}, r"diameter_um: expected \(smallest, largest\)"),
        ({"split": {"folds": 3}}, "slides have no folds"),
    ],
)
def test_settings_that_make_no_sense(change, message):
    with pytest.raises(ValueError, match=message):
        CellDataset(**(CELLS.model_dump() | change))


def test_a_store_of_cells_holds_what_gather_needs(painted, tmp_path):
    slide = SlideFile(slide="a", stain="pap", pair="a", path=painted / "slide000.ome.tif")
    extract_cells(CELLS, slide, outputs(tmp_path, "a"))
    with h5py.File(outputs(tmp_path, "a")["store"]) as file:
        assert set(file) == {"id", "stacks", "images", "x", "y"}
        assert file.attrs["mpp"] == 0.23
