"""What users really bring: each case is one clear error, or a defined result, and leaves nothing half-written.

Later stages add their cases to CASES; the suite at the bottom runs them all alike.
"""

from __future__ import annotations

import errno
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from bad_files import chunk, gigapixel_png
from doing import prepare
from pathgan.config.dataset_types import Split, Tiles
from pathgan.datasets.adapters.breakhis import BreakHisDataset
from pathgan.datasets.adapters.cpm import CpmDataset
from pathgan.datasets.adapters.image_folders import ImageFoldersDataset
from pathgan.datasets.adapters.monuseg import MonusegDataset
from pathgan.datasets.adapters.sheet import SheetDataset
from pathgan.datasets.adapters.tnbc import TnbcDataset
from pathgan.datasets.image_files import read_image
from pathgan.datasets.mask_files import read_mask
from pathgan.errors import DataError
from pathgan.stores.manifest import read_manifest
from pathgan.stores.store import ImageStore

SIZE = 40
TILES = Tiles(tile_px=32, stride_px=32)


def rgb(size=SIZE, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)


def mask(size=SIZE):
    instances = np.zeros((size, size), np.uint16)
    instances[4:12, 4:12], instances[20:30, 16:30] = 1, 2
    return instances


def save(path: Path, pixels) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def sheet(folder: Path, rows: list[str] | None = None, header: str = "image\tmask\tclass\tpatient\tsplit") -> Path:
    """A sound sheet of three images, its rows replaced where `rows` are given."""
    for index in range(3):
        save(folder / f"i{index}.png", rgb(seed=index))
        save(folder / f"m{index}.png", mask())
    lines = [f"i{index}.png\tm{index}.png\ttumour\tp{index}\t" for index in range(3)] if rows is None else rows
    path = folder / "sheet.tsv"
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def png16(path: Path) -> None:
    rows = b"".join(b"\0" + bytes(SIZE * 6) for _ in range(SIZE))
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 16, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


def first_image(change: Callable[[Path], object]) -> Callable[[Path], SheetDataset]:
    """A sheet whose first image was changed."""

    def make(folder: Path) -> SheetDataset:
        path = sheet(folder)
        change(folder / "i0.png")
        return as_dataset(path)

    return make


def first_mask(pixels) -> Callable[[Path], SheetDataset]:
    def make(folder: Path) -> SheetDataset:
        path = sheet(folder)
        save(folder / "m0.png", pixels)
        return as_dataset(path)

    return make


def rows(*lines: str, header: str = "image\tmask\tclass\tpatient\tsplit") -> Callable[[Path], SheetDataset]:
    return lambda folder: as_dataset(sheet(folder, list(lines), header))


def as_dataset(path: Path, **options) -> SheetDataset:
    return SheetDataset(adapter="sheet", sheet=str(path), tiles=options.pop("tiles", TILES), **options)


def folders(
    *names: str, parts: tuple[dict[str, str], ...] = ({"path": "a"}, {"path": "b"}), **options
) -> Callable[[Path], object]:
    """Image folders below `set`, with images of the given names; those that end alike hold the same bytes."""

    def make(folder: Path) -> ImageFoldersDataset:
        (folder / "set").mkdir()
        for name in names:
            save(folder / "set" / name, rgb(seed=sum(Path(name).stem.encode())))
        return ImageFoldersDataset(adapter="image_folders", folder="set", parts=parts, tiles=TILES, **options)

    return make


def breakhis(*names: str) -> Callable[[Path], object]:
    def make(folder: Path) -> BreakHisDataset:
        for seed, name in enumerate(names):
            save(folder / "b" / "benign/SOB/adenosis/SOB_B_A_14-22549AB" / "400X" / name, rgb(seed=seed))
        return BreakHisDataset(adapter="breakhis", folder="b", classes=("benign",), resize_px=32, tiles=TILES)

    return make


def cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


@dataclass(frozen=True)
class Case:
    make: Callable[[Path], object]
    error: str | None  # None: a defined result


CASES = {
    "no image at all": Case(first_image(lambda p: p.write_bytes(b"not an image")), "i0.png: not an image"),
    "an empty file": Case(first_image(lambda p: p.write_bytes(b"")), "i0.png: the file is empty"),
    "a truncated PNG": Case(first_image(cut), "i0.png: damaged"),
    "a grey image": Case(first_image(lambda p: save(p, rgb()[..., 0])), "i0.png: expected an RGB or RGBA image, got 40 x 40"),
    "a 16-bit RGB PNG": Case(first_image(png16), "i0.png: expected 8 bits a channel, got uint16"),
    "a 16-bit grey PNG": Case(first_image(lambda p: save(p, mask())), "i0.png: expected 8 bits a channel"),
    "a declared gigapixel": Case(first_image(gigapixel_png), "i0.png: declares 40000 x 40000 pixels"),
    "an RGBA image": Case(first_image(lambda p: save(p, np.dstack([rgb(), np.full((SIZE, SIZE), 255, np.uint8)]))), None),
    "a palette image": Case(first_image(lambda p: Image.fromarray(rgb()).quantize(16).save(p)), None),
    "an image smaller than a tile": Case(first_image(lambda p: (save(p, rgb(20)), save(p.with_name("m0.png"), mask(20)))), "smaller than a tile of 32 px"),
    "a mask of another size": Case(first_mask(mask(39)), "m0.png: expected the size of its image i0.png, 40 x 40, got 39 x 39"),
    "an empty mask": Case(first_mask(np.zeros((SIZE, SIZE), np.uint16)), None),
    "non-contiguous ids": Case(first_mask(mask() * 300), None),
    "a mask of nucleus and background": Case(first_mask((mask() > 0).astype(np.uint8) * 255), "m0.png: one id in 2 separate pieces"),
    "a mask in colours": Case(first_mask(np.dstack([mask().astype(np.uint8) * k for k in (80, 40, 10)])), "m0.png: nuclei are told apart by colour"),
    "a line of tabs": Case(rows("i0.png\tm0.png\t\t\t", "\t\t\t\t", "i1.png\tm1.png\t\t\t"), None),
    "CPM with one of two folders": Case(lambda f: (save(f / "cpm15/image01.png", rgb()), (f / "cpm15/image01_mask.txt").write_text("40 40" + " 0" * 1600), CpmDataset(adapter="cpm", folders=("cpm15", "cpm17"), tiles=TILES))[2], "no image with a mask in .*cpm17"),
    "a damaged mask": Case(lambda f: (p := sheet(f), cut(f / "m0.png"), as_dataset(p))[-1], "m0.png: damaged"),
    "a missing file": Case(rows("i9.png\tm0.png\t\t\t"), r"line 2: image: no such file: .*i9.png"),
    "a missing mask": Case(rows("i0.png\tm9.png\t\t\t"), r"line 2: mask: no such file: .*m9.png"),
    "a duplicate id": Case(rows("i0.png\tm0.png\t\t\t", "i0.png\tm1.png\t\t\t"), "line 3: image: i0 is also on line 2"),
    "a patient on both sides": Case(rows("i0.png\tm0.png\ta\tp\ttrain", "i1.png\tm1.png\ta\tp\ttest"), "line 3: split: patient p is in train and test split"),
    "an unknown split": Case(rows("i0.png\tm0.png\ta\tp\tvalid"), "line 2: split: expected train, validation, test or nothing, got 'valid'"),
    "a missing column": Case(rows("i0.png\tm0.png", header="image\tmask"), "missing: class, patient, split"),
    "commas for tabs": Case(rows("i0.png,m0.png,,,", header="image,mask,class,patient,split"), "tab-separated columns"),
    "no sheet": Case(lambda f: as_dataset(f / "none.tsv"), "none.tsv: no such sample sheet"),
    "an empty sheet": Case(rows(), "the sheet lists no image"),
    "one image only": Case(rows("i0.png\tm0.png\t\t\t"), r"cannot split 1 patient\(s\) into train and test"),
    "CPM without a mask": Case(lambda f: (save(f / "cpm15/image01.png", rgb()), CpmDataset(adapter="cpm", folders=("cpm15",), tiles=TILES))[1], "image01.png: has no mask"),
    "CPM absent": Case(lambda f: CpmDataset(adapter="cpm", folders=("cpm15", "cpm17"), origin={"kind": "manual", "page": "the page", "file": "cpm15.zip"}), r"no image with a mask in .*cpm15 and .*cpm17; get cpm15.zip from the page and unpack it there"),
    "TNBC absent": Case(lambda f: TnbcDataset(adapter="tnbc", folder="tnbc", origin={"kind": "download", "url": "http://x/t.zip"}), "run the rule `fetch`, or get http://x/t.zip"),
    "TNBC without a mask": Case(lambda f: (save(f / "tnbc/Slide_01/01_1.png", rgb()), TnbcDataset(adapter="tnbc", folder="tnbc"))[1], "01_1.png: has no mask"),
    "MoNuSeg without an annotation": Case(lambda f: (f.joinpath("m").mkdir(), tifffile.imwrite(f / "m/a.tif", rgb()), MonusegDataset(adapter="monuseg", folder="m"))[2], "a.tif: has no annotation a.xml"),
    "MoNuSeg with torn XML": Case(lambda f: (f.joinpath("m").mkdir(), tifffile.imwrite(f / "m/a.tif", rgb()), (f / "m/a.xml").write_text("<Annotations><Region"), MonusegDataset(adapter="monuseg", folder="m"))[3], "a.xml: damaged XML"),
    "a truncated TIFF": Case(lambda f: (f.joinpath("m").mkdir(), tifffile.imwrite(f / "m/a.tif", rgb()), cut(f / "m/a.tif"), (f / "m/a.xml").write_text("<A/>"), MonusegDataset(adapter="monuseg", folder="m"))[4], "a.tif: damaged"),
    "two classes": Case(folders("a/1.png", "b/2.png"), None),
    "an empty folder": Case(folders("a/1.png", "a/2.png"), r"set/b: expected images \(.png, .*, found none; put them there"),
    "image folders absent": Case(lambda f: ImageFoldersDataset(adapter="image_folders", folder="none", parts=({"path": "a"},)), "image_folders: no image in .*none; put its files there"),
    "two images of one name": Case(folders("a/1.png", "b/1.png"), "b/1.png: would have the same name '1'"),
    "the same file in train and test": Case(folders("a/1.png", "a/2.png", "b/1.png", parts=({"path": "a", "split": "train"}, {"path": "b", "split": "test"})), r"b/1.png: the same file as .*a/1.png, but one is in test and the other in train"),
    "the same file in two patients": Case(lambda f: ([sheet(f), save(f / "i1.png", rgb(seed=0)), save(f / "i2.png", rgb(seed=0))], as_dataset(f / "sheet.tsv"))[1], "the same file as .*, but one is in t"),
    "images of many sizes": Case(lambda f: (d := folders("a/1.png", "a/2.png", "b/3.png", resize_px=32)(f), save(f / "set/a/4.png", rgb(90)), d)[2], None),
    "images of many sizes, one too small": Case(lambda f: (d := folders("a/1.png", "b/2.png")(f), save(f / "set/a/4.png", rgb(20)), d)[2], r"a/4.png \(4\): a side of 20 px is smaller"),
    "more test images than there are": Case(folders("a/1.png", "b/2.png", split={"n_test": 2}), r"split.n_test: expected 2 test images and others to train on, could choose 1 of 2"),
    "some masks": Case(rows("i0.png\tm0.png\t\t\t", "i1.png\t\t\t\t"), "sheet.tsv: .*i1.png has no mask, others have one"),
    "no masks": Case(rows("i0.png\t\t\t\t", "i1.png\t\t\t\t"), None),
    "an unknown class": Case(lambda f: as_dataset(sheet(f), classes=("tumor",)), "no image of the class 'tumor'; there are: tumour"),
    "BreakHis": Case(breakhis("SOB_B_A-14-22549AB-400-001.png", "SOB_B_A-14-22549CD-400-002.png"), None),
    "BreakHis with a strange name": Case(breakhis("SOB_B_A-14-22549AB-400-001.png", "copy.png"), "copy.png: expected a name like SOB_B_A-14-22549AB-400-001.png"),
    "BreakHis without a class": Case(lambda f: (breakhis("SOB_B_A-14-22549AB-400-001.png")(f), BreakHisDataset(adapter="breakhis", folder="b"))[1], r"b/.../malignant/.../400X: expected images, found none"),
    "CPM text cut short": Case(lambda f: (save(f / "cpm15/image01.png", rgb()), (f / "cpm15/image01_mask.txt").write_text("40 40 0 0 1"), CpmDataset(adapter="cpm", folders=("cpm15",)))[2], "image01_mask.txt: expected 40 x 40 ids"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name, tmp_path):
    case = CASES[name]
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    out.mkdir()
    dataset = case.make(data)
    if case.error is None:
        assert prepare(dataset, data, out / "a.h5", out / "a.csv") > 0
        return
    with pytest.raises(DataError, match=case.error):
        prepare(dataset, data, out / "a.h5", out / "a.csv")
    assert not list(out.iterdir())


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    dataset = as_dataset(sheet(tmp_path))
    out = tmp_path / "out"
    out.mkdir()

    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr("pathgan.files.sync", full)
    with pytest.raises(OSError, match="No space left"):
        prepare(dataset, tmp_path, out / "a.h5", out / "a.csv")
    assert not list(out.iterdir())


def test_defined_results_are_what_they_should_be(tmp_path):
    """Opaque alpha changes nothing, ids become 1..n, an empty mask stays empty."""
    for name in ("an RGBA image", "non-contiguous ids", "an empty mask"):
        folder = tmp_path / name
        folder.mkdir()
        prepare(CASES[name].make(folder), folder, folder / "a.h5", folder / "a.csv")
        first = [row["id"].startswith("i0") for row in read_manifest(folder / "a.csv")].index(True)
        with ImageStore(folder / "a.h5") as store:
            image, instances = store.images()[first], store.instances()[first]
        if name == "an RGBA image":
            assert np.array_equal(image, rgb()[:32, :32])
        elif name == "non-contiguous ids":
            assert set(np.unique(instances)) == {0, 1, 2}
        else:
            assert not instances.any()


def test_a_palette_masks_indices_are_its_ids(tmp_path):
    image = Image.fromarray(np.array([[0, 1], [2, 3]], np.uint8), mode="P")
    image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0])
    image.save(tmp_path / "m.png")
    assert read_mask(tmp_path / "m.png").tolist() == [[0, 1], [2, 3]]


def test_overlays_beside_images_are_no_images(tmp_path):
    for folder in ("Images", "Overlay"):
        save(tmp_path / "cpm15" / folder / "a.png", rgb())
    (tmp_path / "cpm15" / "Labels").mkdir()
    (tmp_path / "cpm15" / "Labels" / "a.mat").touch()
    pairs = CpmDataset(adapter="cpm", folders=("cpm15",)).find(tmp_path)
    assert [pair.image.parent.name for pair in pairs] == ["Images"]


def test_transparent_pixels_are_laid_on_white_and_exif_turns_applied(tmp_path):
    half = np.dstack([np.zeros((4, 4, 3), np.uint8), np.full((4, 4), 51, np.uint8)])
    assert (read_image(save(tmp_path / "a.png", half)) == 204).all()
    wide = np.zeros((10, 30, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(wide).save(tmp_path / "turned.jpg", exif=exif)
    assert read_image(tmp_path / "turned.jpg").shape == (30, 10, 3)


@pytest.mark.parametrize("by", ["image", "patient"])
def test_no_source_sits_on_both_sides(by, tmp_path):
    lines = [f"i{index}.png\tm{index}.png\t\tp{index // 2}\t" for index in range(8)]
    for index in range(8):
        save(tmp_path / f"i{index}.png", rgb(70, index))
        save(tmp_path / f"m{index}.png", mask(70))
    path = tmp_path / "sheet.tsv"
    path.write_text("\n".join(["image\tmask\tclass\tpatient\tsplit", *lines]) + "\n")
    dataset = as_dataset(path, split=Split(by=by, test_fraction=0.4), tiles=Tiles(tile_px=32, stride_px=16))
    prepare(dataset, tmp_path, tmp_path / "a.h5", tmp_path / "a.csv")
    manifest = read_manifest(tmp_path / "a.csv")
    sides: dict[str, set[str]] = {}
    for row in manifest:
        sides.setdefault(row["group"], set()).add(row["split"])
        sides.setdefault(row["source"], set()).add(row["split"])
    assert all(len(split) == 1 for split in sides.values())
    assert {row["split"] for row in manifest} == {"train", "test"}
    # Test tiles lie edge to edge: 70 px hold tiles at 0, 32 and 38; training tiles every 16 px and at 38.
    for split, offsets in (("test", {"0", "32", "38"}), ("train", {"0", "16", "32", "38"})):
        assert {row["x"] for row in manifest if row["split"] == split} == offsets
