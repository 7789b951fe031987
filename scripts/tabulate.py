"""A table of the paper: ours beside the published numbers."""

from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter

from pathgan.config.models import CountTable, Table
from pathgan.datasets.store import read_manifest
from pathgan.jobs import job
from pathgan.render.counts import build_counts, manifest_of_samples
from pathgan.render.tables import build_table, write_table

with job(snakemake):
    name, caveats, files = snakemake.wildcards.table, snakemake.params.caveats, snakemake.params.scores
    table = TypeAdapter(Table).validate_python(snakemake.params.table)
    published = pd.DataFrame(snakemake.params.published, columns=["table", "row", "column", "value", "sd", "note"])
    manifests = {dataset: read_manifest(path) for dataset, path in snakemake.params.manifests.items()}
    if isinstance(table, CountTable):
        for samples, counted in snakemake.params.samples.items():
            n = int(pd.read_csv(counted["file"])["images"].item())
            manifests[samples] = manifest_of_samples(n, counted["category"])
        cells = build_counts(name, table, caveats, manifests, published, snakemake.params.inputs)
    else:
        cells = build_table(
            name,
            table,
            caveats,
            snakemake.params.inputs,
            lambda run, score: [pd.read_csv(file, dtype={"item": str}) for file in files[f"{run}/{score}"]],
            {dataset: {row["id"]: row["group"] for row in rows} for dataset, rows in manifests.items()},
            published,
        )
    write_table(cells, table, {suffix: Path(path) for suffix, path in snakemake.output.items()})
