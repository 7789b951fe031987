"""What a run has made, in a terminal: counts, the scorecard, and where the front page lies."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from pathgan.provenance.places import RESULTS

# Heading -> the measure of the scorecard.
SHOWN = {
    "supported": "claims supported",
    "contradicted": "claims contradicted",
    "undecided": "claims undecided",
    "untestable": "claims untestable here",
}
COMPARABLE, CELLS = "printed cells comparable: yes", "printed cells"


def print_outcome(preset: str, papers: Sequence[str], console: Console) -> None:
    """Of some papers."""
    folder = Path(RESULTS, preset)
    tables = sum(len(list((folder / name / "tables").glob("*.csv"))) for name in papers)
    figures = sum(len(list((folder / name / "figures").glob("*.png"))) for name in papers)
    of = f"{len(papers)} papers" if len(papers) != 1 else papers[0]
    console.print(f"\n{tables} tables and {figures} figures of {of}.", highlight=False)
    scorecard = folder / "scorecard.csv"
    if scorecard.exists():
        console.print(_scorecard(scorecard, papers))
        console.print(
            "Supported and contradicted: by arithmetic on printed numbers alone; images that a program drew decide no "
            "claim. Comparable: printed numbers that ours may be held against.",
            highlight=False,
        )
    console.print(f"\nRead: [bold]{folder / 'index.html'}[/]", highlight=False)


def _scorecard(file: Path, papers: Sequence[str]) -> Table:
    with file.open(encoding="utf-8", newline="") as lines:
        values = {(one["paper"], one["measure"]): one["value"] for one in csv.DictReader(lines)}
    table = Table("paper", box=box.SIMPLE, padding=(0, 1), title="Scorecard", title_justify="left")
    for heading in SHOWN:
        table.add_column(heading, justify="right")
    table.add_column("comparable", justify="right")
    has_claims = {paper for paper, _ in values}
    for paper in filter(has_claims.__contains__, papers):
        cells = f"{values.get((paper, COMPARABLE), '0')} of {values.get((paper, CELLS), '0')}"
        table.add_row(paper, *(values.get((paper, measure), "0") for measure in SHOWN.values()), cells)
    return table
