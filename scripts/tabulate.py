"""A table of the paper: ours beside the published numbers."""

from pathlib import Path

import pandas as pd

from pathgan.config.models import Table
from pathgan.jobs import job
from pathgan.render.tables import build_table, write_table

with job(snakemake):
    table = Table.model_validate(snakemake.params.table)
    published = pd.read_csv(snakemake.input.published).query("paper == @snakemake.wildcards.paper")
    files = snakemake.params.scores
    cells = build_table(
        snakemake.wildcards.table,
        table,
        snakemake.params.caveats,
        lambda run, score: [pd.read_csv(file) for file in files[f"{run}/{score}"]],
        published,
    )
    write_table(cells, table, {name: Path(path) for name, path in snakemake.output.items()})
