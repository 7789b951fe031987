"""What the front page makes of tables, before any browser: headings, best values, notes, ids."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathgan.config.table_types import CountTable, ScoreTable
from pathgan.errors import ProvenanceError
from pathgan.page import write_page
from pathgan.page.contents import PaperInputs, read_cells
from pathgan.page.origins import Origin, origin
from pathgan.page.score_views import ScoreView, ShownCell, score_view
from pathgan.page.word_views import word_view
from pathgan.provenance.ancestry import Ancestry
from pathgan.render.letters import letters
from pathgan.render.published_cells import COLUMNS

ORIGIN = Origin("results/demo/x/tables/t.csv", "a" * 64, "c0ffee", "tabulate", ())


def table(rows, columns):
    """rows: key -> label and data set. columns: key -> label, and the metric that it is tested against or None."""
    return ScoreTable(
        kind="scores",
        caption="T",
        rows={key: {"label": label, "run": "r", "dataset": of} for key, (label, of) in rows.items()},
        columns={
            key: {"label": label, "score": "s", "metric": "m", "against": other}
            for key, (label, other) in columns.items()
        },
    )


def view(layout, values, better=(), notes=(), published=np.nan) -> ScoreView:
    """values: by row and column."""
    cells = [
        dict.fromkeys(COLUMNS, "")
        | {"row": row, "column": column, "value": value, "low": np.nan, "high": np.nan, "n": 4, "seeds": 1}
        | {
            "published": published,
            "published_sd": np.nan,
            "comparable": "no",
            "note": dict(notes).get((row, column), ""),
        }
        for (row, column), value in values.items()
    ]
    return score_view("x", "t", layout, pd.DataFrame(cells), dict(better), ORIGIN)


def shown(found: ScoreView) -> dict[str, ShownCell]:
    return {cell.id: cell for _, rows in found.rows for row in rows for cell in row.cells if cell}


TWO = table(
    {"a/p": ("Set A, P", "a"), "a/q": ("Set A, Q", "a"), "b/p": ("Set B, P", "b"), "b/q": ("Set B, Q", "b")},
    {"k/up": ("Kidney SSIM ↑", None), "k/down": ("Kidney GMSD ↓", None), "alone": ("n", None)},
)
VALUES = {
    (row, column): value
    for row, values in zip(TWO.rows, ([0.1, 0.1, 1], [0.2, 0.2, 2], [0.9, 0.3, 3], [0.8, 0.3, 4]), strict=True)
    for column, value in zip(TWO.columns, values, strict=True)
}


def test_what_labels_share_becomes_a_heading_over_rows_and_columns():
    found = view(TWO, VALUES)
    assert found.groups == (("Kidney", 2), ("", 1))
    assert found.columns == ("SSIM ↑", "GMSD ↓", "n")
    assert [(heading, [row.label for row in rows]) for heading, rows in found.rows] == [
        ("Set A", ["P", "Q"]),
        ("Set B", ["P", "Q"]),
    ]


def test_labels_that_share_nothing_stay_whole():
    layout = table({"r/own": ("R (own)", "a"), "s": ("S", "a")}, {"a/x": ("x", None), "a/y": ("y", None)})
    found = view(layout, {("s", "a/x"): 1.0})
    assert found.groups == ()
    assert [row.label for _, rows in found.rows for row in rows] == ["R (own)", "S"]
    assert sum(cell is None for _, rows in found.rows for row in rows for cell in row.cells) == 3


def test_the_best_is_of_its_column_and_data_set():
    found = view(TWO, VALUES, {"k/up": "higher", "k/down": "lower", "alone": ""})
    best = {name for name, cell in shown(found).items() if cell.is_best}
    assert best == {"x/t/a/q/k/up", "x/t/b/p/k/up", "x/t/a/p/k/down"}  # none where both are as good
    assert any("best value of its column" in line for line in found.legend)


def test_where_columns_are_tested_against_each_other_the_best_is_of_its_row():
    layout = table({"r": ("R", "a"), "s": ("S", "a")}, {"one": ("1", None), "two": ("2", None), "p": ("p", "other")})
    values = {("r", "one"): 1.0, ("r", "two"): 2.0, ("r", "p"): 0.01, ("s", "one"): 5.0, ("s", "two"): 4.0}
    found = view(layout, values, {"one": "higher", "two": "higher"})
    assert {name for name, cell in shown(found).items() if cell.is_best} == {"x/t/r/two", "x/t/s/one"}
    assert any("best value of its row" in line for line in found.legend)


def test_near_zero_is_best_and_digits_that_are_not_shown_count_for_nothing():
    layout = table({"r": ("R", "a"), "s": ("S", "a"), "t": ("T", "a")}, {"shift": ("shift", None)})
    found = view(
        layout,
        dict(zip([(row, "shift") for row in "rst"], [-0.1001, 0.1004, 3.0], strict=True)),
        {"shift": "near zero"},
    )
    assert {name for name, cell in shown(found).items() if cell.is_best} == {"x/t/r/shift", "x/t/s/shift"}


def test_a_cell_without_a_value_is_not_the_best_and_hides_no_other():
    layout = table({"r": ("R", "a"), "s": ("S", "a"), "t": ("T", "a")}, {"up": ("up", None)})
    for values in ((np.nan, 1.0, 2.0), (2.0, np.nan, 1.0), (1.0, 2.0, np.nan)):
        cells = shown(
            view(layout, {(row, "up"): value for row, value in zip("rst", values, strict=True)}, {"up": "higher"})
        )
        assert {cell.number for cell in cells.values() if cell.is_best} == {"2.0"}
        assert {cell.number for cell in cells.values()} == {"", "1.0", "2.0"}


def test_rows_without_a_heading_are_sorted_together():
    layout = table({"r": ("R", "a"), "r/own": ("R (own)", "a"), "s": ("S", "a")}, {"up": ("up", None)})
    assert [len(rows) for _, rows in view(layout, {("r", "up"): 1.0}).rows] == [3]


def test_keys_that_look_like_nothing_are_keys(tmp_path):
    (tmp_path / "t.csv").write_text(",".join(COLUMNS) + "\nNone,null,,,,,4,1,,,no,,,,,NA\n")
    (cell,) = read_cells(tmp_path / "t.csv").to_dict("records")
    assert (cell["row"], cell["column"], cell["note"]) == ("None", "null", "NA")
    assert np.isnan(cell["value"])


def test_what_has_no_record_is_not_shown():
    with pytest.raises(ProvenanceError, match=r"results/demo/x/tables/t\.csv: no record of it; make it again"):
        origin("results/demo/x/tables/t.csv", Ancestry({}, {}))


def test_evidence_is_told_by_data_set_and_settings_count(tmp_path):
    def paper(origin: str) -> PaperInputs:
        (tmp_path / "settings.csv").write_text(f"section,origin\nruns,{origin}\n")
        (tmp_path / "counts.csv").write_text("counted,n\nimages,10\n")
        shared = {"caveat": "", "counts": str(tmp_path / "counts.csv"), "counted": {"images": 10}}
        standings = {"p": ("P", "phantom"), "q": ("P", "phantom"), "o": ("O", "another"), "t": ("T", "the paper's")}
        datasets = {name: {"label": label, "standing": one, **shared} for name, (label, one) in standings.items()}
        words = {"hyperparameters": str(tmp_path / "settings.csv")}
        return PaperInputs("T", "C", "", [0], datasets, {}, {}, words, {})

    weaker = {"stand-in data": ["O"], "demo": ["P"]}
    assert paper("ours").evidence == {"paper's data and settings": ["T"], **weaker}
    assert paper("changed").evidence == {"paper's data, smaller": ["T"], **weaker}
    assert list(paper("ours").evidence) == ["paper's data and settings", *weaker]  # the strongest first


def test_counts_have_no_best():
    layout = CountTable(
        kind="counts",
        caption="C",
        rows={"r": {"label": "R", "datasets": ["a"]}},
        columns={"n": {"label": "n", "split": "test"}},
    )
    assert not any(cell.is_best for cell in shown(view(layout, {("r", "n"): 3.0})).values())


def test_notes_of_some_cells_have_letters_and_notes_of_all_have_none():
    everywhere = "drawn images; not in the paper"
    notes = dict.fromkeys(VALUES, everywhere) | {
        ("a/p", "alone"): f"{everywhere}; few; odd",
        ("b/q", "alone"): f"{everywhere}; odd",
    }
    found = view(TWO, VALUES, notes=notes.items())
    assert found.notes == (("all cells", "drawn images"), ("a", "few"), ("b", "odd"))
    cells = shown(found)
    assert (cells["x/t/a/p/alone"].notes, cells["x/t/b/q/alone"].notes, cells["x/t/a/p/k/up"].notes) == ("a b", "b", "")
    assert cells["x/t/a/p/alone"].told == "drawn images; few; odd"


def test_a_printed_value_stands_in_its_cell_with_its_mark():
    cell = shown(view(TWO, VALUES, published=0.25))["x/t/a/p/k/up"]
    assert (cell.value, cell.published) == ("0.100", "(0.250†)")


@given(st.integers(1, 2000))
def test_letters_are_never_used_twice(n):
    found = list(islice(letters(), n))
    assert len(set(found)) == n
    assert found[:1] == ["a"]
    assert all(letter.isalpha() and letter.islower() for letter in found)
    assert n < 28 or found[25:28] == ["z", "aa", "ab"]


@pytest.mark.parametrize(
    ("name", "columns", "key"),
    [
        ("comparability", ["table", "row", "column", "details"], "t/r/c"),
        ("printed", ["id", "claim"], "t"),
        ("datasets", ["dataset", "label"], "1"),
    ],
)
def test_rows_of_words_have_ids(name, columns, key):
    values = ["t", "r", "c", "d"][: len(columns)]
    found = word_view("x", name, pd.DataFrame([values], columns=columns), ORIGIN)
    assert [row.id for row in found.rows] == [f"x/{name}/{key}"]
    assert "details" not in found.header


def test_backticks_become_code_and_markup_becomes_text():
    assert write_page._code("a `b<i>` <script>") == "a <code>b&lt;i&gt;</code> &lt;script&gt;"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("table1", "Table 1"),
        ("figure5_printed", "Figure 5 printed"),
        ("test_only", "Test only"),
        ("claims", "Verdicts"),
    ],
)
def test_names_in_words(name, words):
    assert write_page._shown(name) == words


def test_the_style_asks_for_no_other_file():
    style = write_page._bootstrap()
    assert "sourceMappingURL" not in style
    assert "bootstrap" in style[:200].lower()
    assert "url(http" not in style
