"""Procedural tissue with exact ground truth, built from parts: noise, stains, nuclei, fields."""

from pathgan.phantoms.fields import Field, histology_field
from pathgan.phantoms.nuclei import NUCLEUS_KINDS, Nuclei, NucleusKind, rasterise, scatter
from pathgan.phantoms.stains import STAIN_VECTORS, beer_lambert, optical_density

__all__ = [
    "NUCLEUS_KINDS",
    "STAIN_VECTORS",
    "Field",
    "Nuclei",
    "NucleusKind",
    "beer_lambert",
    "histology_field",
    "optical_density",
    "rasterise",
    "scatter",
]
