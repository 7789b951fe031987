"""A table of the paper: ours beside the published numbers."""

from importlib import import_module
from pathlib import Path

from pathgan.config.strict import class_named
from pathgan.jobs import job
from pathgan.render.table_files import write_table
from pathgan.render.table_inputs import TableInputs

with job(snakemake):
    params, given = snakemake.params, TableInputs(**snakemake.params.given)
    table = class_named(params.kind).model_validate(params.table)
    cells = import_module(table.builder).build(snakemake.wildcards.table, table, given)
    outputs = {suffix: Path(path) for suffix, path in snakemake.output.items()}
    write_table(cells, table, outputs)
