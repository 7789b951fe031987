"""A comparison of a claim, measured: the difference of two cells, its margin, and on what it rests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pathgan.claims.arm_differences import Difference, difference
from pathgan.claims.claim_inputs import ClaimInputs
from pathgan.claims.evidence import Level, weakest
from pathgan.claims.rules import p_of
from pathgan.config.claim_loading import direction_of
from pathgan.config.claim_pairs import Pair
from pathgan.config.claim_types import Claim, Claims, Gains, Place
from pathgan.render.remarks import remarks
from pathgan.scoring.cell_values import CellValues

SMALLER: Level = "paper's data, smaller"
OTHER_METRIC = "an option of the metric is not the paper's"


@dataclass(frozen=True)
class Comparison:
    """metric: key of what is compared. margin: NaN where the claim has none. p: before it is corrected. level: on what
    the numbers rest. told: why that is no more. barred: what else keeps any claim from being decided by them. printed:
    the same difference of printed cells, turned like ours; NaN where there is none."""

    pair: Pair
    metric: str
    found: Difference
    margin: float
    p: float
    level: Level
    told: Sequence[str]
    barred: str
    printed: float


def compare(name: str, claim: Claim, claims: Claims, pair: Pair, inputs: ClaimInputs) -> Comparison:
    """name: the claim's id. Raises TableError where the cells' scores do not fit together."""
    a = _arm(pair.a, pair.less[:1], inputs)
    b = _arm(pair.b, pair.less[1:], inputs) if pair.b else pair.value
    metrics = tuple(inputs.values(place).metric.key for place in (pair.a, pair.b) if place)
    lower_is_better = direction_of(pair.contrast, metrics) == "lower"
    lower = claim.rule in ("better", "no_worse") and lower_is_better
    found = difference(
        a,
        b,
        inputs.units(pair.places),
        lower_is_better=lower,
        of_seeds=claim.unit == "seed",
        trained=any(inputs.behind(place)["trained"] for place in pair.places),
        of_sd=pair.contrast.of == "sd",
        relative_to=pair.value if pair.contrast.relative else None,
        near=float(np.mean(inputs.values(pair.near).of_seeds)) if pair.near else None,
    )
    margin = _margin(claim, claims, pair, inputs, lower_is_better)
    level, told = inputs.level([inputs.behind(place) for place in pair.places])
    said = [remarks(one.key, one.metric, one.facts, one.network) for one in map(inputs.values, pair.places)]
    if of_settings := [text for one in said for text in one.settings]:
        level, told = weakest([level, SMALLER]), [*told, *of_settings]
    barred = [text for one in said for text in one.metric]
    barred += [OTHER_METRIC for place in pair.places if inputs.behind(place)["words"]["metric"] == "no"]
    printed = _printed(claim, pair, inputs.printed[name]["effects"])
    p = p_of(claim.rule, found, margin)
    other = next(iter(barred), "")
    return Comparison(
        pair, metrics[0].rstrip("/"), found, margin, p, level, told, other, -printed if lower else printed
    )


def _printed(claim: Claim, pair: Pair, effects: Sequence[Sequence[str]]) -> float:
    """The printed effect of the same arms in the same column. The printed contrast has as many arms, in the same order,
    and as many columns, or one for several of ours in a row."""
    theirs, ours = claim.printed, pair.contrast
    if theirs is None or len(theirs.b) != len(ours.b) or len(ours.columns) % len(theirs.columns):
        return np.nan
    arm = ours.b.index(pair.arm) if pair.arm else 0
    column = ours.columns.index(pair.column) * len(theirs.columns) // len(ours.columns)
    return float(effects[arm][column])


def _arm(place: Place, less: Sequence[Place], inputs: ClaimInputs) -> CellValues:
    """The scores of a cell; less those of another one, of the items that both have."""
    cell = inputs.values(place)
    if not less:
        return cell
    pairs = zip(cell.by_item, inputs.values(less[0]).by_item, strict=True)
    by_item = [(one - other).dropna() for one, other in pairs]
    fold = dict(zip(cell.by_item[0].index, cell.fold, strict=True))
    return replace(cell, by_item=by_item, fold=[fold[item] for item in by_item[0].index])


def _margin(claim: Claim, claims: Claims, pair: Pair, inputs: ClaimInputs, lower: bool) -> float:
    """NaN where there is none; of gains, where one of them is no gain."""
    given = claims.margin(claim, pair.contrast, inputs.values(pair.a).metric.key)
    if not isinstance(given, Gains):
        return np.nan if given is None else given
    means = [[float(np.mean(inputs.values(place).of_seeds)) for place in places] for places in pair.gains]
    smallest = min((other - one if lower else one - other) for one, other in means)
    return given.share * smallest if smallest > 0 else np.nan
