"""Slides: pixels equal openslide's, tiles lie where they should, and each piece of the file is decoded once."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import cv2
import h5py
import numpy as np
import openslide
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pathgan.errors import DataError
from pathgan.slides import open_slide, tile_slide
from pathgan.slides.reading import level_for, pixel_size, thumbnail
from pathgan.slides.resampling import resampled_bands, resampled_size
from pathgan.slides.tiff import TiffSlide
from pathgan.slides.tiling import draw_grid, plan_tiles, read_tiles
from pathgan.slides.tissue import tissue_mask
from pathgan.stores.slide_files import write_slide


def tissue_like(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Glass with a stained disc: smooth, so that JPEG changes little."""
    noise = np.random.default_rng(seed).normal(size=(height, width, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), 4)
    y, x = np.mgrid[:height, :width]
    disc = np.hypot(y - height / 2, x - width / 2) < 0.4 * min(height, width)
    colour = np.where(disc[..., None], (150, 80, 160), (244, 244, 244)) + disc[..., None] * 200 * smooth
    return np.clip(colour, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def slide_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("slides") / "slide.tif"
    write_slide(path, tissue_like(1300, 1710), mpp=0.25)
    return path


# --- reading ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cmu-1-small-region.svs", "tcga-cr-7395-01a-01-ts1.svs"])
def test_regions_of_real_slides_equal_openslides(real_data, name):
    """JPEG and JPEG 2000, at every level, across tile borders and at the far corner."""
    path = real_data / "slides" / name
    with open_slide(path) as slide, openslide.OpenSlide(path) as peer:
        assert isinstance(slide, TiffSlide)
        assert [(level.width, level.height) for level in slide.levels] == list(peer.level_dimensions)
        for index, level in enumerate(slide.levels):
            # openslide takes its corner in level 0: whole steps of the second level alone are the same place
            corners = [(0, 0), (200, 300)] if index == 0 else [(0, 0)]
            corners += [(level.width - 301, level.height - 257)] if index == 0 else []
            for x, y in corners:
                theirs = np.asarray(peer.read_region((x, y), index, (301, 257)))[..., :3]
                np.testing.assert_array_equal(slide.region(index, x, y, 301, 257), theirs)


def test_pixel_size_of_real_slides(real_data):
    with open_slide(real_data / "slides" / "cmu-1-small-region.svs") as slide:
        assert pixel_size(slide) == 0.499
        assert pixel_size(slide, given=0.51) == 0.51
    with open_slide(real_data / "slides" / "tcga-cr-7395-01a-01-ts1.svs") as slide:
        with pytest.raises(DataError, match=r"does not say how large a pixel is.*sample sheet"):
            pixel_size(slide)
        with pytest.raises(DataError, match=r"mpp: expected 0.1 to 2.0 um/px, got 352.8"):
            pixel_size(slide, given=352.8)


def test_bands_and_regions_are_the_same_pixels(slide_file):
    with open_slide(slide_file) as slide:
        for level, size in enumerate(slide.levels):
            whole = np.concatenate([band.copy() for _, band in slide.bands(level)])
            assert whole.shape == (size.height, size.width, 3)
            np.testing.assert_array_equal(whole, slide.region(level, 0, 0, size.width, size.height))


def test_our_slides_are_read_alike_by_openslide(slide_file):
    with open_slide(slide_file) as slide, openslide.OpenSlide(slide_file) as peer:
        assert slide.mpp == pytest.approx(0.25)
        assert [(level.width, level.height) for level in slide.levels] == list(peer.level_dimensions)
        np.testing.assert_array_equal(
            slide.region(0, 100, 120, 500, 400), np.asarray(peer.read_region((100, 120), 0, (500, 400)))[..., :3]
        )


def test_a_plain_image_is_a_slide_of_one_level(tmp_path):
    pixels = tissue_like(90, 120)
    Image.fromarray(pixels).save(tmp_path / "image.png")
    with open_slide(tmp_path / "image.png") as slide:
        assert slide.mpp is None
        np.testing.assert_array_equal(slide.region(0, 10, 5, 30, 20), pixels[5:25, 10:40])
        with pytest.raises(DataError, match="asked for 200 x 20 px"):
            slide.region(0, 0, 0, 200, 20)


def test_strips_and_other_codecs(tmp_path):
    pixels = tissue_like(300, 260)
    for name, options in {
        "strips": {"rowsperstrip": 37},
        "deflate": {"tile": (128, 128), "compression": "deflate"},
        "lzw": {"tile": (64, 96), "compression": "lzw", "predictor": True},
    }.items():
        tifffile.imwrite(tmp_path / f"{name}.tif", pixels, photometric="rgb", metadata=None, **options)
        with open_slide(tmp_path / f"{name}.tif") as slide:
            np.testing.assert_array_equal(slide.region(0, 3, 50, 250, 200), pixels[50:250, 3:253])


def test_tiles_that_a_file_leaves_out_are_glass(tmp_path):
    path = tmp_path / "sparse.tif"
    tiles = [np.full((240, 240, 3), 90, np.uint8), None, None, None]
    with tifffile.TiffWriter(path) as file:
        file.write(
            (tile for tile in tiles),
            shape=(480, 480, 3),
            dtype=np.uint8,
            tile=(240, 240),
            photometric="rgb",
            compression="jpeg",
            metadata=None,
        )
    with open_slide(path) as slide:
        assert (slide.region(0, 250, 250, 100, 100) == 255).all()
        assert abs(int(slide.region(0, 0, 0, 100, 100).mean()) - 90) <= 1


def test_focal_planes(tmp_path):
    planes = np.stack([tissue_like(200, 180, seed) for seed in range(4)])
    path = tmp_path / "stack.ome.tif"
    options = {"tile": (64, 64), "photometric": "rgb"}
    tifffile.imwrite(
        path, planes, metadata={"axes": "ZYXS", "PhysicalSizeX": 230, "PhysicalSizeXUnit": "nm"}, **options
    )
    with open_slide(path) as slide:
        assert slide.n_planes == 4
        assert slide.mpp == pytest.approx(0.23)
        for plane in range(4):
            np.testing.assert_array_equal(slide.region(0, 20, 30, 100, 90, plane), planes[plane, 30:120, 20:120])


def write_ndpi(path: Path, planes: np.ndarray) -> None:
    """Focal planes as a Hamamatsu scanner writes them: an image a plane, one JPEG each, its restarts listed."""
    height, width = planes.shape[1:3]
    out, link = bytearray(b"II*\0" + struct.pack("<Q", 0)), 4
    for plane in planes:
        buffer = io.BytesIO()
        Image.fromarray(plane).save(buffer, "JPEG", quality=90, subsampling=0, restart_marker_blocks=width // 8)
        jpeg = buffer.getvalue()
        scan = jpeg.index(b"\xff\xda")
        first = scan + 2 + struct.unpack(">H", jpeg[scan + 2 : scan + 4])[0]
        restarts = [at + 2 for at in range(first, len(jpeg) - 1) if jpeg[at] == 0xFF and 0xD0 <= jpeg[at + 1] <= 0xD7]
        starts = [first, *restarts]
        places = {}
        for name, data in {
            "jpeg": jpeg,
            "starts": struct.pack(f"<{len(starts)}I", *starts),
            "make": b"Hamamatsu\0",
            "bits": struct.pack("<HHH", 8, 8, 8),
        }.items():
            places[name] = len(out)
            out += data
        tags = [
            *((254, 4, 1, 0), (256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, places["bits"])),
            *((259, 3, 1, 7), (262, 3, 1, 6), (271, 2, 10, places["make"]), (273, 4, 1, places["jpeg"])),
            *((277, 3, 1, 3), (278, 4, 1, height), (279, 4, 1, len(jpeg)), (65420, 4, 1, 1)),
            (65426, 4, len(starts), places["starts"]),
        ]
        out[link : link + 8] = struct.pack("<Q", len(out))
        out += struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags)
        link = len(out)
        out += struct.pack("<Q", 0) + b"\0" * (4 * len(tags))
    path.write_bytes(out)


def test_focal_planes_of_an_ndpi(tmp_path):
    rng = np.random.default_rng(0)
    smooth = [cv2.GaussianBlur(rng.integers(0, 256, (256, 512, 3), dtype=np.uint8), (0, 0), 5) for _ in range(3)]
    planes = np.stack(smooth)
    write_ndpi(tmp_path / "s.ndpi", planes)
    theirs = tifffile.imread(tmp_path / "s.ndpi")
    with open_slide(tmp_path / "s.ndpi") as slide:
        assert slide.n_planes == 3
        for index in range(3):
            ours = slide.region(0, 100, 50, 300, 150, index)
            assert np.array_equal(ours, theirs[index, 50:200, 100:400])
            assert np.abs(ours.astype(int) - planes[index, 50:200, 100:400]).mean() < 3
    data = bytearray((tmp_path / "s.ndpi").read_bytes())
    start = data.index(b"\xff\xda") + 200
    data[start : start + 3000] = bytes(3000)
    (tmp_path / "s.ndpi").write_bytes(data)
    with open_slide(tmp_path / "s.ndpi") as slide, pytest.raises(DataError, match="has no end marker"):
        slide.region(0, 0, 0, 512, 256, 0)


@pytest.mark.parametrize("max_px", [100, 333, 855, 5000])
def test_thumbnail_equals_one_resize_of_the_whole(slide_file, max_px):
    with open_slide(slide_file) as slide:
        small = thumbnail(slide, max_px)
        level = max(
            i
            for i, level in enumerate(slide.levels)
            if level.downsample <= max(1, slide.levels[0].width / max_px) + 1e-6
        )
        size = slide.levels[level]
        whole = slide.region(level, 0, 0, size.width, size.height)
    theirs = cv2.resize(whole, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert max(small.shape) <= max_px or max_px > 1710
    assert np.abs(small.astype(int) - theirs).mean() < 0.6  # rows are cut at whole pixels


# --- levels and resampling --------------------------------------------------------------------------------


def test_level_for_takes_the_coarsest_that_is_fine_enough(slide_file):
    with open_slide(slide_file) as slide:
        assert level_for(slide, 0.25, 0.25) == (0, 1.0)
        assert level_for(slide, 0.25, 0.49)[0] == 0
        level, scale = level_for(slide, 0.25, 0.5)
        assert (level, scale) == (1, 1.0)
        assert level_for(slide, 0.25, 1.0) == (1, pytest.approx(2.0, rel=1e-3))
        with pytest.raises(DataError, match=r"its finest level has 0.25 um/px, but 0.1 um/px is asked for"):
            level_for(slide, 0.25, 0.1)


@settings(max_examples=25, deadline=None)
@given(scale=st.one_of(st.integers(2, 5).map(float), st.floats(1.1, 4.9)))
def test_bands_do_not_show_in_resampled_rows(slide_file, scale):
    """The plain twin: the whole level in one piece."""
    with open_slide(slide_file) as slide:
        width, height = resampled_size(slide, 1, scale)
        ours = np.concatenate([band.copy() for band in resampled_bands(slide, 1, scale)])
        whole = slide.region(1, 0, 0, slide.levels[1].width, slide.levels[1].height)
    assert ours.shape == (height, width, 3)
    if scale == round(scale):
        cut = whole[: int(height * scale), : int(width * scale)]
        theirs = cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA)
    else:
        box = (0, 0, width * scale, height * scale)
        theirs = np.asarray(Image.fromarray(whole).resize((width, height), Image.Resampling.BILINEAR, box))
    assert np.abs(ours.astype(int) - theirs).max() <= 1


# --- tiling -----------------------------------------------------------------------------------------------


def test_the_papers_slides_make_400_tiles(tmp_path):
    """6000 px at 40x are 3000 px at 20x: 20 x 20 tiles of 288 px every 144 px, the last ones flush."""
    rows = np.repeat(np.arange(6000) // 24, 6000).reshape(6000, 6000).astype(np.uint8)
    write_slide(tmp_path / "slide.tif", np.stack([rows, rows.T, rows // 2 + 60], axis=-1), mpp=0.25)
    with open_slide(tmp_path / "slide.tif") as slide:
        tiling, *_ = plan_tiles(slide, tile_px=288, stride_px=144, mpp=0.5)
        assert tiling.grid == (20, 20)
        assert len(tiling) == 400
        assert tiling.x.max() == tiling.y.max() == 3000 - 288
        assert sum(1 for _ in read_tiles(slide, tiling)) == 400


@pytest.mark.parametrize("mpp", [0.25, 0.4, 0.5, 1.0])
@pytest.mark.parametrize("min_tissue", [0.0, 0.3])
def test_tiles_are_the_regions_they_name(slide_file, mpp, min_tissue):
    with open_slide(slide_file) as slide:
        tiling, *_ = plan_tiles(slide, tile_px=96, stride_px=56, mpp=mpp, min_tissue=min_tissue)
        bands = resampled_bands(slide, tiling.level, tiling.scale)
        whole = np.concatenate([band.copy() for band in bands])
        tiles = [tile.copy() for tile in read_tiles(slide, tiling)]
    assert len(tiles) == len(tiling)
    for tile, x, y in zip(tiles, tiling.x, tiling.y, strict=True):
        np.testing.assert_array_equal(tile, whole[y : y + 96, x : x + 96])
    assert (tiling.tissue >= min_tissue).all()


def test_each_compressed_tile_is_decoded_once(slide_file, monkeypatch):
    decoded = []
    with open_slide(slide_file) as slide:
        original = slide._decode

        def counting(page, rows, columns):
            for tile, row, column in original(page, rows, columns):
                decoded.append((row, column))
                yield tile, row, column

        monkeypatch.setattr(slide, "_decode", counting)
        tiling, *_ = plan_tiles(slide, tile_px=96, stride_px=40, mpp=0.25)
        decoded.clear()
        n = sum(1 for _ in read_tiles(slide, tiling))
    assert n == len(tiling) > 100
    assert len(decoded) == len(set(decoded))


def test_a_tile_store_says_where_its_tiles_lie(slide_file, tmp_path):
    tiling = tile_slide(slide_file, 128, 128, 0.5, tmp_path / "tiles.h5", min_tissue=0.5)
    with h5py.File(tmp_path / "tiles.h5") as file:
        assert file["images"].shape == (len(tiling), 128, 128, 3)
        np.testing.assert_array_equal(file["x"][:], tiling.x)
        assert dict(file.attrs) == {"level": 1, "mpp": 0.5, "scale": 1.0}
        assert (file["tissue"][:] >= 0.5).all()
    assert 0 < len(tiling) < tiling.grid[0] * tiling.grid[1]


# --- tissue -----------------------------------------------------------------------------------------------


def test_tissue_of_a_known_disc(slide_file):
    with open_slide(slide_file) as slide:
        mask = tissue_mask(thumbnail(slide, 800))
    y, x = np.mgrid[: mask.shape[0], : mask.shape[1]]
    radius = 0.4 * 1300 * mask.shape[1] / 1710
    disc = np.hypot(y - mask.shape[0] / 2, x - mask.shape[1] / 2) < radius
    assert (mask & disc).sum() / (mask | disc).sum() > 0.97


@pytest.mark.parametrize("stain", ["Cc10-5", "CD31-3", "He-les3", "Ki67-7", "proSPC-4"])
def test_tissue_of_pale_stains(real_data, stain):
    """A lung lesion in five stains: the dense lesion is tissue in each, the airways' lumen is not."""
    (path,) = (real_data / "serial_sections" / "images_5pc").glob(f"*{stain}*")
    image = np.asarray(Image.open(path))
    mask = tissue_mask(image)
    assert 0.25 < mask.mean() < 0.95
    lesion = cv2.boxFilter(mask.astype(np.float32), -1, (41, 41))
    assert lesion.max() > 0.97
    around = cv2.blur(image.min(axis=2), (31, 31))
    lumen = around >= np.quantile(around, 0.98)
    assert mask[lumen].mean() < 0.1


def test_a_blank_slide_has_no_tissue(rng):
    blank = np.clip(240 + rng.normal(0, 1.5, (400, 500, 3)), 0, 255).astype(np.uint8)
    assert tissue_mask(blank).mean() < 0.01
    assert not tissue_mask(np.full((100, 100, 3), 255, np.uint8)).any()


def test_the_grid_is_drawn_where_tiles_are(slide_file):
    with open_slide(slide_file) as slide:
        tiling, small, mask = plan_tiles(slide, 256, 256, 0.5, min_tissue=0.05)
    drawn = draw_grid(small, mask, tiling)
    changed = (drawn != small).any(axis=2)
    scale = small.shape[1] / tiling.size[0]
    for x, y in zip(tiling.x, tiling.y, strict=True):
        assert changed[round(y * scale), round((x + 128) * scale)]
