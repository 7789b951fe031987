"""Embed the images of a dataset or a run's samples."""

from pathlib import Path

from pathgan.jobs import device_of, job
from pathgan.sampling.embedding import embed_store

with job(snakemake):
    embed_store(
        Path(snakemake.input.images),
        snakemake.wildcards.network,
        (Path(snakemake.input.weights), snakemake.params.sha256),
        Path(snakemake.output[0]),
        device_of(snakemake),
        snakemake.threads,
    )
