"""Train a classifier on each of several sets and let it read the same test images."""

from pathlib import Path

from pathgan.config.runs import ClassificationRun
from pathgan.jobs import job
from pathgan.recipes.classifying import train_classifiers
from pathgan.recipes.running import job_of, remove_state
from pathgan.recipes.sources import Source

with job(snakemake):
    params, weights = snakemake.params, snakemake.input.get("weights")
    outputs = {name: Path(path) for name, path in snakemake.output.items()}
    work = job_of(snakemake, outputs["predictions"])
    train_classifiers(
        ClassificationRun.model_validate(params.run),
        {
            name: {item: Source.model_validate(each) for item, each in items.items()}
            for name, items in params.sets["sets"].items()
        },
        {side: Source.model_validate(source) for side, source in params.sets["held_out"].items()},
        params.sets["ratios"],
        weights and (Path(weights), params.sha256),
        work,
        outputs,
    )
remove_state(work.state_dir)
