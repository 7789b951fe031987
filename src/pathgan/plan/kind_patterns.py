"""How rules are told apart that make the same path from entries of different kinds."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pathgan.config.papers import Paper
from pathgan.config.workflow import PRESETS
from pathgan.plan.library import Library

FOLDERS = {  # section -> folder of its entries, and what follows their name
    "runs": ("models", "/"),
    "datasets": ("data", r"\.(h5|csv|counts\.csv)$"),
    "sample_sets": ("samples", "/"),
    "segmenters": ("segmentations", "/"),
}


class KindPatterns:
    """Patterns of the wildcard `preset` that look ahead: they fit where a path is one of an entry of a kind."""

    def __init__(self, library: Library):
        self._library = library

    def preset_where(self, section: str, fits: Callable[[Paper, str], bool]) -> str:
        """fits: of a paper and a name in the section, whether the entry is of the kind."""
        folder, end = FOLDERS[section]
        found = [
            f"{preset}/{paper}/{folder}/{re.escape(name)}{end}"
            for paper in self._library.papers
            for preset in self._library.presets(paper)
            for name in sorted(getattr(self._library.paper(preset, paper), section))
            if fits(self._library.paper(preset, paper), name)
        ]
        return f"(?={'|'.join(found) or '(?!)'})({'|'.join(PRESETS)})"

    def entries(self, section: str) -> list[tuple[Paper, Any]]:
        """Every entry of a section under all presets of all papers."""
        library = self._library
        papers = [library.paper(preset, paper) for paper in library.papers for preset in library.presets(paper)]
        return [(paper, entry) for paper in papers for entry in getattr(paper, section).values()]
