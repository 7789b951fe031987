"""Embed the images of a dataset or a run's samples."""

from pathlib import Path

from pathgan.jobs import job
from pathgan.recipes.embedding import embed_store

with job(snakemake):
    weights = snakemake.input.get("weights")
    embed_store(
        Path(snakemake.input.images),
        snakemake.wildcards.network,
        weights and (Path(weights), snakemake.params.sha256),
        Path(snakemake.output[0]),
        snakemake.config.get("device", "auto"),
        snakemake.threads,
    )
