"""Procedural tissue with exact ground truth, built from parts: noise, stains, nuclei, fields."""

from pathgan.phantoms.fields import Field, histology_field
from pathgan.phantoms.nuclei import NUCLEUS_KINDS, Nuclei, NucleusKind, rasterise, scatter
from pathgan.phantoms.smears import cytology_smear

__all__ = [
    "NUCLEUS_KINDS",
    "Field",
    "Nuclei",
    "NucleusKind",
    "cytology_smear",
    "histology_field",
    "rasterise",
    "scatter",
]
