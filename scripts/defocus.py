"""Make focus stacks without a GAN."""

from pathlib import Path

from pathgan.config.runs import DefocusRun
from pathgan.jobs import job
from pathgan.recipes.defocus import defocus
from pathgan.recipes.sources import Source

with job(snakemake):
    sources = {side: Source.model_validate(source) for side, source in snakemake.params.sources.items()}
    run = DefocusRun.model_validate(snakemake.params.run)
    defocus(run, sources["train"], sources["test"], int(snakemake.wildcards.seed), Path(snakemake.output[0]))
