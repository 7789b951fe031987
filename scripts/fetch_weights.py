"""Get the trained weights of a network."""

from functools import partial
from pathlib import Path

from pathgan.config.loading import load_weights_table
from pathgan.datasets.fetched_weights import fetch_weights
from pathgan.jobs import job
from pathgan.networks.package_weights import convert

with job(snakemake):
    table = load_weights_table(Path(snakemake.scriptdir).parent / "config" / "weights.yaml")
    network = next(network for network, entry in table.items() if entry.file == snakemake.wildcards.weights)
    fetch_weights(table[network], Path(snakemake.output[0]), partial(convert, network))
