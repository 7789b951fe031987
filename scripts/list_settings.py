"""Every setting with its value and its source."""

from pathlib import Path

from pathgan.jobs import job
from pathgan.render.settings_table import write_settings

with job(snakemake):
    settings = snakemake.params.settings
    write_settings(settings["rows"], settings["title"], {name: Path(path) for name, path in snakemake.output.items()})
