"""What a paper's own printed numbers say of its claims, without any data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import comb, sqrt
from statistics import NormalDist
from typing import Literal

from pathgan.config.claim_loading import direction_of, metric_at
from pathgan.config.claim_pairs import Pair, pairs_of
from pathgan.config.claim_types import ABOUT, Claim, Claims, Contrast, Equation, Gains, Place, evaluate
from pathgan.config.metric_table import metric_of
from pathgan.config.papers import Paper

Supports = Literal["yes", "partly", "no", "not printed"]
ALPHA = 0.05
DIGITS = Decimal("0.001")  # of what no printed digits limit, as a ratio


@dataclass(frozen=True)
class Cells:
    """Of one paper. values, sds: as they are printed, '' where there is none. doubts: cells that cannot be, and why."""

    values: Mapping[Place, str]
    sds: Mapping[Place, str]
    doubts: Mapping[Place, str]

    def known(self) -> dict[str, set[tuple[str, str]]]:
        found: dict[str, set[tuple[str, str]]] = {}
        for table, row, column in self.values:
            found.setdefault(table, set()).add((row, column))
        return found


@dataclass(frozen=True)
class Printed:
    """supports: whether printed numbers bear a claim out. effects: a less b, not turned, a group for each of `b`; of
    equations the value less the one claimed, where some fail of those. why: what keeps them from it, and what their n
    cannot show."""

    supports: Supports
    effects: Sequence[Sequence[Decimal]] = field(default=())
    why: Sequence[str] = field(default=())

    @property
    def effect(self) -> str:
        """As text: columns parted by `;`, groups by `|`."""
        return " | ".join(";".join(map(str, group)) for group in self.effects)


def printed_of(claim: Claim, claims: Claims, cells: Cells, paper: Paper) -> Printed:
    """Whether printed numbers bear a claim out. paper: its preset `paper`."""
    if claim.printed:
        return _of_contrast(claim, claim.printed, claims, cells, paper)
    return _of_equations(claim.arithmetic, cells) if claim.arithmetic else Printed("not printed")


def _word(held: Sequence[bool]) -> Supports:
    return "yes" if all(held) else "partly" if any(held) else "no"


# --- equations --------------------------------------------------------------------------------------------


def _of_equations(equations: Mapping[str, Equation], cells: Cells) -> Printed:
    effects, fails = {}, {}
    for name, one in equations.items():
        value = evaluate(one.value, cells.values)
        claimed, within, step = _claimed(one, value, cells)
        effects[name] = _decimal(value - claimed, step)
        if abs(value - claimed) > within:
            fails[name] = f"{name}: {_decimal(value, step)}, not {_decimal(claimed, step)}"
    shown = [effects[name] for name in fails or effects]
    return Printed(_word([name not in fails for name in effects]), [shown], list(fails.values()))


def _claimed(one: Equation, value: Fraction, cells: Cells) -> tuple[Fraction, Fraction, Decimal]:
    """What a value should be, within what, and the digit to show."""
    if one.claimed is not None:
        claimed = evaluate(one.claimed, cells.values)
        return (
            claimed,
            Fraction(str(one.within or 0)) + (Fraction(str(ABOUT)) * abs(claimed) if one.about else 0),
            DIGITS,
        )
    assert one.share_of is not None
    step = _step(cells.values[_place(str(one.value))])
    return Fraction(round(value * one.share_of / 100) * 100, one.share_of), Fraction(step) / 2, step


def _place(text: str) -> Place:
    table, row, column = text.split(":")
    return table, row, column


def _step(text: str) -> Decimal:
    """The last digit of a printed number."""
    return Decimal(1).scaleb(int(Decimal(text).as_tuple().exponent))


def _decimal(value: Fraction, step: Decimal) -> Decimal:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return (exact if value.denominator == 1 else exact.quantize(step)) + 0  # never -0


# --- contrasts --------------------------------------------------------------------------------------------


def _of_contrast(claim: Claim, contrast: Contrast, claims: Claims, cells: Cells, paper: Paper) -> Printed:
    pairs, _ = pairs_of(contrast, cells.known())
    effects = [_effect(pair, cells) for pair in pairs]
    held = [_bears(claim, claims, pair, effect, cells, paper) for pair, effect in zip(pairs, effects, strict=True)]
    n_arms = len(contrast.b) or 1
    why = [cells.doubts[place] for pair in pairs for place in pair.places if place in cells.doubts]
    supports = _word(held)
    if supports == "yes" and (claim.word or (why and claim.rule == "close")):
        supports = "partly"
    if claim.word:
        why.append("no test is printed" if claim.word == "significant" else "no other method is printed")
    of_pairs = (_smallest_p(claim, pair, effect) for pair, effect in zip(pairs, effects, strict=True))
    smallest = [p for p in of_pairs if p is not None]
    if smallest and max(smallest) > ALPHA:
        shown = ", ".join(f"{p:.2g}" for p in smallest)
        why.append(f"{claim.n} images allow no smaller p (exact McNemar test) than {shown}")
        if claim.word == "significant" and min(smallest) > ALPHA:
            supports = "no"
    why += [told for pair in pairs if (told := _by_spreads(claim, pair, cells))]
    return Printed(supports, [effects[start::n_arms] for start in range(n_arms)], list(dict.fromkeys(why)))


def _effect(pair: Pair, cells: Cells) -> Decimal:
    of = cells.sds if pair.contrast.of == "sd" else cells.values
    ours = Decimal(of[pair.a])
    theirs = Decimal(of[pair.b]) if pair.b else Decimal(str(pair.value))
    if pair.contrast.relative:
        return (100 * (ours / theirs - 1) - Decimal(str(pair.value))).quantize(Decimal("0.01"))
    return ours - theirs


def _bears(claim: Claim, claims: Claims, pair: Pair, effect: Decimal, cells: Cells, paper: Paper) -> bool:
    metrics = tuple(metric_at([paper], place) for place in (pair.a, pair.b) if place)
    better = direction_of(pair.contrast, metrics)
    turned = -effect if better == "lower" else effect
    given = claims.margin(claim, pair.contrast, metrics[0])
    margin = Decimal(0) if given is None or isinstance(given, Gains) else Decimal(str(given))
    match claim.rule:
        case "better":
            return turned > 0
        case "no_worse":
            return turned > -margin
        case "equal":
            return abs(effect) < margin
        case _:
            if claim.n and metric_of(metrics[0]).all_right:
                return _binomial_p(cells.values[pair.a], pair.value, claim.n) > ALPHA
            return abs(effect) <= (margin if pair.contrast.relative else _step(cells.values[pair.a]) / 2)


def _smallest_p(claim: Claim, pair: Pair, effect: Decimal) -> float | None:
    """Of an exact McNemar test of two printed percentages of n images, had no image gone the other way."""
    if not claim.n or not pair.b or claim.rule != "better":
        return None
    changed = round(abs(effect) * claim.n / 100)
    return min(1.0, 2 * 0.5**changed)


def _binomial_p(percentage: str, chance: float, n: int) -> float:
    """Two-sided exact p that a printed percentage of right answers of n is no more or less than `chance` [%]."""
    k, p = round(Decimal(percentage) * n / 100), chance / 100
    of = [comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(n + 1)]
    return min(1.0, sum(one for one in of if one <= of[k] * (1 + 1e-9)))


def _by_spreads(claim: Claim, pair: Pair, cells: Cells) -> str:
    """What two printed means with standard deviations over n pairs could show."""
    sds = [cells.sds.get(place, "") for place in (pair.a, pair.b) if place]
    if not claim.pairs or claim.rule != "better" or len(sds) < 2 or not all(sds) or pair.contrast.of == "sd":
        return ""
    one, other = map(float, sds)
    effect, reach = float(_effect(pair, cells)), NormalDist().inv_cdf(1 - ALPHA / 2)
    errors = abs(effect) / sqrt((one**2 + other**2) / claim.pairs)
    needed = (one**2 + other**2 - claim.pairs * (effect / reach) ** 2) / (2 * one * other)
    if errors >= reach:
        return ""
    return (
        f"{errors:.1f} standard errors from {pair.against} if {claim.pairs} pairs were not paired; "
        f"significant only where they correlate with r of {needed:.2f} or more"
    )
