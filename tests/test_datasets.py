import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError
from scipy.io import savemat

from doing import prepare, read_items, write_store
from pathgan.config.dataset_types import Split, Tiles
from pathgan.datasets.adapters.breakhis import BreakHisDataset
from pathgan.datasets.adapters.cpm import CpmDataset
from pathgan.datasets.adapters.image_folders import ImageFoldersDataset
from pathgan.datasets.adapters.monuseg import MonusegDataset
from pathgan.datasets.adapters.phantom import PhantomDataset
from pathgan.datasets.adapters.polygons import PolygonDataset
from pathgan.datasets.adapters.tnbc import TnbcDataset
from pathgan.datasets.image_dataset import FolderDataset
from pathgan.datasets.splits import assign_splits
from pathgan.datasets.tiles import tile_offsets
from pathgan.errors import DataError
from pathgan.files import sha256_of
from pathgan.resizing import resized
from pathgan.stores.manifest import read_manifest, rows_of_split, units_of
from pathgan.stores.source import Source
from pathgan.stores.store import ImageStore

# --- real layouts -----------------------------------------------------------------------------------------


def test_cpm15_as_published(real_data):
    items = list(read_items(CpmDataset(adapter="cpm", folders=("cpm15",)), real_data))
    assert len(items) == 15
    assert sum(item.instances.max() for item in items) == 2905
    assert all(item.image.dtype == np.uint8 and item.image.shape[2] == 3 for item in items)


MONUSEG = MonusegDataset(adapter="monuseg", folder="monuseg_breast")


@pytest.fixture(scope="module")
def monuseg(real_data):
    return list(read_items(MONUSEG, real_data))


def test_monuseg_breast_as_published(real_data, monuseg):
    assert [item.image.shape for item in monuseg] == [(1000, 1000, 3)] * 6
    # 2,358 polygons; one is hidden below another.
    assert sum(item.instances.max() for item in monuseg) == 2357
    assert len({item.patient for item in monuseg}) == 6
    assert len(MONUSEG.raw_files(real_data)) == 12


def test_real_nuclei_are_darker_than_the_rest(real_data, monuseg):
    """A swapped or mirrored mask would not be."""
    for item in (*read_items(CpmDataset(adapter="cpm", folders=("cpm15",)), real_data), *monuseg):
        inside = item.instances > 0
        assert item.image[inside].mean() < item.image[~inside].mean() - 15, item.id


# --- other layouts ----------------------------------------------------------------------------------------


def picture(path: Path, size=24, alpha=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(len(str(path))).integers(0, 255, (size, size, 4 if alpha else 3), dtype=np.uint8)
    if alpha:
        pixels[..., 3] = 255
    Image.fromarray(pixels).save(path)


@pytest.mark.parametrize("labels", ["Labels", "labels"])
def test_cpm_in_the_layout_of_hover_net(tmp_path, labels):
    instances = np.zeros((24, 24))
    instances[2:6, 2:6], instances[10:14, 3:9] = 3, 8
    for folder in ("cpm15", "cpm17/train", "cpm17/test"):
        picture(tmp_path / folder / "Images" / "image_01.png")
        (tmp_path / folder / labels).mkdir()
        savemat(tmp_path / folder / labels / "image_01.mat", {"inst_map": instances})
    items = list(read_items(CpmDataset(adapter="cpm", folders=("cpm15", "cpm17")), tmp_path))
    assert [item.id for item in items] == [
        "cpm15-images-image_01",
        "cpm17-test-images-image_01",
        "cpm17-train-images-image_01",
    ]
    assert all(set(np.unique(item.instances)) == {0, 1, 2} for item in items)


@pytest.mark.parametrize("root", ["TNBC_NucleiSegmentation", "TNBC_dataset"])
def test_tnbc_of_either_archive(tmp_path, root):
    base = tmp_path / "tnbc" / root
    for slide in (1, 2, 12):  # 12 is brain
        picture(base / f"Slide_{slide:02d}" / f"{slide:02d}_1.png", alpha=True)
        semantic = np.zeros((24, 24, 4), np.uint8)
        semantic[..., 3] = 255
        semantic[2:6, 2:6, :3], semantic[6:9, 6:9, :3], semantic[15:20, 3:9, :3] = 255, 255, 255
        target = base / f"GT_{slide:02d}" / f"{slide:02d}_1.png"
        target.parent.mkdir()
        Image.fromarray(semantic).save(target)
    picture(tmp_path / "tnbc" / "__MACOSX" / root / "Slide_01" / "._01_1.png")
    items = list(read_items(TnbcDataset(adapter="tnbc", folder="tnbc"), tmp_path))
    assert [(item.id, item.patient) for item in items] == [("tnbc-01_1", "slide01"), ("tnbc-02_1", "slide02")]
    assert items[0].instances.max() == 2  # two squares that meet at a corner are one, the third is another
    assert items[0].image.shape == (24, 24, 3)


def test_smears_as_published(real_data):
    parts = ({"path": "benign", "category": "benign"}, {"path": "malignant", "category": "malignant"})
    items = list(
        read_items(ImageFoldersDataset(adapter="image_folders", folder="cytology_smears", parts=parts), real_data)
    )
    assert [item.category for item in items] == ["benign"] * 5 + ["malignant"] * 5
    assert items[0].id == "benign-benign1_x40"
    assert all(item.image.shape == (828, 1583, 3) and item.instances is None for item in items)


def test_breakhis_tells_class_and_patient_by_name(tmp_path):
    """13412 is one patient, filed under two types; section letters do not tell patients apart."""
    base = tmp_path / "breakhis/BreaKHis_v1/histology_slides/breast"
    for name in (
        "benign/SOB/adenosis/SOB_B_A_14-22549AB/400X/SOB_B_A-14-22549AB-400-001.png",
        "benign/SOB/adenosis/SOB_B_A_14-22549AB/100X/SOB_B_A-14-22549AB-100-001.png",
        "malignant/SOB/ductal_carcinoma/SOB_M_DC_14-13412/400X/SOB_M_DC-14-13412-400-001.png",
        "malignant/SOB/lobular_carcinoma/SOB_M_LC_14-13412/400X/SOB_M_LC-14-13412-400-001.png",
        "malignant/SOB/ductal_carcinoma/SOB_M_DC_14-2523/400X/SOB_M_DC-14-2523-400-007.png",
    ):
        picture(base / name)
    dataset = BreakHisDataset(adapter="breakhis", folder="breakhis")
    items = [(item.category, item.patient) for item in read_items(dataset, tmp_path)]
    assert items == [("benign", "22549"), ("malignant", "13412"), ("malignant", "2523"), ("malignant", "13412")]
    assert len(dataset.raw_files(tmp_path)) == 4
    benign = dataset.model_copy(update={"classes": ("benign",), "magnification": "100X", "resize_px": 16})
    (item,) = read_items(benign, tmp_path)
    assert item.image.shape == (16, 16, 3)


def test_an_image_is_resized_once_to_the_side_that_crops_are_cut_from(tmp_path, rng):
    """And not brought to that of the test images first, and enlarged again."""
    for index in range(6):
        pixels = rng.integers(0, 256, (60, 90, 3), dtype=np.uint8)
        (tmp_path / "set").mkdir(exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / "set" / f"{index}.png")
    tiles = Tiles(tile_px=24, stride_px=24)
    options = {"adapter": "image_folders", "folder": "set", "parts": ({"path": "."},), "tiles": tiles, "resize_px": 24}
    dataset = ImageFoldersDataset(**options, loaded_px=40)
    prepare(dataset, tmp_path, tmp_path / "a.h5", tmp_path / "a.csv")
    source = Source(images=str(tmp_path / "a.h5"), manifest=str(tmp_path / "a.csv"), split="train")
    large, small = source.images_to_crop(40), source.images_of_split()
    assert (large.shape[1:], small.shape[1:]) == ((40, 40, 3), (24, 24, 3))
    for name, one, other in zip(source.ids, large, small, strict=True):
        raw = np.asarray(Image.open(tmp_path / "set" / f"{name.partition('_')[0]}.png"))
        assert np.array_equal(one, resized(raw, 40))
        assert np.array_equal(other, resized(raw, 24))
    assert np.array_equal(source.images_to_crop(32), small)  # a side that is not kept: the training enlarges them
    assert np.array_equal(source.images_to_crop(None), small)
    with pytest.raises(ValidationError, match="loaded_px: expected whole images as tiles"):
        ImageFoldersDataset(**options | {"resize_px": None}, loaded_px=40)


def test_a_patient_is_known_though_images_are_split(tmp_path):
    for patient, index in ((22549, 1), (22549, 2), (13412, 3), (2523, 4), (2773, 5), (99, 6)):
        name = f"benign/SOB/adenosis/SOB_B_A_14-{patient}AB/400X/SOB_B_A-14-{patient}AB-400-{index:03d}.png"
        picture(tmp_path / "breakhis" / name, size=24 + index)
    tiles = Tiles(tile_px=24, stride_px=24)
    dataset = BreakHisDataset(adapter="breakhis", folder="breakhis", classes=("benign",), resize_px=24, tiles=tiles)
    prepare(dataset, tmp_path, tmp_path / "a.h5", tmp_path / "a.csv")
    rows = read_manifest(tmp_path / "a.csv")
    assert len({row["group"] for row in rows}) == 6
    units = units_of([tmp_path / "a.csv"])
    assert sorted(set(units.values())) == ["13412", "22549", "2523", "2773", "99"]


def test_images_of_the_same_bytes_are_held_out_together(tmp_path):
    for index in range(6):
        picture(tmp_path / "set" / f"{index}.png", size=24 + index)
    for index in range(6):
        shutil.copy(tmp_path / "set" / f"{index}.png", tmp_path / "set" / f"again{index}.png")
    for seed in range(5):
        split = Split(n_test=4, seed=seed)
        dataset = ImageFoldersDataset(
            adapter="image_folders",
            folder="set",
            parts=({"path": "."},),
            resize_px=24,
            tiles=Tiles(tile_px=24),
            split=split,
        )
        prepare(dataset, tmp_path, tmp_path / "a.h5", tmp_path / "a.csv")
        sides = {row["id"].partition("_")[0]: row["split"] for row in read_manifest(tmp_path / "a.csv")}
        assert all(sides[str(index)] == sides[f"again{index}"] for index in range(6))
        assert sum(side == "test" for side in sides.values()) == 4


def test_resizing_keeps_ids_and_means(rng):
    field = np.kron(rng.integers(0, 4, (6, 6)), np.ones((10, 10), int)).astype(np.int32) * 70_000
    assert np.array_equal(resized(field, 30), field[1::2, 1::2])
    smooth = np.linspace(0, 255, 64, dtype=np.uint8)[None, :, None].repeat(48, 0).repeat(3, 2)
    small = resized(smooth, 16)
    assert small.shape == (16, 16, 3)
    assert np.abs(small[0, :, 0] - smooth[0].reshape(16, 4, 3)[..., 0].mean(1)).max() <= 1


def test_polygons_and_phantoms_are_prepared(tmp_path):
    polygons = PolygonDataset(adapter="polygons", n_images=4, size_px=48, seed=0)
    assert prepare(polygons, tmp_path, tmp_path / "p.h5", tmp_path / "p.csv") == 4
    phantoms = PhantomDataset(adapter="phantom", n_images=3, size_px=48, seed=0, tiles=Tiles(tile_px=32, stride_px=16))
    for name in ("a", "b"):
        prepare(phantoms, tmp_path, tmp_path / f"{name}.h5", tmp_path / f"{name}.csv")
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert phantoms.raw_files(tmp_path) == []


# --- pieces -----------------------------------------------------------------------------------------------


def test_tiles_cover_an_image_and_the_last_is_flush():
    assert tile_offsets(100, 100, 50) == [0]
    assert tile_offsets(3000, 288, 144)[-1] == 2712
    assert len(tile_offsets(3000, 288, 144)) == 20
    with pytest.raises(DataError, match="smaller than a tile"):
        tile_offsets(99, 100, 50)


def test_splits_are_seeded_keep_what_is_given_and_leave_no_side_empty():
    groups = dict.fromkeys("abcdefghij", "")
    split = Split(test_fraction=0.3, seed=1)
    sides = assign_splits(groups, split)
    assert sides == assign_splits(dict(reversed(groups.items())), split)
    assert sum(side == "test" for side in sides.values()) == 3
    assert sides != assign_splits(groups, Split(test_fraction=0.3, seed=2))
    assert assign_splits({"a": "test", "b": ""}, Split(test_fraction=0.9)) == {"a": "test", "b": "train"}
    assert set(assign_splits({"a": "", "b": ""}, Split(test_fraction=0.01)).values()) == {"train", "test"}
    with pytest.raises(DataError, match="cannot split"):
        assign_splits({"a": "train", "b": "train"}, split)


def test_a_store_reads_back_what_was_written(tmp_path, rng):
    images = rng.integers(0, 256, (5, 8, 9, 3), dtype=np.uint8)
    assert (
        write_store(
            tmp_path / "a.h5", images=iter(images), instances=(image[..., 0].astype(np.int32) for image in images)
        )
        == 5
    )
    with ImageStore(tmp_path / "a.h5") as store:
        assert np.array_equal(store.images(), images)
        assert np.array_equal(store.images(np.array([1, 3])), images[[1, 3]])
        assert store.instances(np.array([], int)).shape == (0, 8, 9)
        assert store.count("images") == 5
    with pytest.raises(DataError, match=r"item 1 is \(3, 3\)"):
        write_store(tmp_path / "b.h5", images=iter([np.zeros((2, 2)), np.zeros((3, 3))]))
    assert not (tmp_path / "b.h5").exists()


def test_a_store_of_the_same_items_is_the_same_bytes(tmp_path, rng):
    masks = [np.kron(rng.integers(0, 9, (16, 16)), np.ones((8, 8), int)).astype(np.int32) for _ in range(40)]
    written = set()
    for attempt in range(6):
        rubbish = [rng.bytes(int(rng.integers(1000, 300_000))) for _ in range(20)]  # what memory holds must not matter
        write_store(tmp_path / f"{attempt}.h5", instances=iter(masks))
        written.add((tmp_path / f"{attempt}.h5").read_bytes())
        del rubbish
    assert len(written) == 1
    with h5py.File(tmp_path / "0.h5") as file:
        assert file["instances"].compression == "gzip"  # lzf repeats its bytes most of the time only


def test_a_damaged_store_is_named(tmp_path):
    (tmp_path / "a.h5").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"a\.h5: not a readable HDF5 file"):
        ImageStore(tmp_path / "a.h5")
    write_store(tmp_path / "b.h5", instances=iter([np.zeros((2, 2), np.int32)]))
    with ImageStore(tmp_path / "b.h5") as store, pytest.raises(DataError, match="holds no 'images', only instances"):
        store.images()


def test_an_empty_split_is_named():
    with pytest.raises(DataError, match="the test split is empty"):
        rows_of_split([{"split": "train"}], "test", "x.csv")


def test_manifests_keep_sources_below_data_root(real_data, tmp_path):
    shutil.copytree(real_data / "cpm15", tmp_path / "here" / "cpm15")
    dataset = CpmDataset(adapter="cpm", folders=("cpm15",), tiles=Tiles(tile_px=256, stride_px=256))
    prepare(dataset, tmp_path / "here", tmp_path / "a.h5", tmp_path / "a.csv")
    row = read_manifest(tmp_path / "a.csv")[0]
    assert row["source"] == "cpm15/image01.png"
    assert row["sha256"] == sha256_of(real_data / "cpm15" / "image01.png")


def test_an_adapter_that_finds_no_files_is_an_error_and_not_an_empty_dataset():
    class Forgetful(FolderDataset):
        adapter: str = "forgetful"

    with pytest.raises(TypeError, match=r"abstract method.*find"):
        Forgetful(folder="somewhere")
