rule decide:
    """Every claim of a paper with its verdict, and the comparisons behind it."""
    input:
        plan.claims.inputs,
    output:
        csv=fill(paths.TABLE, table=CLAIMS, suffix="csv"),
        md=fill(paths.TABLE, table=CLAIMS, suffix="md"),
        tex=fill(paths.TABLE, table=CLAIMS, suffix="tex"),
        html=report(
            fill(paths.TABLE, table=CLAIMS, suffix="html"),
            caption="../report/claims.rst",
            category="{paper}",
            subcategory="claims",
            labels={"table": CLAIMS, "preset": "{preset}"},
        ),
        effects=fill(paths.TABLE, table=CLAIM_EFFECTS, suffix="csv"),
    log:
        paths.log("decide"),
    benchmark:
        paths.benchmark("decide")
    group:
        "{preset}-{paper}-tables"
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(1_000),
        runtime=plan.resources.minutes(10),
    params:
        given=plan.claims.given,
        title=plan.claims.title,
        code=plan.code("decide"),
    script:
        "../scripts/decide.py"


rule draw_claims:
    """The effects of a paper's claims, beside the printed ones."""
    input:
        claims=fill(paths.TABLE, table=CLAIMS, suffix="csv"),
        effects=fill(paths.TABLE, table=CLAIM_EFFECTS, suffix="csv"),
    output:
        png=report(
            fill(paths.FIGURE, figure=CLAIMS, suffix="png"),
            caption="../report/forest_plot.rst",
            category="{paper}",
            subcategory="claims",
            labels={"figure": CLAIMS, "preset": "{preset}"},
        ),
        pdf=fill(paths.FIGURE, figure=CLAIMS, suffix="pdf"),
    log:
        paths.log("draw_claims"),
    benchmark:
        paths.benchmark("draw_claims")
    group:
        "{preset}-{paper}-tables"
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(1_000),
        runtime=plan.resources.minutes(10),
    params:
        title=plan.claims.title,
        code=plan.code("draw_claims"),
    script:
        "../scripts/draw_claims.py"


rule check_printed:
    """The claims of a paper that its own printed numbers speak against."""
    input:
        plan.claims.files,
    output:
        csv=fill(paths.TABLE, table=PRINTED, suffix="csv"),
        html=report(
            fill(paths.TABLE, table=PRINTED, suffix="html"),
            caption="../report/printed.rst",
            category="{paper}",
            subcategory="claims",
            labels={"table": PRINTED, "preset": "{preset}"},
        ),
    log:
        paths.log("check_printed"),
    benchmark:
        paths.benchmark("check_printed")
    group:
        "{preset}-{paper}-tables"
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(1_000),
        runtime=plan.resources.minutes(10),
    params:
        claims=plan.claims.claims,
        printed=plan.claims.printed,
        title=plan.claims.title,
        code=plan.code("check_printed"),
    script:
        "../scripts/check_printed.py"


rule summarise:
    """All papers on one page: what came of their claims, and how far numbers may be compared."""
    input:
        lambda w: [file for files in plan.page.scored(w).values() for file in files],
    output:
        csv=fill(paths.SCORECARD, suffix="csv"),
        md=fill(paths.SCORECARD, suffix="md"),
        html=report(
            fill(paths.SCORECARD, suffix="html"),
            caption="../report/scorecard.rst",
            category="scorecard",
            labels={"page": "scorecard", "preset": "{preset}"},
        ),
    log:
        paths.log_of_preset("summarise"),
    benchmark:
        paths.benchmark_of_preset("summarise")
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(1_000),
        runtime=plan.resources.minutes(10),
    params:
        tables=plan.page.scored,
        code=plan.code("summarise"),
    script:
        "../scripts/summarise.py"
