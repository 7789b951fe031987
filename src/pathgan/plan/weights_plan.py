"""Which trained weights a job reads, and which network stands in where they are absent."""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from pathgan.config.loading import load_weights_table
from pathgan.config.weights import CLASSIFIERS, STAND_INS
from pathgan.config.workflow import FULL_SIZE


class WeightsPlan:
    """Answers from `config/weights.yaml` and from what lies in `data_root/weights`."""

    def __init__(self, table: Path, data_root: Path):
        self._entries = load_weights_table(table)
        self._folder = data_root / "weights"
        # Asked once: a file that comes while jobs run must not change half of a table.
        self._present = {network for network in self._entries if self.file(network).exists()}
        self._say_stand_in = lru_cache(maxsize=None)(self._announce)  # once each

    def file(self, network: str) -> Path:
        return self._folder / self._entries[network].file

    def network(self, w: Any, wanted: str) -> str:
        """The network to use: `wanted`, or where its file is absent the one that stands in for it, never at full size.

        w: with the preset.
        """
        if wanted not in STAND_INS or self._is_there(w, wanted):
            return wanted
        self._say_stand_in(wanted, f"{STAND_INS[wanted]} stands in for {wanted}")
        return STAND_INS[wanted]

    def used(self, w: Any, network: str) -> str | None:
        """The sha256 of the weights to use; None for a classifier that starts from random ones, never at full size."""
        if network in CLASSIFIERS and not self._is_there(w, network):
            self._say_stand_in(network, f"{network} starts from random weights")
            return None
        return self._entries[network].sha256

    def inputs(self, w: Any, network: str) -> dict[str, str]:
        """The file of weights as an input; nothing for random ones."""
        return {} if self.used(w, network) is None else {"weights": str(self.file(network))}

    def _is_there(self, w: Any, network: str) -> bool:
        return network in self._present or w.preset == FULL_SIZE

    def absent(self) -> str:
        """The files that may be fetched, as a pattern; one that is there is never made again."""
        names = [entry.file for network, entry in self._entries.items() if network not in self._present]
        return "|".join(re.escape(name) for name in names) or "(?!)"

    def sha256(self, w: Any) -> str:
        """Of a file of weights. Nothing else of its entry is a parameter: a new licence text fetches nothing."""
        return next(entry.sha256 for entry in self._entries.values() if entry.file == w.weights)

    def _announce(self, network: str, instead: str) -> None:
        file = self.file(network)
        print(f"pathgan: no {file}: {instead}; to fetch it: snakemake {file}", file=sys.stderr)
