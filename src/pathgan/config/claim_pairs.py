"""The comparisons that a contrast of a claim stands for: which cells are held against which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pathgan.config.claim_types import Claim, Contrast, Gains, Place

Cells = Mapping[str, set[tuple[str, str]]]  # table -> row and column of each of its cells


@dataclass(frozen=True)
class Pair:
    """Two cells, or a cell and a value, in a `column` of a contrast. less: the two cells whose difference is taken off.
    near: the cell of real images that both arms are distances to. gains: pairs of cells whose differences make the
    margin."""

    contrast: Contrast
    column: str
    arm: str  # of `contrast.b`; '' where `a` is held against a value
    a: Place
    b: Place | None
    value: float
    less: tuple[Place, ...] = ()
    near: Place | None = None
    gains: tuple[tuple[Place, Place], ...] = ()

    @property
    def places(self) -> list[Place]:
        """Every cell that it needs."""
        of_margin = (place for pair in self.gains for place in pair)
        return [place for place in (self.a, self.b, *self.less, self.near, *of_margin) if place is not None]

    @property
    def against(self) -> str:
        """What `a` is held against, in a word."""
        if self.b is None:
            return f"{self.value:g}"
        return next((theirs for ours, theirs in zip(self.a[1:], self.b[1:], strict=True) if ours != theirs), self.b[0])


def place_of(contrast: Contrast, arm: str, column: str, cells: Cells) -> Place:
    """The cell of an arm in a column: the arm is a row, or the column of that name."""
    table, _, key = arm.rpartition(":")
    table = table or contrast.table
    return (table, column, key) if (column, key) in cells.get(table, ()) else (table, key, column)


def deciding_pairs(claim: Claim, cells: Cells) -> tuple[list[Pair], list[Place]]:
    """The comparisons that decide a claim, of the cells that there are: between cells of ours, and where there are none
    of those, between the printed ones; and the cells that others lack."""
    lacking: list[Place] = []
    for contrasts in (claim.decided_on, (claim.printed,) if claim.printed else ()):
        told = [pairs_of(one, cells) for one in contrasts]
        missing = [place for _, places in told for place in places]
        if found := [pair for pairs, _ in told for pair in pairs]:
            return found, missing
        lacking += missing
    return [], lacking


def pairs_of(contrast: Contrast, cells: Cells) -> tuple[list[Pair], list[Place]]:
    """Every comparison of a contrast whose cells there are, and the cells that others lack."""
    found = list(_pairs(contrast, cells))
    needed = dict.fromkeys(place for one in found for place in one.places)
    lacking = [place for place in needed if place[1:] not in cells.get(place[0], ())]
    return [one for one in found if not set(one.places) & set(lacking)], lacking


def _pairs(contrast: Contrast, cells: Cells) -> Iterator[Pair]:
    for index, column in enumerate(contrast.columns):
        for arm in contrast.b or (None,):
            arms = [one for one in (contrast.a, arm) if one]
            yield Pair(
                contrast,
                column,
                arm or "",
                a=place_of(contrast, contrast.a, column, cells),
                b=place_of(contrast, arm, column, cells) if arm else None,
                value=contrast.values[index] if contrast.values else 0.0,
                less=tuple(place_of(contrast, one, contrast.less[index], cells) for one in arms if contrast.less),
                near=place_of(contrast, contrast.a, contrast.near[index], cells) if contrast.near else None,
                gains=tuple(
                    (place_of(contrast, one, column, cells), place_of(contrast, other, column, cells))
                    for one, other in (contrast.margin.between if isinstance(contrast.margin, Gains) else ())
                ),
            )
