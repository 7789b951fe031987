rule tabulate:
    """A table of the paper: ours beside the published numbers."""
    input:
        plan.table,
    output:
        csv="results/{preset}/{paper}/tables/{table}.csv",
        md="results/{preset}/{paper}/tables/{table}.md",
        tex="results/{preset}/{paper}/tables/{table}.tex",
        html=report(
            "results/{preset}/{paper}/tables/{table}.html",
            caption="../report/table.rst",
            category="{paper}",
            subcategory="tables",
            labels={"table": "{table}", "preset": "{preset}"},
        ),
    log:
        "results/{preset}/logs/{paper}/tabulate/{table}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/tabulate/{table}.tsv"
    group:
        "{preset}-{paper}-tables"
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(1_000),
        runtime=plan.resources.minutes(10),
    params:
        table=plan.table_config,
        published=plan.published,
        caveats=plan.caveats,
        inputs=plan.table_inputs,
        scores=plan.score_files,
        manifests=plan.manifests,
        samples=plan.counted_samples,
        code=plan.code("tabulate"),
    script:
        "../scripts/tabulate.py"


rule list_settings:
    """Every hyper-parameter with its value and its source."""
    input:
        plan.paper_files,
    output:
        csv=f"results/{{preset}}/{{paper}}/tables/{HYPER_PARAMETERS}.csv",
        html=report(
            f"results/{{preset}}/{{paper}}/tables/{HYPER_PARAMETERS}.html",
            caption="../report/settings.rst",
            category="{paper}",
            subcategory="tables",
            labels={"table": HYPER_PARAMETERS, "preset": "{preset}"},
        ),
    log:
        "results/{preset}/logs/{paper}/list_settings.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/list_settings.tsv"
    group:
        "{preset}-{paper}-tables"
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(1_000),
        runtime=plan.resources.minutes(10),
    params:
        device=plan.workflow.device,
        code=plan.code("list_settings"),
    script:
        "../scripts/list_settings.py"


rule draw:
    """A figure of the paper."""
    input:
        plan.figure,
    output:
        png=report(
            "results/{preset}/{paper}/figures/{figure}.png",
            caption="../report/figure.rst",
            category="{paper}",
            subcategory="figures",
            labels={"figure": "{figure}", "preset": "{preset}"},
        ),
        pdf="results/{preset}/{paper}/figures/{figure}.pdf",
    log:
        "results/{preset}/logs/{paper}/draw/{figure}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/draw/{figure}.tsv"
    group:
        "{preset}-{paper}-tables"
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(2_000),
        runtime=plan.resources.minutes(10),
    params:
        figure=plan.figure_config,
        panels=plan.panels,
        evaluations=plan.evaluations,
        stacks=plan.shown_stacks,
        code=plan.code("draw"),
    script:
        "../scripts/draw.py"


rule show_provenance:
    """A page that says what every table and figure of a paper was made from, down to the raw files."""
    input:
        lambda w: plan.results(w.preset, w.paper),
    output:
        report(
            "results/{preset}/{paper}/provenance.html",
            caption="../report/provenance.rst",
            category="{paper}",
            subcategory="provenance",
            labels={"page": "provenance", "preset": "{preset}"},
        ),
    log:
        "results/{preset}/logs/{paper}/show_provenance.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/show_provenance.tsv"
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
