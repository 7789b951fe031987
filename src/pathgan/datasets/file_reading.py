"""From the files of a dataset to images with instances."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pathgan.datasets.image_files import read_image
from pathgan.datasets.items import Item
from pathgan.datasets.mask_files import relabel
from pathgan.errors import DataError
from pathgan.files import identity, sha256_of
from pathgan.resizing import resized

if TYPE_CHECKING:
    from pathgan.datasets.image_dataset import FileDataset


def items_of_files(dataset: FileDataset, data_root: Path) -> Iterator[Item]:
    """Reads each image with its mask. Raises DataError where there are none, and for a mask of another size."""
    pairs = dataset.find(data_root)
    if not pairs:
        raise DataError(dataset.absent(data_root))
    for pair in pairs:
        before = [(file, identity(file)) for file in (pair.image, pair.mask) if file and file.is_file()]
        image, instances = read_image(pair.image), None
        if pair.mask is not None:
            instances = dataset.instances_of(pair.mask, image)
            if instances.shape != image.shape[:2]:
                raise DataError(
                    f"{pair.mask}: expected the size of its image {pair.image.name}, "
                    f"{image.shape[1]} x {image.shape[0]}, got {instances.shape[1]} x {instances.shape[0]}"
                )
            instances = relabel(instances)
        loaded = resized(image, dataset.crops_px) if dataset.crops_px else None
        if side := dataset.square_px:
            image = resized(image, side)
            instances = instances if instances is None else relabel(resized(instances, side))
        digest, category = sha256_of(pair.image), dataset.category_of(pair)
        for file, was in before:
            if identity(file) != was:
                raise DataError(f"{file}: changed while it was read; start again once it rests")
        yield Item(pair.id, image, instances, str(pair.image), category, pair.patient, pair.split, digest, loaded)
