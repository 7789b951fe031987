"""Find the nuclei of a store's images by their colours."""

from pathlib import Path

from pathgan.config.runs.mixture_run import MixtureRun
from pathgan.jobs import job
from pathgan.sampling.nuclei_finding import segment_store

with job(snakemake):
    run = MixtureRun.model_validate(snakemake.params.run)
    segment_store(run, Path(snakemake.input.images), int(snakemake.wildcards.seed), Path(snakemake.output[0]))
