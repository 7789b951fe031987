localrules:  # compute nodes often have no way out
    fetch,
    fetch_weights,


rule fetch:
    """Get an archive of datasets, check it, unpack it below data_root."""
    output:
        receipt=f"{plan.data_root}/{{folder}}/{paths.RECEIPT}",
    log:
        "results/logs/fetch/{folder}/{archive}.log",
    benchmark:
        "results/benchmarks/fetch/{folder}/{archive}.tsv"
    retries: 2
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(1_000),
        runtime=plan.resources.minutes(120),
    params:
        origin=plan.datasets.download,
    script:
        "../scripts/fetch.py"


rule fetch_weights:
    """Get the trained weights of a network that scores need, and check them."""
    output:
        ensure(
            f"{plan.data_root}/weights/{{weights}}",
            sha256=plan.weights.sha256,
        ),
    log:
        "results/logs/fetch_weights/{weights}.log",
    benchmark:
        "results/benchmarks/fetch_weights/{weights}.tsv"
    retries: 2
    conda:
        TORCH
    threads: 1
    resources:
        mem_mb=plan.resources.memory(1_000),
        runtime=plan.resources.minutes(60),
    params:
        sha256=plan.weights.sha256,
    script:
        "../scripts/fetch_weights.py"


rule prepare:
    """Read, count, split and tile a dataset into one store and one manifest."""
    input:
        raw=plan.datasets.raw,
        example=plan.datasets.example,
    output:
        store=paths.STORE,
        manifest=paths.MANIFEST,
        counts=paths.DATASET_COUNTS,
    log:
        paths.log("prepare", "{dataset}"),
    benchmark:
        paths.benchmark("prepare", "{dataset}")
    wildcard_constraints:
        preset=plan.datasets.preset,
    group:
        "{preset}-{paper}-data"
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(3_000),
        runtime=plan.resources.minutes(60),
    params:
        kind=plan.datasets.kind,
        dataset=plan.datasets.config,
        data_root=str(plan.data_root),
        code=plan.code("prepare", plan.datasets.workers),
    script:
        "../scripts/prepare.py"
