"""A table of the paper: ours beside the published numbers."""

from functools import partial
from pathlib import Path

import pandas as pd

from pathgan.config.models import Table
from pathgan.jobs import job
from pathgan.render.tables import build_table, write_table

with job(snakemake):
    table = Table.model_validate(snakemake.params.table)
    texts = partial(pd.read_csv, dtype=str, keep_default_na=False)
    published = texts(snakemake.input.published).query("paper == @snakemake.params.published_as")
    manifests = {name: texts(path) for name, path in snakemake.params.manifests.items()}
    files = snakemake.params.scores
    cells = build_table(
        snakemake.wildcards.table,
        table,
        snakemake.params.caveats,
        lambda run, score: [pd.read_csv(file, dtype={"item": str}) for file in files[f"{run}/{score}"]],
        {name: dict(zip(rows["id"], rows["group"], strict=True)) for name, rows in manifests.items()},
        published,
    )
    write_table(cells, table, {name: Path(path) for name, path in snakemake.output.items()})
