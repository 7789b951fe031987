"""`phantom`: procedural H&E fields."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pathgan.config.phantom_looks import Tissue
from pathgan.config.strict import Positive, Px
from pathgan.datasets.image_dataset import ImageDataset

if TYPE_CHECKING:
    from pathgan.datasets.items import Item


class PhantomDataset(ImageDataset):
    """H&E fields."""

    adapter: Literal["phantom"]
    is_phantom: ClassVar[bool] = True
    n_images: Positive
    size_px: Px
    seed: int
    category: str = ""  # the class in the manifest
    tissue: Tissue = Tissue()

    def items(self, data_root: Path) -> Iterator[Item]:
        """The i-th depends on (seed, i) alone."""
        from pathgan.datasets.drawn_items import drawn_item
        from pathgan.phantoms.fields import histology_field

        for index in range(self.n_images):
            yield drawn_item(index, histology_field(self.tissue, self.size_px, (self.seed, index)), self.category)
