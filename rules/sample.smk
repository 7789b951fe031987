# One rule per recipe that makes samples, and one more where it is applied to what another run draws: sample_paired,
# sample_cycle, ..., compose_paired, compose_focus.
for _sample in plan.samples.rules:

    rule:
        """Make a set of samples: with trained weights, or by a method that needs none."""
        name:
            _sample.name
        input:
            unpack(plan.samples.inputs),
        output:
            paths.SAMPLES,
        log:
            paths.log(_sample.name, "{samples}", "seed{seed}"),
        benchmark:
            paths.benchmark(_sample.name, "{samples}", "seed{seed}")
        wildcard_constraints:
            preset=_sample.preset,
        conda:
            TORCH
        threads: 1
        resources:
            mem_mb=plan.resources.memory(3_000, paper=12_000),
            runtime=plan.resources.minutes(_sample.minutes),
            gpu=plan.resources.gpus if _sample.on_gpu else 0,
        params:
            sampler=plan.samples.sampler,
            options=plan.samples.options,
            sources=plan.samples.sources,
            weights=plan.samples.weights,
            network=plan.samples.network,
            sha256=plan.samples.sha256,
            code=plan.code("sample", plan.samples.workers),
        script:
            "../scripts/sample.py"
