"""The pedigree of one cell of a table: scores, samples, weights, training, data, raw files, commit."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from rich.markup import escape
from rich.tree import Tree

from pathgan.config.kinds import parse
from pathgan.config.table_types import Cell, CountTable
from pathgan.errors import ProvenanceError
from pathgan.files import sha256_of
from pathgan.provenance.checksums import SHOWN, differ
from pathgan.provenance.claim_trace import files_of_claim
from pathgan.provenance.places import RESULTS, record_path
from pathgan.provenance.records import Record, commit_of, read_record, seconds_of, times_of

if TYPE_CHECKING:
    import pandas as pd

OTHER_VERSION = "the table was made by another version of pathgan; make it again to trace it"
LINE = 90  # characters after which facts go on in the next line


@dataclass
class Node:
    """A file, or a cell, and what it was made from. facts: what the record says, in the order to show."""

    name: str
    facts: dict[str, Any] = field(default_factory=dict)
    made_from: list[Node] = field(default_factory=list)
    above: bool = False  # described higher up

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def trace(table: Path, row: str, column: str = "") -> Node:
    """The tree of a cell, or of the claim whose id is `row`. table: `results/{preset}/{paper}/tables/{table}.csv` of
    this checkout.

    Raises ProvenanceError for a table without record or of another form, and for a cell that it does not have.
    """
    cells = _cells(table)
    of_claim = "verdict" in cells
    chosen = _chosen(table, cells, {"id": row} if of_claim else {"row": row, "column": column})
    entry = read_record(record_path(table))
    if entry is None:
        raise ProvenanceError(f"{table}: no record of it; make it again: snakemake --force {table}")
    cell = {name: value for name, value in chosen.iloc[0].items() if value}
    if (found := sha256_of(table)) != entry["outputs"].get(str(table)):
        cell["MODIFIED"] = f"{differ(entry['outputs'].get(str(table)), found)}; see pathgan audit {table}"
    seen: set[str] = set()
    named = ("id",) if of_claim else ("row", "column")
    facts = {key: cell[key] for key in cell if key not in named} | _facts(str(table), entry)
    inputs = _inputs_of_claim(entry, row) if of_claim else _inputs_of(entry, row, column)
    made_from = [_node(name, sha256, seen, note) for name, sha256, note in inputs]
    return Node(f"{table}: {', '.join(filter(None, (row, '' if of_claim else column)))}", facts, made_from)


def _chosen(table: Path, cells: pd.DataFrame, wanted: Mapping[str, str]) -> pd.DataFrame:
    """The row of a table's CSV file that has these keys."""
    for what, key in wanted.items():
        if key not in set(cells[what]):
            near = difflib.get_close_matches(key, cells[what], n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(dict.fromkeys(cells[what]))}"
            raise ProvenanceError(f"{table}: no {what} {key!r}; {hint}")
    chosen = cells
    for what, key in wanted.items():
        chosen = chosen[chosen[what] == key]
    if chosen.empty:
        raise ProvenanceError(f"{table}: no cell {' / '.join(wanted.values())}")
    return chosen


def _cells(table: Path) -> pd.DataFrame:
    import pandas as pd  # here: other commands start faster without it

    try:
        cells = pd.read_csv(table, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise ProvenanceError(f"{table}: cannot be read: {error}; expected a table's CSV file") from None
    if not {"row", "column", "value"} <= set(cells.columns) and not {"id", "verdict"} <= set(cells.columns):
        raise ProvenanceError(
            f"{table}: no table of cells: expected row, column, value, got {', '.join(cells.columns)}"
        )
    return cells


def _inputs_of(entry: Record, row: str, column: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Name, sha256 and what to say of each input that a cell rests on."""
    inputs, params = entry["inputs"], entry["params"]
    if "given" not in params:  # tables of slides, one or several a row
        of_row = {name: sha256 for name, sha256 in inputs.items() if Path(name).stem in re.split(r"[ /]", row)}
        return [(name, sha256, {}) for name, sha256 in (of_row or inputs).items()]
    given = params["given"]
    try:
        table = parse("tables", params["table"])
    except (ValidationError, KeyError):
        raise ProvenanceError(OTHER_VERSION) from None
    if isinstance(table, CountTable):
        names = [_counted(given, dataset) for dataset in table.rows[row].datasets]
        return [(name, inputs.get(name, ""), {}) for name in dict.fromkeys(names)]
    cells = [cell for cell in table.cells if (cell.row, cell.column) == (row, column)]
    files = {name: cell for cell in cells for name in given["scores"][f"{cell.run}/{cell.score}"]}
    return [(name, inputs.get(name, ""), _of_seed(name, cell)) for name, cell in files.items()]


def _inputs_of_claim(entry: Record, name: str) -> list[tuple[str, str, dict[str, Any]]]:
    """The same of a claim."""
    try:
        found = dict(files_of_claim(entry, name))
    except (ValidationError, KeyError):
        raise ProvenanceError(OTHER_VERSION) from None
    return [(file, entry["inputs"].get(file, ""), _of_seed(file, cell) if cell else {}) for file, cell in found.items()]


def _counted(given: Mapping[str, Any], dataset: str) -> str:
    return str(given["manifests"].get(dataset) or given["samples"][dataset]["file"])


def _of_seed(name: str, cell: Cell) -> dict[str, Any]:
    """What a score file itself says of a cell's metric."""
    if not Path(name).exists():
        return {}
    import pandas as pd  # here: as above

    try:
        scores = pd.read_csv(name)
        values = scores.loc[scores["metric"] == cell.metric, "value"]
    except (ValueError, KeyError) as error:
        raise ProvenanceError(f"{name}: no file of scores ({error}); see pathgan audit {name}") from None
    found = {"metric": cell.metric, "mean": f"{values.mean():.6g}", "items": len(values)}
    return found | ({"against": f"{cell.against}, McNemar's p"} if cell.against else {})


def _node(name: str, sha256: str, seen: set[str], note: Mapping[str, Any] | None = None) -> Node:
    facts: dict[str, Any] = {"sha256": sha256, **(note or {})}
    if note and (found := sha256_of(name)) != sha256:
        facts["MODIFIED"] = differ(sha256, found)
    entry = read_record(record_path(name)) if name.startswith(f"{RESULTS}/") else None
    if entry is None:
        return Node(name, facts)
    if name in seen:
        return Node(name, facts, above=True)
    seen.add(name)
    made_from = [_node(path, value, seen) for path, value in entry["inputs"].items()]
    return Node(name, facts | _facts(name, entry), made_from)


def _facts(name: str, entry: Record) -> dict[str, Any]:
    """What a reader wants to know of the job that made an artefact."""
    attempts = entry["attempts"]
    facts = {
        "rule": entry["rule"],
        "seed": entry["wildcards"].get("seed"),
        "ended": times_of(entry)[1][:19],  # UTC
        "seconds": round(seconds_of(entry), 1),
        "device": f"{entry['device']}, {entry['threads']} thread(s) on {entry['host']}",
        "attempts": len(attempts) if len(attempts) > 1 else None,
        "other code": " ".join(str(attempt["resumed_stale"]) for attempt in attempts if "resumed_stale" in attempt),
        "resumed at": ", ".join(str(attempt["resumed_at"]) for attempt in attempts if "resumed_at" in attempt),
        "commit": commit_of(entry),
        "log": next(iter(entry["logs"]), None),
    }
    return {key: value for key, value in facts.items() if value not in (None, "")}


def as_tree(node: Node) -> Tree:
    """For a terminal."""
    tree = Tree(_label(node), highlight=False)
    _grow(tree, node.made_from)
    return tree


def _grow(tree: Tree, nodes: Iterable[Node]) -> None:
    for node in nodes:
        _grow(tree.add(_label(node)), node.made_from)


def _label(node: Node) -> str:
    if node.above:
        return f"{escape(node.name)}  [dim](above)[/]"
    lines: list[list[str]] = [[]]
    for key, value in node.facts.items():
        if sum(map(len, lines[-1])) > LINE:
            lines.append([])
        shown = value[:SHOWN] if key == "sha256" else str(value)
        lines[-1].append(f"[dim]{key}[/] {escape(shown)}")
    return "\n".join([f"[bold]{escape(node.name)}[/]", *("  ".join(line) for line in lines)])
