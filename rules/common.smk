# What all rules share: the plan that knows which file needs which, and the wildcards' values.
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "src"))

from pathgan.cluster import slurm
from pathgan.cluster.resources import keep_memory, share_source
from pathgan.config.loading import load_workflow
from pathgan.config.table_names import (
    CLAIM_EFFECTS,
    CLAIMS,
    COMPARABILITY,
    DATASETS,
    EXTRACTION,
    HYPER_PARAMETERS,
    OWN_TABLES,
    PRINTED,
    REGISTRATION,
    TILING,
)
from pathgan.config.weights import EMBEDDERS
from pathgan.config.workflow import PRESETS
from pathgan.errors import PathganError
from pathgan.plan import paths
from pathgan.plan.paths import fill
from pathgan.plan.workflow_plan import Plan

share_source()
keep_memory()
slurm.answer_signals_at_once()
try:
    plan = Plan(load_workflow(config), Path(workflow.basedir))
    plan.library.load_all()
except PathganError as error:
    raise WorkflowError(str(error)) from None

TORCH = "../envs/torch.yaml"
ANALYSIS = "../envs/analysis.yaml"


wildcard_constraints:
    preset="|".join(PRESETS),
    paper="|".join(plan.papers),
    slides=r"[a-z0-9][a-z0-9_.-]*",
    slide=r"[A-Za-z0-9][A-Za-z0-9_.-]*",
    index=r"\d{3}",
    dataset=r"[a-z0-9][a-z0-9_.-]*",
    run=r"[a-z0-9][a-z0-9_.-]*",
    segmenter=r"[a-z0-9][a-z0-9_.-]*",
    samples=r"[a-z0-9][a-z0-9_.-]*",
    images=r"[a-z0-9][a-z0-9_.-]*",
    network="|".join(EMBEDDERS),
    weights=plan.weights.absent(),
    score=r"[a-z0-9][a-z0-9_.-]*",
    figure=rf"(?!{CLAIMS}\.)[a-z0-9][a-z0-9_.-]*",
    table=rf"(?!({'|'.join(OWN_TABLES)})\.)[a-z0-9][a-z0-9_-]*",
    seed=r"\d+",
    folder=r"[A-Za-z0-9_.-]+",
    archive=r"[A-Za-z0-9_.-]+",
