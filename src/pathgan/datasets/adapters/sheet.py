"""`sheet`: a user's own images, listed in a sample sheet."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pathgan.config.dataset_types import Resize, Split
from pathgan.datasets.image_dataset import FileDataset
from pathgan.datasets.items import Pair
from pathgan.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COLUMNS = ("image", "mask", "class", "patient", "split")


class SheetDataset(FileDataset):
    """A user's own images: a TSV with the columns image, mask, class, patient, split; the last four may be empty."""

    adapter: Literal["sheet"]
    classes: tuple[str, ...] | None = None  # those to take; all where not given
    resize_px: Resize = None
    split: Split = Split(by="patient")  # an image without a patient is its own
    sheet: str  # path; images and masks are relative to it

    @property
    def square_px(self) -> int | None:
        return self.resize_px

    def absent(self, data_root: Path) -> str:
        return f"{self.sheet}: the sheet lists no image"

    def find(self, root: Path) -> list[Pair]:
        return _read(Path(self.sheet), self.classes)

    def raw_files(self, data_root: Path) -> list[Path]:
        """The sheet, and what it lists."""
        sheet = Path(self.sheet)
        if not sheet.exists():
            return []
        files = super().raw_files(data_root)
        return [sheet, *files] if files else []

    def instances_of(self, mask: Path, image: NDArray[np.uint8]) -> NDArray[np.int32]:
        """Raises DataError for a mask that says only nucleus or not: it would count as one nucleus."""
        import numpy as np

        from pathgan.datasets.image_files import pieces

        instances = super().instances_of(mask, image)
        n_pieces = int(pieces(instances > 0).max())
        if n_pieces > 1 and len(np.unique(instances[instances > 0])) == 1:
            raise DataError(
                f"{mask}: one id in {n_pieces} separate pieces, as in a mask of nucleus and background; "
                "give each nucleus an id of its own"
            )
        return instances


def _read(path: Path, classes: tuple[str, ...] | None) -> list[Pair]:
    """A user's TSV. Paths are relative to it; mask, class, patient and split may be empty."""
    if not path.exists():
        raise DataError(f"{path}: no such sample sheet")
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file, delimiter="\t")
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or [])]
        if missing:
            raise DataError(
                f"{path}: expected the tab-separated columns {', '.join(COLUMNS)}; missing: {', '.join(missing)}"
            )
        pairs: list[Pair] = []
        seen: dict[str, int] = {}
        splits: dict[str, str] = {}
        for line, row in enumerate(reader, start=2):
            values = {name: (row[name] or "").strip() for name in COLUMNS}
            if not any(values.values()):  # spreadsheets leave such lines
                continue
            pair = Pair(
                Path(values["image"]).with_suffix("").as_posix().replace("/", "-"),
                path.parent / values["image"],
                path.parent / values["mask"] if values["mask"] else None,
                values["class"],
                values["patient"],
                values["split"],
            )
            where = f"{path}, line {line}"
            for name, listed in (("image", pair.image), ("mask", pair.mask)):
                if listed and not listed.is_file():
                    raise DataError(f"{where}: {name}: no such file: {listed}")
            if pair.split not in ("", "train", "validation", "test"):
                raise DataError(f"{where}: split: expected train, validation, test or nothing, got {pair.split!r}")
            if pair.id in seen:
                raise DataError(f"{where}: image: {pair.id} is also on line {seen[pair.id]}; keep one of them")
            seen[pair.id] = line
            if pair.patient and splits.setdefault(pair.patient, pair.split) != pair.split:
                raise DataError(
                    f"{where}: split: patient {pair.patient} is in {splits[pair.patient] or 'no'} and "
                    f"{pair.split or 'no'} split; a patient belongs to one"
                )
            pairs.append(pair)
    unmasked = [pair for pair in pairs if pair.mask is None]
    if unmasked and len(unmasked) < len(pairs):
        raise DataError(f"{path}: {unmasked[0].image} has no mask, others have one; give all a mask or none")
    known = sorted({pair.category for pair in pairs})
    for category in classes or ():
        if category not in known:
            raise DataError(f"{path}: no image of the class {category!r}; there are: {', '.join(known)}")
    return pairs if classes is None else [pair for pair in pairs if pair.category in classes]
