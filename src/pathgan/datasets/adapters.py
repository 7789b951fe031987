"""From the files of a dataset to images with instances."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.draw import polygon2mask

from pathgan.config.datasets import (
    ClassMaskDataset,
    MonusegDataset,
    PhantomDataset,
    Phantoms,
    SheetDataset,
    SmearDataset,
    TnbcDataset,
)
from pathgan.datasets.images import read_image, read_mask, relabel, resized
from pathgan.datasets.layouts import ImageAdapter, Pair, absent, find_pairs
from pathgan.errors import DataError
from pathgan.files import sha256_of
from pathgan.phantoms import Field as PhantomField
from pathgan.phantoms import cytology_smear, histology_field


@dataclass(frozen=True)
class Item:
    """One source image. image: (h, w, 3) uint8; instances: (h, w) int32 with ids 1..n, where there are masks."""

    id: str
    image: NDArray[np.uint8]
    instances: NDArray[np.int32] | None
    source: str
    category: str = ""
    patient: str = ""
    split: str = ""  # where the data know it
    sha256: str = ""  # of the file


def read_items(dataset: ImageAdapter, data_root: Path) -> Iterator[Item]:
    """The images of a dataset in a fixed order. Raises DataError where one is missing or damaged."""
    if isinstance(dataset, Phantoms):
        for index, (category, field) in enumerate(_drawn(dataset)):
            yield Item(f"phantom{index:04d}", field.image, relabel(field.instances), "procedural", category)
        return
    pairs = find_pairs(dataset, data_root)
    if not pairs:
        raise DataError(absent(dataset, data_root))
    for pair in pairs:
        image = read_image(pair.image)
        instances = _read_instances(dataset, pair, image) if pair.mask else None
        side = getattr(dataset, "resize_px", None)
        if side:
            image = resized(image, side)
            instances = instances if instances is None else relabel(resized(instances, side))
        digest = sha256_of(pair.image)
        category = pair.category or getattr(dataset, "category", "")
        yield Item(pair.id, image, instances, str(pair.image), category, pair.patient, pair.split, digest)


def _drawn(dataset: Phantoms) -> Iterator[tuple[str, PhantomField]]:
    """Each phantom with its class; the i-th depends on (seed, i) alone."""
    if isinstance(dataset, SmearDataset):
        for number, (category, smear) in enumerate(dataset.smears.items()):
            for index in range(number * dataset.n_images, (number + 1) * dataset.n_images):
                yield category, cytology_smear(smear, dataset.size_px, (dataset.seed, index))
        return
    assert isinstance(dataset, PhantomDataset)
    for index in range(dataset.n_images):
        yield dataset.category, histology_field(dataset.tissue, dataset.size_px, (dataset.seed, index))


def _read_instances(dataset: ImageAdapter, pair: Pair, image: NDArray[np.uint8]) -> NDArray[np.int32]:
    assert pair.mask is not None
    if isinstance(dataset, MonusegDataset):
        instances = read_monuseg_xml(pair.mask, image.shape[:2])
    else:
        instances = read_mask(pair.mask)
    if isinstance(dataset, ClassMaskDataset):
        instances = instances == dataset.nucleus
    if isinstance(dataset, TnbcDataset | ClassMaskDataset):
        instances = ndimage.label(instances > 0, structure=np.ones((3, 3)))[0]
    if isinstance(dataset, SheetDataset):
        _refuse_semantic(instances, pair)
    if instances.shape != image.shape[:2]:
        raise DataError(
            f"{pair.mask}: expected the size of its image {pair.image.name}, "
            f"{image.shape[1]} x {image.shape[0]}, got {instances.shape[1]} x {instances.shape[0]}"
        )
    return relabel(instances)


def _refuse_semantic(instances: NDArray[np.int32], pair: Pair) -> None:
    """A user's mask that says only nucleus or not would count as one nucleus."""
    pieces = ndimage.label(instances > 0, structure=np.ones((3, 3)))[1]
    if pieces > 1 and len(np.unique(instances[instances > 0])) == 1:
        raise DataError(
            f"{pair.mask}: one id in {pieces} separate pieces, as in a mask of nucleus and background; "
            "give each nucleus an id of its own"
        )


def read_monuseg_xml(path: Path, shape: tuple[int, int]) -> NDArray[np.int32]:
    """Region polygons -> instance map (h, w) int32; where two overlap the later one lies on top."""
    try:
        root = ElementTree.parse(path).getroot()  # noqa: S314
    except ElementTree.ParseError as error:
        raise DataError(f"{path}: damaged XML ({error}); get it again") from error
    instances = np.zeros(shape, np.int32)
    for label, region in enumerate(root.iter("Region"), start=1):
        points = [(float(v.attrib["Y"]), float(v.attrib["X"])) for v in region.iter("Vertex")]
        if len(points) >= 3:
            _fill(instances, np.array(points), label)
    return instances


def _fill(instances: NDArray[np.int32], points: NDArray[np.float64], label: int) -> None:
    low = np.maximum(np.floor(points.min(0)).astype(int), 0)
    high = np.minimum(np.ceil(points.max(0)).astype(int) + 1, instances.shape)
    if (low < high).all():
        window = instances[low[0] : high[0], low[1] : high[1]]
        window[polygon2mask(window.shape, points - low)] = label
