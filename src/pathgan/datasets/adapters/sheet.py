"""`sheet`: a user's own images, listed in a sample sheet."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from pathgan.config.dataset_types import Resize, Split
from pathgan.config.strict import Some
from pathgan.datasets.image_dataset import FileDataset
from pathgan.datasets.items import Pair
from pathgan.datasets.sheet_files import listed_file, read_sheet
from pathgan.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COLUMNS = ("image", "mask", "class", "patient", "split")


class SheetDataset(FileDataset):
    """A user's own images: a TSV with the columns image, mask, class, patient, split; the last four may be empty."""

    adapter: Literal["sheet"]
    classes: Some[str] | None = None  # those to take; all where not given
    resize_px: Resize = None
    split: Split = Split(by="patient")  # an image without a patient is its own
    sheet: str  # path; images and masks are relative to it
    anywhere: bool = False  # images and masks may lie outside of its folder

    @property
    def square_px(self) -> int | None:
        return self.resize_px

    def absent(self, data_root: Path) -> str:
        return f"{self.sheet}: the sheet lists no image"

    def find(self, root: Path) -> list[Pair]:
        return _read(Path(self.sheet), self.classes, self.anywhere)

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

        from pathgan.datasets.mask_files import pieces

        instances = super().instances_of(mask, image)
        n_pieces = int(pieces(instances > 0).max())
        if n_pieces > 1 and len(np.unique(instances[instances > 0])) == 1:
            raise DataError(
                f"{mask}: one id in {n_pieces} separate pieces, as in a mask of nucleus and background; "
                "give each nucleus an id of its own"
            )
        return instances


def _read(path: Path, classes: Some[str] | None, anywhere: bool) -> list[Pair]:
    """A user's TSV. Paths are relative to it; mask, class, patient and split may be empty."""
    pairs: list[Pair] = []
    seen: dict[str, str] = {}
    splits: dict[str, str] = {}
    for where, row in read_sheet(path, COLUMNS):
        pair = _pair(row, path.parent, anywhere, where)
        if pair.split not in ("", "train", "validation", "test"):
            raise DataError(f"{where}: split: expected train, validation, test or nothing, got {pair.split!r}")
        if pair.id in seen:
            raise DataError(f"{where}: image: {pair.id} is also on {seen[pair.id]}; keep one of them")
        seen[pair.id] = where.rpartition(", ")[2]
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


def _pair(row: dict[str, str], folder: Path, anywhere: bool, where: str) -> Pair:
    """An image that is named after its path, and the files of a line."""
    files: dict[str, Path] = {}
    for name in ("image", "mask"):
        if row[name] or name == "image":
            files[name] = listed_file(row[name], folder, anywhere, f"{where}: {name}")
            if not files[name].is_file():
                raise DataError(f"{where}: {name}: no such file: {files[name]}")
    parts = [part for part in PurePosixPath(row["image"]).with_suffix("").parts if part not in ("/", "..")]
    return Pair("-".join(parts), files["image"], files.get("mask"), row["class"], row["patient"], row["split"])
