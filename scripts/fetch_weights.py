"""Get the trained weights of a network."""

from pathlib import Path

from pathgan.config.models import Weights
from pathgan.datasets.fetch import fetch_weights
from pathgan.jobs import job

with job(snakemake):
    fetch_weights(Weights.model_validate(snakemake.params.weights), Path(snakemake.output[0]))
