"""The claims of papers as they were decided, to print."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import pandas as pd

from pathgan.claims.deciding import Verdict
from pathgan.config.workflow import PRESETS
from pathgan.errors import TableError
from pathgan.provenance.places import RESULTS

KEYS = ("id", "claim", "verdict", "evidence", "note")


def read_claims(preset: str, papers: Sequence[str], verdict: str = "") -> dict[str, list[dict[str, str]]]:
    """Paper -> KEYS and `effect`, in words, of each claim. papers: all that were decided where there are none.

    Raises TableError where claims were not decided, and for a verdict that there is not.
    """
    verdicts = get_args(Verdict)
    if verdict and verdict not in verdicts:
        near = difflib.get_close_matches(verdict, verdicts, n=1)
        raise TableError(
            f"--verdict: expected one of {', '.join(verdicts)}, got {verdict!r}"
            + (f"; did you mean {near[0]!r}?" if near else "")
        )
    if preset not in PRESETS:
        raise TableError(f"--preset: expected one of {', '.join(PRESETS)}, got {preset!r}")
    known = sorted(file.stem for file in Path("config/papers").glob("*.yaml"))
    if unknown := [paper for paper in papers if paper not in known]:
        raise TableError(f"no paper {unknown[0]!r}; there are: {', '.join(known)}")
    files = {paper: Path(RESULTS, preset, paper, "tables", "claims.csv") for paper in papers}
    files = files or {file.parts[2]: file for file in sorted(Path(RESULTS, preset).glob("*/tables/claims.csv"))}
    lacking = [str(file) for file in files.values() if not file.exists()]
    if lacking or not files:
        first = lacking[0] if lacking else f"{RESULTS}/{preset}/sharpgan/tables/claims.csv"
        raise TableError(f"{first}: not there; make it: snakemake --cores all {first}")
    return {paper: _chosen(file, verdict) for paper, file in files.items()}


def _chosen(file: Path, verdict: str) -> list[dict[str, str]]:
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    chosen = table[table["verdict"] == verdict] if verdict else table
    return [{**{key: one[key] for key in KEYS}, "effect": _effect(one)} for one in chosen.to_dict("records")]


def _effect(one: dict[str, str]) -> str:
    if not one["effect"]:
        return f"printed {one['printed_effect']}" if one["printed_effect"] else ""
    interval = f" [{one['low']}, {one['high']}]" if one["low"] else ""
    return f"{one['metric']} {one['effect']}{interval}"
