# pathgan: results/{preset}/{paper}/... ; every path is a target, and `all` is the default one.
from snakemake.utils import min_version

min_version("9.27")


configfile: "config/config.yaml"


report: "report/workflow.rst"


include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/slides.smk"
include: "rules/masks.smk"
include: "rules/train.smk"
include: "rules/sample.smk"
include: "rules/score.smk"
include: "rules/render.smk"
include: "rules/claims.smk"
include: "rules/page.smk"


onstart:
    try:
        slurm.prepare(workflow, plan.workflow.longest_min, plan.workflow.patience_s)
    except PathganError as error:
        raise WorkflowError(str(error)) from None


rule all:
    """Every table and figure of the papers in the configuration, under its preset, and their front page."""
    default_target: True
    input:
        [
            target
            for paper in plan.workflow.papers
            for target in plan.targets(plan.workflow.preset, paper)
        ],
        plan.summaries(plan.workflow.preset),


for _paper in plan.papers:

    rule:
        """Every table and figure of one paper: `snakemake sharpgan`."""
        name:
            _paper
        input:
            lambda w, paper=_paper: plan.targets(plan.workflow.preset, paper),
