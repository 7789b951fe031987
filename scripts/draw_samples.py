"""Draw samples from a GAN of noise."""

from pathlib import Path

from pydantic import TypeAdapter

from pathgan.config.runs import Run
from pathgan.jobs import job
from pathgan.recipes.drawing import draw_samples, n_samples

with job(snakemake):
    run = TypeAdapter(Run).validate_python(snakemake.params.run)
    draw_samples(
        run,
        Path(snakemake.input.weights),
        n_samples(run, Path(snakemake.input.manifest)),
        int(snakemake.wildcards.seed),
        Path(snakemake.output[0]),
        snakemake.config.get("device", "auto"),
        snakemake.threads,
    )
