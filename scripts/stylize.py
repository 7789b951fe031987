"""Give images of a dataset the style of another's, each by itself."""

from pathlib import Path

from pathgan.config.runs import StyleRun
from pathgan.jobs import job
from pathgan.recipes.sources import Source
from pathgan.recipes.style import stylize

with job(snakemake):
    weights, params = snakemake.input.get("weights"), snakemake.params
    stylize(
        StyleRun.model_validate(params.run),
        Source.model_validate(params.sources["source"]),
        Source.model_validate(params.sources["style"]),
        weights and (Path(weights), params.sha256),
        int(snakemake.wildcards.seed),
        Path(snakemake.output[0]),
        snakemake.config.get("device", "auto"),
        snakemake.threads,
    )
