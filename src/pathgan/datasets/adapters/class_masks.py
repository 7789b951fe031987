"""`class_masks`: images with masks of one grey level a class."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from pathgan.config.dataset_types import Resize
from pathgan.datasets.image_dataset import FolderDataset
from pathgan.datasets.items import Pair
from pathgan.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class ClassMaskDataset(FolderDataset):
    """`NAME.bmp` beside `NAME.png`, a mask of one grey level a class; nuclei are the separate pieces of one of them."""

    adapter: Literal["class_masks"]
    nucleus: Annotated[int, Field(ge=1, le=255)] = 255  # grey level
    resize_px: Resize = None

    @property
    def square_px(self) -> int | None:
        return self.resize_px

    def find(self, root: Path) -> list[Pair]:
        pairs = []
        for image in sorted((root / self.folder).rglob("*.bmp")):
            mask = image.with_suffix(".png")
            if not mask.exists():
                raise DataError(f"{image}: has no mask; expected {mask.name} beside it")
            pairs.append(Pair(image.stem.lower(), image, mask))
        return pairs

    def instances_of(self, mask: Path, image: NDArray[np.uint8]) -> NDArray[np.int32]:
        from pathgan.datasets.mask_files import pieces

        return pieces(super().instances_of(mask, image) == self.nucleus)
