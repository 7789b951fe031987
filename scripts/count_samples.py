"""Count the images of a sample set."""

from pathlib import Path

from pathgan.files import write_rows
from pathgan.jobs import job
from pathgan.stores.store import ImageStore

with job(snakemake), ImageStore(snakemake.input[0]) as store:
    write_rows(Path(snakemake.output[0]), ["images"], [[store.n_items]])
