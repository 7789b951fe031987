"""Verdicts on claims: what supports one, what contradicts it, and what says nothing of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from deciding import ALL_YES, arms, better, decided, inputs
from pathgan.claims.claims_table import claims_frame, effects_frame, write_claims
from pathgan.claims.deciding import decide
from pathgan.errors import TableError
from pathgan.intervals import holm, mcnemar_exact

RNG = np.random.default_rng


def test_a_clear_gain_is_supported_and_a_clear_loss_contradicted(tmp_path: Path) -> None:
    found = decided(inputs(tmp_path, arms(RNG(0), 0.1), {"gain": better(), "loss": better("b", ("a",))}))
    assert (found["gain"].verdict, found["loss"].verdict) == ("supported", "contradicted")
    assert found["gain"].evidence == "paper's data and settings"
    gain, loss = (found[name].shown.found for name in ("gain", "loss"))
    assert gain.effect == pytest.approx(-loss.effect)
    assert gain.interval()[0] == pytest.approx(-loss.interval()[1], abs=1e-3)
    assert (gain.n, gain.seeds, gain.over) == (40, 3, "units and seeds")


def test_of_two_metrics_lower_is_better_turns_the_effect(tmp_path: Path) -> None:
    given = inputs(tmp_path, arms(RNG(0), -0.1), {"gain": better()}, metric="gmsd")
    assert decided(given)["gain"].shown.found.effect > 0
    assert decided(given)["gain"].verdict == "supported"


def test_an_effect_that_the_noise_hides_is_undecided_and_says_how_many_seeds_would_do(tmp_path: Path) -> None:
    of_seeds = np.array([[0.1], [-0.1], [0.02]])
    values = {"a": np.full((3, 40), 0.52) + of_seeds, "b": np.full((3, 40), 0.5)}
    contrast = {"table": "t", "a": "a", "b": ["b"], "columns": ["x"]}
    given = inputs(tmp_path, values, {"gain": better(printed=contrast)}, printed={"gain": [["0.02"]]})
    found = decided(given)["gain"]
    assert found.verdict == "undecided"
    low, high = stats.t.interval(0.95, 2, (of_seeds + 0.02).mean(), stats.sem(of_seeds[:, 0]))
    assert found.shown.found.interval() == pytest.approx((low, high))
    row = claims_frame([found], given).iloc[0]
    assert row["needed"].endswith("seeds") and row["detectable"] > 0.02
    assert "underpowered: the detectable difference exceeds the printed difference of 0.02" in row["note"]
    n = int(row["needed"].split()[1].replace(",", ""))
    sd = of_seeds.std(ddof=1)
    reached = [stats.nct.sf(stats.t.ppf(0.975, k - 1), k - 1, 0.02 * np.sqrt(k) / sd) for k in (n - 1, n)]
    assert reached[0] < 0.8 <= reached[1]


def test_ties_everywhere_leave_a_claim_undecided(tmp_path: Path) -> None:
    same = np.full((3, 40), 0.5)
    found = decided(inputs(tmp_path, {"a": same, "b": same}, {"gain": better()}))["gain"]
    assert (found.verdict, found.shown.found.effect) == ("undecided", 0.0)
    assert found.shown.found.over == "none: all values are alike"


def test_a_value_that_is_no_number_is_an_error_that_names_the_claim(tmp_path: Path) -> None:
    values = arms(RNG(0), 0.1)
    values["a"][1, 3] = np.nan
    with pytest.raises(TableError, match="claim gain: 'ssim' of a/s is not a number; make its scores again"):
        decide(inputs(tmp_path, values, {"gain": better()}))


def test_arms_that_score_other_items_are_an_error(tmp_path: Path) -> None:
    given = inputs(tmp_path, arms(RNG(0), 0.1), {"gain": better()})
    file = Path(given.tables["t"]["given"]["scores"]["b/s"][0])
    file.write_text(file.read_text().replace("item7,", "item77,"))
    with pytest.raises(TableError, match="claim gain: arms score other items"):
        decide(given)


def test_a_claim_stands_where_it_does_against_each_and_falls_where_it_does_against_one(tmp_path: Path) -> None:
    values = arms(RNG(0), 0.1)
    noise = 0.01 * RNG(1).normal(size=(2, 3, 40))
    values |= {"c": values["a"] + 0.1 + noise[0], "d": values["b"] - 0.1 + noise[1]}
    claims = {"best": better("a", ("b", "d")), "worst": better("a", ("b", "c", "d"))}
    found = decided(inputs(tmp_path, values, claims))
    assert found["best"].verdict == "supported"
    assert found["best"].p == max(one.p for one in found["best"].comparisons)
    assert found["worst"].verdict == "contradicted"
    assert found["worst"].shown.pair.against == "c"


def test_a_margin_rules_out_a_gain_that_the_paper_would_call_one(tmp_path: Path) -> None:
    values = arms(RNG(0), 0.0, noise=0.01)
    none = decided(inputs(tmp_path, values, {"gain": better()}))["gain"]
    some = decided(inputs(tmp_path, values, {"gain": better()}, margins={"t": {"ssim": 0.02}}))["gain"]
    assert (none.verdict, some.verdict) == ("undecided", "contradicted")
    assert 0 < some.shown.found.interval()[1] < 0.02


@pytest.mark.parametrize(
    ("effect", "equal", "no_worse"),
    [
        (0.0, "supported", "supported"),
        (0.1, "contradicted", "supported"),
        (-0.1, "contradicted", "contradicted"),
        (0.02, "undecided", "supported"),
    ],
)
def test_equal_and_no_worse_within_a_margin(tmp_path: Path, effect: float, equal: str, no_worse: str) -> None:
    values = arms(RNG(3), effect, noise=0.01)
    claims = {"equal": {**better(), "kind": "equal"}, "no_worse": {**better(), "kind": "no_worse"}}
    found = decided(inputs(tmp_path, values, claims, margins={"t": {"ssim": 0.02}}))
    assert (found["equal"].verdict, found["no_worse"].verdict) == (equal, no_worse)
    one = found["equal"].shown.found
    assert found["equal"].p == max(one.p_above(-0.02), one.p_below(0.02))
    assert found["no_worse"].p == one.p_above(-0.02)


def test_close_to_a_value_and_a_gain_in_per_cent(tmp_path: Path) -> None:
    values = arms(RNG(0), 0.0, noise=0.002)
    values["a"] = 1.21 * values["b"]
    contrast = {"table": "t", "a": "a", "columns": ["x"]}
    near = {
        "kind": "close_to_value",
        "decided_on": [{**contrast, "values": [float(values["a"].mean())], "margin": 0.2}],
    }
    off = {"kind": "close_to_value", "decided_on": [{**contrast, "values": [0.1], "margin": 0.2}]}
    gain = {
        "kind": "close_to_value",
        "decided_on": [{**contrast, "b": ["b"], "values": [20], "relative": True, "margin": 2}],
    }
    found = decided(inputs(tmp_path, values, {"near": near, "off": off, "gain": gain}))
    assert [found[name].verdict for name in ("near", "off", "gain")] == ["supported", "contradicted", "supported"]
    assert found["gain"].shown.found.effect == pytest.approx(1.0)
    smaller = decided(inputs(tmp_path / "s", values, {"near": near}, standing="among the paper's"))["near"]
    assert smaller.verdict == "untestable here"
    assert smaller.notes[0] == "values are compared on the paper's data and settings alone"


def test_the_smaller_spread_of_two(tmp_path: Path) -> None:
    rng = RNG(0)
    values = {"a": 0.5 + 0.1 * rng.normal(size=(3, 200)), "b": 0.5 + 0.2 * rng.normal(size=(3, 200))}
    contrast = {"table": "t", "a": "a", "b": ["b"], "columns": ["x"], "of": "sd"}
    found = decided(inputs(tmp_path, values, {"tighter": {"kind": "better", "decided_on": [contrast]}}))["tighter"]
    sds = [np.mean([row.std() for row in values[arm]]) for arm in "ab"]
    assert found.shown.found.effect == pytest.approx(sds[1] - sds[0])
    assert found.verdict == "supported"


def test_distances_to_what_real_images_have(tmp_path: Path) -> None:
    values = {
        "a": np.array([[0.9, 1.1, 1.2]]).T + np.zeros((3, 8)),
        "b": np.full((3, 8), 0.5),
        "real": np.full((3, 8), 1.0),
    }
    given = inputs(tmp_path, values, {"nearer": better()}, metric="n_nuclei")
    table = given.tables["t"]["table"]
    assert "real" in table["rows"]
    table["columns"] |= {"r": {"label": "R", "score": "s", "metric": "n_nuclei"}}
    given.tables["t"]["behind"].extend([{**one, "column": "r"} for one in given.tables["t"]["behind"]])
    given.claims["claims"]["nearer"]["decided_on"][0] |= {"columns": ["x"], "near": ["r"]}
    # Column r shows what its row does, so that real images have the mean of `a` itself, from which `a` is no further.
    found = decided(given)["nearer"].shown.found
    assert found.effect == pytest.approx(abs(0.5 - np.mean([0.9, 1.1, 1.2])))


def test_answers_are_tested_exactly_and_tiles_of_an_image_answer_once(tmp_path: Path) -> None:
    right = {"a": 100.0 * np.array([[1] * 20 + [0] * 10] * 2), "b": 100.0 * np.array([[1] * 8 + [0] * 22] * 2)}
    one = decided(inputs(tmp_path, right, {"gain": better()}, metric="accuracy/orig"))["gain"]
    assert one.p == mcnemar_exact(right["a"][0] > 0, right["b"][0] > 0)
    assert one.verdict == "supported"
    images = [f"image{index // 3}" for index in range(30)]
    tiled = decided(inputs(tmp_path / "tiles", right, {"gain": better()}, metric="accuracy/orig", units=images))["gain"]
    assert tiled.p == pytest.approx(mcnemar_exact(np.arange(10) < 7, np.arange(10) < 3))
    assert tiled.verdict == "undecided"


def test_p_is_corrected_over_the_claims_that_were_tested_and_said(tmp_path: Path) -> None:
    claims = {
        "one": better(),
        "two": better(),
        "other": {"kind": "better", "needs": "readers"},
        "implied": better(implied=True),
    }
    found = decided(inputs(tmp_path, arms(RNG(0), 0.04), claims))
    ps = [found[name].p for name in ("one", "two")]
    assert [found[name].p_holm for name in ("one", "two")] == holm(ps)
    assert np.isnan(found["implied"].p_holm)
    assert found["implied"].p == ps[0]
    assert (found["one"].n_tests, found["implied"].n_tests, found["other"].n_tests) == (2, 1, 1)
    assert found["other"].notes == ["needs readers"]


def test_columns_that_a_preset_lacks_keep_a_claim_from_support_alone(tmp_path: Path) -> None:
    contrast = {"table": "t", "a": "a", "b": ["b"], "columns": ["x", "y"]}
    claims = {
        "gain": {"kind": "better", "decided_on": [contrast]},
        "absent": {"kind": "better", "decided_on": [{**contrast, "columns": ["y"]}]},
    }
    found = decided(inputs(tmp_path, arms(RNG(0), 0.1), claims))
    assert (found["gain"].verdict, found["absent"].verdict) == ("undecided", "untestable here")
    assert "no a / y in t (preset paper)" in found["gain"].notes
    fallen = decided(inputs(tmp_path / "b", arms(RNG(0), -0.1), claims))
    assert fallen["gain"].verdict == "contradicted"


def test_a_visual_claim_says_that_a_proxy_decided(tmp_path: Path) -> None:
    found = decided(inputs(tmp_path, arms(RNG(0), 0.1), {"looks": better(kind="visual", by="better")}))["looks"]
    assert (found.verdict, found.notes[0]) == ("supported", "by proxy")


def test_counts_of_data_decide_claims_about_them(tmp_path: Path) -> None:
    claim = {"count": {"kind": "close_to_value", "counted": ["d"]}}
    of = {"counted": {"images": 47}}
    found = [
        decided(inputs(tmp_path, arms(RNG(0), 0), claim, holds={"images": n}, **of))["count"] for n in (47, 46, 79)
    ]
    assert [one.verdict for one in found] == ["supported", "untestable here", "untestable here"]
    assert found[1].notes == ["D has 46 images, the paper 47"]  # which may be a part of them
    nuclei = {"holds": {"images": 47, "nuclei": 9}, "counted": {"images": 47, "nuclei": 10475}}
    assert decided(inputs(tmp_path, arms(RNG(0), 0), claim, **nuclei))["count"].verdict == "contradicted"
    absent = {"count": {"kind": "close_to_value", "counted": ["e"]}}
    assert decided(inputs(tmp_path, arms(RNG(0), 0), absent))["count"].notes == ["no dataset e (preset paper)"]
    phantom = inputs(tmp_path, arms(RNG(0), 0), claim, standing="phantom", **of)
    assert decided(phantom)["count"].verdict == "untestable here"


def test_a_lead_over_whole_trainings(tmp_path: Path) -> None:
    import pandas as pd

    course = {"export": "evaluations", "a": "ours", "b": ["theirs"], "measures": {"ssim": "higher", "mae": "lower"}}
    given = inputs(
        tmp_path, arms(RNG(0), 0), {"leads": {"kind": "trend", "by": "lead", "course": course, "unit": "seed"}}
    )
    behind = {"datasets": ["d"], "words": ALL_YES, "trained": True}

    def run(name: str, ahead: list[float]) -> dict[str, object]:
        files = []
        for seed, share in enumerate(ahead):
            up = np.where(np.arange(20) < 20 * share, 1.0, -1.0)
            files.append(str(tmp_path / f"{name}{seed}.csv"))
            pd.DataFrame({"iteration": np.arange(20), "ssim": up, "mae": -up}).to_csv(files[-1], index=False)
        return {"files": files, "behind": behind}

    def verdict(*ahead: float) -> str:
        given.courses.update(
            {
                "ours/evaluations": run("ours", list(ahead)),
                "theirs/evaluations": {"files": [str(flat)] * len(ahead), "behind": behind},
            }
        )
        return decided(given)["leads"].verdict

    flat = tmp_path / "flat.csv"
    pd.DataFrame({"iteration": np.arange(20), "ssim": np.zeros(20), "mae": np.zeros(20)}).to_csv(flat, index=False)
    assert verdict(0.95, 0.9, 1.0) == "supported"
    assert verdict(0.95, 0.6, 1.0) == "undecided"
    assert verdict(0.4, 0.3, 0.45) == "contradicted"
    assert verdict(1.0) == verdict(0.1) == "undecided"  # one seed
    pd.DataFrame({"iteration": np.arange(40), "ssim": np.zeros(40), "mae": np.zeros(40)}).to_csv(flat, index=False)
    assert verdict(0.95, 0.9, 1.0) == "supported"  # evaluations of the same iterations are held against each other
    pd.DataFrame({"iteration": [1], "ssim": [0]}).to_csv(flat, index=False)
    with pytest.raises(TableError, match="claim leads: no 'mae' in evaluations; there are: iteration, ssim"):
        verdict(1.0)
    del given.courses["theirs/evaluations"]
    assert decided(given)["leads"].notes == ["no run theirs (preset paper)"]


def test_tables_say_verdict_effect_interval_and_what_was_printed(tmp_path: Path) -> None:
    given = inputs(tmp_path, arms(RNG(0), 0.1), {"gain": better()}, printed={"gain": [["0.026"]]})
    decisions = decide(given)
    out = {name: tmp_path / f"claims.{name}" for name in ("csv", "md", "tex", "html", "effects")}
    write_claims(decisions, given, "A paper", out)
    row = claims_frame(decisions, given).iloc[0]
    assert (row["table"], row["row"], row["column"], row["against"]) == ("t", "a", "x", "b")
    assert row["low"] < row["effect"] < row["high"]
    assert row["detectable"] < row["effect"] and row["detectable_holm"] >= row["detectable"]
    effects = effects_frame(decisions)
    assert effects["alone"].tolist() == ["supported"]
    phantom = inputs(tmp_path / "p", arms(RNG(0), 0.1), {"gain": better()}, standing="phantom")
    assert effects_frame(decide(phantom))["alone"].tolist() == [""]
    for suffix in ("md", "html"):
        text = out[suffix].read_text()
        assert "1 supported, 0 contradicted, 0 undecided, 0 untestable here" in text
        assert "supported (paper's data and settings)" in text.replace("&#x27;", "'")
    first = out["csv"].read_bytes()
    write_claims(decide(given), given, "A paper", out)
    assert out["csv"].read_bytes() == first


def test_values_that_are_infinite_or_all_alike_have_no_interval(tmp_path: Path) -> None:
    values = arms(RNG(0), 0.1)
    values["a"][0, 0] = np.inf
    given = inputs(tmp_path, values, {"gain": better()}, metric="psnr")
    found = decided(given)["gain"]
    assert (found.verdict, found.shown.found.over) == ("undecided", "none: a value is infinite")
    assert claims_frame([found], given)["needed"].tolist() == [""]
    alike = {"a": np.full((3, 40), 0.6), "b": np.full((3, 40), 0.5)}
    found = decided(inputs(tmp_path / "b", alike, {"gain": better()}))["gain"]
    assert (found.verdict, found.shown.found.over) == ("undecided", "none: all values are alike")


def test_a_margin_of_gains_needs_gains(tmp_path: Path) -> None:
    rng = RNG(0)
    base = 0.5 + 0.2 * rng.normal(size=(1, 40))
    values = {
        arm: base + by + 0.002 * rng.normal(size=(3, 40)) for arm, by in (("a", 0.1), ("b", 0.1), ("c", 0), ("d", 0.3))
    }
    contrast = {"table": "t", "a": "a", "b": ["b"], "columns": ["x"]}

    def verdict(baseline: str) -> str:
        margin = {"share": 0.5, "between": [["a", baseline], ["b", baseline]]}
        claim = {"kind": "equal", "decided_on": [{**contrast, "margin": margin}]}
        return decided(inputs(tmp_path, values, {"alike": claim}))["alike"].verdict

    assert verdict("c") == "supported"
    assert verdict("d") == "undecided"  # both are losses: alike, but no gain
    lacking = {"kind": "equal", "decided_on": [{**contrast, "margin": {"share": 0.5, "between": [["a", "none"]]}}]}
    assert decided(inputs(tmp_path, values, {"alike": lacking}))["alike"].notes == ["no none / x in t (preset paper)"]


def test_a_part_that_lacks_keeps_a_claim_from_support(tmp_path: Path) -> None:
    claims = {"gain": better(lacks="the other run"), "loss": better("b", ("a",), lacks="the other run")}
    found = decided(inputs(tmp_path, arms(RNG(0), 0.1), claims))
    assert (found["gain"].verdict, found["loss"].verdict) == ("undecided", "contradicted")
    assert "without the other run" in found["gain"].notes


def test_printed_margins_are_of_means_and_not_of_standard_deviations(tmp_path: Path) -> None:
    rng = RNG(5)
    values = {"a": 0.5 + 0.05 * rng.normal(size=(3, 60)), "b": 0.5 + 0.055 * rng.normal(size=(3, 60))}
    claim = {"kind": "better", "decided_on": [{"table": "t", "a": "a", "b": ["b"], "columns": ["x"], "of": "sd"}]}
    given = inputs(tmp_path, values, {"tighter": claim}, margins={"t": {"ssim": 0.1}})
    assert np.isnan(decided(given)["tighter"].shown.margin)
    assert decided(given)["tighter"].verdict == "undecided"
