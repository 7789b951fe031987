"""Put the tiles of all slides of a stain into one store and one manifest."""

from pathlib import Path

from pathgan.jobs import job
from pathgan.slides.jobs import gather

with job(snakemake):
    gather(snakemake.params.parts, Path(snakemake.output.store), Path(snakemake.output.manifest))
