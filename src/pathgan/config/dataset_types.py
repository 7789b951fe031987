"""What all datasets have in common: a label, a caveat, a split, tiles; and where their files come from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from pathgan.config.strict import Bytes, Positive, Px, Sha256, Strict

if TYPE_CHECKING:
    from pathgan.config.papers import Paper
    from pathgan.stores.dataset_counts import Counts


class Download(Strict):
    """An archive that the `fetch` rule gets."""

    kind: Literal["download"]
    url: str
    sha256: Sha256 | None = None
    max_bytes: Bytes = 8_000_000_000
    max_unpacked_bytes: Bytes = 32_000_000_000


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
    n_test: Positive | None = None  # images, or pairs of slides, instead of the fraction, where a paper prints it
    folds: Annotated[int, Field(ge=3)] | None = None  # each class is dealt into so many equal parts instead:
    fold: Annotated[int, Field(ge=0)] = 0  # this one is tested, the next one validates, the others train
    validation: bool = True  # else the next one trains too
    per_class: Positive | None = None  # images to take of each class, drawn with the seed; all where not given
    last: bool = False  # test images are the last by name, not random ones
    seed: int = 0

    @model_validator(mode="after")
    def _countable(self) -> Split:
        if self.folds and (self.n_test or self.last):
            raise ValueError("folds: says which images are held out; take n_test and last away")
        if self.folds and self.fold >= self.folds:
            raise ValueError(f"fold: expected 0 to {self.folds - 1}, got {self.fold}")
        return self


class Tiles(Strict):
    """How images become equal tiles; the last tile of a row or column is flush with the edge."""

    tile_px: Px = 256
    stride_px: Px = 256  # of training tiles; test tiles lie edge to edge


Counted = Annotated[str, Field(pattern=r"^(images(/.+)?|patients|nuclei|pairs|stacks|masks|tiles)$")]
Example = tuple[Path, Path]
Resize = Annotated[
    Px | None, Field(description="images become squares of this side before they are tiled, whatever their shape")
]


Loaded = Annotated[
    Px | None,
    Field(description="images are also kept as squares of this side, for crops of `training.load_px`"),
]


TOLD = frozenset({"label", "caveat", "expect", "among_theirs"})  # of a dataset: what no image of it depends on


class Dataset(Strict):
    """A set of images, masks or both, of which one store and one manifest are made."""

    adapter: str
    label: str = ""  # the heading in tables and figures
    caveat: str = ""  # why a number on these images may not be compared with the paper's
    expect: dict[Counted, Positive] = Field(default={})  # what the paper counted in it: checked, and told in `datasets`
    among_theirs: bool = False  # its images are some of the paper's, though not all of them
    is_phantom: ClassVar[bool] = False  # its images are drawn, in place of real ones
    has_images: ClassVar[bool] = True
    has_masks: ClassVar[bool] = False  # true instances of nuclei
    has_stacks: ClassVar[bool] = False  # focal planes

    @property
    def folds(self) -> int | None:
        """Of a cross-validation; None where images are held out once."""
        return None

    def problems(self, where: str, paper: Paper) -> Iterator[str]:
        """What is wrong with it beside the other entries of its paper. where: its key, `datasets.NAME`."""
        yield from ()


class SplitDataset(Dataset):
    """A dataset of which some images are held out."""

    split: Split = Split()

    @property
    def folds(self) -> int | None:
        return self.split.folds


class PreparedDataset(Dataset):
    """A dataset that the rule `prepare` makes; slides have rules of their own."""

    def raw_files(self, data_root: Path) -> list[Path]:
        """Every file that it is read from; none where it is drawn, and none where it is absent."""
        return []

    @property
    def example(self) -> str:
        """The dataset whose store and manifest it is made after; '' where there is none."""
        return ""

    @abstractmethod
    def prepare(self, data_root: Path, store: Path, manifest: Path, example: Example | None = None) -> Counts:
        """Writes its store and manifest; returns what it holds. example: store and manifest of that dataset."""
