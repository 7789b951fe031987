"""How phantom tissue and phantom smears look; lengths are in pixels of the phantom."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pathgan.config.strict import Fraction, Strict


class Tissue(Strict):
    """A phantom's look, at the pixel size of the phantom."""

    nuclei_per_mpx: Annotated[float, Field(gt=0)] = 2600.0  # a million pixels
    radius_px: Annotated[float, Field(gt=1)] = 8.0  # of a tumour nucleus
    tumour_fraction: Fraction = 0.7
    touching: Fraction = 0.3  # nuclei that are placed against another
    haematoxylin: float = 1.0  # stain strength, 1 is typical
    eosin: float = 1.0
    fibres: Fraction = 0.6  # of stroma: 0 even, 1 fibrous


class Smear(Strict):
    """A phantom smear's look, at the pixel size of the phantom."""

    cells_per_mpx: Annotated[float, Field(gt=0)] = 1200.0  # a million pixels
    radius_px: Annotated[float, Field(gt=1)] = 8.0  # of a nucleus
    pleomorphism: Fraction = 0.2  # how much nuclei differ: 0 all round and alike
    clustering: Fraction = 0.6  # cells that lie against another
    red_cells_per_mpx: Annotated[float, Field(ge=0)] = 300.0
    haematoxylin: float = 1.0  # stain strength, 1 is typical
