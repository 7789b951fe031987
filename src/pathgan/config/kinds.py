"""Which class stands behind each `adapter`, `recipe` and `kind` of a configuration: one line makes a new kind known.

Classes are named here and not imported, and jobs do not read this table: each is told the class that it works for, so
that a new kind makes nothing stale.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args

from pydantic import Field, GetCoreSchemaHandler

from pathgan.config.strict import class_named
from pathgan.errors import ConfigError

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

# Section of a paper -> the key that tells its entries' kinds apart.
TAGS = {
    "slides": "adapter",
    "datasets": "adapter",
    "runs": "recipe",
    "scores": "kind",
    "tables": "kind",
    "figures": "kind",
}
KINDS: dict[str, dict[str, str]] = {
    "slides": {
        "slide_sheet": "pathgan.config.slide_types:SlideSheet",
        "phantom_sections": "pathgan.config.slide_types:SectionPhantom",
        "phantom_stacks": "pathgan.config.slide_types:FocusPhantom",
    },
    "datasets": {
        "cpm": "pathgan.datasets.adapters.cpm:CpmDataset",
        "tnbc": "pathgan.datasets.adapters.tnbc:TnbcDataset",
        "monuseg": "pathgan.datasets.adapters.monuseg:MonusegDataset",
        "image_folders": "pathgan.datasets.adapters.image_folders:ImageFoldersDataset",
        "breakhis": "pathgan.datasets.adapters.breakhis:BreakHisDataset",
        "class_masks": "pathgan.datasets.adapters.class_masks:ClassMaskDataset",
        "sheet": "pathgan.datasets.adapters.sheet:SheetDataset",
        "phantom": "pathgan.datasets.adapters.phantom:PhantomDataset",
        "phantom_smears": "pathgan.datasets.adapters.phantom_smears:SmearDataset",
        "polygons": "pathgan.datasets.adapters.polygons:PolygonDataset",
        "slides": "pathgan.config.slide_types:SlideDataset",
        "cells": "pathgan.config.slide_types:CellDataset",
    },
    "runs": {
        "paired": "pathgan.config.runs.paired_run:PairedRun",
        "segmentation": "pathgan.config.runs.segmentation_run:SegmentationRun",
        "cycle": "pathgan.config.runs.cycle_run:CycleRun",
        "style": "pathgan.config.runs.style_run:StyleRun",
        "mixture": "pathgan.config.runs.mixture_run:MixtureRun",
        "map_reading": "pathgan.config.runs.map_run:MapRun",
        "noise": "pathgan.config.runs.noise_run:NoiseRun",
        "augmentation": "pathgan.config.runs.augmentation_run:AugmentationRun",
        "classification": "pathgan.config.runs.classification_run:ClassificationRun",
        "latent": "pathgan.config.runs.wasserstein_run:LatentRun",
        "focus": "pathgan.config.runs.wasserstein_run:FocusRun",
        "defocus": "pathgan.config.runs.defocus_run:DefocusRun",
    },
    "scores": {
        "similarity": "pathgan.config.scores.similarity_score:SimilarityScore",
        "reconstruction": "pathgan.config.scores.reconstruction_score:ReconstructionScore",
        "distribution": "pathgan.config.scores.distribution_score:DistributionScore",
        "preservation": "pathgan.config.scores.preservation_score:PreservationScore",
        "perceptual_hash": "pathgan.config.scores.hash_score:PerceptualHashScore",
        "positivity": "pathgan.config.scores.positivity_score:PositivityScore",
        "accuracy": "pathgan.config.scores.accuracy_score:AccuracyScore",
        "memorisation": "pathgan.config.scores.memorisation_score:MemorisationScore",
        "coverage": "pathgan.config.scores.coverage_score:CoverageScore",
        "perceptual": "pathgan.config.scores.perceptual_score:PerceptualScore",
        "stain": "pathgan.config.scores.stain_score:StainScore",
        "structure": "pathgan.config.scores.structure_score:StructureScore",
        "spectrum": "pathgan.config.scores.spectrum_score:SpectrumScore",
        "labelling": "pathgan.config.scores.labelling_score:LabellingScore",
        "morphometry": "pathgan.config.scores.morphometry_score:MorphometryScore",
        "focus": "pathgan.config.scores.focus_score:FocusScore",
        "utility": "pathgan.config.scores.instance_score:UtilityScore",
        "segmentation": "pathgan.config.scores.instance_score:SegmentationScore",
    },
    "tables": {
        "scores": "pathgan.config.table_types:ScoreTable",
        "counts": "pathgan.config.table_types:CountTable",
    },
    "figures": {
        "images": "pathgan.config.figure_types:ImageFigure",
        "curves": "pathgan.config.figure_types:CurveFigure",
        "stacks": "pathgan.config.figure_types:StackFigure",
        "profiles": "pathgan.config.figure_types:ProfileFigure",
        "nuclei": "pathgan.config.figure_types:NucleiFigure",
        "masks": "pathgan.config.figure_types:MaskFigure",
    },
}


def kind_of(section: str, name: str) -> Any:
    """The class of the entries of a section whose tag is `name`. Raises ConfigError where there is no whole one."""
    where = f"KINDS[{section!r}][{name!r}] = {KINDS[section][name]!r}"
    try:
        kind = class_named(KINDS[section][name])
        tags = get_args(kind.model_fields[TAGS[section]].annotation)
    except (ImportError, AttributeError, KeyError, ValueError) as error:
        raise ConfigError(f"{where}: {error}; expected 'package.module:Class' with a field {TAGS[section]}") from None
    if lacking := getattr(kind, "__abstractmethods__", None):
        raise ConfigError(f"{where}: the class lacks {', '.join(sorted(lacking))}")
    if name not in tags:
        raise ConfigError(f"{where}: its {TAGS[section]} is {' or '.join(map(repr, tags))}, expected {name!r}")
    return kind


def parse(section: str, entry: Mapping[str, Any]) -> Any:
    """An entry as its kind's type."""
    return kind_of(section, entry[TAGS[section]]).model_validate(entry)


class OneOf:
    """Annotates a field that holds any kind of a section. The known kinds are those when a paper is first read."""

    def __init__(self, section: str):
        self._section = section

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        try:
            classes = tuple(kind_of(self._section, name) for name in KINDS[self._section])
        except ConfigError as error:  # of an extension it is said when that is read
            raise ConfigError(f"src/pathgan/config/kinds.py: {error}") from None
        union: Any = Union[classes]  # noqa: UP007 - of a tuple that is known when a paper is read
        return handler.generate_schema(Annotated[union, Field(discriminator=TAGS[self._section])])
