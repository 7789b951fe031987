"""Train a run; it resumes where an earlier job of the same settings was cut off."""

import os
import shutil
from importlib import import_module
from pathlib import Path

from pathgan.config.strict import class_named
from pathgan.jobs import checked, deadline, device_of, job
from pathgan.stores.source import Source
from pathgan.training.run_training import Job, Work

with job(snakemake):
    params, outputs = snakemake.params, {name: Path(path) for name, path in snakemake.output.items()}
    run = class_named(params.kind).model_validate(params.run)
    state = next(iter(outputs.values())).parent / "state"
    work = Work(
        sources={name: Source.model_validate(source) for name, source in params.sources.items()},
        job=Job(
            seed=int(snakemake.wildcards.seed),
            state_dir=state,
            device=device_of(snakemake),
            threads=snakemake.threads,
            code=params.code["digest"],
            deadline=deadline(snakemake, dict(os.environ)),
            resume_stale=bool(snakemake.config.get("resume_stale", False)),
        ),
        outputs=outputs,
        first={output: Path(path) for output, path in params.first.items()},
        pretrained=checked(snakemake.input.get("weights"), params.sha256),
        facts=params.facts,
    )
    import_module(run.trainer).train(run, work)
shutil.rmtree(state, ignore_errors=True)  # once its records are written, so that no kill loses a training
