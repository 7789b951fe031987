"""Find the nuclei of a store's images by their colours."""

from pathlib import Path

from pathgan.config.runs import MixtureRun
from pathgan.datasets.nuclei import segment_store
from pathgan.jobs import job

with job(snakemake):
    run = MixtureRun.model_validate(snakemake.params.run)
    segment_store(run, Path(snakemake.input.images), int(snakemake.wildcards.seed), Path(snakemake.output[0]))
