"""A page that says what every table and figure of a paper was made from, down to the raw files."""

from pathlib import Path

from pathgan.jobs import job
from pathgan.render.pedigrees import write_pedigrees

with job(snakemake):
    write_pedigrees(list(snakemake.input), Path(snakemake.output[0]))
