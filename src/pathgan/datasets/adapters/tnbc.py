"""`tnbc`: nuclei of triple-negative breast cancer (Naylor et al. 2018)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pathgan.config.strict import Some
from pathgan.datasets.image_dataset import FolderDataset
from pathgan.datasets.items import Pair
from pathgan.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class TnbcDataset(FolderDataset):
    """TNBC of Naylor et al.: `Slide_XX/*.png` and `GT_XX/*.png`; brain slides (12 to 14) stay out."""

    adapter: Literal["tnbc"]
    slides: Some[int] = tuple(range(1, 12))

    def find(self, root: Path) -> list[Pair]:
        """Below either archive's root; a slide is a patient."""
        pairs = []
        for slide in self.slides:
            for source in sorted((root / self.folder).rglob(f"Slide_{slide:02d}")):
                if "__MACOSX" in source.parts:
                    continue
                for image in sorted(source.glob("*.png")):
                    mask = source.parent / f"GT_{slide:02d}" / image.name
                    if not mask.exists():
                        raise DataError(f"{image}: has no mask; expected {mask}")
                    pairs.append(Pair(f"tnbc-{image.stem.lower()}", image, mask, patient=f"slide{slide:02d}"))
        return pairs

    def instances_of(self, mask: Path, image: NDArray[np.uint8]) -> NDArray[np.int32]:
        """Its masks tell nucleus from background: nuclei are the separate pieces."""
        from pathgan.datasets.mask_files import pieces

        return pieces(super().instances_of(mask, image) > 0)
