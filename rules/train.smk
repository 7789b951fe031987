# One rule per recipe and what it leaves behind: train_paired, train_paired_best, train_cycle, ...
for _train in plan.training.rules:

    rule:
        """Train the runs of a recipe; resumes where an earlier job of the same settings was cut off."""
        name:
            _train.name
        input:
            unpack(plan.training.inputs),
        output:
            **_train.outputs,
        log:
            paths.log(_train.name, "{run}", "seed{seed}"),
        benchmark:
            paths.benchmark(_train.name, "{run}", "seed{seed}")
        wildcard_constraints:
            preset=_train.preset,
        conda:
            TORCH
        threads: 1
        resources:
            mem_mb=plan.training.memory(*_train.memory_mb),
            runtime=plan.resources.minutes(_train.minutes),
            gpu=plan.training.gpus,
            nodes=1,
            cpus_per_task=plan.training.processes,
        params:
            kind=plan.training.kind,
            run=plan.training.run,
            sources=plan.training.sources,
            first=plan.training.first,
            sha256=plan.training.sha256,
            facts=plan.training.facts,
            code=plan.code("train", plan.training.workers),
        script:
            "../scripts/train.py"
