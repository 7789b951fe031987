"""Where each dataset's images and masks lie. Finds files and opens none, but for a user's sheet."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pathgan.config.datasets import (
    BreakHisDataset,
    ClassMaskDataset,
    CpmDataset,
    ImageFoldersDataset,
    MonusegDataset,
    PhantomDataset,
    Phantoms,
    PlainDataset,
    PolygonDataset,
    SheetDataset,
    TnbcDataset,
)
from pathgan.errors import DataError

ImageAdapter = (
    CpmDataset
    | TnbcDataset
    | MonusegDataset
    | ImageFoldersDataset
    | BreakHisDataset
    | ClassMaskDataset
    | SheetDataset
    | PhantomDataset
)
SHEET_COLUMNS = ("image", "mask", "class", "patient", "split")
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
# SOB_B_A-14-22549AB-400-001.png: procedure, class, type, year, patient with section letters, magnification, number
BREAKHIS_NAME = re.compile(r"^SOB_[BM]_[A-Z]+-\d+-(?P<patient>\d+)[A-Z]*-\d+-\d+$")


@dataclass(frozen=True)
class Pair:
    """The files of one item; without a mask where its dataset has none."""

    id: str
    image: Path
    mask: Path | None = None
    category: str = ""
    patient: str = ""
    split: str = ""


def raw_files(dataset: ImageAdapter | PolygonDataset, data_root: Path) -> list[Path]:
    """Every file that the dataset is read from; none for phantoms, and none where it is absent."""
    if isinstance(dataset, Phantoms | PolygonDataset):
        return []
    if isinstance(dataset, SheetDataset) and not Path(dataset.sheet).exists():
        return []
    try:
        pairs = find_pairs(dataset, data_root)
    except DataError:
        return []  # `prepare` raises it again, as the job's own error
    files = [file for pair in pairs for file in (pair.image, pair.mask) if file]
    return [Path(dataset.sheet), *files] if isinstance(dataset, SheetDataset) else files


def absent(dataset: ImageAdapter, data_root: Path) -> str:
    """What to get, from where, and where to put it."""
    if isinstance(dataset, SheetDataset):
        return f"{dataset.sheet}: the sheet lists no image"
    folders = getattr(dataset, "folders", None) or (dataset.folder,)  # type: ignore[union-attr]
    target = " and ".join(str(data_root / folder) for folder in folders)
    origin = getattr(dataset, "origin", None)
    if origin is None:
        how = "put its files there"
    elif origin.kind == "manual":
        how = f"get {origin.file} from {origin.page} and unpack it there"
    else:
        how = f"run the rule `fetch`, or get {origin.url} and unpack it there"
    what = "image" if isinstance(dataset, PlainDataset) else "image with a mask"
    return f"{dataset.adapter}: no {what} in {target}; {how} (or set --config data_root=FOLDER)"


def find_pairs(dataset: ImageAdapter, root: Path) -> list[Pair]:
    """The image and mask files of a dataset, in a fixed order. Raises DataError for an image without a mask."""
    match dataset:
        case CpmDataset():
            found = [_cpm(root / folder) for folder in dataset.folders]
            if not all(found):  # half of a merged dataset would pass for the whole
                raise DataError(absent(dataset, root))
            return [pair for pairs in found for pair in pairs]
        case TnbcDataset():
            return _tnbc(root / dataset.folder, dataset.slides)
        case MonusegDataset():
            return _monuseg(root / dataset.folder)
        case ImageFoldersDataset():
            return _image_folders(dataset, root)
        case BreakHisDataset():
            return _breakhis(root / dataset.folder, dataset)
        case ClassMaskDataset():
            return _class_masks(root / dataset.folder)
        case SheetDataset():
            return _sheet(Path(dataset.sheet), dataset.classes)
        case _:
            return []


def _cpm(folder: Path) -> list[Pair]:
    """`imageNN.png` + `imageNN_mask.txt`, or `Images/*.png` + `Labels/*.mat` at any depth and in any case."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and "__MACOSX" not in file.parts)
    masks = {file.with_suffix("").as_posix().removesuffix("_mask"): file for file in files if _is_cpm_mask(file)}
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


def _is_cpm_mask(file: Path) -> bool:
    return file.name.endswith("_mask.txt") or file.suffix == ".mat"


def _tnbc(folder: Path, slides: tuple[int, ...]) -> list[Pair]:
    """`Slide_XX/*.png` + `GT_XX/*.png` below either archive's root; a slide is a patient."""
    pairs = []
    for slide in slides:
        for source in sorted(folder.rglob(f"Slide_{slide:02d}")):
            if "__MACOSX" in source.parts:
                continue
            for image in sorted(source.glob("*.png")):
                mask = source.parent / f"GT_{slide:02d}" / image.name
                if not mask.exists():
                    raise DataError(f"{image}: has no mask; expected {mask}")
                pairs.append(Pair(f"tnbc-{image.stem.lower()}", image, mask, patient=f"slide{slide:02d}"))
    return pairs


def _monuseg(folder: Path) -> list[Pair]:
    """`*.tif` with the `*.xml` of the same stem, wherever below the folder; the TCGA case is the patient."""
    annotations = {file.stem: file for file in sorted(folder.rglob("*.xml"))}
    pairs = []
    for image in sorted(folder.rglob("*.tif")):
        if image.stem not in annotations:
            raise DataError(f"{image}: has no annotation {image.stem}.xml below {folder}")
        patient = "-".join(image.stem.split("-")[:3])
        pairs.append(Pair(image.stem.lower(), image, annotations[image.stem], patient=patient))
    return pairs


def _image_folders(dataset: ImageFoldersDataset, root: Path) -> list[Pair]:
    """The images right in each folder; an item is named after class and split, as folders may number alike."""
    pairs = []
    for part in dataset.parts:
        folder = root / dataset.folder / part.path
        found = _images(folder.glob("*")) if folder.is_dir() else []
        if not found and (root / dataset.folder).is_dir():  # one class of two would pass for the whole
            raise DataError(f"{folder}: expected images ({', '.join(IMAGE_SUFFIXES)}), found none; put them there")
        for image in found:
            name = "-".join(text for text in (part.category, part.split, image.stem) if text)
            pairs.append(Pair(name.lower(), image, category=part.category, split=part.split))
    return pairs


def _breakhis(folder: Path, dataset: BreakHisDataset) -> list[Pair]:
    """`.../{benign,malignant}/SOB/<type>/<slide>/400X/SOB_B_A-14-22549AB-400-001.png`, from any folder above it.

    A patient is the number without the section's letters, so that 13412, filed under two types, is one.
    """
    pairs = []
    for category in dataset.classes:
        slides = (path for path in folder.rglob(dataset.magnification) if category in path.relative_to(folder).parts)
        found = _images(file for path in slides for file in path.iterdir())
        if not found and folder.is_dir():
            where = f"{folder}/.../{category}/.../{dataset.magnification}"
            raise DataError(f"{where}: expected images, found none; unpack the whole archive there")
        for image in found:
            named = BREAKHIS_NAME.match(image.stem)
            if named is None:
                raise DataError(
                    f"{image}: expected a name like SOB_B_A-14-22549AB-400-001.png (class, type, year, patient, "
                    "magnification, number); give it back its own, or move it away"
                )
            pairs.append(Pair(image.stem.lower(), image, category=category, patient=named["patient"]))
    return pairs


def _class_masks(folder: Path) -> list[Pair]:
    """`NAME.bmp` with the `NAME.png` beside it."""
    pairs = []
    for image in sorted(folder.rglob("*.bmp")):
        mask = image.with_suffix(".png")
        if not mask.exists():
            raise DataError(f"{image}: has no mask; expected {mask.name} beside it")
        pairs.append(Pair(image.stem.lower(), image, mask))
    return pairs


def _images(files: Iterable[Path]) -> list[Path]:
    return sorted(file for file in files if file.suffix.lower() in IMAGE_SUFFIXES and not file.name.startswith("._"))


def _sheet(path: Path, classes: tuple[str, ...] | None) -> list[Pair]:
    """A user's TSV. Paths are relative to it; mask, class, patient and split may be empty."""
    if not path.exists():
        raise DataError(f"{path}: no such sample sheet")
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file, delimiter="\t")
        missing = [name for name in SHEET_COLUMNS if name not in (reader.fieldnames or [])]
        if missing:
            raise DataError(
                f"{path}: expected the tab-separated columns {', '.join(SHEET_COLUMNS)}; missing: {', '.join(missing)}"
            )
        pairs: list[Pair] = []
        seen: dict[str, int] = {}
        splits: dict[str, str] = {}
        for line, row in enumerate(reader, start=2):
            values = {name: (row[name] or "").strip() for name in SHEET_COLUMNS}
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
