"""Draw masks of a class from their GAN and make images of them; or planes in focus, and their stacks."""

from pathlib import Path

from pydantic import TypeAdapter

from pathgan.config.runs import FocusRun, Run
from pathgan.jobs import job
from pathgan.recipes.drawing import compose, compose_stacks, n_samples

with job(snakemake):
    first, second = (TypeAdapter(Run).validate_python(snakemake.params[name]) for name in ("drawn", "run"))
    make = compose_stacks if isinstance(second, FocusRun) else compose
    make(
        second,
        first,
        Path(snakemake.input.weights),
        Path(snakemake.input.drawn),
        n_samples(first, Path(snakemake.input.manifest)),
        int(snakemake.wildcards.seed),
        Path(snakemake.output[0]),
        snakemake.config.get("device", "auto"),
        snakemake.threads,
    )
