"""Get an archive of datasets, check it, unpack it below data_root."""

from pathlib import Path

from pathgan.config.dataset_types import Download
from pathgan.datasets.fetch import fetch
from pathgan.jobs import job

with job(snakemake):
    receipt = Path(snakemake.output.receipt)
    fetch(Download.model_validate(snakemake.params.origin), receipt.parent, receipt)
