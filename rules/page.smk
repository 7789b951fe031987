rule write_page:
    """The front page: every table, figure and claim of all papers, in one file."""
    input:
        plan.page.inputs,
    output:
        paths.PAGE,
    log:
        paths.log_of_preset("write_page"),
    benchmark:
        paths.benchmark_of_preset("write_page")
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(2_000),
        runtime=plan.resources.minutes(10),
    params:
        papers=plan.page.given,
        scorecard=plan.page.scorecard,
        code=plan.code("write_page", plan.page.templates),
    script:
        "../scripts/write_page.py"
