"""Apply a trained generator to the conditions or images of a dataset."""

from pathlib import Path

from pydantic import TypeAdapter

from pathgan.config.runs import GeneratingRun
from pathgan.jobs import job
from pathgan.recipes.running import synthesize
from pathgan.recipes.sources import Source

with job(snakemake):
    inverse = snakemake.input.get("inverse")
    synthesize(
        TypeAdapter(GeneratingRun).validate_python(snakemake.params.run),
        Path(snakemake.input.weights),
        Source.model_validate(snakemake.params.source),
        Path(snakemake.output[0]),
        snakemake.config.get("device", "auto"),
        snakemake.threads,
        inverse and Path(inverse),
    )
