"""Folders of planes as slides: which files are planes, in which order, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from PIL import Image

from pathgan.errors import DataError
from pathgan.slides.reading import open_slide


def test_sixteen_bits_become_eight_by_the_whole_stack(tmp_path):
    for index in range(11):
        tifffile.imwrite(tmp_path / f"{index}.tif", np.full((80, 80), 1000 + 100 * index, np.uint16))
    with open_slide(tmp_path) as slide:
        levels = [int(slide.region(0, 0, 0, 1, 1, k)[0, 0, 0]) for k in range(11)]
    assert levels == pytest.approx(np.linspace(0, 255, 11), abs=0.51)


def test_planes_of_different_sizes(tmp_path):
    for index in range(11):
        Image.new("RGB", (80, 80 - (index == 7))).save(tmp_path / f"{index}.png")
    with pytest.raises(
        DataError, match=r"7.png: expected a plane of \(80, 80, 3\) uint8 like 0.png, got \(79, 80, 3\)"
    ):
        open_slide(tmp_path)


@pytest.mark.parametrize(
    ("names", "odd"),
    [
        ([f"I{k:+d}.png" for k in range(-5, 0)] + ["I0.png"] + [f"I{k:+d}.png" for k in range(1, 6)], "I"),
        ([f"z{k}.png" for k in range(-5, 6)], "z"),
        ([f"{k}.png" for k in range(11)] + ["MIP.png"], "MIP.png"),
    ],
)
def test_names_that_do_not_say_which_plane_comes_first(tmp_path, names, odd):
    for name in names:
        Image.new("RGB", (80, 80)).save(tmp_path / name)
    with pytest.raises(DataError, match=rf"{odd}.*expected a name that differs from .* in numbers alone"):
        open_slide(tmp_path)


def test_a_file_of_many_pages_is_no_plane(tmp_path):
    tifffile.imwrite(tmp_path / "s.tif", np.zeros((11, 80, 80, 3), np.uint8), photometric="rgb")
    with pytest.raises(DataError, match="expected one plane per file, got 11 pages"):
        open_slide(tmp_path)


def test_planes_in_several_files_are_refused(tmp_path):
    """Files of one OME-TIFF name each other; read by the first alone, all planes would show its pixels."""
    names = [f"z{index}.ome.tif" for index in range(3)]
    ids = [f"urn:uuid:00000000-0000-0000-0000-00000000000{index}" for index in range(3)]
    data = "".join(
        f'<TiffData FirstZ="{k}" IFD="0" PlaneCount="1"><UUID FileName="{names[k]}">{ids[k]}</UUID></TiffData>'
        for k in range(3)
    )
    for index in range(3):
        xml = (
            '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
            f'UUID="{ids[index]}"><Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" '
            'SizeX="64" SizeY="64" SizeC="3" SizeZ="3" SizeT="1" Interleaved="true">'
            f'<Channel ID="Channel:0:0" SamplesPerPixel="3"/>{data}</Pixels></Image></OME>'
        )
        pixels = np.full((64, 64, 3), 50 + 60 * index, np.uint8)
        tifffile.imwrite(tmp_path / names[index], pixels, photometric="rgb", description=xml, metadata=None)
    with pytest.raises(DataError, match="its planes lie in several files"):
        open_slide(tmp_path / names[0])


def test_a_folder_without_planes(tmp_path):
    with pytest.raises(DataError, match="no image in the folder"):
        open_slide(tmp_path)
