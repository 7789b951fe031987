"""Where images come from: public datasets, sample sheets, phantoms and slides, as frozen types with defaults."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pathgan.config.base import Fraction, Name, Positive, Sha256, Strict


class Download(Strict):
    """An archive that the `fetch` rule gets."""

    kind: Literal["download"]
    url: str
    sha256: Sha256 | None = None
    max_bytes: Positive = 8_000_000_000
    max_unpacked_bytes: Positive = 32_000_000_000


class Manual(Strict):
    """Files that a person must get: the error of an absent dataset names page, file and folder."""

    kind: Literal["manual"]
    page: str
    file: str


Origin = Annotated[Download | Manual, Field(discriminator="kind")]


class Split(Strict):
    """Which images are held out. Seeded, by the manifest's `group` (patient, slide or image)."""

    by: Literal["image", "patient", "slide"] = "image"
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    n_test: Positive | None = None  # images, instead of the fraction, where a paper prints their number
    folds: Annotated[int, Field(ge=3)] | None = None  # each class is dealt into so many equal parts instead:
    fold: Annotated[int, Field(ge=0)] = 0  # this one is tested, the next one validates, the others train
    per_class: Positive | None = None  # images to take of each class, drawn with the seed; all where not given
    last: bool = False  # test images are the last by name, not random ones
    seed: int = 0

    @model_validator(mode="after")
    def _countable(self) -> Split:
        if self.n_test and self.by != "image":
            raise ValueError(f"n_test counts images: expected by: image, got {self.by}; or take it away, n_test: null")
        if self.folds and (self.n_test or self.last):
            raise ValueError("folds: says which images are held out; take n_test and last away")
        if self.folds and self.fold >= self.folds:
            raise ValueError(f"fold: expected 0 to {self.folds - 1}, got {self.fold}")
        return self


class Tiles(Strict):
    """How images become equal tiles; the last tile of a row or column is flush with the edge."""

    tile_px: Positive = 256
    stride_px: Positive = 256  # of training tiles; test tiles lie edge to edge


Resize = Annotated[
    Positive | None, Field(description="images become squares of this side before they are tiled, whatever their shape")
]


class SplitDataset(Strict):
    split: Split = Split()
    label: str = ""  # the heading in tables and figures
    caveat: str = ""  # why a number on these images may not be compared with the paper's


class ImageDataset(SplitDataset):
    tiles: Tiles = Tiles()


class FolderDataset(ImageDataset):
    category: str = ""  # the class of all its images, where files do not say it
    folder: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]  # below data_root
    origin: Origin | None = None


class CpmDataset(ImageDataset):
    """CPM-15 and CPM-17: the layout of the challenge (`_mask.txt`) and that of hover_net (`.mat`)."""

    adapter: Literal["cpm"]
    folders: tuple[str, ...]  # below data_root
    origin: Manual | None = None


class TnbcDataset(FolderDataset):
    """TNBC of Naylor et al.: `Slide_XX/*.png` and `GT_XX/*.png`; brain slides (12 to 14) stay out."""

    adapter: Literal["tnbc"]
    slides: tuple[int, ...] = tuple(range(1, 12))


class MonusegDataset(FolderDataset):
    """MoNuSeg: TIF images and XML polygons."""

    adapter: Literal["monuseg"]


class PlainDataset(FolderDataset):
    """Images without masks."""

    resize_px: Resize = None


class ImageFolder(Strict):
    """A folder of images, and what it says of them."""

    path: str  # below the dataset's folder
    category: str = ""
    split: Literal["", "train", "validation", "test"] = ""


class ImageFoldersDataset(PlainDataset):
    """Folders that stand for classes (JUCYT, FNAC 2019) or for splits (MIST)."""

    adapter: Literal["image_folders"]
    parts: tuple[ImageFolder, ...]


class BreakHisDataset(PlainDataset):
    """BreakHis of Spanhol et al.: class, patient and magnification are in the name of a file."""

    adapter: Literal["breakhis"]
    classes: tuple[Literal["benign", "malignant"], ...] = ("benign", "malignant")
    magnification: Literal["40X", "100X", "200X", "400X"] = "400X"


class ClassMaskDataset(FolderDataset):
    """`NAME.bmp` beside `NAME.png`, a mask of one grey level a class; nuclei are the separate pieces of one of them."""

    adapter: Literal["class_masks"]
    nucleus: Annotated[int, Field(ge=1, le=255)] = 255  # grey level
    resize_px: Resize = None


class SheetDataset(ImageDataset):
    """A user's own images: a TSV with the columns image, mask, class, patient, split; the last four may be empty."""

    adapter: Literal["sheet"]
    classes: tuple[str, ...] | None = None  # those to take; all where not given
    resize_px: Resize = None
    split: Split = Split(by="patient")  # an image without a patient is its own
    sheet: str  # path; images and masks are relative to it


class Tissue(Strict):
    """A phantom's look, at the pixel size of the phantom."""

    nuclei_per_mpx: Annotated[float, Field(gt=0)] = 2600.0  # a million pixels
    radius_px: Annotated[float, Field(gt=1)] = 8.0  # of a tumour nucleus
    tumour_fraction: Fraction = 0.7
    touching: Fraction = 0.3  # nuclei that are placed against another
    haematoxylin: float = 1.0  # stain strength, 1 is typical
    eosin: float = 1.0
    fibres: Fraction = 0.6  # of stroma: 0 even, 1 fibrous


class Smear(Strict):
    """A phantom smear's look, at the pixel size of the phantom."""

    cells_per_mpx: Annotated[float, Field(gt=0)] = 1200.0  # a million pixels
    radius_px: Annotated[float, Field(gt=1)] = 8.0  # of a nucleus
    pleomorphism: Fraction = 0.2  # how much nuclei differ: 0 all round and alike
    clustering: Fraction = 0.6  # cells that lie against another
    red_cells_per_mpx: Annotated[float, Field(ge=0)] = 300.0
    haematoxylin: float = 1.0  # stain strength, 1 is typical


class Phantoms(ImageDataset):
    n_images: Positive
    size_px: Positive
    seed: int


class PhantomDataset(Phantoms):
    """H&E fields."""

    adapter: Literal["phantom"]
    category: str = ""  # the class in the manifest
    tissue: Tissue = Tissue()


class SmearDataset(Phantoms):
    """Cytology smears, `n_images` of each class."""

    adapter: Literal["phantom_smears"]
    smears: dict[str, Smear]  # class -> its look

    @model_validator(mode="after")
    def _some(self) -> SmearDataset:
        if not self.smears:
            raise ValueError("smears: expected a class or more, as {benign: {radius_px: 8}}")
        return self


class PolygonDataset(Strict):
    """Nucleus-like polygons (Hou et al. 2019); lengths are given at 400 px and rescaled to `size_px`."""

    adapter: Literal["polygons"]
    n_images: Positive
    size_px: Positive
    seed: int
    radius: tuple[float, float] = (8.5, 13.0)
    irregularity: tuple[float, float] = (0.6, 2.6)
    spike: tuple[float, float] = (0.04, 0.24)
    n_vertices: tuple[int, int] = (10, 17)
    max_overlap: Fraction = 0.15
    max_nuclei: Positive = 256
    min_area: float = 140.0
    scale: Annotated[float, Field(gt=0)] = 1.0  # of the nuclei, where the real ones are larger or smaller
    label: str = ""
    caveat: str = ""


class SlideDataset(ImageDataset):
    """Tiles of the slides of one stain."""

    adapter: Literal["slides"]
    split: Split = Split(by="patient")  # a slide without a patient is its pair's
    slides: Name  # a set of slides
    stain: str
    registered_to: str | None = None  # the stain in whose frame test tiles are cut, so that the two are pairs
    mpp: Annotated[float, Field(gt=0)]  # of the tiles [um/px]
    min_tissue: Fraction = 0.1  # share of a tile

    @model_validator(mode="after")
    def _two_sides(self) -> SlideDataset:
        check_two_sides(self.split)
        return self


def check_two_sides(split: Split) -> None:
    if split.folds or split.per_class or split.last:
        raise ValueError("split: slides have no folds, per_class or last; take them away")


class CellDataset(SplitDataset):
    """Single cells of slides with focal planes, as stacks of 11 planes around the one in focus; or patches of a field
    of 11 planes whose middle one is in focus."""

    adapter: Literal["cells"]
    cut: Literal["cells", "patches"] = "cells"  # patches: squares side by side wherever there is something, all planes
    split: Split = Split(by="patient")  # a slide without a patient is its own; `image`: each cell by itself
    slides: Name  # a set of slides
    stain: str
    cell_px: Positive = 64  # side of a cell's image
    mpp: Annotated[float, Field(gt=0)] = 0.23  # of it [um/px]
    plane_um: Annotated[float, Field(gt=0)] | None = None  # between planes; as they are where not given
    diameter_um: tuple[float, float] = (5.0, 12.0)  # of what is a cell: smaller is debris, larger a cluster
    min_solidity: Fraction = 0.9  # area over that of the convex hull; less is a cluster
    min_focus: Annotated[float, Field(ge=0)] = 1.5  # sharpness of the sharpest plane over the median plane's
    bright: bool = False  # cells shine on a dark ground (fluorescence), and are not dark on a bright one

    @model_validator(mode="after")
    def _two_sides(self) -> CellDataset:
        check_two_sides(self.split)
        if self.diameter_um[0] >= self.diameter_um[1]:
            raise ValueError(f"diameter_um: expected (smallest, largest), got {self.diameter_um}")
        return self


Dataset = Annotated[
    CpmDataset
    | TnbcDataset
    | MonusegDataset
    | ImageFoldersDataset
    | BreakHisDataset
    | ClassMaskDataset
    | SheetDataset
    | PhantomDataset
    | SmearDataset
    | SlideDataset
    | CellDataset
    | PolygonDataset,
    Field(discriminator="adapter"),
]


class SlideSheet(Strict):
    """Slides of one's own: a TSV with the columns slide, stain, pair, patient, split, path, mpp, landmarks, plane_um.

    The last three may be absent or empty: `mpp` [um/px] and `plane_um` [um between focal planes] where a file does not
    say its own, `landmarks` a CSV of X, Y. A path may be a folder of focal planes, one image each.
    """

    adapter: Literal["slide_sheet"]
    sheet: str  # path; those in it are relative to it,
    folder: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")] | None = None  # or to this one below data_root
    fixed: str = "he"  # the stain that the others of its pair are laid on
    pixels_per_landmark: Annotated[float, Field(gt=0)] = 1.0  # where landmarks were set at another size
    caveat: str = ""


class SectionPhantom(Strict):
    """Pairs of serial sections, H&E and Ki-67, of one block each; lengths in pixels of the phantom."""

    adapter: Literal["phantom_sections"]
    n_pairs: Positive
    size_px: Positive
    seed: int
    mpp: Annotated[float, Field(ge=0.1, le=2)] = 0.5
    tissue: Tissue = Tissue()
    shared: Fraction = 0.4  # nuclei of a section that the other one also shows
    max_rotation_deg: Annotated[float, Field(ge=0, le=180)] = 15.0
    max_stretch: Fraction = 0.02
    elastic_px: Annotated[float, Field(ge=0)] = 10.0
    mirror_every: Annotated[int, Field(ge=0)] = 0  # 0 for never
    damage_every: Annotated[int, Field(ge=0)] = 0  # tears and missing tissue
    fixed: Literal["he"] = "he"
    caveat: str = ""


class FocusPhantom(Strict):
    """Slides with focal planes of single cells of one kind, whose depth is known; lengths in pixels of the phantom."""

    adapter: Literal["phantom_stacks"]
    n_slides: Positive
    size_px: Positive
    seed: int
    stain: str = "pap"
    mpp: Annotated[float, Field(ge=0.1, le=2)] = 0.23
    n_planes: Positive = 15
    plane_um: Annotated[float, Field(gt=0)] = 1.0
    cells_per_mpx: Annotated[float, Field(gt=0)] = 90.0  # a million pixels
    radius_px: Annotated[float, Field(gt=1)] = 12.0  # of a nucleus
    pleomorphism: Fraction = 0.2  # how much nuclei differ: 0 all round and alike
    cytoplasm: Annotated[float, Field(ge=0)] = 0.9  # its width around the nucleus, in nuclear radii
    haematoxylin: float = 1.0  # stain strength, 1 is typical
    eosin: float = 1.0
    clustered: Fraction = 0.15  # cells that lie against another
    depth_um: Annotated[float, Field(ge=0)] = 1.2  # sd of the cells' depth
    blur_px_per_um: Annotated[float, Field(gt=0)] = 0.9  # how fast a cell blurs with the distance from its depth
    caveat: str = ""


SlideSet = Annotated[SlideSheet | SectionPhantom | FocusPhantom, Field(discriminator="adapter")]
