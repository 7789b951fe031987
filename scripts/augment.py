"""Mirror, turn and disturb the training images of a class."""

from pathlib import Path

from pathgan.config.runs import AugmentationRun
from pathgan.jobs import job
from pathgan.recipes.augmentation import augment
from pathgan.recipes.sources import Source

with job(snakemake):
    augment(
        AugmentationRun.model_validate(snakemake.params.run),
        Source.model_validate(snakemake.params.source),
        int(snakemake.wildcards.seed),
        Path(snakemake.output[0]),
        snakemake.threads,
    )
