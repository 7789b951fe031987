"""What we use of other libraries' insides: each has an upper bound, and a test that fails when it breaks."""

from __future__ import annotations

import asyncio
import inspect
import io
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement
from PIL import Image

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
BOUNDS = {req.name: req.specifier for req in map(Requirement, PROJECT["dependencies"])}


def slurm_executor() -> None:
    """cluster/slurm.py puts a watch in the place of a function, which the executor must still call by its name."""
    import snakemake_executor_plugin_slurm as executor

    assert asyncio.iscoroutinefunction(executor.query_job_status)
    assert list(inspect.signature(executor.query_job_status).parameters) == ["command", "logger"]
    assert "await query_job_status(" in Path(executor.__file__).read_text()


def snakemake() -> None:
    """provenance/current.py expands a job's parameters; cluster/slurm.py looks at the jobs that are about to run."""
    from snakemake.api import SnakemakeApi, WorkflowApi
    from snakemake.dag import DAG
    from snakemake.rules import Rule
    from snakemake.scheduling import job_scheduler
    from snakemake.workflow import Workflow

    assert "_workflow" in vars(WorkflowApi)
    assert {"workflow"} <= set(dir(SnakemakeApi))
    assert {"expand_input", "expand_params"} <= set(dir(Rule))
    assert {"needrun_jobs", "get_job_group"} <= set(dir(DAG))
    own = "with self._lock: self._user_kill = 'graceful' self._open_jobs.release()"
    assert own in " ".join(inspect.getsource(job_scheduler).replace('"', "'").split())
    assert {"get_rule", "globals"} <= set(dir(Workflow)) | set(inspect.getsource(Workflow).split())


def pillow() -> None:
    """datasets/image_files.py tells 16-bit files by the decoder that Pillow chose."""
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((2, 2), np.uint16)).save(buffer, "PNG")
    assert "16" in str(Image.open(io.BytesIO(buffer.getvalue())).tile[0][3])


def rocrate() -> None:
    """provenance/crate.py adds terms to a crate, and writes its metadata itself."""
    from rocrate.rocrate import ROCrate

    crate = ROCrate(version="1.1")
    crate.metadata.extra_contexts.append("https://example.org/terms")
    assert "https://example.org/terms" in crate.metadata.generate()["@context"]


def pydantic() -> None:
    """config/kinds.py builds a union when a paper is first read."""
    from pathgan.config.papers import Paper

    assert Paper.model_config["defer_build"]


def torch() -> None:
    """training/optimizers.py takes what torch's decorators would wait for its compiler with."""
    code = """
import sys, torch
from pathgan.config.training_options import SGD, Adam
from pathgan.training.optimizers import adam, descend, sgd
for make, options in ((adam, Adam()), (sgd, SGD())):
    weights = torch.nn.Parameter(torch.ones(3))
    optimizer = make([weights], options, 0.1)
    descend(optimizer, weights.sum())
    optimizer.load_state_dict(optimizer.state_dict())
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


USED = {
    "torch": torch,
    "snakemake-executor-plugin-slurm": slurm_executor,
    "snakemake": snakemake,
    "pillow": pillow,
    "rocrate": rocrate,
    "pydantic": pydantic,
}


@pytest.mark.parametrize("name", USED)
def test_what_we_use_of_its_insides_is_there_and_bounded(name: str) -> None:
    assert any(part.operator in ("<", "<=", "==") for part in BOUNDS[name]), f"{name} has no upper bound"
    assert BOUNDS[name].contains(version(name)), f"{name} {version(name)} is beyond what was tried"
    USED[name]()
