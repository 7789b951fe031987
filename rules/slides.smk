rule paint:
    """Draw a pair of phantom serial sections, H&E and Ki-67, as slides with everything known of them."""
    output:
        he="results/{preset}/{paper}/slides/{slides}/pair{index}-he.tif",
        ki67="results/{preset}/{paper}/slides/{slides}/pair{index}-ki67.tif",
        landmarks_he="results/{preset}/{paper}/slides/{slides}/pair{index}-he.csv",
        landmarks_ki67="results/{preset}/{paper}/slides/{slides}/pair{index}-ki67.csv",
        nuclei="results/{preset}/{paper}/slides/{slides}/pair{index}-nuclei.csv",
    log:
        "results/{preset}/logs/{paper}/paint/{slides}/pair{index}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/paint/{slides}/pair{index}.tsv"
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
        slide="results/{preset}/{paper}/slides/{slides}/slide{index}.ome.tif",
        cells="results/{preset}/{paper}/slides/{slides}/slide{index}-cells.csv",
    log:
        "results/{preset}/logs/{paper}/paint_stack/{slides}/slide{index}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/paint_stack/{slides}/slide{index}.tsv"
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
        transform="results/{preset}/{paper}/registrations/{slides}/{slide}.h5",
        scores="results/{preset}/{paper}/registrations/{slides}/{slide}.csv",
        picture=report(
            "results/{preset}/{paper}/registrations/{slides}/{slide}.png",
            caption="../report/registration.rst",
            category="{paper}",
            subcategory="registration",
            labels={"slide": "{slide}", "preset": "{preset}"},
        ),
    log:
        "results/{preset}/logs/{paper}/register/{slides}/{slide}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/register/{slides}/{slide}.tsv"
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
        store="results/{preset}/{paper}/tiles/{dataset}/{slide}.h5",
        scores="results/{preset}/{paper}/tiles/{dataset}/{slide}.csv",
        picture=report(
            "results/{preset}/{paper}/tiles/{dataset}/{slide}.png",
            caption="../report/tiles.rst",
            category="{paper}",
            subcategory="tiles",
            labels={"slide": "{slide}", "preset": "{preset}"},
        ),
    log:
        "results/{preset}/logs/{paper}/tile/{dataset}/{slide}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/tile/{dataset}/{slide}.tsv"
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
        store="results/{preset}/{paper}/cells/{dataset}/{slide}.h5",
        cells="results/{preset}/{paper}/cells/{dataset}/{slide}.csv",
        scores="results/{preset}/{paper}/extractions/{dataset}/{slide}.csv",
        picture=report(
            "results/{preset}/{paper}/cells/{dataset}/{slide}.png",
            caption="../report/cells.rst",
            category="{paper}",
            subcategory="cells",
            labels={"slide": "{slide}", "preset": "{preset}"},
        ),
    log:
        "results/{preset}/logs/{paper}/extract_cells/{dataset}/{slide}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/extract_cells/{dataset}/{slide}.tsv"
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
        store="results/{preset}/{paper}/data/{dataset}.h5",
        manifest="results/{preset}/{paper}/data/{dataset}.csv",
    log:
        "results/{preset}/logs/{paper}/gather/{dataset}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/gather/{dataset}.tsv"
    wildcard_constraints:
        preset=plan.presets_of("datasets", SlideDataset | CellDataset),
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
        csv="results/{preset}/{paper}/tables/{table}.csv",
        md="results/{preset}/{paper}/tables/{table}.md",
        tex="results/{preset}/{paper}/tables/{table}.tex",
        html=report(
            "results/{preset}/{paper}/tables/{table}.html",
            caption="../report/slide_table.rst",
            category="{paper}",
            subcategory="tables",
            labels={"table": "{table}", "preset": "{preset}"},
        ),
    log:
        "results/{preset}/logs/{paper}/tabulate_slides/{table}.log",
    benchmark:
        "results/{preset}/benchmarks/{paper}/tabulate_slides/{table}.tsv"
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
        code=plan.code("tabulate_slides"),
    script:
        "../scripts/tabulate_slides.py"
