"""The claims of a paper that its own printed numbers speak against."""

from pathlib import Path

from pathgan.claims.printed_table import write_printed
from pathgan.jobs import job

with job(snakemake):
    params = snakemake.params
    outputs = {name: Path(path) for name, path in snakemake.output.items()}
    write_printed(params.claims, params.printed, params.title, outputs)
