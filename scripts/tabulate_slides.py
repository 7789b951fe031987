"""How well pairs were registered, how slides were tiled, or which cells were found."""

from pathlib import Path

import pandas as pd

from pathgan.jobs import job
from pathgan.render.slide_tables import COUNTED, slide_table
from pathgan.render.table_files import write_table

with job(snakemake):
    name = snakemake.wildcards.table
    cells, table = slide_table(name, [pd.read_csv(file) for file in snakemake.params.scores], snakemake.params.caveat)
    write_table(cells, table, {suffix: Path(path) for suffix, path in snakemake.output.items()}, COUNTED[name])
