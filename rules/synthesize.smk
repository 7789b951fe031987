rule synthesize:
    """Apply a trained generator to the conditions of a dataset."""
    input:
        unpack(plan.synthesis),
    output:
        "results/{preset}/{paper}/samples/{samples}/seed{seed}.h5",
    log:
        "results/{preset}/logs/{paper}/synthesize/{samples}/seed{seed}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/synthesize/{samples}/seed{seed}.tsv"
    wildcard_constraints:
        preset=plan.presets_of("samples", StyleRun, others=True),
    conda:
        TORCH
    threads: 1
    resources:
        mem_mb=plan.memory,
        runtime=120,
        gpu=plan.gpus,
    params:
        run=plan.sampled_run,
        source=plan.sample_source,
        code=plan.code("synthesize"),
    script:
        "../scripts/synthesize.py"


rule stylize:
    """Give images of a dataset the style of another's; each is fitted by itself, nothing is trained."""
    input:
        unpack(plan.stylization),
    output:
        "results/{preset}/{paper}/samples/{samples}/seed{seed}.h5",
    log:
        "results/{preset}/logs/{paper}/stylize/{samples}/seed{seed}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/stylize/{samples}/seed{seed}.tsv"
    wildcard_constraints:
        preset=plan.presets_of("samples", StyleRun),
    conda:
        TORCH
    threads: 1
    resources:
        mem_mb=plan.memory,
        runtime=1440,
        gpu=plan.gpus,
    params:
        run=plan.sampled_run,
        sources=plan.style_sources,
        sha256=plan.style_weights,
        code=plan.code("stylize"),
    script:
        "../scripts/stylize.py"
