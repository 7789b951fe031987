rule paint:
    """Draw a pair of phantom serial sections, H&E and Ki-67, as slides with everything known of them."""
    output:
        he=f"{paths.SLIDES}/pair{{index}}-he.tif",
        ki67=f"{paths.SLIDES}/pair{{index}}-ki67.tif",
        landmarks_he=f"{paths.SLIDES}/pair{{index}}-he.csv",
        landmarks_ki67=f"{paths.SLIDES}/pair{{index}}-ki67.csv",
        nuclei=f"{paths.SLIDES}/pair{{index}}-nuclei.csv",
    log:
        paths.log("paint", "{slides}", "pair{index}"),
    benchmark:
        paths.benchmark("paint", "{slides}", "pair{index}")
    group:
        "{preset}-{paper}-data"
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(3_000),
        runtime=plan.resources.minutes(30),
    params:
        phantom=plan.slides.phantom,
        code=plan.code("paint"),
    script:
        "../scripts/paint.py"


rule paint_stack:
    """Draw a phantom slide with focal planes, and the depth of every cell."""
    output:
        slide=f"{paths.SLIDES}/slide{{index}}.ome.tif",
        cells=f"{paths.SLIDES}/slide{{index}}-cells.csv",
    log:
        paths.log("paint_stack", "{slides}", "slide{index}"),
    benchmark:
        paths.benchmark("paint_stack", "{slides}", "slide{index}")
    group:
        "{preset}-{paper}-data"
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(3_000),
        runtime=plan.resources.minutes(30),
    params:
        phantom=plan.slides.focus_phantom,
        code=plan.code("paint_stack"),
    script:
        "../scripts/paint_stack.py"


rule register:
    """Lay a section on its neighbour of another stain; the transform is stored once."""
    input:
        unpack(plan.slides.registered_files),
    output:
        transform=fill(paths.REGISTRATION, suffix="h5"),
        scores=fill(paths.REGISTRATION, suffix="csv"),
        picture=report(
            fill(paths.REGISTRATION, suffix="png"),
            caption="../report/registration.rst",
            category="{paper}",
            subcategory="registration",
            labels={"slide": "{slide}", "preset": "{preset}"},
        ),
    log:
        paths.log("register", "{slides}", "{slide}"),
    benchmark:
        paths.benchmark("register", "{slides}", "{slide}")
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(3_000),
        runtime=plan.resources.minutes(60),
    params:
        pair=plan.slides.pair,
        code=plan.code("register"),
    script:
        "../scripts/register.py"


rule tile:
    """Cut a slide into tiles; test tiles of a registered stain in the frame of the slide it is laid on."""
    input:
        unpack(plan.slides.tiled_files),
    output:
        store=fill(paths.PIECES, pieces="tiles", suffix="h5"),
        scores=fill(paths.PIECES, pieces="tiles", suffix="csv"),
        picture=report(
            fill(paths.PIECES, pieces="tiles", suffix="png"),
            caption="../report/tiles.rst",
            category="{paper}",
            subcategory="tiles",
            labels={"slide": "{slide}", "preset": "{preset}"},
        ),
    log:
        paths.log("tile", "{dataset}", "{slide}"),
    benchmark:
        paths.benchmark("tile", "{dataset}", "{slide}")
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(3_000),
        runtime=plan.resources.minutes(120),
    params:
        tiling=plan.slides.tiling,
        code=plan.code("tile"),
    script:
        "../scripts/tile.py"


rule extract_cells:
    """Cut single cells out of a slide with focal planes, each around the plane in focus."""
    input:
        plan.slides.extracted_files,
    output:
        store=fill(paths.PIECES, pieces="cells", suffix="h5"),
        cells=fill(paths.PIECES, pieces="cells", suffix="csv"),
        scores=fill(paths.PIECES, pieces="extractions", suffix="csv"),
        picture=report(
            fill(paths.PIECES, pieces="cells", suffix="png"),
            caption="../report/cells.rst",
            category="{paper}",
            subcategory="cells",
            labels={"slide": "{slide}", "preset": "{preset}"},
        ),
    log:
        paths.log("extract_cells", "{dataset}", "{slide}"),
    benchmark:
        paths.benchmark("extract_cells", "{dataset}", "{slide}")
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(4_000),
        runtime=plan.resources.minutes(240),
    params:
        extraction=plan.slides.extraction,
        code=plan.code("extract_cells"),
    script:
        "../scripts/extract_cells.py"


rule gather:
    """Put the tiles or cells of all slides of a stain into one store and one manifest."""
    input:
        plan.slides.stores,
    output:
        store=paths.STORE,
        manifest=paths.MANIFEST,
        counts=paths.DATASET_COUNTS,
    log:
        paths.log("gather", "{dataset}"),
    benchmark:
        paths.benchmark("gather", "{dataset}")
    wildcard_constraints:
        preset=plan.slides.preset,
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(2_000),
        runtime=plan.resources.minutes(240),
    params:
        parts=plan.slides.parts,
        split=plan.slides.split_of_items,
        code=plan.code("gather"),
    script:
        "../scripts/gather.py"


rule tabulate_slides:
    """How well pairs were registered, how slides were tiled, or which cells were found."""
    input:
        plan.slides.scores,
    output:
        csv=fill(paths.TABLE, suffix="csv"),
        md=fill(paths.TABLE, suffix="md"),
        tex=fill(paths.TABLE, suffix="tex"),
        html=report(
            fill(paths.TABLE, suffix="html"),
            caption="../report/slide_table.rst",
            category="{paper}",
            subcategory="tables",
            labels={"table": "{table}", "preset": "{preset}"},
        ),
    log:
        paths.log("tabulate_slides", "{table}"),
    benchmark:
        paths.benchmark("tabulate_slides", "{table}")
    wildcard_constraints:
        table=rf"{REGISTRATION}|{TILING}|{EXTRACTION}",
    group:
        "{preset}-{paper}-tables"
    conda:
        ANALYSIS
    threads: 1
    resources:
        mem_mb=plan.resources.memory(1_000),
        runtime=plan.resources.minutes(10),
    params:
        caveat=plan.slides.caveat,
        scores=plan.slides.scores,
        code=plan.code("tabulate_slides"),
    script:
        "../scripts/tabulate_slides.py"
