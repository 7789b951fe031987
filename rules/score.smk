rule embed:
    """Embed the images of a dataset or a run's samples with a network trained by others."""
    input:
        unpack(plan.scores.embedded),
    output:
        paths.EMBEDDINGS,
    log:
        paths.log("embed", "{network}", "{images}"),
    benchmark:
        paths.benchmark("embed", "{network}", "{images}")
    wildcard_constraints:
        images=r"data/[a-z0-9][a-z0-9_.-]*|samples/[a-z0-9][a-z0-9_.-]*/seed\d+",
    group:
        plan.resources.with_scores
    conda:
        TORCH
    threads: 1
    resources:
        mem_mb=plan.resources.memory(3_000, paper=12_000),
        runtime=plan.resources.minutes(240),
        gpu=plan.resources.gpus,
    params:
        sha256=plan.scores.embedding_weights,
        code=plan.code("embed"),
    script:
        "../scripts/embed.py"


rule segment:
    """Let a trained segmenter read a dataset's test split or a sample set."""
    input:
        unpack(plan.segmentations.inputs),
    output:
        paths.SEGMENTATION,
    log:
        paths.log("segment", "{segmenter}", "seed{seed}", "{images}"),
    benchmark:
        paths.benchmark("segment", "{segmenter}", "seed{seed}", "{images}")
    wildcard_constraints:
        preset=plan.segmentations.preset(trained=True),
    group:
        plan.resources.with_scores
    conda:
        TORCH
    threads: 1
    resources:
        mem_mb=plan.resources.memory(3_000, paper=12_000),
        runtime=plan.resources.minutes(120),
        gpu=plan.resources.gpus,
    params:
        run=plan.segmentations.run,
        source=plan.segmentations.source,
        code=plan.code("segment"),
    script:
        "../scripts/segment.py"


rule score:
    """Score samples or segmentations."""
    input:
        unpack(plan.scores.files),
    output:
        paths.SCORE,
    log:
        paths.log("score", "{run}", "seed{seed}", "{score}"),
    benchmark:
        paths.benchmark("score", "{run}", "seed{seed}", "{score}")
    group:
        "{preset}-{paper}-scores"
    conda:
        lambda wildcards: TORCH if plan.scores.needs_torch(wildcards) else ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(3_000, paper=12_000),
        runtime=plan.resources.minutes(120),
    params:
        kind=plan.scores.kind,
        score=plan.scores.config,
        category=plan.scores.category,
        files=plan.scores.files,
        weights=plan.scores.weights,
        code=plan.code("score", plan.scores.workers),
    script:
        "../scripts/score.py"


rule count_samples:
    """Count the images of a sample set, so that tables of counts need no images."""
    input:
        paths.SAMPLES,
    output:
        paths.COUNTS,
    log:
        paths.log("count_samples", "{samples}", "seed{seed}"),
    benchmark:
        paths.benchmark("count_samples", "{samples}", "seed{seed}")
    group:
        "{preset}-{paper}-scores"
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(1_000),
        runtime=plan.resources.minutes(10),
    params:
        code=plan.code("count_samples"),
    script:
        "../scripts/count_samples.py"
