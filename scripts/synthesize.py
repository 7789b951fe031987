"""Apply a trained generator to the conditions of a dataset."""

from pathlib import Path

from pathgan.config.models import PairedRun
from pathgan.jobs import job
from pathgan.recipes.running import synthesize
from pathgan.recipes.sources import Source

with job(snakemake):
    synthesize(
        PairedRun.model_validate(snakemake.params.run),
        Path(snakemake.input.weights),
        Source.model_validate(snakemake.params.source),
        Path(snakemake.output[0]),
        snakemake.config.get("device", "auto"),
        snakemake.threads,
    )
