"""`image_folders`: folders of images that stand for classes or splits."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pathgan.config.strict import Below, Some, Strict
from pathgan.datasets.image_dataset import IMAGE_SUFFIXES, PlainDataset, images_in
from pathgan.datasets.items import Pair
from pathgan.errors import DataError


class ImageFolder(Strict):
    """A folder of images, and what it says of them."""

    path: Below  # below the dataset's folder
    category: str = ""
    split: Literal["", "train", "validation", "test"] = ""


class ImageFoldersDataset(PlainDataset):
    """Folders that stand for classes (JUCYT, FNAC 2019) or for splits (MIST)."""

    adapter: Literal["image_folders"]
    parts: Some[ImageFolder]

    def find(self, root: Path) -> list[Pair]:
        """The images right in each folder; an item is named after class and split, as folders may number alike."""
        pairs = []
        for part in self.parts:
            folder = root / self.folder / part.path
            found = images_in(folder.glob("*")) if folder.is_dir() else []
            if not found and (root / self.folder).is_dir():  # one class of two would pass for the whole
                raise DataError(f"{folder}: expected images ({', '.join(IMAGE_SUFFIXES)}), found none; put them there")
            for image in found:
                name = "-".join(text for text in (part.category, part.split, image.stem) if text)
                pairs.append(Pair(name.lower(), image, category=part.category, split=part.split))
        return pairs
