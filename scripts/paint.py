"""Draw a pair of phantom serial sections as slides."""

from pathlib import Path

from pathgan.config.slide_types import SectionPhantom
from pathgan.jobs import job
from pathgan.phantoms.painted_sections import paint

with job(snakemake):
    options = SectionPhantom.model_validate(snakemake.params.phantom)
    outputs = {name: Path(path) for name, path in snakemake.output.items()}
    paint(options, int(snakemake.wildcards.index), outputs)
