from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathgan.render.consistency import impossible_percentages, is_percentage_of, unfit_qualities

PUBLISHED = pd.read_csv(Path(__file__).parents[1] / "config" / "published.csv", dtype=str).fillna("")


def printed(paper, *tables):
    rows = PUBLISHED[(PUBLISHED["paper"] == paper) & PUBLISHED["table"].isin(tables)]
    return rows.set_index(["row", "column"])["value"].to_dict()


@given(st.integers(1, 400), st.data(), st.integers(0, 3))
def test_every_share_of_n_images_is_possible(n, data, digits):
    count = data.draw(st.integers(0, n))
    assert is_percentage_of(f"{100 * count / n:.{digits}f}", n)


@pytest.mark.parametrize(
    ("printed", "n", "possible"),
    [("84.67", 30, False), ("86.67", 30, True), ("84.67", 150, True), ("50.00", 30, True), ("50", 3, False),
     ("33", 3, True), ("100.00", 30, True), ("101.00", 30, False), ("12.5", 8, True), ("12", 8, True), ("13", 8, True)],
)  # fmt: skip
def test_percentages_of_a_count(printed, n, possible):
    assert is_percentage_of(printed, n) is possible


def test_one_of_27_printed_accuracies_cannot_be():
    cells = printed("syncgan", "table2") | {("3", *key): value for key, value in printed("syncgan", "table3").items()}
    assert len(cells) == 27
    found = impossible_percentages(cells, 30)
    assert found == {
        ("densenet161", "orig+trad+prop"): "published value cannot be: 84.67 % of 30 images is 25.4 images"
    }


def test_one_of_eight_printed_qualities_does_not_fit():
    found = unfit_qualities(printed("sharpgan", "table2"))
    assert set(found) == {("S*", f"tnbc/{name}") for name in ("dq", "sq", "pq")}
    assert set(found.values()) == {"published values do not fit: DQ x SQ = 0.738, PQ 0.691"}


def test_what_published_csv_doubts_is_found_by_the_checks():
    """The remarks that came with the printed values are consequences, not opinions."""
    for _, cell in PUBLISHED[PUBLISHED["note"] != ""].iterrows():
        cells = printed(cell["paper"], cell["table"])
        found = unfit_qualities(cells) | (impossible_percentages(cells, 30) if cell["paper"] == "syncgan" else {})
        assert (cell["row"], cell["column"]) in found


@given(st.floats(0.3, 1), st.floats(0.5, 1), st.integers(1, 4), st.booleans())
def test_qualities_of_one_image_always_fit_however_they_are_rounded(dq, sq, digits, per_cent):
    scale = 100 if per_cent else 1
    printed = {("r", name): f"{scale * value:.{digits}f}" for name, value in (("dq", dq), ("sq", sq), ("pq", dq * sq))}
    assert unfit_qualities(printed) == {}


def test_per_cent_and_fractions_are_told_apart():
    assert unfit_qualities({("r", "dq"): "71.2", ("r", "sq"): "68.3", ("r", "pq"): "48.6"}) == {}
    assert len(unfit_qualities({("r", "dq"): "71.2", ("r", "sq"): "68.3", ("r", "pq"): "44.0"})) == 3
