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
