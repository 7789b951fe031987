"""How far a claim's evidence reaches: whose data, which settings, how many units and trainings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from deciding import ALL_YES, arms, better, decided, inputs
from pathgan.claims.arm_differences import Difference
from pathgan.claims.claim_inputs import ClaimInputs

RNG = np.random.default_rng


@pytest.mark.parametrize(
    ("standing", "evidence", "reason"),
    [("phantom", "demo", "phantom data"), ("another", "stand-in data", "D are other images than the paper's")],
)
def test_phantoms_and_stand_ins_never_decide(tmp_path: Path, standing: str, evidence: str, reason: str) -> None:
    for effect in (0.1, -0.1):
        found = decided(inputs(tmp_path, arms(RNG(0), effect), {"gain": better()}, standing=standing))["gain"]
        assert (found.verdict, found.evidence) == ("untestable here", evidence)
        assert reason in found.notes
        assert found.shown.found.effect == pytest.approx(effect, abs=0.03)  # is shown all the same
        assert np.isnan(found.p_holm)


def test_another_number_of_images_is_other_data_or_fewer(tmp_path: Path) -> None:
    of = {"counted": {"images": 47}}
    levels = [
        decided(inputs(tmp_path, arms(RNG(0), 0.1), {"gain": better()}, holds={"images": n}, **of))["gain"]
        for n in (47, 40, 79)
    ]
    assert [one.evidence for one in levels] == ["paper's data and settings", "paper's data, smaller", "stand-in data"]
    assert [one.verdict for one in levels] == ["supported", "supported", "untestable here"]
    assert "D has 40 images, the paper 47" in levels[1].notes


def test_a_shorter_training_is_less_evidence(tmp_path: Path) -> None:
    given = inputs(tmp_path, arms(RNG(0), 0.1), {"gain": better()}, words=ALL_YES | {"settings": "no"})
    assert decided(given)["gain"].evidence == "paper's data, smaller"


SET_FACTS = {"n_images": 50, "n_real": 50, "n_floor": 25, "kid_subset_size": 10}


def with_jackknife(given: ClaimInputs, spread: float = 0.001, **prefix: str) -> ClaimInputs:
    """The scores of whole sets without each of seven units. spread: of those of `a`. prefix: of an arm's real units."""
    for run, files in given.tables["t"]["given"]["scores"].items():
        arm = run.partition("/")[0]
        for file in files:
            rows = []
            for side in ("real", "made"):
                named = prefix.get(arm, "u") if side == "real" else "u"
                values = (0.1 + (spread if arm == "a" else 0) * (i - 3) for i in range(7))
                rows += [f"{side}: {named}{i},kid_full_without,{value}" for i, value in enumerate(values)]
            Path(file).write_text(Path(file).read_text() + "\n".join(rows) + "\n")
    return given


def test_a_network_that_stands_in_decides_nothing(tmp_path: Path) -> None:
    sets = {"a": np.array([0.1, 0.11, 0.12]), "b": np.array([0.5, 0.52, 0.54])}

    def given() -> ClaimInputs:
        return with_jackknife(inputs(tmp_path, sets, {"nearer": better()}, metric="kid_full", facts=SET_FACTS))

    assert decided(given())["nearer"].verdict == "supported"
    stand_in = given()
    for files in stand_in.tables["t"]["given"]["scores"].values():
        for file in files:
            Path(file).write_text(Path(file).read_text().replace(",kid_full", ",kd_full_lite0"))
    found = decided(stand_in)["nearer"]
    assert (found.verdict, found.notes[0]) == ("untestable here", "kd_lite0 in place of KID")


def test_scores_of_sets_say_nothing_of_other_images_where_their_spread_is_unknown(tmp_path: Path) -> None:
    sets = {"a": np.array([0.9, 0.91, 0.92]), "b": np.array([0.5, 0.52, 0.54])}
    facts = {"n_images": 2.0, "n_real": 50, "n_floor": 2}
    images, trainings = (
        decided(inputs(tmp_path, sets, {"more": better(unit=unit)}, metric="precision", facts=facts))["more"]
        for unit in ("image", "seed")
    )
    assert images.verdict == "undecided"
    assert images.shown.found.over == "none: the score of a whole set, whose spread over units is not known"
    assert (trainings.verdict, trainings.shown.found.over) == ("supported", "seeds")


def test_one_training_says_nothing_of_others(tmp_path: Path) -> None:
    one = decided(inputs(tmp_path, arms(RNG(0), 0.3, n_seeds=1), {"gain": better()}))["gain"]
    assert (one.verdict, one.shown.found.over) == ("undecided", "none: one training")
    untrained = inputs(tmp_path / "u", arms(RNG(0), 0.3, n_seeds=1), {"gain": better()}, trained=False)
    assert decided(untrained)["gain"].verdict == "supported"


def test_tiles_of_few_images_say_nothing_of_others(tmp_path: Path) -> None:
    tiles = inputs(
        tmp_path, arms(RNG(0), 0.3), {"gain": better()}, units=[f"image{index // 10}" for index in range(40)]
    )
    found = decided(tiles)["gain"]
    assert (found.verdict, found.shown.found.over) == ("undecided", "none: fewer than 5 units")


def test_folds_that_were_trained_anew_count_as_trainings(tmp_path: Path) -> None:
    values = arms(RNG(0), 0.3, n_seeds=1)
    values["a"] += np.array([0.1, 0, -0.1, 0.05, -0.05])[np.arange(40) % 5]  # item i is of fold i % 5
    found = decided(inputs(tmp_path, values, {"gain": better()}, folds=5))["gain"]
    assert (found.verdict, found.shown.found.over) == ("supported", "units and folds")
    difference = (values["a"] - values["b"])[0]
    means = np.array([difference[fold::5].mean() for fold in range(5)])
    assert found.shown.found.interval() == pytest.approx(stats.t.interval(0.95, 4, difference.mean(), stats.sem(means)))


def test_scores_of_sets_have_a_jackknife_over_units_beside_seeds(tmp_path: Path) -> None:
    sets = {"a": np.array([0.10, 0.10, 0.10]), "b": np.array([0.30, 0.30, 0.30])}

    def found(spread: float, seeds: slice = slice(None), trained: bool = True, **prefix: str) -> Difference:
        chosen = {arm: values[seeds] for arm, values in sets.items()}
        given = inputs(tmp_path, chosen, {"nearer": better()}, metric="kid_full", facts=SET_FACTS, trained=trained)
        return decided(with_jackknife(given, spread, **prefix))["nearer"].shown.found

    narrow, wide = found(0.001), found(0.5)
    assert narrow.interval()[0] > 0 > wide.interval()[0]
    assert (narrow.over, narrow.n) == ("units and seeds", 7)
    squares = np.square(0.5 * np.arange(-3, 4)).sum()
    half = stats.t.ppf(0.975, 6) * np.sqrt(2 * 6 / 7 * squares)
    assert wide.interval() == pytest.approx((0.2 - half, 0.2 + half))
    elsewhere = found(0.5, b="other")  # real images that the arms do not share: each adds its own
    assert elsewhere.interval() == pytest.approx(wide.interval())
    assert found(0.001, slice(0, 1)).over == "none: one training"
    assert found(0.001, slice(0, 1), trained=False).over == "units"


def test_what_tables_say_of_settings_lowers_the_evidence(tmp_path: Path) -> None:
    right = {"a": 100.0 * np.array([[1] * 20 + [0] * 10] * 2), "b": 100.0 * np.array([[1] * 8 + [0] * 22] * 2)}
    given = inputs(tmp_path, right, {"gain": better()}, metric="accuracy/orig")
    for files in given.tables["t"]["given"]["scores"].values():
        for file in files:
            Path(file).write_text(Path(file).read_text() + "set,random_start,1\n")
    found = decided(given)["gain"]
    assert found.evidence == "paper's data, smaller"
    assert "first weights are random, not ImageNet's" in found.notes
    other = inputs(tmp_path / "m", right, {"gain": better()}, metric="accuracy/orig", words=ALL_YES | {"metric": "no"})
    assert decided(other)["gain"].notes[0] == "an option of the metric is not the paper's"
