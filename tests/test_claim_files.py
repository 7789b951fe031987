"""The claims of the five papers as data: all of the list, computed printed effects, and mistakes in one message."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import yaml

from pathgan.claims.claim_inputs import ClaimInputs
from pathgan.claims.deciding import decide
from pathgan.claims.printed_table import write_printed
from pathgan.config.claim_loading import load_claims
from pathgan.config.claim_types import Claims, Operation, evaluate
from pathgan.config.loading import load_paper
from pathgan.errors import ConfigError
from pathgan.plan.workflow_plan import Plan
from pathgan.render.table_inputs import TableInputs

ROOT = Path(__file__).parents[1]
FIVE = ("sharpgan", "ki67stain", "histo2cyto", "syncgan", "migan")
with (ROOT / "tests" / "reference" / "claims.csv").open(encoding="utf-8") as file:
    LISTED = {row["id"]: row for row in csv.DictReader(file)}


def w(paper: str, preset: str = "paper") -> SimpleNamespace:
    return SimpleNamespace(preset=preset, paper=paper)


@pytest.fixture(scope="module")
def claims(plan: Plan) -> dict[str, Claims]:
    found = {paper: plan.library.claims(paper) for paper in FIVE}
    return {paper: one for paper, one in found.items() if one is not None}


def test_every_listed_claim_is_there_and_of_its_kind(claims: dict[str, Claims]) -> None:
    ours = {name: claim.kind for one in claims.values() for name, claim in one.claims.items()}
    assert ours == {name: row["kind"] for name, row in LISTED.items()}
    assert all(name.startswith(f"{paper}-") for paper, one in claims.items() for name in one.claims)


@pytest.mark.parametrize("paper", FIVE)
def test_printed_effects_and_what_they_bear_out_are_computed_as_listed(plan: Plan, paper: str) -> None:
    for name, told in plan.claims.printed(w(paper)).items():
        assert (name, told["effect"], told["supports"]) == (
            name,
            LISTED[name]["printed_effect"],
            LISTED[name]["printed_supports"],
        )


def test_what_printed_numbers_cannot_show(plan: Plan) -> None:
    why = {name: told["why"] for paper in FIVE for name, told in plan.claims.printed(w(paper)).items()}
    bound = "30 images allow no smaller p (exact McNemar test) than 1, 0.5, 0.5"
    assert why["syncgan-prop-improves-significantly"] == ["no test is printed", bound]
    assert why["syncgan-prop-improves"] == [bound]
    assert "correlate with r of 0.84 or more" in why["ki67stain-significant"][1]
    assert why["histo2cyto-split-jucyt"] == ["benign: 2.750, not 4", "malignant: 2.917, not 4"]
    assert why["syncgan-cells-are-counts"] == ["table2/densenet161/orig+trad+prop: 84.67, not 83.33"]
    assert why["syncgan-gan-alone-at-chance"] == []  # 17 of 30 may be chance


def test_claims_that_printed_numbers_speak_against_are_a_table(plan: Plan, tmp_path: Path) -> None:
    out = {name: tmp_path / f"printed.{name}" for name in ("csv", "html")}
    of = w("syncgan")
    write_printed(plan.claims.claims(of), plan.claims.printed(of), "SynCGAN", out)
    with out["csv"].open(encoding="utf-8") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert rows["syncgan-prop-improves-significantly"]["supports"] == "no"
    assert rows["syncgan-usual-augmentation-helps"]["supports"] == "partly"
    assert "syncgan-split" not in rows
    write_printed({}, {}, "None", out)
    assert out["csv"].read_text() == "id,claim,where,printed_effect,supports,why\n"


@pytest.mark.parametrize("paper", FIVE)
@pytest.mark.parametrize("preset", ["demo", "public", "paper"])
def test_every_claim_is_decided_on_files_that_rules_make(plan: Plan, paper: str, preset: str) -> None:
    given = plan.claims.given(w(paper, preset))
    known = set(given["datasets"])
    for told in given["tables"].values():
        assert {name for one in told["behind"] for name in one["datasets"]} <= known
    assert all(path.startswith(("results/", "config/")) for path in plan.claims.inputs(w(paper, preset)))


def test_standing_of_data(plan: Plan) -> None:
    def standing(paper: str, preset: str) -> dict[str, str]:
        return {name: one["standing"] for name, one in plan.claims.datasets(w(paper, preset)).items()}

    assert set(standing("sharpgan", "demo").values()) == {"phantom"}  # polygons too, which are made after phantoms
    public = standing("sharpgan", "public")
    assert (public["cpm"], public["cpm_3"], public["tnbc"]) == ("among the paper's", "among the paper's", "another")
    assert (public["polygons-cpm"], public["polygons-tnbc"]) == ("among the paper's", "another")
    assert set(standing("sharpgan", "paper").values()) == {"the paper's"}
    assert set(standing("ki67stain_mist", "paper").values()) == {"another"}


def test_a_paper_that_extends_another_is_held_against_its_claims(plan: Plan) -> None:
    assert plan.claims.has_claims("paper", "ki67stain_mist")
    assert set(plan.claims.printed(w("ki67stain_mist"))) == set(plan.claims.printed(w("ki67stain")))


def test_quantities_are_exact() -> None:
    printed = {("t", "r", "c"): "0.1", ("t", "r", "d"): "0.3"}
    third = Operation.model_validate({"ratio": ["t:r:c", {"sum": ["t:r:d", 0.0]}]})
    assert evaluate(third, printed) == Fraction(1, 3)
    assert evaluate(Operation.model_validate({"product": [3, "t:r:c"]}), printed) == Fraction("0.3")
    assert evaluate(Operation.model_validate({"difference": [0.3, "t:r:d"]}), printed) == 0


# --- mistakes ---------------------------------------------------------------------------------------------------------

GAIN = {"table": "table1", "a": "enhanced", "b": ["sharpgan"], "columns": ["cpm/ssim"]}
COURSE = {"export": "evaluations", "a": "enhanced-cpm", "b": ["x"], "measures": {"ssim": "higher"}}
CLAIM = {"where": "Sec. 1", "says": "It is better.", "kind": "better", "unit": "image"}


@pytest.fixture(scope="module")
def sharpgan():
    return load_paper(ROOT / "config" / "papers" / "sharpgan.yaml", "paper")


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ({"decided_on": [{**GAIN, "a": "enhancd"}]}, r"decided_on\.0: table1 has no cell enhancd / cpm/ssim"),
        ({"decided_on": [{**GAIN, "columns": ["cpm/ssm"]}]}, r"decided_on\.0: table1 has no cell enhanced / cpm/ssm"),
        ({"decided_on": [{**GAIN, "table": "tabel1"}]}, r"no table of scores called 'tabel1'; did you mean 'table1'"),
        ({"decided_on": [{**GAIN, "direction": "lower"}]}, r"direction: of ssim higher is better, got 'lower'"),
        (
            {"decided_on": [{**GAIN, "columns": ["cpm/contour_contrast"]}]},
            r"direction: expected higher or lower, as contour_contrast says neither",
        ),
        ({"kind": "equal", "decided_on": [GAIN]}, r"margin: expected one, of ssim; the rule 'equal' needs it"),
        ({"printed": {**GAIN, "b": ["none"]}}, r"printed: table1 has no printed cell none / cpm/ssim"),
        ({"counted": ["cmp"]}, r"counted: no dataset called 'cmp'; did you mean 'cpm'"),
        (
            {"kind": "close_to_value", "arithmetic": {"x": {"value": "table1:enhanced:cpm/psnr", "claimed": 1}}},
            r"arithmetic\.x: expected a printed cell as table:row:column, got 'table1:enhanced:cpm/psnr'",
        ),
        (
            {"kind": "trend", "by": "lead", "unit": "seed", "course": COURSE},
            r"course: no run called 'x'",
        ),
        ({}, r"expected what decides it \(printed, decided_on, arithmetic, counted, course\), or needs"),
        ({"decided_on": [GAIN], "needs": "readers"}, r"expected what decides it .*, or needs"),
        ({"kind": "visual", "decided_on": [GAIN]}, r"by: expected of the kinds visual and trend"),
        ({"decided_on": [GAIN], "by": "better"}, r"by: expected of the kinds visual and trend"),
        ({"decided_on": [{**GAIN, "b": []}]}, r"expected b, the arms that a is held against, or values"),
        ({"decided_on": [{**GAIN, "values": [1.0]}]}, r"both with relative: true, and with nothing else"),
        ({"decided_on": [{**GAIN, "near": ["x", "y"]}]}, r"near: expected one per column, 1, got 2"),
        ({"decided_on": [{**GAIN, "margn": 1}]}, r"margn: unknown key; did you mean 'margin'"),
        ({"arithmetic": {"x": {"value": 1}}}, r"expected claimed or share_of"),
        ({"arithmetic": {"x": {"value": 1, "share_of": 30}}}, r"share_of: expected a printed cell as value"),
        ({"decided_on": [{**GAIN, "margin": 0}]}, r"margin.*greater than 0"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_message(tmp_path: Path, sharpgan, claim: dict, message: str) -> None:
    path = tmp_path / "sharpgan.yaml"
    path.write_text(yaml.safe_dump({"claims": {"sharpgan-x": {**CLAIM, **claim}}}))
    with pytest.raises(ConfigError, match=message) as caught:
        load_claims(path, [sharpgan], {("table1", row, "cpm/ssim"): "0.5" for row in ("enhanced", "sharpgan")})
    assert all(line.startswith(f"{path}: ") for line in str(caught.value).splitlines())


def test_a_file_without_claims_and_margins_of_no_table_are_mistakes(tmp_path: Path, sharpgan) -> None:
    path = tmp_path / "sharpgan.yaml"
    path.write_text("claims: {}\n")
    with pytest.raises(ConfigError, match=r"claims: .*expected at least one claim"):
        load_claims(path, [sharpgan], {})
    path.write_text(yaml.safe_dump({"margins": {"table9": {"ssim": 1.0}}, "claims": {"x": {**CLAIM, "needs": "more"}}}))
    with pytest.raises(ConfigError, match=r"margins\.table9: no table of scores called 'table9'"):
        load_claims(path, [sharpgan], {})


@pytest.mark.parametrize("paper", FIVE)
@pytest.mark.parametrize("preset", ["demo", "public", "paper"])
def test_every_claim_gets_a_verdict_under_every_preset(
    plan: Plan, paper: str, preset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On made-up scores: of each cell six items, or one value of the whole set."""
    given = ClaimInputs(**plan.claims.given(w(paper, preset)))
    names = ("n_images", "n_real", "n_floor", "n_origins", "kid_subset_size", "fid_at_floor_n", "fid_floor")
    facts = dict.fromkeys(names, 9.0)

    def scored(self: TableInputs, run: str, score: str) -> list[pd.DataFrame]:
        rows = [("set", name, value) for name, value in facts.items()]
        for key, metric in self.metrics.items():
            fold = run.rpartition("_")[2]  # whose items no other fold has
            named = fold if fold.isdigit() else ""
            items = ["set"] if metric["of"] == "set" else [f"{named}-{index}" for index in range(6)]
            rows += [(item, key, len(run) % 7 + index / 10) for index, item in enumerate(items)]
        frame = pd.DataFrame(rows, columns=["item", "metric", "value"]).drop_duplicates(["item", "metric"], keep="last")
        return [frame] * len(self.scores[f"{run}/{score}"])

    course = pd.DataFrame({name: range(3) for name in ("iteration", "ssim", "ms_ssim", "psnr", "mae", "adversarial")})
    monkeypatch.setattr(TableInputs, "scored", scored)
    monkeypatch.setattr(TableInputs, "units", {})
    monkeypatch.setattr(ClaimInputs, "course", lambda self, name: [course])
    monkeypatch.setattr("pathgan.claims.claim_inputs.read_counts", lambda file: {"images": 1})
    monkeypatch.setattr("pathgan.claims.deciding.read_counts", lambda file: {"images": 1})
    found = decide(given)
    assert [one.id for one in found] == [name for name in LISTED if name.startswith(f"{paper}-")]
    if preset == "demo":
        assert {one.verdict for one in found if one.evidence not in (None, "printed numbers")} == {"untestable here"}
    assert all(one.notes or one.comparisons or one.evidence for one in found)
