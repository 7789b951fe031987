"""What a reader gets of claims: the figure, the scorecard, `pathgan claims`, `pathgan compare`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from deciding import arms, better, decided, inputs
from pathgan.claims import scorecard
from pathgan.claims.claims_report import read_claims
from pathgan.claims.claims_table import write_claims
from pathgan.claims.deciding import decide
from pathgan.claims.forest_plot import draw_claims
from pathgan.claims.run_comparison import compare_runs
from pathgan.claims.scorecard import write_scorecard
from pathgan.errors import TableError
from pathgan.stores.manifest import write_manifest

RNG = np.random.default_rng
SUFFIXES = ("csv", "md", "tex", "html", "effects")


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """`results/demo/x/tables` with the claims of a paper."""
    claims = {"gain": better(), "loss": better("b", ("a",)), "other": {"kind": "better", "needs": "readers"}}
    given = inputs(tmp_path / "scores", arms(RNG(0), 0.1), claims)
    folder = tmp_path / "results" / "demo" / "x" / "tables"
    folder.mkdir(parents=True)
    names = {"effects": "claim_effects.csv"} | {suffix: f"claims.{suffix}" for suffix in SUFFIXES[:-1]}
    write_claims(decide(given), given, "X", {name: folder / file for name, file in names.items()})
    return folder


def test_a_forest_plot_has_a_line_for_each_claim_with_an_effect(tables: Path, tmp_path: Path) -> None:
    png, pdf = tmp_path / "claims.png", tmp_path / "claims.pdf"
    draw_claims(tables / "claims.csv", tables / "claim_effects.csv", "X", png, pdf)
    pixels = np.asarray(Image.open(png).convert("RGB")).reshape(-1, 3)
    supported, contradicted = ((pixels == colour).all(1).sum() for colour in ((0, 158, 115), (213, 94, 0)))
    assert min(supported, contradicted) > 100
    first = png.read_bytes()
    draw_claims(tables / "claims.csv", tables / "claim_effects.csv", "X", png, pdf)
    assert png.read_bytes() == first


def test_a_forest_plot_of_claims_without_effects_says_so(tables: Path, tmp_path: Path) -> None:
    claims = pd.read_csv(tables / "claims.csv")
    claims[claims["id"] == "other"].to_csv(tables / "claims.csv", index=False)
    draw_claims(tables / "claims.csv", tables / "claim_effects.csv", "X", tmp_path / "c.png", tmp_path / "c.pdf")
    assert (tmp_path / "c.png").stat().st_size > 1000


def test_a_scorecard_counts_what_tables_say(tables: Path, tmp_path: Path) -> None:
    cells = pd.DataFrame(
        {
            "table": "t",
            "row": ["a", "b"],
            "column": "x",
            "comparable": ["yes", "no"],
            "note": ["", "published value cannot be: 3"],
        }
    )
    cells.to_csv(tables / "comparability.csv", index=False)
    pd.DataFrame({"origin": ["paper", "ours", "ours", "unused"]}).to_csv(tables / "hyperparameters.csv", index=False)
    pd.DataFrame({"same": ["yes", "no", ""]}).to_csv(tables / "datasets.csv", index=False)
    pd.DataFrame({"supports": ["partly", "no"]}).to_csv(tables / "printed.csv", index=False)
    pd.DataFrame(
        {"row": list("abc"), "column": "x", "low": [0.4, 0.6, 0.4], "high": [0.6, 0.8, 0.6], "published": 0.5}
        | {"comparable": ["yes", "partly", "no"]}
    ).to_csv(tables / "t.csv", index=False)
    out = {suffix: tmp_path / f"scorecard.{suffix}" for suffix in ("csv", "md", "html")}
    write_scorecard({"x": sorted(tables.glob("*.csv"))}, "demo", out)
    found = pd.read_csv(out["csv"], dtype=str).set_index("measure")["value"].to_dict()
    names = ("claims", "claims supported", "claims contradicted", "claims undecided")
    assert [found[name] for name in names] == ["3", "1", "1", "0"]
    assert found["claims supported: paper's data and settings"] == "1"
    assert found["claims untestable here: something is missing"] == "1"
    verdicts = ("supported", "contradicted", "undecided", "untestable here")
    for verdict in verdicts:  # rows of evidence add up
        rows = {name: int(value) for name, value in found.items() if name.startswith(f"claims {verdict}:")}
        assert sum(rows.values()) == int(found[f"claims {verdict}"])
    assert found["printed cells comparable: yes"] == "1"
    assert found["printed values that cannot be"] == "1"
    assert found["interval holds the printed value"] == "1 of 2"
    assert (found["settings paper"], found["settings ours"]) == ("33%", "67%")
    assert found["counts of data as printed"] == "1 of 2"
    assert found["claims that printed numbers speak against"] == "1"
    assert "| claims supported | 1 |" in out["md"].read_text()


def test_claims_are_read_back(tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tables.parents[3])
    (tables.parents[3] / "config" / "papers").mkdir(parents=True)
    (tables.parents[3] / "config" / "papers" / "x.yaml").touch()
    found = read_claims("demo", [])
    assert [one["verdict"] for one in found["x"]] == ["supported", "contradicted", "untestable here"]
    assert [one["id"] for one in read_claims("demo", ["x"], "contradicted")["x"]] == ["loss"]
    with pytest.raises(TableError, match=r"results/public/x/tables/claims.csv: not there; make it: snakemake"):
        read_claims("public", ["x"])
    with pytest.raises(TableError, match=r"no paper 'y'; there are: x"):
        read_claims("demo", ["y"])
    with pytest.raises(TableError, match=r"--preset: expected one of demo, public, paper, got 'nope'"):
        read_claims("nope", [])
    with pytest.raises(TableError, match=r"got 'suported'; did you mean 'supported'"):
        read_claims("demo", [], "suported")


def write_run(folder: Path, values: np.ndarray, metric: str = "ssim") -> Path:
    for seed, row in enumerate(values):
        file = folder / f"seed{seed}" / "similarity.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        tidy = [(f"item{index}", metric, value) for index, value in enumerate(row)]
        rows = [*tidy, ("set", "ms_ssim_scales", 5.0)]
        pd.DataFrame(rows, columns=["item", "metric", "value"]).to_csv(file, index=False)
    return folder


def test_two_runs_are_compared_as_a_claim_would(tmp_path: Path) -> None:
    values, scores = arms(RNG(0), 0.1), tmp_path / "results" / "demo" / "x" / "scores"
    one, other = (write_run(scores / arm, values[arm]) for arm in "ab")
    table = compare_runs(one, other)
    claim = decided(inputs(tmp_path / "claims", values, {"gain": better()}))["gain"].shown.found
    assert table[["run", "metric", "better", "n", "seeds"]].to_numpy().tolist() == [["a / b", "ssim", "a", 40, 3]]
    assert table.loc[0, ["difference", "low", "high", "p"]].tolist() == pytest.approx(
        [claim.effect, *claim.interval(), claim.p]
    )
    assert compare_runs(other, one).loc[0, "better"] == "b"
    assert compare_runs(one, one).loc[0, ["difference", "better"]].tolist() == [0.0, ""]


def test_patients_of_the_data_are_units(tmp_path: Path) -> None:
    values, paper = arms(RNG(0), 0.1), tmp_path / "results" / "demo" / "x"
    one, other = (write_run(paper / "scores" / arm, values[arm]) for arm in "ab")
    known = {"source": "", "sha256": "", "class": "", "split": "test"}
    rows = [{"id": f"item{index}", "patient": f"p{index // 10}", "group": str(index), **known} for index in range(40)]
    (paper / "data").mkdir()
    write_manifest(paper / "data" / "d.csv", rows)
    (paper / "data" / "d.counts.csv").write_text("counted,n\nimages,40\n")
    assert compare_runs(one, other).loc[0, ["n", "over"]].tolist() == [4, "none: fewer than 5 units"]


def test_runs_of_two_papers_are_compared_by_name(tmp_path: Path) -> None:
    values = arms(RNG(0), 0.1)
    for arm, paper in zip("ab", ("ours", "theirs"), strict=True):
        write_run(tmp_path / paper / "scores" / "gan", values[arm])
        write_run(tmp_path / paper / "scores" / f"only_{paper}", values[arm])
    assert compare_runs(tmp_path / "ours", tmp_path / "theirs")["run"].tolist() == ["gan"]


def test_items_that_a_seed_lacks_and_files_of_another_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = arms(RNG(0), 0.1)
    one, other = (write_run(tmp_path / arm, values[arm]) for arm in "ab")
    file = other / "seed1" / "similarity.csv"
    file.write_text(file.read_text().replace("item7,", "item77,"))
    monkeypatch.chdir(tmp_path)
    table = compare_runs(Path("a"), Path("b"))
    assert table.loc[0, ["n", "over"]].tolist() == [39, "items and seeds"]
    file.write_text("")
    with pytest.raises(TableError, match=r"similarity.csv: cannot be read: .*; expected a file of scores"):
        compare_runs(one, other)
    file.write_text("iteration,loss\n1,2\n")
    with pytest.raises(TableError, match="no file of scores: expected item, metric, value, got iteration, loss"):
        compare_runs(one, other)


def test_nothing_in_common_is_an_error(tmp_path: Path) -> None:
    one = write_run(tmp_path / "a", np.zeros((1, 3)))
    with pytest.raises(TableError, match="no score in common; expected two folders results/PRESET/PAPER/scores/RUN"):
        compare_runs(one, tmp_path / "absent")


def test_rows_of_a_scorecard_stand_behind_those_that_they_follow() -> None:
    assert scorecard.in_order([["a", "c"], ["a", "b", "c", "d"], ["x", "c"]]) == ["x", "a", "b", "c", "d"]
