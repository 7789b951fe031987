"""Which slides are painted, registered, tiled and cut: behind `rules/slides.smk`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from pathgan.config.dataset_types import TOLD
from pathgan.config.papers import Paper
from pathgan.config.slide_types import CellDataset, CutDataset, FocusPhantom, SectionPhantom, SlideDataset
from pathgan.config.table_names import EXTRACTION, REGISTRATION, TILING
from pathgan.datasets.slide_sets import SlideFile, moving_pairs, read_slides, sides
from pathgan.errors import ConfigError, DataError
from pathgan.plan import paths
from pathgan.plan.kind_patterns import KindPatterns
from pathgan.plan.library import Library

Params = dict[str, Any]


class SlidePlan:
    """Answers from the `slides` and the slide datasets of a paper under a preset."""

    def __init__(self, library: Library):
        self._library = library
        self._read = lru_cache(maxsize=None)(self._read_set)  # a sheet is read once, not once per slide

    @property
    def preset(self) -> str:
        """Of the paths of datasets that are cut from slides, as a pattern."""
        patterns = KindPatterns(self._library)
        return patterns.preset_where("datasets", lambda paper, name: isinstance(paper.datasets[name], CutDataset))

    @staticmethod
    def tables(paper: Paper) -> list[str]:
        """The tables of a paper that has slides."""
        kinds = {type(dataset) for dataset in paper.datasets.values()}
        of_sections = [REGISTRATION, TILING] if SlideDataset in kinds else []
        return [*of_sections, *([EXTRACTION] if CellDataset in kinds else [])]

    # --- paint and register ---------------------------------------------------------------------------------

    def phantom(self, w: Any) -> Params:
        options = self._set(w, w.slides)
        if not isinstance(options, SectionPhantom):
            raise ConfigError(f"config/papers/{w.paper}.yaml: slides.{w.slides}: not a phantom; nothing to paint")
        return options.model_dump(mode="json")

    def focus_phantom(self, w: Any) -> Params:
        options = self._set(w, w.slides)
        if not isinstance(options, FocusPhantom):
            raise ConfigError(f"config/papers/{w.paper}.yaml: slides.{w.slides}: no phantom stacks; nothing to paint")
        return options.model_dump(mode="json")

    def registered_files(self, w: Any) -> dict[str, str]:
        """Both slides of a pair, and their landmarks where they have some."""
        fixed, moving = self._pair(w, w.slides, w.slide)
        files = {"fixed": fixed.path, "moving": moving.path}
        if fixed.landmarks and moving.landmarks:
            files |= {"fixed_landmarks": fixed.landmarks, "moving_landmarks": moving.landmarks}
        return {name: str(path) for name, path in files.items()}

    def pair(self, w: Any) -> Params:
        fixed, moving = self._pair(w, w.slides, w.slide)
        scale = getattr(self._set(w, w.slides), "pixels_per_landmark", 1.0)
        return {**_both(fixed, moving), "pixels_per_landmark": scale}

    # --- tile and gather --------------------------------------------------------------------------------------

    def tiled_files(self, w: Any) -> dict[str, str]:
        """A slide; where its tiles are cut in another's frame also that one and the transform."""
        fixed, slide = self._framed(w)
        files = {"slide": str(slide.path)}
        if fixed is not None:
            dataset = self._dataset(w)
            named = {"slides": dataset.slides, "slide": slide.slide, "suffix": "h5"}
            files |= {"fixed": str(fixed.path), "transform": self._library.path(w, paths.REGISTRATION, **named)}
        return files

    def tiling(self, w: Any) -> Params:
        fixed, slide = self._framed(w)
        dataset = self._dataset(w)
        return {
            "dataset": dataset.model_dump(mode="json", exclude=set(TOLD)),
            "side": self._sides(w, dataset)[slide.slide],
            "slide": slide.model_dump(mode="json"),
            "fixed": fixed and fixed.model_dump(mode="json"),
        }

    def extracted_files(self, w: Any) -> list[str]:
        """A slide, or every file of the folder that holds its planes."""
        path = self._one(w).path
        return [str(file) for file in sorted(path.iterdir())] if path.is_dir() else [str(path)]

    def extraction(self, w: Any) -> Params:
        dataset = self._dataset(w).model_dump(mode="json", exclude={*TOLD, "split"})
        return {"dataset": dataset, "slide": self._one(w).model_dump(mode="json")}

    def split_of_items(self, w: Any) -> Params | None:
        """How cells are dealt one by one; None where slides or patients are."""
        dataset = self._dataset(w)
        one_by_one = isinstance(dataset, CellDataset) and dataset.split.by == "image"
        return dataset.split.model_dump(mode="json") if one_by_one else None

    def stores(self, w: Any) -> list[str]:
        return [part["store"] for part in self.parts(w)]

    def parts(self, w: Any) -> list[dict[str, str]]:
        """What `gather` puts together: a store of tiles or cells a slide, and what its manifest rows say."""
        dataset = self._dataset(w)
        split = {} if self.split_of_items(w) else self._sides(w, dataset)
        return [
            {
                "store": self._piece(w, dataset.pieces, w.dataset, slide, "h5"),
                "source": self._named(slide.path),
                "pair": slide.pair,
                "group": slide.patient or slide.pair,
                "split": split.get(slide.slide, slide.split),
            }
            for slide in self._of_stain(w, dataset)
        ]

    # --- tables -----------------------------------------------------------------------------------------------

    def scores(self, w: Any) -> list[str]:
        """The score files behind the table of registrations, tilings or extractions."""
        paper = self._library.of(w)
        if w.table == REGISTRATION:
            return [
                self._library.path(w, paths.REGISTRATION, slides=name, slide=slide, suffix="csv")
                for name, options in paper.slides.items()
                if options.fixed_stain is not None
                for slide in moving_pairs(self._slides(w, name), options.fixed_stain)
            ]
        cut = {name: entry for name, entry in paper.datasets.items() if isinstance(entry, CutDataset)}
        return [
            self._piece(w, dataset.scored_in, name, slide, "csv")
            for name, dataset in cut.items()
            if dataset.table == w.table
            for slide in self._of_stain(w, dataset)
        ]

    def caveat(self, w: Any) -> str:
        paper = self._library.of(w)
        reasons = [paper.caveat, *(options.caveat for options in paper.slides.values())]
        return "; ".join(dict.fromkeys(reason for reason in reasons if reason))

    # --- pieces -----------------------------------------------------------------------------------------------

    def _piece(self, w: Any, pieces: str, dataset: str, slide: SlideFile, suffix: str) -> str:
        named = {"pieces": pieces, "dataset": dataset, "slide": slide.slide, "suffix": suffix}
        return self._library.path(w, paths.PIECES, **named)

    def _set(self, w: Any, name: str) -> Any:
        return self._library.entry(w, "slides", name)

    def _dataset(self, w: Any) -> Any:
        """A dataset that is cut from slides."""
        dataset = self._library.entry(w, "datasets", w.dataset)
        if not isinstance(dataset, CutDataset):
            raise ConfigError(f"config/papers/{w.paper}.yaml: datasets.{w.dataset}: not a dataset of slides")
        return dataset

    def _slides(self, w: Any, name: str) -> list[SlideFile]:
        self._set(w, name)  # says where there is none
        return self._read(w.preset, w.paper, name)

    def _read_set(self, preset: str, paper: str, name: str) -> list[SlideFile]:
        options = self._library.paper(preset, paper).slides[name]
        drawn = Path(paths.fill(paths.SLIDES, preset=preset, paper=paper, slides=name))
        return read_slides(options, self._library.data_root, drawn)

    def _one(self, w: Any) -> SlideFile:
        """The slide of a path."""
        dataset = self._dataset(w)
        slides = {slide.slide: slide for slide in self._of_stain(w, dataset)}
        if w.slide not in slides:
            raise ConfigError(
                f"slides.{dataset.slides}: no {dataset.stain} slide {w.slide!r}; there are: {', '.join(slides)}"
            )
        return slides[w.slide]

    def _of_stain(self, w: Any, dataset: CutDataset) -> list[SlideFile]:
        slides = self._slides(w, dataset.slides)
        found = [slide for slide in slides if slide.stain == dataset.stain]
        if not found:
            stains = ", ".join(sorted({slide.stain for slide in slides}))
            raise DataError(f"slides.{dataset.slides}: no slide of the stain {dataset.stain!r}; there are: {stains}")
        return found

    def _sides(self, w: Any, dataset: CutDataset) -> dict[str, str]:
        """Slide -> side. Sections of a pair are dealt together; slides of cells among those of their stain."""
        one_stain = isinstance(dataset, CellDataset)
        return sides(dataset, self._of_stain(w, dataset) if one_stain else self._slides(w, dataset.slides))

    def _pair(self, w: Any, name: str, slide: str) -> tuple[SlideFile, SlideFile]:
        pairs = moving_pairs(self._slides(w, name), self._set(w, name).fixed_stain or "")
        if slide not in pairs:
            raise ConfigError(f"slides.{name}: no pair whose moving slide is {slide!r}; there are: {', '.join(pairs)}")
        return pairs[slide]

    def _framed(self, w: Any) -> tuple[SlideFile | None, SlideFile]:
        """The slide of a path, and for test tiles of a registered stain the slide that they are cut from."""
        dataset, slide = self._dataset(w), self._one(w)
        if dataset.registered_to is None or self._sides(w, dataset)[w.slide] == "train":
            return None, slide
        return self._pair(w, dataset.slides, w.slide)

    def _named(self, path: Path) -> str:
        """The path below data_root, so that a manifest does not depend on where the data lie."""
        root = self._library.data_root
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _both(fixed: SlideFile, moving: SlideFile) -> Params:
    return {"fixed": fixed.model_dump(mode="json"), "moving": moving.model_dump(mode="json")}
