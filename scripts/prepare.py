"""Read, count, split and tile a dataset into one store and one manifest."""

from pathlib import Path

from pathgan.config.strict import class_named
from pathgan.jobs import job
from pathgan.stores.dataset_counts import write_counts

with job(snakemake):
    dataset = class_named(snakemake.params.kind).model_validate(snakemake.params.dataset)
    store, manifest = Path(snakemake.output.store), Path(snakemake.output.manifest)
    example = tuple(map(Path, snakemake.input.example)) or None
    counts = dataset.prepare(Path(snakemake.params.data_root), store, manifest, example)
    write_counts(Path(snakemake.output.counts), counts)
