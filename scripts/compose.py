"""Draw masks of a class from their GAN and make images of them."""

from pathlib import Path

from pathgan.config.runs import NoiseRun, PairedRun
from pathgan.jobs import job
from pathgan.recipes.drawing import compose, n_samples

with job(snakemake):
    masks = NoiseRun.model_validate(snakemake.params.masks)
    compose(
        PairedRun.model_validate(snakemake.params.run),
        masks,
        Path(snakemake.input.weights),
        Path(snakemake.input.masks),
        n_samples(masks, Path(snakemake.input.manifest)),
        int(snakemake.wildcards.seed),
        Path(snakemake.output[0]),
        snakemake.config.get("device", "auto"),
        snakemake.threads,
    )
