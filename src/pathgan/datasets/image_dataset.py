"""What datasets of images share: tiles, folders below data_root, and how files become items.

A kind of dataset is one file in `adapters`: its options, how it finds its files, and how it reads its masks. Finding
opens no image, so the plan of the workflow can do it; what reads images is imported where it is called.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import model_validator

from pathgan.config.dataset_types import (
    Download,
    Example,
    Loaded,
    Manual,
    Origin,
    PreparedDataset,
    Resize,
    SplitDataset,
    Tiles,
)
from pathgan.config.strict import Folder
from pathgan.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pathgan.datasets.items import Item, Pair
    from pathgan.stores.dataset_counts import Counts

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")


class ImageDataset(PreparedDataset, SplitDataset):
    """Images that are split and cut into tiles."""

    tiles: Tiles = Tiles()
    has_masks: ClassVar[bool] = True

    @abstractmethod
    def items(self, data_root: Path) -> Iterator[Item]:
        """Its images in a fixed order. Raises DataError where one is missing or damaged."""

    def prepare(self, data_root: Path, store: Path, manifest: Path, example: Example | None = None) -> Counts:
        from pathgan.datasets.prepare import prepare_dataset

        return prepare_dataset(self, data_root, store, manifest)


class FileDataset(ImageDataset):
    """Images, and where it has them masks, in files."""

    @abstractmethod
    def find(self, root: Path) -> list[Pair]:
        """The image and mask files, in a fixed order. Raises DataError for an image without a mask."""

    @abstractmethod
    def absent(self, data_root: Path) -> str:
        """What to get, from where, and where to put it, where it has no files."""

    @property
    def square_px(self) -> int | None:
        """The side that images are brought to; None where they stay as they are."""
        return None

    @property
    def crops_px(self) -> int | None:
        """The side at which images are also kept, for crops in training; None for no other than that."""
        return None

    def category_of(self, pair: Pair) -> str:
        """The class of an item; '' where it is of none."""
        return pair.category

    def instances_of(self, mask: Path, image: NDArray[np.uint8]) -> NDArray[np.int32]:
        """The instance map (h, w) in a file, its ids as they are there."""
        from pathgan.datasets.mask_files import read_mask

        return read_mask(mask)

    def raw_files(self, data_root: Path) -> list[Path]:
        try:
            pairs = self.find(data_root)
        except DataError:
            return []  # `prepare` raises it again, as the job's own error
        return [file for pair in pairs for file in (pair.image, pair.mask) if file]

    def items(self, data_root: Path) -> Iterator[Item]:
        from pathgan.datasets.file_reading import items_of_files

        return items_of_files(self, data_root)

    def how_to_get(self, origin: Download | Manual | None, folders: Iterable[Path]) -> str:
        """Where its files belong, and where they come from."""
        if origin is None:
            how = "put its files there"
        elif isinstance(origin, Download):
            how = f"run the rule `fetch`, or get {origin.url} and unpack it there"
        else:
            how = f"get {origin.file} from {origin.page} and unpack it there"
        what = "image with a mask" if self.has_masks else "image"
        target = " and ".join(map(str, folders))
        return f"{self.adapter}: no {what} in {target}; {how} (or set --config data_root=FOLDER)"


class FolderDataset(FileDataset):
    """Files in one folder below data_root."""

    category: str = ""  # the class of all its images, where files do not say it
    folder: Folder  # below data_root
    origin: Origin | None = None

    def absent(self, data_root: Path) -> str:
        return self.how_to_get(self.origin, [data_root / self.folder])

    def category_of(self, pair: Pair) -> str:
        return pair.category or self.category


class PlainDataset(FolderDataset):
    """Images without masks."""

    resize_px: Resize = None
    loaded_px: Loaded = None
    has_masks: ClassVar[bool] = False

    @property
    def square_px(self) -> int | None:
        return self.resize_px

    @property
    def crops_px(self) -> int | None:
        return self.loaded_px

    @model_validator(mode="after")
    def _whole_images(self) -> PlainDataset:
        if self.loaded_px and self.tiles.tile_px != self.resize_px:
            raise ValueError(
                f"loaded_px: expected whole images as tiles, resize_px = tiles.tile_px, got {self.resize_px} and "
                f"{self.tiles.tile_px}"
            )
        return self


def images_in(files: Iterable[Path]) -> list[Path]:
    """Those that are images, by name."""
    return sorted(file for file in files if file.suffix.lower() in IMAGE_SUFFIXES and not file.name.startswith("._"))
