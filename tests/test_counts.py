"""Tables of how many images lie on either side of a split."""

import pandas as pd
import pytest

from doing import judge_by
from pathgan.config.table_types import CountColumn, CountRow, CountTable
from pathgan.errors import TableError
from pathgan.render import count_tables
from pathgan.render.count_tables import manifest_of_samples
from pathgan.render.table_files import write_table

TABLE = CountTable.model_validate(
    {
        "kind": "counts",
        "caption": "Table 1",
        "rows": {
            "histology": {"label": "Histology", "datasets": ["benign_fields", "malignant_fields"]},
            "cytology": {"label": "Cytology", "datasets": ["smears"]},
        },
        "columns": {
            "train/benign": {"label": "train, benign", "split": "train", "category": "benign"},
            "test/malignant": {"label": "test, malignant", "split": "test", "category": "malignant"},
        },
    }
)


def build_counts(name, table, caveats, *given):
    return count_tables.build_counts(name, table, judge_by(caveats), *given)


CAVEATS = {"benign_fields": "", "malignant_fields": "", "smears": "stand-in dataset"}


def item(name: str, split: str, category: str) -> dict[str, str]:
    return {"id": name, "split": split, "class": category}


MANIFESTS = {
    "benign_fields": [
        *(item(f"a_x{x}_y0", "train", "benign") for x in (0, 64, 128)),
        item("b_x0_y0", "train", "benign"),
        item("c_x0_y0", "test", "benign"),
    ],
    "malignant_fields": [item("a_x0_y0", "test", "malignant"), item("a_x64_y0", "test", "malignant")],
    "smears": [item("s_x1_y1_x0_y0", "train", "benign"), item("t_x0_y0", "test", "malignant")],
}
PRINTED = {"table": "table1", "column": "train/benign", "sd": "", "note": ""}
PUBLISHED = pd.DataFrame({**PRINTED, "row": ["histology", "cytology"], "value": ["3", "1"]})


def test_images_are_counted_and_not_their_tiles():
    cells = build_counts("table1", TABLE, CAVEATS, MANIFESTS, PUBLISHED).set_index(["row", "column"])
    assert cells["value"].to_dict() == {
        ("histology", "train/benign"): 2,
        ("histology", "test/malignant"): 1,
        ("cytology", "train/benign"): 1,
        ("cytology", "test/malignant"): 1,
    }
    assert cells.loc[("histology", "train/benign"), "published"] == 3
    assert cells["comparable"].tolist() == ["yes", "no", "no", "no"]
    assert cells["note"].tolist() == [
        "images, which gave 4 tiles",
        "not in the paper; images, which gave 2 tiles",
        "stand-in dataset",
        "stand-in dataset; not in the paper",
    ]


def test_a_count_of_images_that_gave_tiles_says_how_many():
    manifests = {"histology": [item(f"a_x{x}_y0", "train", "benign") for x in (0, 64, 128)]}
    row, column = CountRow(label="H", datasets=("histology",)), CountColumn(label="train", split="train")
    table = CountTable(kind="counts", caption="C", rows={"h": row}, columns={"train": column})
    cells = build_counts("t", table, {"histology": ""}, manifests, PUBLISHED[:0])
    assert cells["value"].tolist() == [1]
    assert "images, which gave 3 tiles" in cells["note"][0]


def test_samples_are_counted_as_training_images_with_the_caveats_of_what_made_them():
    row, columns = (
        CountRow(label="S", datasets=("s",)),
        {side: CountColumn(label=side, split=side) for side in ("train", "test")},
    )
    table = CountTable(kind="counts", caption="C", rows={"s": row}, columns=columns)
    manifests = {"s": manifest_of_samples(4, "benign")}
    cells = build_counts("t", table, {"d": "phantoms"}, manifests, PUBLISHED[:0], {"s": ["d"]})
    assert cells["value"].tolist() == [4, 0]
    assert cells["note"].str.contains("phantoms").all()


def test_a_count_has_no_decimals(tmp_path):
    cells = build_counts("table1", TABLE, CAVEATS, MANIFESTS, PUBLISHED)
    write_table(cells, TABLE, {suffix: tmp_path / f"t.{suffix}" for suffix in ("csv", "md", "tex", "html")})
    assert "| Histology | 2 (3) | 1 |" in (tmp_path / "t.md").read_text()


def test_a_published_count_that_the_table_lacks_is_an_error_unless_it_says_why():
    more = pd.concat([PUBLISHED, PUBLISHED.assign(row="other")])
    with pytest.raises(TableError, match="table1: the published cell other / train/benign has no counterpart"):
        build_counts("table1", TABLE, CAVEATS, MANIFESTS, more)
    said = TABLE.model_copy(update={"omitted": {"other": "no such data"}})
    assert len(build_counts("table1", said, CAVEATS, MANIFESTS, more)) == 4


def test_images_of_a_class_that_no_column_counts_are_an_error_and_no_zero():
    unnamed = {**MANIFESTS, "smears": [item("s_x0_y0", "train", "")]}
    with pytest.raises(
        TableError, match=r"table1: smears holds images of the class '', expected benign, malignant; name"
    ):
        build_counts("table1", TABLE, CAVEATS, unnamed, PUBLISHED)


def test_a_reason_that_two_datasets_share_is_said_once():
    caveats = CAVEATS | {"benign_fields": "phantom data; few images", "malignant_fields": "few images; other stain"}
    cells = build_counts("table1", TABLE, caveats, MANIFESTS, PUBLISHED).set_index(["row", "column"])
    note = cells.loc[("histology", "train/benign"), "note"]
    assert note == "phantom data; few images; other stain; images, which gave 4 tiles"
