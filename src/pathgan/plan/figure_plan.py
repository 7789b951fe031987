"""What figures show: behind `rules/render.smk`."""

from __future__ import annotations

from typing import Any

from pathgan.config.figure_types import Figure
from pathgan.plan.code_plan import kind_name, worker_of
from pathgan.plan.library import Library


class FigurePlan:
    """Answers from the figures of a paper under a preset; samples are those of the first seed."""

    def __init__(self, library: Library):
        self._library = library

    def inputs(self, w: Any) -> list[str]:
        """Every file once."""
        return list(dict.fromkeys(file for files in self.shown(w) for file in files.values()))

    def shown(self, w: Any) -> list[dict[str, str]]:
        """Of each thing that a figure shows its files by name."""
        paper = self._library.of(w)
        return [
            {name: self._library.file(w, read, paper.seeds[0]) for name, read in reads.items()}
            for reads in self._figure(w).reads(paper)
        ]

    def config(self, w: Any) -> Any:
        """A figure with the datasets' labels in its titles, and with what it rests on in its caption."""
        figure = self._figure(w).model_dump(mode="json")
        figure["caption"] = " ".join([figure["caption"], *self._basis(w)])
        for panel in figure.get("panels", ()):
            panel["title"] = panel["title"].replace("{label}", self._library.of(w).label_of(panel["of"]))
        for name, label in figure.get("sets", {}).items():
            like = getattr(self._library.of(w).datasets.get(name), "example", "") or name
            figure["sets"][name] = label.replace("{label}", self._library.of(w).label_of(like))
        return figure

    def _basis(self, w: Any) -> list[str]:
        paper, figure = self._library.of(w), self._figure(w)
        read = {read.of for reads in figure.reads(paper) for read in reads.values()}
        datasets = {name for entry in read for name in paper.datasets_of(entry)}
        phantoms = ["All images are phantoms: a program drew them."] if any(map(paper.is_phantom, datasets)) else []
        return [figure.basis(paper), f"Preset {w.preset}.", *phantoms]

    def kind(self, w: Any) -> str:
        """The class of a figure."""
        return kind_name(self._figure(w))

    def workers(self, w: Any) -> list[str]:
        """The modules that draw it."""
        figure = self._figure(w)
        return worker_of(figure, figure.drawer)

    def _figure(self, w: Any) -> Figure:
        figure = self._library.entry(w, "figures", w.figure)
        assert isinstance(figure, Figure)
        return figure
