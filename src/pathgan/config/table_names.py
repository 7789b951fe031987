"""The tables that every paper has without asking for them; no other one may have such a name."""

from __future__ import annotations

HYPER_PARAMETERS = "hyperparameters"
COMPARABILITY = "comparability"
DATASETS = "datasets"
CLAIMS = "claims"
CLAIM_EFFECTS = "claim_effects"
PRINTED = "printed"
REGISTRATION, TILING, EXTRACTION = "registration", "tiling", "extraction"  # of slides
OWN_TABLES = (
    *(HYPER_PARAMETERS, COMPARABILITY, DATASETS, CLAIMS, CLAIM_EFFECTS, PRINTED),
    *(REGISTRATION, TILING, EXTRACTION),
)
