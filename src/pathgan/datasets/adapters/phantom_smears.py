"""`phantom_smears`: procedural cytology smears of several classes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import model_validator

from pathgan.config.phantom_looks import Smear
from pathgan.config.strict import Positive, Px
from pathgan.datasets.image_dataset import ImageDataset

if TYPE_CHECKING:
    from pathgan.datasets.items import Item


class SmearDataset(ImageDataset):
    """Cytology smears, `n_images` of each class."""

    adapter: Literal["phantom_smears"]
    is_phantom: ClassVar[bool] = True
    n_images: Positive
    size_px: Px
    seed: int
    smears: dict[str, Smear]  # class -> its look

    @model_validator(mode="after")
    def _some(self) -> SmearDataset:
        if not self.smears:
            raise ValueError("smears: expected a class or more, as {benign: {radius_px: 8}}")
        return self

    def items(self, data_root: Path) -> Iterator[Item]:
        """The i-th of all depends on (seed, i) alone."""
        from pathgan.datasets.drawn_items import drawn_item
        from pathgan.phantoms.smears import cytology_smear

        for number, (category, smear) in enumerate(self.smears.items()):
            for index in range(number * self.n_images, (number + 1) * self.n_images):
                yield drawn_item(index, cytology_smear(smear, self.size_px, (self.seed, index)), category)
