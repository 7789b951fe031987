"""Whole slides: sets of them, and the datasets of tiles and of single cells that are cut from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from pathgan.config.dataset_types import Split, SplitDataset, Tiles
from pathgan.config.phantom_looks import Tissue
from pathgan.config.strict import Folder, Fraction, Name, Positive, Px, Strict
from pathgan.config.table_names import EXTRACTION, TILING

if TYPE_CHECKING:
    from pathgan.config.papers import Paper


class CutDataset(SplitDataset):
    """A dataset that is cut from the slides of one stain."""

    slides: Name  # a set of slides
    stain: str
    split: Split = Split(by="patient")
    pieces: ClassVar[str]  # the folder of what is cut from each slide
    scored_in: ClassVar[str]  # the folder that says how each slide was cut
    table: ClassVar[str]  # that tells of it

    @model_validator(mode="after")
    def _two_sides(self) -> CutDataset:
        if self.split.folds or self.split.per_class or self.split.last:
            raise ValueError("split: slides have no folds, per_class or last; take them away")
        return self

    def problems(self, where: str, paper: Paper) -> Iterator[str]:
        yield from paper.check(f"{where}.slides", self.slides, paper.slides, "set of slides")


class SlideDataset(CutDataset):
    """Tiles of the slides of one stain. A slide without a patient is its pair's."""

    adapter: Literal["slides"]
    tiles: Tiles = Tiles()
    registered_to: str | None = None  # the stain in whose frame test tiles are cut, so that the two are pairs
    mpp: Annotated[float, Field(gt=0)]  # of the tiles [um/px]
    min_tissue: Fraction = 0.1  # share of a tile
    pieces: ClassVar[str] = "tiles"
    scored_in: ClassVar[str] = "tiles"
    table: ClassVar[str] = TILING

    def problems(self, where: str, paper: Paper) -> Iterator[str]:
        yield from super().problems(where, paper)
        slides = paper.slides.get(self.slides)
        if slides is None:
            return
        if slides.fixed_stain is None:
            yield f"{where}.slides: {self.slides!r} holds focus stacks of cells; use `adapter: cells`"
        elif self.registered_to not in (None, slides.fixed_stain):
            yield f"{where}.registered_to: expected {slides.fixed_stain!r}, the fixed stain of {self.slides!r}"


class CellDataset(CutDataset):
    """Single cells of slides with focal planes, as stacks of 11 planes around the one in focus; or patches of a field
    of 11 planes whose middle one is in focus. A slide without a patient is its own; `split.by: image` deals each cell
    by itself."""

    adapter: Literal["cells"]
    cut: Literal["cells", "patches"] = "cells"  # patches: squares side by side wherever there is something, all planes
    cell_px: Px = 64  # side of a cell's image
    mpp: Annotated[float, Field(gt=0)] = 0.23  # of it [um/px]
    plane_um: Annotated[float, Field(gt=0)] | None = None  # between planes; as they are where not given
    diameter_um: tuple[float, float] = (5.0, 12.0)  # of what is a cell: smaller is debris, larger a cluster
    min_solidity: Fraction = 0.9  # area over that of the convex hull; less is a cluster
    min_focus: Annotated[float, Field(ge=0)] = 1.5  # sharpness of the sharpest plane over the median plane's
    bright: bool = False  # cells shine on a dark ground (fluorescence), and are not dark on a bright one
    has_stacks: ClassVar[bool] = True
    pieces: ClassVar[str] = "cells"
    scored_in: ClassVar[str] = "extractions"
    table: ClassVar[str] = EXTRACTION

    @model_validator(mode="after")
    def _range(self) -> CellDataset:
        if self.diameter_um[0] >= self.diameter_um[1]:
            raise ValueError(f"diameter_um: expected (smallest, largest), got {self.diameter_um}")
        return self


class SlideSet(Strict):
    """Slides of one stain or several."""

    adapter: str
    caveat: str = ""
    is_phantom: ClassVar[bool] = False  # drawn, in place of scanned ones

    @property
    def fixed_stain(self) -> str | None:
        """The stain that the others of a pair are laid on; None where slides have no companions."""
        return None


class SlideSheet(SlideSet):
    """Slides of one's own: a TSV with the columns slide, stain, pair, patient, split, path, mpp, landmarks, plane_um.

    The last three may be absent or empty: `mpp` [um/px] and `plane_um` [um between focal planes] where a file does not
    say its own, `landmarks` a CSV of X, Y. A path may be a folder of focal planes, one image each.
    """

    adapter: Literal["slide_sheet"]
    sheet: str  # path; those in it are relative to it,
    folder: Folder | None = None  # or to this one below data_root
    anywhere: bool = False  # files that the sheet names may lie outside of that folder
    fixed: str = "he"  # the stain that the others of its pair are laid on
    pixels_per_landmark: Annotated[float, Field(gt=0)] = 1.0  # where landmarks were set at another size

    @property
    def fixed_stain(self) -> str | None:
        return self.fixed


class SectionPhantom(SlideSet):
    """Pairs of serial sections, H&E and Ki-67, of one block each; lengths in pixels of the phantom."""

    adapter: Literal["phantom_sections"]
    is_phantom: ClassVar[bool] = True
    n_pairs: Positive
    size_px: Px
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

    @property
    def fixed_stain(self) -> str | None:
        return self.fixed


class FocusPhantom(SlideSet):
    """Slides with focal planes of single cells of one kind, whose depth is known; lengths in pixels of the phantom."""

    adapter: Literal["phantom_stacks"]
    is_phantom: ClassVar[bool] = True
    n_slides: Positive
    size_px: Px
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
