"""The page of the report that says where every file of a paper comes from."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pathgan.files import atomic
from pathgan.provenance.ancestry import Ancestry, ancestry
from pathgan.provenance.checksums import SHOWN
from pathgan.provenance.places import RESULTS
from pathgan.provenance.records import Record, commit_of, seconds_of, times_of
from pathgan.render.table_files import STYLE

MOST = 8  # files shown of what one was made from; the rest is behind a click
STAGES = {  # folder of a paper -> heading, from what is printed back to what is read
    "tables": "Tables",
    "figures": "Figures",
    "scores": "Scores",
    "counts": "Counts",
    "embeddings": "Embeddings",
    "segmentations": "Segmentations",
    "samples": "Samples",
    "models": "Models",
    "data": "Data",
    "tiles": "Tiles",
    "cells": "Cells",
    "extractions": "Extracted cells",
    "registrations": "Registrations",
    "slides": "Slides",
}
HEADER = ("file", "sha256", "made from", "made by")
LAYOUT = """table.text{table-layout:fixed;width:100%;min-width:48rem;max-width:100rem}
td{font-size:12px;overflow-wrap:anywhere}code{font-size:12px}h2{font-size:16px;margin:1.6rem 0 .2rem}
th:nth-child(1){width:27%}th:nth-child(2){width:7rem}th:nth-child(4){width:31%}"""


def write_pedigrees(artefacts: Sequence[str], out: Path) -> None:
    """A table a stage, of every recorded file behind `artefacts`, and of the raw files that they begin with.

    Each file that others were made from is a link to its own row.
    """
    behind = ancestry(artefacts)
    entries = behind.records
    sections = [_section(heading, _of_stage(entries, stage), entries) for stage, heading in STAGES.items()]
    known = {name for stage in STAGES for name in _of_stage(entries, stage)}
    sections.append(_section("Others", {name: entry for name, entry in entries.items() if name not in known}, entries))
    body = "\n".join([_summary(artefacts[0], behind), *sections, _raw(behind.raw)])
    with atomic(out) as temporary:
        temporary.write_text(
            f"<!doctype html><html lang='en'><meta charset='utf-8'><title>Provenance</title>"
            f"<style>{STYLE}\n{LAYOUT}</style>\n{body}\n</html>\n",
            encoding="utf-8",
        )


def _of_stage(entries: Mapping[str, Record], stage: str) -> dict[str, Record]:
    return {name: entry for name, entry in entries.items() if Path(name).parts[3:4] == (stage,)}


def _summary(artefact: str, behind: Ancestry) -> str:
    jobs = behind.jobs
    preset, paper = Path(artefact).parts[1:3]
    commits = Counter(commit_of(entry) for entry in jobs)
    facts = [
        f"{len(behind.records)} files, made by {len(jobs)} jobs in {sum(map(seconds_of, jobs)):.0f} seconds.",
        f"Commit: {', '.join(f'{commit} ({n} jobs)' for commit, n in commits.most_common())}.",
        f"Python {', '.join(sorted({entry['python'] for entry in jobs}))}; "
        f"{', '.join(f'{name} {version}' for name, version in behind.libraries.items())}.",
    ]
    commands = [f"pathgan audit results/{preset}/{paper}", f"pathgan trace {artefact} ROW COLUMN"]
    shown = "<br>".join(f"<code>{html.escape(command)}</code>" for command in commands)
    return (
        f"<p><b>Where the numbers of {html.escape(paper)} come from (preset {html.escape(preset)})</b></p>\n"
        f"<p>{'<br>'.join(map(html.escape, facts))}</p>\n"
        f"<p>To check every byte, and to follow one cell:<br>{shown}</p>"
    )


def _section(heading: str, entries: Mapping[str, Record], known: Mapping[str, Any]) -> str:
    if not entries:
        return ""
    header = "".join(f"<th>{name}</th>" for name in HEADER)
    rows = "\n".join(_row(name, entry, known) for name, entry in entries.items())
    return f"<h2>{heading}</h2>\n<table class='text'>\n<tr class='head'>{header}</tr>\n{rows}\n</table>"


def _row(name: str, entry: Record, known: Mapping[str, Any]) -> str:
    cells = [
        html.escape(_short(name)),
        _code(entry["outputs"][name]),
        _links(list(entry["inputs"]), known),
        html.escape(_job(entry)),
    ]
    return f"<tr id='{html.escape(name, quote=True)}'>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _job(entry: Record) -> str:
    """Rule and seed, when, for how long and on what, its attempts where there were several, and the commit."""
    attempts, seed = entry["attempts"], entry["wildcards"].get("seed")
    resumed = ", ".join(str(attempt["resumed_at"]) for attempt in attempts if "resumed_at" in attempt)
    facts = [
        entry["rule"] + (f" (seed {seed})" if seed else ""),
        f"{times_of(entry)[1][:19].replace('T', ' ')} UTC",
        f"{seconds_of(entry):.1f} s on {entry['device']}",
        f"{len(attempts)} attempts" if len(attempts) > 1 else "",
        f"resumed at iteration {resumed}" if resumed else "",
        f"commit {commit_of(entry)}",
    ]
    return ", ".join(filter(None, facts))


def _links(names: list[str], known: Mapping[str, Any]) -> str:
    links = [
        f"<a href='#{html.escape(name, quote=True)}'>{html.escape(_short(name))}</a>"
        if name in known
        else html.escape(_short(name))
        for name in names
    ]
    if len(links) <= MOST:
        return "<br>".join(links)
    return f"<details><summary>{len(links)} files</summary>{'<br>'.join(links)}</details>"


def _raw(raw: Mapping[str, str]) -> str:
    rows = "\n".join(f"<tr><td>{html.escape(name)}</td><td>{_code(sha256)}</td></tr>" for name, sha256 in raw.items())
    if not rows:
        return ""
    header = "<tr class='head'><th>file</th><th>sha256</th></tr>"
    return f"<h2>Raw files</h2>\n<table class='text'>\n{header}\n{rows}\n</table>"


def _short(name: str) -> str:
    """Within its paper."""
    parts = Path(name).parts
    return "/".join(parts[3:]) if parts[0] == RESULTS else name


def _code(sha256: str) -> str:
    return f"<code title='{sha256}'>{sha256[:SHOWN]}</code>"
