"""A paper's tables: ours beside the published numbers, as CSV, Markdown, LaTeX and HTML."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pathgan.config.loading import hyper_parameters, source_of
from pathgan.config.models import Paper, ScoreTable, Table
from pathgan.config.plan import SET, Cell, table_cells
from pathgan.errors import TableError
from pathgan.files import atomic
from pathgan.intervals import clustered_interval, mcnemar_exact, student_interval, wilson_interval
from pathgan.render.consistency import impossible_percentages, unfit_qualities
from pathgan.render.remarks import OF_REAL_IMAGES, Remarks, in_legend, n_images, remarks, whole

COLUMNS = (
    "row",
    "column",
    "value",
    "low",
    "high",
    "n",
    "seeds",
    "published",
    "published_sd",
    "comparable",
    "note",
)
Scores = Callable[[str, str], list[pd.DataFrame]]  # (run, score) -> one tidy frame a seed
Groups = Mapping[str, Mapping[str, str]]  # dataset -> item -> the patient, slide or image it belongs to


def build_table(
    name: str,
    table: ScoreTable,
    caveats: Mapping[str, str],
    inputs: Mapping[str, Sequence[str]],
    scores: Scores,
    groups: Groups,
    published: pd.DataFrame,
) -> pd.DataFrame:
    """One row a cell (COLUMNS). `published`: the rows of published.csv for this paper, all as text.

    `caveats`: why numbers on a dataset may not be compared with the paper's; '' where they may. `inputs`: run -> the
    datasets that it is made with, whose caveats are its own too.

    Raises TableError for a cell whose metric is missing or NaN, and for a published cell that the table lacks.
    """
    cells = table_cells(table)
    printed = printed_cells(name, published, {(cell.row, cell.column) for cell in cells}, table.omitted)
    doubts = published_doubts(printed["value"].to_dict(), table.published_n)
    rows = []
    for key, group in groupby(cells, lambda cell: (cell.row, cell.column)):
        folds = list(group)
        about = [dataset for cell in folds for dataset in (cell.dataset, *inputs.get(cell.run, ()))]
        known = {item: origin for dataset in about for item, origin in groups.get(dataset, {}).items()}
        try:
            ours, remarks = _ours(folds, scores, known)
        except TableError as error:
            raise TableError(f"{name}, {key[0]} / {key[1]}: {error}") from None
        reasons = [reason for dataset in about for reason in caveats[dataset].split("; ")]
        reasons = [*dict.fromkeys(reasons), *remarks.caveats]
        rows.append(beside_published(key, ours, printed, reasons, remarks.notes, doubts.get(key)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def printed_cells(
    name: str, published: pd.DataFrame, ours: set[tuple[str, str]], omitted: Mapping[str, str]
) -> pd.DataFrame:
    """The published cells of a table, by row and column. Raises TableError for one that we lack and do not explain."""
    printed = published[published["table"] == name].set_index(["row", "column"])
    lacking = sorted(key for key in set(printed.index) - ours if not omitted.keys() & set(key))
    if lacking:
        row, column = lacking[0]
        raise TableError(f"{name}: the published cell {row} / {column} has no counterpart ({len(lacking)} in all)")
    return printed


def beside_published(
    key: tuple[str, str],
    ours: Mapping[str, Any],
    printed: pd.DataFrame,
    reasons: Sequence[str],
    notes: Sequence[str] = (),
    doubt: str | None = None,
) -> dict[str, Any]:
    """A cell: ours, the published value, and whether the two may be compared; `reasons` why not."""
    theirs = printed.loc[key] if key in printed.index else None
    against = [reason for reason in (*reasons, _against(theirs, doubt)) if reason]
    return {
        "row": key[0],
        "column": key[1],
        **ours,
        "published": np.nan if theirs is None else _number(theirs["value"]),
        "published_sd": np.nan if theirs is None else _number(theirs["sd"]),
        "comparable": "no" if against else "yes",
        "note": "; ".join([*against, *notes]),
    }


def published_doubts(printed: Mapping[tuple[str, str], str], published_n: int | None) -> dict[tuple[str, str], str]:
    """(row, column) -> why the printed value cannot be trusted."""
    percentages = impossible_percentages(printed, published_n) if published_n else {}
    return unfit_qualities(printed) | percentages


def _ours(folds: Sequence[Cell], scores: Scores, groups: Mapping[str, str]) -> tuple[dict[str, Any], Remarks]:
    """value, low, high, n and seeds of a cell, of all its folds together, and what must be said beside them."""
    cell = folds[0]
    frames = [pd.concat(parts) for parts in zip(*(scores(fold.run, fold.score) for fold in folds), strict=True)]
    every = pd.concat(frames)
    facts = every[every["item"] == SET].groupby("metric")["value"].mean().to_dict()
    if len(folds) > 1:
        facts = {name: value for name, value in facts.items() if not name.startswith("n_")}  # of a fold, not of all
    found = [_values(cell, cell.metric, frame) for frame in frames]
    said = remarks(cell.metric, facts)
    if cell.against:
        ours, notes = _test(found, [_values(cell, cell.against, frame) for frame in frames], groups)
        return ours, Remarks(said.caveats, [*said.notes, *notes])
    seeds, is_of_set = np.array([values.mean() for values in found]), cell.metric in facts
    n = n_images(cell.metric, facts) if is_of_set else len(found[0])
    low, high = _interval(cell.metric, found, seeds, is_of_set, groups)
    return {"value": float(seeds.mean()), "low": low, "high": high, "n": n, "seeds": len(seeds)}, said


def _values(cell: Cell, metric: str, frame: pd.DataFrame) -> pd.Series:
    """The values of a metric by item. Raises TableError where there are none, or one is not a number."""
    found = frame[frame["metric"] == metric]
    if found.empty or found["value"].isna().any():
        what = "missing" if found.empty else "not a number"
        raise TableError(f"{metric!r} of {cell.run}/{cell.score} is {what}; make its scores again")
    return pd.Series(found["value"].to_numpy(), index=found["item"].astype(str))


def _interval(
    metric: str, found: Sequence[pd.Series], seeds: NDArray[np.float64], is_of_set: bool, groups: Mapping[str, str]
) -> tuple[float, float]:
    """Of a proportion Wilson's, or over patients where they gave several images, both at the mean over seeds; of other
    metrics over seeds, and of one seed over patients."""
    if metric in OF_REAL_IMAGES:
        return np.nan, np.nan
    clusters = [groups.get(item, item) for item in found[0].index]
    all_right = whole(metric)
    if all_right and not is_of_set and len(set(clusters)) == len(clusters):
        low, high = wilson_interval(float(seeds.mean() / all_right * len(clusters)), len(clusters))
        return all_right * low, all_right * high
    if (all_right or len(seeds) == 1) and not is_of_set:
        return clustered_interval(np.mean([values.to_numpy() for values in found], axis=0), clusters)
    return student_interval(seeds)


def _test(
    found: Sequence[pd.Series], others: Sequence[pd.Series], groups: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    """The largest p over seeds that both are right equally often on the same images: no seed says more than it."""
    ps = [mcnemar_exact(one.to_numpy() > 0, other.to_numpy() > 0) for one, other in zip(found, others, strict=True)]
    clusters = {groups.get(item, item) for item in found[0].index}
    notes = [] if len(clusters) == len(found[0]) else ["p takes tiles of one image for independent"]
    ours = {"value": max(ps), "low": np.nan, "high": np.nan, "n": len(found[0]), "seeds": len(ps)}
    return ours, notes


def _against(theirs: pd.Series | None, doubt: str | None) -> str:
    """What keeps the published value itself from being compared with; '' for nothing."""
    if theirs is None:
        return "not in the paper"
    return doubt or (f"published value cannot be: {theirs['note']}" if theirs["note"] else "")


def _number(text: str) -> float:
    return float(text) if text else np.nan


def write_table(cells: pd.DataFrame, table: Table, out: Mapping[str, Path], counted: str = "images") -> None:
    """Writes `csv`, `md`, `tex` and `html`; keys of `out` are these suffixes. `counted`: what n counts."""
    with atomic(out["csv"]) as temporary:
        cells.to_csv(temporary, index=False, float_format="%.6g", lineterminator="\n")
    header = ["", *(column.label for column in table.columns.values())]
    lookup = {(cell["row"], cell["column"]): cell for cell in cells.to_dict("records")}
    body = [
        [
            row.label,
            *(
                _text(lookup.get((key, name)), table.digits if column.digits is None else column.digits)
                for name, column in table.columns.items()
            ),
        ]
        for key, row in table.rows.items()
    ]
    notes = "; ".join(dict.fromkeys(in_legend(note) for text in cells["note"] if text for note in text.split("; ")))
    legend = "Ours"
    if cells["low"].notna().any():
        legend += f" [95 % interval over {_spread_over(cells, table)}]"
    if cells["published"].notna().any():
        legend += " (published)"
    legend += f". n = {_span(cells['n'])} {counted}, {_span(cells['seeds'])} seed(s)."
    if (cells["published"].notna() & (cells["comparable"] == "no")).any():
        legend += " † not comparable with the paper."
    if notes:
        legend += f" Notes: {notes}."
    if table.omitted:
        legend += " Not here: " + "; ".join(f"{key} ({reason})" for key, reason in table.omitted.items()) + "."
    for suffix, render in (("md", _markdown), ("tex", _latex), ("html", _html)):
        with atomic(out[suffix]) as temporary:
            temporary.write_text(render(header, body, table.caption, legend), encoding="utf-8")


def _spread_over(cells: pd.DataFrame, table: Table) -> str:
    """What the intervals of a table are about."""
    if isinstance(table, ScoreTable) and all(whole(column.metric) for column in table.columns.values()):
        return "images"
    return "seeds" if (cells["seeds"] > 1).any() else "patients or images"


def hyper_parameter_table(paper: Paper, printed: Paper) -> pd.DataFrame:
    """parameter, value, paper, source, runs: every leaf under `runs`, equal ones in one row.

    `printed` is the same paper under the preset `paper`; its value stands beside ours.
    """
    reference = dict(hyper_parameters(printed))
    rows: dict[tuple[str, str, str, str], list[str]] = {}
    for key, value in hyper_parameters(paper):
        _, run, parameter = key.split(".", 2)
        source = source_of(paper, key) or ""
        row = (parameter, str(value), str(reference.get(key, "")), source)
        rows.setdefault(row, []).append(run)
    records = [[*row, " ".join(sorted(runs))] for row, runs in rows.items()]
    table = pd.DataFrame(records, columns=["parameter", "value", "paper", "source", "runs"])
    return table.sort_values(["parameter", "runs"], ignore_index=True)


def write_hyper_parameters(table: pd.DataFrame, title: str, out: Mapping[str, Path]) -> None:
    with atomic(out["csv"]) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    with atomic(out["html"]) as temporary:
        legend = "`value`: this preset; `paper`: the preset `paper`."
        text = _html(list(table.columns), table.astype(str).to_numpy().tolist(), f"Settings of {title}", legend)
        temporary.write_text(text, encoding="utf-8")


def _text(cell: Mapping[str, Any] | None, digits: int) -> str:
    if cell is None:
        return "–"
    text = f"{cell['value']:.{digits}f}"
    if np.isfinite(cell["low"]):
        text += f" [{cell['low']:.{digits}f}, {cell['high']:.{digits}f}]"
    if np.isfinite(cell["published"]):
        text += f" ({cell['published']:.{digits}f}{'' if cell['comparable'] == 'yes' else '†'})"
    return text


def _span(values: pd.Series) -> str:
    low, high = values.min(), values.max()
    return f"{low}" if low == high else f"{low} to {high}"


def _markdown(header: list[str], body: list[list[str]], caption: str, legend: str) -> str:
    lines = [header, ["---"] * len(header), *body]
    table = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    return f"{caption}\n\n{table}\n\n{legend}\n"


def _latex(header: list[str], body: list[list[str]], caption: str, legend: str) -> str:
    replaced = {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "†": r"$^\dagger$", "↑": r"$\uparrow$"}
    replaced |= {"↓": r"$\downarrow$", "×": r"$\times$", "λ": r"$\lambda$", "β": r"$\beta$"}

    def escape(text: str) -> str:
        return "".join(replaced.get(letter, letter) for letter in text)

    lines = [" & ".join(map(escape, line)) + r" \\" for line in (header, *body)]
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{escape(caption)} {escape(legend)}}}",
            rf"\begin{{tabular}}{{l{'r' * (len(header) - 1)}}}",
            r"\hline",
            lines[0],
            r"\hline",
            *lines[1:],
            r"\hline",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


STYLE = """body{font:14px/1.45 system-ui,sans-serif;margin:1.5rem;color:#1f2328}
table{border-collapse:collapse;margin:.8rem 0}caption,p{max-width:64rem;text-align:left}
th,td{padding:.3rem .7rem;border-bottom:1px solid #d0d7de;text-align:right;vertical-align:top}
table.numbers td{white-space:nowrap}table.numbers th{max-width:6.5rem;vertical-align:bottom}
th:first-child,td:first-child{text-align:left}tr.head{background:#f6f8fa}
table.text td{text-align:left;white-space:normal}table.text th{text-align:left}"""


def _html(header: list[str], body: list[list[str]], caption: str, legend: str) -> str:
    is_text = header[0] == "parameter"

    def line(cells: list[str], tag: str) -> str:
        return "".join(f"<{tag}>{cell}</{tag}>" for cell in cells)

    def number(cell: str) -> str:  # interval and published value below: ten columns must fit a screen
        return html.escape(cell).replace(" [", "<br>[").replace(" (", "<br>(")

    shown = [[html.escape(cells[0]), *map(html.escape if is_text else number, cells[1:])] for cells in body]
    rows = "\n".join(f"<tr>{line(cells, 'td')}</tr>" for cells in shown)
    return (
        f"<!doctype html><meta charset='utf-8'><title>{html.escape(caption)}</title><style>{STYLE}</style>\n"
        f"<p><b>{html.escape(caption)}</b></p>\n<table class='{'text' if is_text else 'numbers'}'>\n"
        f"<tr class='head'>{line([html.escape(cell) for cell in header], 'th')}</tr>\n{rows}\n</table>\n"
        f"<p>{html.escape(legend)}</p>\n"
    )
