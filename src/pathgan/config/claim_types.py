"""What a paper claims, and what decides each claim: `config/claims/{paper}.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import prod
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from pathgan.config.strict import Name, Strict

Kind = Literal["better", "larger_effect", "no_worse", "equal", "close_to_value", "visual", "trend"]
Rule = Literal["better", "no_worse", "equal", "close", "lead"]  # how an effect decides
OWN_RULE: dict[str, Rule] = {
    "better": "better",
    "larger_effect": "better",
    "no_worse": "no_worse",
    "equal": "equal",
    "close_to_value": "close",
}
NEED_MARGIN = ("no_worse", "equal", "close")
ABOUT = 0.05  # what "about" is taken for
Text = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(gt=0, le=1)]
Place = tuple[str, str, str]  # table, row, column of a cell


class Gains(Strict):
    """A margin that is a share of the smallest of several differences between arms of the same column."""

    share: Share
    between: Annotated[tuple[tuple[str, str], ...], Field(min_length=1)]


class Contrast(Strict):
    """An arm held against others, or against values, in one column or several.

    An arm is a row of the table and a column is a column, or the other way round: whichever cells there are. An arm may
    name another table, as `table3:benign`.
    """

    table: Name
    a: Text
    b: tuple[Text, ...] = ()
    values: tuple[float, ...] = ()  # one per column
    columns: Annotated[tuple[Text, ...], Field(min_length=1)]
    less: tuple[Text, ...] = ()  # one per column: the effect there is taken off
    near: tuple[Text, ...] = ()  # one per column: that of real images; arms are distances to it
    of: Literal["mean", "sd"] = "mean"  # over the items of a cell
    relative: bool = False  # the effect is the gain of `a` over `b` in per cent of `b`, less `values`
    direction: Literal["higher", "lower"] | None = None  # of metrics of which neither is better by itself
    margin: Annotated[float, Field(gt=0)] | Gains | None = None  # the paper's, of `margins`, where not given

    @model_validator(mode="after")
    def _fits(self) -> Contrast:
        if self.relative != bool(self.b and self.values):
            raise ValueError("expected b or values; both with relative: true, and with nothing else")
        if not self.b and not self.values:
            raise ValueError("expected b, the arms that a is held against, or values")
        for name in ("values", "less", "near"):
            given = getattr(self, name)
            if given and len(given) != len(self.columns):
                raise ValueError(f"{name}: expected one per column, {len(self.columns)}, got {len(given)}")
        return self


class Operation(Strict):
    """Of quantities: exactly one of these."""

    sum: tuple[Quantity, ...] = ()
    difference: tuple[Quantity, Quantity] | None = None
    product: tuple[Quantity, ...] = ()
    ratio: tuple[Quantity, Quantity] | None = None

    @model_validator(mode="after")
    def _one(self) -> Operation:
        if sum(map(bool, (self.sum, self.difference, self.product, self.ratio))) != 1:
            raise ValueError("expected one of sum, difference, product and ratio")
        return self


Quantity = float | str | Operation  # a string: a printed cell, `table:row:column`


class Equation(Strict):
    """Numbers of the text or of printed cells, which should make another one."""

    value: Quantity
    claimed: Quantity | None = None
    within: Annotated[float, Field(ge=0)] | None = None  # exactly, where not given
    about: bool = False  # within ABOUT of what is claimed
    share_of: Annotated[int, Field(gt=0)] | None = None  # a printed percentage, which a count out of so many gives

    @model_validator(mode="after")
    def _one_kind(self) -> Equation:
        if (self.claimed is None) == (self.share_of is None):
            raise ValueError("expected claimed or share_of")
        if self.share_of and not isinstance(self.value, str):
            raise ValueError("share_of: expected a printed cell as value")
        if self.about and self.within is not None:
            raise ValueError("expected within or about, got both")
        return self


class Course(Strict):
    """What was measured while runs trained: one leads others, evaluation by evaluation; or levels off by itself."""

    export: Literal["evaluations", "history"]
    a: Name
    b: tuple[Name, ...] = ()  # none: the slope of `a` over the last tenth is below a tenth of that over the first
    measures: Annotated[dict[str, Literal["higher", "lower"]], Field(min_length=1)]

    @property
    def runs(self) -> tuple[Name, ...]:
        """All of them."""
        return (self.a, *self.b)


class Reading(Strict):
    """What readers are asked of unlabelled pairs, an image of a sample set and one of another set, or a real one."""

    question: Text
    of: Name
    against: Name
    alike: bool = False  # the claim is that they cannot be told apart, and not that `of` is chosen
    part: str = ""  # what alone of the claim is asked; then answers may contradict it, and not support it


class Claim(Strict):
    """An empirical claim, in our words."""

    where: Text  # in the paper
    says: Text
    kind: Kind
    by: Rule | None = None  # how the proxy of a visual claim decides, or a trend
    general: bool = False  # of a method, whatever the images: other data than the paper's may decide it
    implied: bool = False  # the order of a table, which nobody says in words
    word: Literal["significant", "state of the art"] | None = None  # a stronger one than better
    unit: Literal["image", "slide", "patient", "set", "seed"]  # what is resampled as a whole
    n_printed: str = ""
    n: Annotated[int, Field(gt=0)] | None = None  # images behind printed percentages of right answers
    pairs: Annotated[int, Field(gt=0)] | None = None  # behind printed means with standard deviations
    printed: Contrast | None = None  # between cells that the paper prints
    decided_on: tuple[
        Contrast, ...
    ] = ()  # between cells of ours; `printed` where not given, or where a preset has none
    arithmetic: dict[str, Equation] = Field(default={})  # of printed numbers
    counted: tuple[Name, ...] = ()  # datasets of which the paper counts something
    course: Course | None = None
    reading: Reading | None = None  # what decides it where readers have answered
    needs: str = ""  # what nobody has here
    lacks: str = ""  # the same of a part of it; then the rest may contradict it, and not support it
    note: str = ""

    @model_validator(mode="after")
    def _decidable(self) -> Claim:
        if (self.kind in OWN_RULE) == (self.by is not None) and self.contrasts:
            raise ValueError(f"by: expected of the kinds visual and trend, which have contrasts; this is {self.kind!r}")
        deciders = (self.contrasts, self.arithmetic, self.counted, self.course)
        if any(deciders) == bool(self.needs):
            raise ValueError("expected what decides it (printed, decided_on, arithmetic, counted, course), or needs")
        return self

    @property
    def rule(self) -> Rule:
        """How its effect decides; of what nobody can decide here, that of most."""
        return self.by or OWN_RULE.get(self.kind, "better")

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """All of its contrasts."""
        return (*self.decided_on, *((self.printed,) if self.printed else ()))

    @property
    def by_arithmetic(self) -> bool:
        """Whether printed numbers alone decide it."""
        return bool(self.arithmetic) and not (self.contrasts or self.counted or self.course)


class Claims(Strict):
    """All claims of a paper, by id. margins: table -> metric -> the smallest difference that the paper calls a gain."""

    margins: dict[Name, dict[str, Annotated[float, Field(gt=0)]]] = Field(default={})
    claims: dict[Name, Claim]

    @field_validator("claims")
    @classmethod
    def _some(cls, claims: dict[str, Claim]) -> dict[str, Claim]:
        if not claims:
            raise ValueError("expected at least one claim")
        return claims

    def margin(self, claim: Claim, contrast: Contrast, metric: str) -> float | Gains | None:
        """Of a contrast of a claim, in a metric: its own, or that of the table whose printed cells the claim is of.
        Those are of means, and not of standard deviations."""
        if contrast.margin is not None or contrast.of == "sd":
            return contrast.margin
        table = claim.printed.table if claim.printed else contrast.table
        return self.margins.get(table, {}).get(metric.partition("/")[0])


def evaluate(quantity: Quantity, printed: Mapping[Place, str]) -> Fraction:
    """Exactly. printed: cells as they are printed. Raises KeyError for a cell that is not."""
    if isinstance(quantity, Operation):
        if quantity.difference:
            one, other = (evaluate(part, printed) for part in quantity.difference)
            return one - other
        if quantity.ratio:
            one, other = (evaluate(part, printed) for part in quantity.ratio)
            return one / other
        parts = [evaluate(part, printed) for part in quantity.sum or quantity.product]
        return sum(parts, Fraction()) if quantity.sum else prod(parts, start=Fraction(1))
    if isinstance(quantity, str):
        table, row, column = quantity.split(":")
        return Fraction(printed[table, row, column])
    return Fraction(str(quantity))
