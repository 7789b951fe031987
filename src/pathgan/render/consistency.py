"""Doubt about printed values: percentages that no count of images gives, and PQ far from DQ x SQ."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

Cell = tuple[str, str]  # row, column

# PQ is DQ x SQ in every image. Means over images differ from the product of means by the covariance of DQ and
# SQ: at most 0.004 in the rows of Enhanced Sharp-GAN that agree. Ours: more than this, and rounding, does not fit.
PQ_TOLERANCE = Decimal("0.01")


def published_doubts(printed: Mapping[Cell, str], published_n: int | None) -> dict[Cell, str]:
    """The printed cells of a table that cannot be trusted, and why. published_n: images behind its percentages."""
    percentages = impossible_percentages(printed, published_n) if published_n else {}
    return unfit_qualities(printed) | percentages


def is_percentage_of(printed: str, n_images: int) -> bool:
    """Whether some whole number of `n_images`, as a percentage rounded like `printed`, gives it (the GRIM test)."""
    value = Decimal(printed)
    step = Decimal(1).scaleb(value.as_tuple().exponent)  # type: ignore[arg-type]
    near = int(value * n_images / 100)
    shares = [Decimal(100 * count) / n_images for count in range(max(near - 1, 0), min(near + 2, n_images) + 1)]
    rounded = {share.quantize(step, way) for share in shares for way in (ROUND_HALF_EVEN, ROUND_HALF_UP)}
    return value in rounded


def impossible_percentages(printed: Mapping[Cell, str], n_images: int) -> dict[Cell, str]:
    """The cells of a table of percentages of `n_images` that cannot be, with the reason."""
    reason = "published value cannot be: {} % of {} images is {:.1f} images"
    return {
        cell: reason.format(value, n_images, Decimal(value) * n_images / 100)
        for cell, value in printed.items()
        if not is_percentage_of(value, n_images)
    }


def unfit_qualities(printed: Mapping[Cell, str]) -> dict[Cell, str]:
    """The cells whose DQ, SQ and PQ hardly belong together; columns end in `dq`, `sq`, `pq`, fractions or per cent."""
    found: dict[Cell, str] = {}
    for row, column in printed:
        if not column.endswith("dq"):
            continue
        cells = [(row, column.removesuffix("dq") + name) for name in ("dq", "sq", "pq")]
        if not all(cell in printed for cell in cells):
            continue
        dq, sq, pq = (Decimal(printed[cell]) for cell in cells)
        one = 100 if max(dq, sq, pq) > 1 else 1
        product = dq * sq / one
        half_steps = sum(Decimal(5).scaleb(int(value.as_tuple().exponent) - 1) for value in (dq, sq, pq))
        if abs(product - pq) > PQ_TOLERANCE * one + half_steps:
            found |= dict.fromkeys(cells, f"published values do not fit: DQ x SQ = {product:.3f}, PQ {pq}")
    return found
