"""`cpm`: CPM-15 and CPM-17, nuclei of H&E images."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pathgan.config.dataset_types import Manual
from pathgan.config.strict import Below, Some
from pathgan.datasets.image_dataset import FileDataset
from pathgan.datasets.items import Pair
from pathgan.errors import DataError


class CpmDataset(FileDataset):
    """CPM-15 and CPM-17: the layout of the challenge (`_mask.txt`) and that of hover_net (`.mat`)."""

    adapter: Literal["cpm"]
    folders: Some[Below]  # below data_root
    origin: Manual | None = None

    def absent(self, data_root: Path) -> str:
        return self.how_to_get(self.origin, [data_root / folder for folder in self.folders])

    def find(self, root: Path) -> list[Pair]:
        found = [_in(root / folder) for folder in self.folders]
        if not all(found):  # half of a merged dataset would pass for the whole
            raise DataError(self.absent(root))
        return [pair for pairs in found for pair in pairs]


def _in(folder: Path) -> list[Pair]:
    """`imageNN.png` + `imageNN_mask.txt`, or `Images/*.png` + `Labels/*.mat` at any depth and in any case."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and "__MACOSX" not in file.parts)
    masks = {file.with_suffix("").as_posix().removesuffix("_mask"): file for file in files if _is_mask(file)}
    pairs = []
    for image in files:
        in_layout = image.parent.name.lower() == "images" or image.parent == folder
        if image.suffix.lower() != ".png" or not in_layout:
            continue
        beside = image.with_suffix("").as_posix()
        labelled = {(image.parent.parent / name / image.stem).as_posix() for name in ("Labels", "labels", "LABELS")}
        mask = next((masks[key] for key in (beside, *sorted(labelled)) if key in masks), None)
        if mask is None:
            raise DataError(
                f"{image}: has no mask; expected {image.stem}_mask.txt beside it or Labels/{image.stem}.mat"
            )
        name = "-".join(image.relative_to(folder.parent).with_suffix("").parts)
        pairs.append(Pair(name.lower(), image, mask))
    return pairs


def _is_mask(file: Path) -> bool:
    return file.name.endswith("_mask.txt") or file.suffix == ".mat"
