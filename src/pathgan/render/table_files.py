"""Tables as CSV, Markdown, LaTeX and HTML."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from pathgan.config.table_types import CountTable, ScoreTable
from pathgan.files import atomic
from pathgan.render.escaping import CODE, latex, markdown
from pathgan.render.published_cells import BETWEEN
from pathgan.render.remarks import in_legend

Layout = ScoreTable | CountTable
# Verdict on a printed cell -> its mark, and what the legend says of it.
MARKS = {"no": ("†", "not comparable with the paper"), "partly": ("‡", "comparable in part")}


def write_table(cells: pd.DataFrame, table: Layout, out: Mapping[str, Path], counted: str = "images or tiles") -> None:
    """Writes `csv`, `md`, `tex` and `html`; keys of `out` are these suffixes.

    counted: what n counts.
    """
    with atomic(out["csv"]) as temporary:
        cells.to_csv(temporary, index=False, float_format="%.6g", lineterminator="\n")
    header = ["", *(column.label for column in table.columns.values())]
    lookup = {(cell["row"], cell["column"]): cell for cell in cells.to_dict("records")}
    body = [
        [
            row.label,
            *(_text(lookup.get((key, name)), digits_of(table, name)) for name in table.columns),
        ]
        for key, row in table.rows.items()
    ]
    write_pages(header, body, table.caption, _legend(cells, table, counted), out)


def write_pages(
    header: list[str],
    body: list[list[str]],
    caption: str,
    legend: str,
    out: Mapping[str, Path],
    is_text: bool = False,
) -> None:
    """Writes a table as `md`, `tex` and `html`. is_text: its cells are words."""
    html_text = html_page(header, body, caption, legend, is_text)
    rendered = {suffix: made(header, body, caption, legend) for suffix, made in TEXTS.items()}
    for suffix, text in (rendered | {"html": html_text}).items():
        with atomic(out[suffix]) as temporary:
            temporary.write_text(text, encoding="utf-8")


def _legend(cells: pd.DataFrame, table: Layout, counted: str) -> str:
    """`legend_lines`, and the notes of all cells together."""
    notes = BETWEEN.join(
        dict.fromkeys(in_legend(note) for text in cells["note"] if text for note in text.split(BETWEEN))
    )
    return " ".join([*legend_lines(cells, table, counted), *([f"Notes: {notes}."] if notes else [])])


def legend_lines(cells: pd.DataFrame, table: Layout, counted: str = "images or tiles") -> list[str]:
    """What the parts and marks of a table's cells mean, in sentences."""
    first = "Ours"
    over = dict.fromkeys(cells["over"][cells["low"].notna()])
    if over:
        first += f" [95 % interval over {' or '.join(over)}]"
    if cells["published"].notna().any():
        first += " (published)"
    seeds = _span(cells["seeds"])
    told = [f"{first}.", f"n = {_span(cells['n'])} {counted}, {seeds} seed{'s' if seeds != '1' else ''}."]
    if any("units" in one for one in cells["over"]):
        told.append("Units: patients or slides where they are known, else images.")
    lacking = dict.fromkeys(one for one in cells["over"] if one.startswith("none"))
    if lacking:
        told.append(f"No interval: {' or '.join(one.partition(': ')[2] for one in lacking)}.")
    verdicts = set(cells["comparable"][cells["published"].notna()])
    told += [f"{mark} {what}." for word, (mark, what) in MARKS.items() if word in verdicts]
    if table.omitted:
        told.append("Not here: " + BETWEEN.join(f"{key} ({reason})" for key, reason in table.omitted.items()) + ".")
    return told


class CellText(NamedTuple):
    """A cell to read: `0.681`, `[0.651, 0.712]` or '', and `(0.757 ± 0.012†)` or ''."""

    value: str
    interval: str
    published: str


def cell_text(cell: Mapping[str, Any], digits: int) -> CellText:
    """The parts of a cell (`published_cells.COLUMNS`), with so many digits."""
    interval = f"[{cell['low']:.{digits}f}, {cell['high']:.{digits}f}]" if np.isfinite(cell["low"]) else ""
    published = ""
    if np.isfinite(cell["published"]):
        spread = f" ± {cell['published_sd']:.{digits}f}" if np.isfinite(cell["published_sd"]) else ""
        mark, _ = MARKS.get(cell["comparable"], ("", ""))
        published = f"({cell['published']:.{digits}f}{spread}{mark})"
    return CellText(f"{cell['value']:.{digits}f}", interval, published)


def digits_of(table: Layout, column: str) -> int:
    """How many a column is shown with."""
    own = table.columns[column].digits
    return table.digits if own is None else own


def _text(cell: Mapping[str, Any] | None, digits: int) -> str:
    return "–" if cell is None else " ".join(filter(None, cell_text(cell, digits)))


def _span(values: pd.Series) -> str:
    low, high = values.min(), values.max()
    return f"{low}" if low == high else f"{low} to {high}"


def markdown_table(header: list[str], body: list[list[str]], caption: str, legend: str) -> str:
    """A table as Markdown."""
    lines = [[markdown(cell) for cell in line] for line in (header, *body)]
    lines.insert(1, ["---"] * len(header))
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{markdown(caption)}\n\n{table}\n\n{markdown(legend)}\n"


def latex_table(header: list[str], body: list[list[str]], caption: str, legend: str) -> str:
    """A table as LaTeX, which needs no package."""
    lines = [" & ".join(map(latex, line)) + r" \\" for line in (header, *body)]
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{latex(caption)} {latex(legend)}}}",
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


TEXTS = {"md": markdown_table, "tex": latex_table}
STYLE = """body{font:14px/1.45 system-ui,sans-serif;margin:1.5rem;color:#1f2328}
table{border-collapse:collapse;margin:.8rem 0}caption,p{max-width:64rem;text-align:left}
th,td{padding:.3rem .7rem;border-bottom:1px solid #d0d7de;text-align:right;vertical-align:top}
table.numbers td{white-space:nowrap}table.numbers th{max-width:6.5rem;vertical-align:bottom}
th:first-child,td:first-child{text-align:left}tr.head{background:#f6f8fa}
table.text td{text-align:left;white-space:normal}table.text th{text-align:left}
table.text td:last-child{min-width:18rem}"""


def write_text_table(
    table: pd.DataFrame, caption: str, legend: str, out: Mapping[str, Path], hidden: Sequence[str] = ()
) -> None:
    """Writes a table of words as `csv` and `html`. hidden: columns of the CSV alone."""
    with atomic(out["csv"]) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    shown = table.drop(columns=list(hidden))
    with atomic(out["html"]) as temporary:
        text = html_page(list(shown.columns), shown.astype(str).to_numpy().tolist(), caption, legend, is_text=True)
        temporary.write_text(text, encoding="utf-8")


def html_page(header: list[str], body: list[list[str]], caption: str, legend: str, is_text: bool = False) -> str:
    """A table as a page of its own."""

    def line(cells: list[str], tag: str) -> str:
        return "".join(f"<{tag}>{cell}</{tag}>" for cell in cells)

    def number(cell: str) -> str:  # interval and published value below: ten columns must fit a screen
        return html.escape(cell).replace(" [", "<br>[").replace(" (", "<br>(")

    shown = [[html.escape(cells[0]), *map(html.escape if is_text else number, cells[1:])] for cells in body]
    rows = "\n".join(f"<tr>{line(cells, 'td')}</tr>" for cells in shown)
    told = CODE.sub(r"<code>\1</code>", html.escape(legend))
    return (
        f"<!doctype html><meta charset='utf-8'><title>{html.escape(caption)}</title><style>{STYLE}</style>\n"
        f"<p><b>{html.escape(caption)}</b></p>\n<table class='{'text' if is_text else 'numbers'}'>\n"
        f"<tr class='head'>{line([html.escape(cell) for cell in header], 'th')}</tr>\n{rows}\n</table>\n"
        f"<p>{told}</p>\n"
    )
