rule embed:
    """Embed the images of a dataset or a run's samples with a network trained by others."""
    input:
        unpack(plan.scores.embedding),
    output:
        "results/{preset}/{paper}/embeddings/{network}/{images}.h5",
    log:
        "results/{preset}/logs/{paper}/embed/{network}/{images}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/embed/{network}/{images}.tsv"
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
        unpack(plan.segmentation),
    output:
        "results/{preset}/{paper}/segmentations/{segmenter}/seed{seed}/{images}.h5",
    log:
        "results/{preset}/logs/{paper}/segment/{segmenter}/seed{seed}/{images}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/segment/{segmenter}/seed{seed}/{images}.tsv"
    wildcard_constraints:
        preset=plan.presets_of("segmenters", SegmentationRun),
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
        run=plan.slice("runs", "segmenter"),
        source=plan.image_source,
        code=plan.code("segment"),
    script:
        "../scripts/segment.py"


rule score:
    """Score samples or segmentations."""
    input:
        unpack(plan.scores.files),
    output:
        "results/{preset}/{paper}/scores/{run}/seed{seed}/{score}.csv",
    log:
        "results/{preset}/logs/{paper}/score/{run}/seed{seed}/{score}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/score/{run}/seed{seed}/{score}.tsv"
    group:
        "{preset}-{paper}-scores"
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(3_000, paper=12_000),
        runtime=plan.resources.minutes(120),
    params:
        score=plan.slice("scores", "score"),
        category=plan.scores.category,
        code=plan.code("score"),
    script:
        "../scripts/score.py"


rule count_samples:
    """Count the images of a sample set, so that tables of counts need no images."""
    input:
        "results/{preset}/{paper}/samples/{samples}/seed{seed}.h5",
    output:
        "results/{preset}/{paper}/counts/{samples}/seed{seed}.csv",
    log:
        "results/{preset}/logs/{paper}/count_samples/{samples}/seed{seed}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/count_samples/{samples}/seed{seed}.tsv"
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
