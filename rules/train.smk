rule train_generator:
    """Train the GAN of a run; resumes where an earlier job of the same settings was cut off."""
    input:
        plan.training.files,
    output:
        weights="results/{preset}/{paper}/models/{run}/seed{seed}/generator.safetensors",
        history="results/{preset}/{paper}/models/{run}/seed{seed}/history.csv",
    log:
        "results/{preset}/logs/{paper}/train_generator/{run}/seed{seed}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/train_generator/{run}/seed{seed}.tsv"
    wildcard_constraints:
        preset=plan.presets_of("runs", PairedRun | NoiseRun, keep="last"),
    conda:
        TORCH
    threads: 1
    resources:
        mem_mb=plan.training.memory(3_000, paper=12_000),
        runtime=plan.resources.minutes(720),
        gpu=plan.training.gpus,
        nodes=1,
        cpus_per_task=plan.training.processes,
    params:
        run=plan.training.run,
        sources=plan.training.sources,
        code=plan.code("train_generator"),
    script:
        "../scripts/train_generator.py"


rule train_selected:
    """Train a GAN and keep the weights with the smallest loss on validation images, and the last beside them."""
    input:
        plan.training.files,
    output:
        weights="results/{preset}/{paper}/models/{run}/seed{seed}/generator.safetensors",
        last="results/{preset}/{paper}/models/{run}/seed{seed}/last.safetensors",
        history="results/{preset}/{paper}/models/{run}/seed{seed}/history.csv",
        evaluations="results/{preset}/{paper}/models/{run}/seed{seed}/evaluations.csv",
    log:
        "results/{preset}/logs/{paper}/train_selected/{run}/seed{seed}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/train_selected/{run}/seed{seed}.tsv"
    wildcard_constraints:
        preset=plan.presets_of("runs", PairedRun, keep="best"),
    conda:
        TORCH
    threads: 1
    resources:
        mem_mb=plan.training.memory(3_000, paper=12_000),
        runtime=plan.resources.minutes(720),
        gpu=plan.training.gpus,
        nodes=1,
        cpus_per_task=plan.training.processes,
    params:
        run=plan.training.run,
        sources=plan.training.sources,
        code=plan.code("train_selected"),
    script:
        "../scripts/train_selected.py"


rule train_cycle:
    """Train both generators of a run between two stains; resumes like train_generator."""
    input:
        plan.training.files,
    output:
        weights="results/{preset}/{paper}/models/{run}/seed{seed}/generator.safetensors",
        inverse="results/{preset}/{paper}/models/{run}/seed{seed}/inverse.safetensors",
        history="results/{preset}/{paper}/models/{run}/seed{seed}/history.csv",
        evaluations="results/{preset}/{paper}/models/{run}/seed{seed}/evaluations.csv",
    log:
        "results/{preset}/logs/{paper}/train_cycle/{run}/seed{seed}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/train_cycle/{run}/seed{seed}.tsv"
    wildcard_constraints:
        preset=plan.presets_of("runs", CycleRun),
    conda:
        TORCH
    threads: 1
    resources:
        mem_mb=plan.training.memory(4_000, paper=40_000),
        runtime=plan.resources.minutes(2880),
        gpu=plan.training.gpus,
        nodes=1,
        cpus_per_task=plan.training.processes,
    params:
        run=plan.training.run,
        sources=plan.training.sources,
        code=plan.code("train_cycle"),
    script:
        "../scripts/train_cycle.py"


rule train_wasserstein:
    """Train a GAN with a critic, afresh or from the weights of another run; resumes like train_generator."""
    input:
        unpack(plan.training.wasserstein),
    output:
        weights="results/{preset}/{paper}/models/{run}/seed{seed}/generator.safetensors",
        critic="results/{preset}/{paper}/models/{run}/seed{seed}/critic.safetensors",
        history="results/{preset}/{paper}/models/{run}/seed{seed}/history.csv",
    log:
        "results/{preset}/logs/{paper}/train_wasserstein/{run}/seed{seed}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/train_wasserstein/{run}/seed{seed}.tsv"
    wildcard_constraints:
        preset=plan.presets_of("runs", LatentRun | FocusRun),
    conda:
        TORCH
    threads: 1
    resources:
        mem_mb=plan.training.memory(3_000, paper=12_000),
        runtime=plan.resources.minutes(1440),
        gpu=plan.training.gpus,
        nodes=1,
        cpus_per_task=plan.training.processes,
    params:
        run=plan.training.run,
        sources=plan.training.sources,
        first=plan.training.first,
        code=plan.code("train_wasserstein"),
    script:
        "../scripts/train_wasserstein.py"


rule train_segmenter:
    """Train the segmentation network of a run; resumes like train_generator."""
    input:
        plan.training.files,
    output:
        weights="results/{preset}/{paper}/models/{run}/seed{seed}/segmenter.safetensors",
        history="results/{preset}/{paper}/models/{run}/seed{seed}/history.csv",
    log:
        "results/{preset}/logs/{paper}/train_segmenter/{run}/seed{seed}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/train_segmenter/{run}/seed{seed}.tsv"
    wildcard_constraints:
        preset=plan.presets_of("runs", SegmentationRun),
    conda:
        TORCH
    threads: 1
    resources:
        mem_mb=plan.training.memory(3_000, paper=12_000),
        runtime=plan.resources.minutes(720),
        gpu=plan.training.gpus,
        nodes=1,
        cpus_per_task=plan.training.processes,
    params:
        run=plan.training.run,
        sources=plan.training.sources,
        code=plan.code("train_segmenter"),
    script:
        "../scripts/train_segmenter.py"


rule train_classifiers:
    """Train a classifier on each of several sets and let it read the same test images; resumes like train_generator."""
    input:
        unpack(plan.training.classification),
    output:
        predictions="results/{preset}/{paper}/models/{run}/seed{seed}/predictions.csv",
        training_sets="results/{preset}/{paper}/models/{run}/seed{seed}/training_sets.csv",
        history="results/{preset}/{paper}/models/{run}/seed{seed}/history.csv",
        evaluations="results/{preset}/{paper}/models/{run}/seed{seed}/evaluations.csv",
    log:
        "results/{preset}/logs/{paper}/train_classifiers/{run}/seed{seed}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/train_classifiers/{run}/seed{seed}.tsv"
    wildcard_constraints:
        preset=plan.presets_of("runs", ClassificationRun),
    conda:
        TORCH
    threads: 1
    resources:
        mem_mb=plan.training.memory(3_000, paper=12_000),
        runtime=plan.resources.minutes(1440),
        gpu=plan.training.gpus,
        nodes=1,
        cpus_per_task=plan.training.processes,
    params:
        run=plan.training.run,
        sets=plan.training.sets,
        sha256=plan.training.first_weights,
        code=plan.code("train_classifiers"),
    script:
        "../scripts/train_classifiers.py"
