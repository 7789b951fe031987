"""Put the tiles or cells of all slides of a stain into one store and one manifest."""

from pathlib import Path

from pathgan.config.datasets import Split
from pathgan.jobs import job
from pathgan.slides.jobs import gather

with job(snakemake):
    split = snakemake.params.split and Split.model_validate(snakemake.params.split)
    gather(snakemake.params.parts, Path(snakemake.output.store), Path(snakemake.output.manifest), split)
