rule tabulate:
    """A table of the paper: ours beside the published numbers."""
    input:
        plan.tables.inputs,
    output:
        csv=fill(paths.TABLE, suffix="csv"),
        md=fill(paths.TABLE, suffix="md"),
        tex=fill(paths.TABLE, suffix="tex"),
        html=report(
            fill(paths.TABLE, suffix="html"),
            caption="../report/table.rst",
            category="{paper}",
            subcategory="tables",
            labels={"table": "{table}", "preset": "{preset}"},
        ),
    log:
        paths.log("tabulate", "{table}"),
    benchmark:
        paths.benchmark("tabulate", "{table}")
    group:
        "{preset}-{paper}-tables"
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(1_000),
        runtime=plan.resources.minutes(10),
    params:
        kind=plan.tables.kind,
        table=plan.tables.config,
        given=plan.tables.given,
        code=plan.code("tabulate", plan.tables.workers),
    script:
        "../scripts/tabulate.py"


rule list_settings:
    """Every setting with its value and its source."""
    input:
        plan.tables.paper_files,
    output:
        csv=fill(paths.TABLE, table=HYPER_PARAMETERS, suffix="csv"),
        html=report(
            fill(paths.TABLE, table=HYPER_PARAMETERS, suffix="html"),
            caption="../report/settings.rst",
            category="{paper}",
            subcategory="tables",
            labels={"table": HYPER_PARAMETERS, "preset": "{preset}"},
        ),
    log:
        paths.log("list_settings"),
    benchmark:
        paths.benchmark("list_settings")
    group:
        "{preset}-{paper}-tables"
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(1_000),
        runtime=plan.resources.minutes(10),
    params:
        settings=plan.tables.settings,
        code=plan.code("list_settings"),
    script:
        "../scripts/list_settings.py"


rule list_datasets:
    """What each dataset holds beside what the paper counted in it."""
    input:
        plan.tables.counted,
    output:
        csv=fill(paths.TABLE, table=DATASETS, suffix="csv"),
        html=report(
            fill(paths.TABLE, table=DATASETS, suffix="html"),
            caption="../report/datasets.rst",
            category="{paper}",
            subcategory="tables",
            labels={"table": DATASETS, "preset": "{preset}"},
        ),
    log:
        paths.log("list_datasets"),
    benchmark:
        paths.benchmark("list_datasets")
    group:
        "{preset}-{paper}-tables"
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(1_000),
        runtime=plan.resources.minutes(10),
    params:
        identities=plan.tables.identities,
        code=plan.code("list_datasets"),
    script:
        "../scripts/list_datasets.py"


rule compare:
    """In which respects each printed number may be compared with ours."""
    input:
        plan.tables.compared,
    output:
        csv=fill(paths.TABLE, table=COMPARABILITY, suffix="csv"),
        html=report(
            fill(paths.TABLE, table=COMPARABILITY, suffix="html"),
            caption="../report/comparability.rst",
            category="{paper}",
            subcategory="tables",
            labels={"table": COMPARABILITY, "preset": "{preset}"},
        ),
    log:
        paths.log("compare"),
    benchmark:
        paths.benchmark("compare")
    group:
        "{preset}-{paper}-tables"
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(1_000),
        runtime=plan.resources.minutes(10),
    params:
        comparisons=plan.tables.comparisons,
        code=plan.code("compare"),
    script:
        "../scripts/compare.py"


rule draw:
    """A figure of the paper."""
    input:
        plan.figures.inputs,
    output:
        png=report(
            fill(paths.FIGURE, suffix="png"),
            caption="../report/figure.rst",
            category="{paper}",
            subcategory="figures",
            labels={"figure": "{figure}", "preset": "{preset}"},
        ),
        pdf=fill(paths.FIGURE, suffix="pdf"),
    log:
        paths.log("draw", "{figure}"),
    benchmark:
        paths.benchmark("draw", "{figure}")
    group:
        "{preset}-{paper}-tables"
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(2_000),
        runtime=plan.resources.minutes(10),
    params:
        kind=plan.figures.kind,
        figure=plan.figures.config,
        shown=plan.figures.shown,
        code=plan.code("draw", plan.figures.workers),
    script:
        "../scripts/draw.py"


rule show_provenance:
    """A page that says what every table and figure of a paper was made from, down to the raw files."""
    input:
        plan.page.results,
    output:
        report(
            paths.PROVENANCE,
            caption="../report/provenance.rst",
            category="{paper}",
            subcategory="provenance",
            labels={"page": "provenance", "preset": "{preset}"},
        ),
    log:
        paths.log("show_provenance"),
    benchmark:
        paths.benchmark("show_provenance")
    group:
        "{preset}-{paper}-tables"
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(1_000),
        runtime=plan.resources.minutes(10),
    params:
        code=plan.code("show_provenance"),
    script:
        "../scripts/show_provenance.py"
