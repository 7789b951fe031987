"""`monuseg`: nuclei of H&E images of several organs, as polygons (Kumar et al. 2017)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pathgan.datasets.image_dataset import FolderDataset
from pathgan.datasets.items import Pair
from pathgan.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class MonusegDataset(FolderDataset):
    """MoNuSeg: TIF images and XML polygons."""

    adapter: Literal["monuseg"]

    def find(self, root: Path) -> list[Pair]:
        """`*.tif` with the `*.xml` of the same stem, wherever below the folder; the TCGA case is the patient."""
        folder = root / self.folder
        annotations = {file.stem: file for file in sorted(folder.rglob("*.xml"))}
        pairs = []
        for image in sorted(folder.rglob("*.tif")):
            if image.stem not in annotations:
                raise DataError(f"{image}: has no annotation {image.stem}.xml below {folder}")
            patient = "-".join(image.stem.split("-")[:3])
            pairs.append(Pair(image.stem.lower(), image, annotations[image.stem], patient=patient))
        return pairs

    def instances_of(self, mask: Path, image: NDArray[np.uint8]) -> NDArray[np.int32]:
        from pathgan.datasets.xml_polygons import read_monuseg_xml

        return read_monuseg_xml(mask, image.shape[:2])
