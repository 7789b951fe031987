rule segment_nuclei:
    """Find the nuclei of a dataset's images, or of samples, by their colours; nothing is trained."""
    input:
        images=plan.segmented,
    output:
        "results/{preset}/{paper}/segmentations/{segmenter}/seed{seed}/{images}.h5",
    log:
        "results/{preset}/logs/{paper}/segment_nuclei/{segmenter}/seed{seed}/{images}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/segment_nuclei/{segmenter}/seed{seed}/{images}.tsv"
    wildcard_constraints:
        preset=plan.presets_of("segmenters", MixtureRun),
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(3_000, paper=12_000),
        runtime=plan.resources.minutes(120),
    params:
        run=plan.slice("runs", "segmenter"),
        code=plan.code("segment_nuclei"),
    script:
        "../scripts/segment_nuclei.py"
