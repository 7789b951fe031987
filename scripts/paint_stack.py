"""Draw a phantom slide with focal planes."""

from pathlib import Path

from pathgan.config.slide_types import FocusPhantom
from pathgan.jobs import job
from pathgan.phantoms.painted_stacks import paint_stack

with job(snakemake):
    options = FocusPhantom.model_validate(snakemake.params.phantom)
    paint_stack(options, int(snakemake.wildcards.index), {name: Path(path) for name, path in snakemake.output.items()})
