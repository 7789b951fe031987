"""Put the tiles or cells of all slides of a stain into one store and one manifest."""

from pathlib import Path

from pathgan.config.dataset_types import Split
from pathgan.jobs import job
from pathgan.slides.slide_work import gather
from pathgan.stores.dataset_counts import write_counts

with job(snakemake):
    split = snakemake.params.split and Split.model_validate(snakemake.params.split)
    counts = gather(snakemake.params.parts, Path(snakemake.output.store), Path(snakemake.output.manifest), split)
    write_counts(Path(snakemake.output.counts), counts)
