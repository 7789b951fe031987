"""Get a dataset's archive, check it, unpack it below data_root."""

from pathlib import Path

from pydantic import TypeAdapter

from pathgan.config.datasets import Dataset
from pathgan.datasets.fetch import fetch
from pathgan.jobs import job

with job(snakemake):
    dataset = TypeAdapter(Dataset).validate_python(snakemake.params.dataset)
    receipt = Path(snakemake.output.receipt)
    fetch(dataset.origin, receipt.parent, receipt)
