"""Read, split and tile a dataset into one store and one manifest."""

from pathlib import Path

from pydantic import TypeAdapter

from pathgan.config.datasets import Dataset
from pathgan.datasets.prepare import prepare
from pathgan.jobs import job

with job(snakemake):
    dataset = TypeAdapter(Dataset).validate_python(snakemake.params.dataset)
    store, manifest = Path(snakemake.output.store), Path(snakemake.output.manifest)
    prepare(dataset, Path(snakemake.params.data_root), store, manifest)
