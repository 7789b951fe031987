"""Options of the watershed that parts touching nuclei."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pathgan.config.strict import Fraction, Strict


class Watershed(Strict):
    """From a nucleus probability to instances (Naylor et al. 2018)."""

    threshold: Fraction = 0.5
    h: Annotated[int, Field(ge=0, le=255)] = 7  # of 255
    min_area_px: int = 20
