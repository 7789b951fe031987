rule segment_nuclei:
    """Find the nuclei of a dataset's images, or of samples, without training: by colours, or in maps of true ones."""
    input:
        images=plan.segmentations.store,
    output:
        paths.SEGMENTATION,
    log:
        paths.log("segment_nuclei", "{segmenter}", "seed{seed}", "{images}"),
    benchmark:
        paths.benchmark("segment_nuclei", "{segmenter}", "seed{seed}", "{images}")
    wildcard_constraints:
        preset=plan.segmentations.preset(trained=False),
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(3_000, paper=12_000),
        runtime=plan.resources.minutes(120),
    params:
        kind=plan.segmentations.kind,
        run=plan.segmentations.run,
        code=plan.code("segment_nuclei", plan.segmentations.workers),
    script:
        "../scripts/segment_nuclei.py"
