rule synthesize:
    """Apply a trained generator to the conditions of a dataset."""
    input:
        unpack(plan.samples.synthesis),
    output:
        "results/{preset}/{paper}/samples/{samples}/seed{seed}.h5",
    log:
        "results/{preset}/logs/{paper}/synthesize/{samples}/seed{seed}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/synthesize/{samples}/seed{seed}.tsv"
    wildcard_constraints:
        preset=plan.presets_of(
            "samples",
            StyleRun | ClassRun | LatentRun | DefocusRun | Composition,
            others=True,
        ),
    conda:
        TORCH
    threads: 1
    resources:
        mem_mb=plan.resources.memory(3_000, paper=12_000),
        runtime=plan.resources.minutes(120),
        gpu=plan.resources.gpus,
    params:
        run=plan.samples.run,
        source=plan.samples.source,
        code=plan.code("synthesize"),
    script:
        "../scripts/synthesize.py"


rule stylize:
    """Give images of a dataset the style of another's; each is fitted by itself, nothing is trained."""
    input:
        unpack(plan.samples.stylization),
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
        mem_mb=plan.resources.memory(3_000, paper=12_000),
        runtime=plan.resources.minutes(1440),
        gpu=plan.resources.gpus,
    params:
        run=plan.samples.run,
        sources=plan.samples.style_sources,
        sha256=plan.samples.style_weights,
        code=plan.code("stylize"),
    script:
        "../scripts/stylize.py"


rule draw_samples:
    """Draw images or masks from a GAN of noise, so many for each image that it learned from."""
    input:
        unpack(plan.samples.drawing),
    output:
        "results/{preset}/{paper}/samples/{samples}/seed{seed}.h5",
    log:
        "results/{preset}/logs/{paper}/draw_samples/{samples}/seed{seed}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/draw_samples/{samples}/seed{seed}.tsv"
    wildcard_constraints:
        preset=plan.presets_of("samples", NoiseRun | LatentRun),
    conda:
        TORCH
    threads: 1
    resources:
        mem_mb=plan.resources.memory(3_000, paper=12_000),
        runtime=plan.resources.minutes(120),
        gpu=plan.resources.gpus,
    params:
        run=plan.samples.run,
        code=plan.code("draw_samples"),
    script:
        "../scripts/draw_samples.py"


rule compose:
    """Draw masks of a class from their GAN and make images of them; or planes in focus, and their stacks."""
    input:
        unpack(plan.samples.composition),
    output:
        "results/{preset}/{paper}/samples/{samples}/seed{seed}.h5",
    log:
        "results/{preset}/logs/{paper}/compose/{samples}/seed{seed}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/compose/{samples}/seed{seed}.tsv"
    wildcard_constraints:
        preset=plan.presets_of("samples", Composition),
    conda:
        TORCH
    threads: 1
    resources:
        mem_mb=plan.resources.memory(3_000, paper=12_000),
        runtime=plan.resources.minutes(120),
        gpu=plan.resources.gpus,
    params:
        run=plan.samples.run,
        drawn=plan.samples.drawn_run,
        code=plan.code("compose"),
    script:
        "../scripts/compose.py"


rule augment:
    """Mirror, turn and disturb the training images of a class."""
    input:
        unpack(plan.samples.augmentation),
    output:
        "results/{preset}/{paper}/samples/{samples}/seed{seed}.h5",
    log:
        "results/{preset}/logs/{paper}/augment/{samples}/seed{seed}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/augment/{samples}/seed{seed}.tsv"
    wildcard_constraints:
        preset=plan.presets_of("samples", AugmentationRun),
    conda:
        TORCH
    threads: 1
    resources:
        mem_mb=plan.resources.memory(3_000, paper=12_000),
        runtime=plan.resources.minutes(60),
    params:
        run=plan.samples.run,
        source=plan.samples.augmented_source,
        code=plan.code("augment"),
    script:
        "../scripts/augment.py"


rule defocus:
    """Make focus stacks without a GAN, to hold one against: blurred or shuffled planes."""
    input:
        unpack(plan.samples.defocused),
    output:
        "results/{preset}/{paper}/samples/{samples}/seed{seed}.h5",
    log:
        "results/{preset}/logs/{paper}/defocus/{samples}/seed{seed}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/defocus/{samples}/seed{seed}.tsv"
    wildcard_constraints:
        preset=plan.presets_of("samples", DefocusRun),
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(3_000, paper=12_000),
        runtime=plan.resources.minutes(60),
    params:
        run=plan.samples.run,
        sources=plan.samples.defocused_sources,
        code=plan.code("defocus"),
    script:
        "../scripts/defocus.py"
