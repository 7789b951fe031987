"""Draw samples of a class from its GAN."""

from pathlib import Path

from pathgan.config.runs import NoiseRun
from pathgan.jobs import job
from pathgan.recipes.drawing import draw_samples, n_samples

with job(snakemake):
    run = NoiseRun.model_validate(snakemake.params.run)
    draw_samples(
        run,
        Path(snakemake.input.weights),
        n_samples(run, Path(snakemake.input.manifest)),
        int(snakemake.wildcards.seed),
        Path(snakemake.output[0]),
        snakemake.config.get("device", "auto"),
        snakemake.threads,
    )
