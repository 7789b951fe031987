"""Embed a dataset's split or a run's samples."""

from pathlib import Path

from pathgan.jobs import job
from pathgan.recipes.embedding import embed_store

with job(snakemake):
    weights, manifest = (snakemake.input.get(name) for name in ("weights", "manifest"))
    embed_store(
        Path(snakemake.input.images),
        manifest and Path(manifest),
        snakemake.wildcards.images.rsplit("/", 1)[1],
        snakemake.wildcards.network,
        weights and (Path(weights), snakemake.params.sha256),
        Path(snakemake.output[0]),
        snakemake.config.get("device", "auto"),
        snakemake.threads,
    )
