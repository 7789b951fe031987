"""Which raw files datasets are read from, and which downloads bring them: behind `rules/data.smk`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pathgan.config.dataset_types import TOLD, Download, PreparedDataset
from pathgan.errors import ConfigError
from pathgan.plan import paths
from pathgan.plan.code_plan import kind_name
from pathgan.plan.kind_patterns import KindPatterns
from pathgan.plan.library import Library
from pathgan.plan.paths import fill


class DatasetPlan:
    """Answers from the datasets of a paper under a preset."""

    def __init__(self, library: Library):
        self._library = library

    @property
    def preset(self) -> str:
        """Of the paths of datasets that `prepare` makes, as a pattern."""
        patterns = KindPatterns(self._library)
        return patterns.preset_where("datasets", lambda paper, name: isinstance(paper.datasets[name], PreparedDataset))

    def raw(self, w: Any) -> list[str]:
        """The files that a dataset is read from, or the receipt of the download that brings them.

        The receipt stays the input once it is there: files that appear would make a new set of inputs.
        """
        dataset = self._dataset(w)
        found = [str(path) for path in dataset.raw_files(self._library.data_root)]
        origin = getattr(dataset, "origin", None)
        if isinstance(origin, Download):
            folder = self._library.data_root / dataset.folder  # type: ignore[attr-defined]
            receipt = folder / fill(paths.RECEIPT, archive=_archive(origin))
            nothing = not any(folder.glob("*"))  # a user's own files are never downloaded over
            return [str(receipt)] if receipt.exists() or nothing else found
        return found

    def example(self, w: Any) -> list[str]:
        """Store and manifest of the dataset that another one is made after."""
        name = self._dataset(w).example
        return [self._library.path(w, pattern, dataset=name) for pattern in (paths.STORE, paths.MANIFEST) if name]

    def download(self, w: Any) -> Any:
        """Where an archive comes from. Raises ConfigError where no dataset names it, or several do not agree."""
        found = {
            dataset.origin
            for _, dataset in KindPatterns(self._library).entries("datasets")
            if getattr(dataset, "folder", None) == w.folder
            and isinstance(getattr(dataset, "origin", None), Download)
            and _archive(dataset.origin) == w.archive
        }
        if len(found) != 1:
            what = "several datasets name it, with other checksums or limits" if found else "no dataset names it"
            raise ConfigError(f"config/papers: the archive {w.archive} of the folder {w.folder}: {what}")
        return found.pop().model_dump(mode="json")

    def config(self, w: Any) -> Any:
        """What preparing a dataset depends on."""
        return self._dataset(w).model_dump(mode="json", exclude=set(TOLD))

    def kind(self, w: Any) -> str:
        """The class of a dataset."""
        return kind_name(self._dataset(w))

    def workers(self, w: Any) -> list[str]:
        """The module that finds and reads it."""
        return [type(self._dataset(w)).__module__]

    def _dataset(self, w: Any) -> PreparedDataset:
        dataset = self._library.entry(w, "datasets", w.dataset)
        assert isinstance(dataset, PreparedDataset)
        return dataset


def _archive(origin: Download) -> str:
    """The name of an archive as a file may bear it: without a query, of letters, digits, dots, _ and -."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", Path(urlsplit(origin.url).path).name)
