"""All papers on one page."""

from pathlib import Path

from pathgan.claims.scorecard import write_scorecard
from pathgan.jobs import job

with job(snakemake):
    tables = {paper: [Path(file) for file in files] for paper, files in snakemake.params.tables.items()}
    outputs = {name: Path(path) for name, path in snakemake.output.items()}
    write_scorecard(tables, snakemake.wildcards.preset, outputs)
