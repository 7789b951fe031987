import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from pathgan import files
from pathgan.config.workflow import Workflow
from pathgan.errors import DataError
from pathgan.files import atomic, sha256_of
from pathgan.jobs import DEADLINE_MARGIN_S, deadline, job
from pathgan.metrics import feature_similarity, gradient_magnitude_similarity_deviation
from pathgan.plan.workflow_plan import Plan
from pathgan.provenance.closure import EXEMPT, CodeTree, code_state
from pathgan.provenance.places import record_path
from pathgan.provenance.records import JobFacts, commit_state, record

ROOT = Path(__file__).parents[1]


def facts(tmp_path, **changes):
    (tmp_path / "results/demo/x").mkdir(parents=True)
    source, output = tmp_path / "in.csv", tmp_path / "results/demo/x/out.csv"
    source.write_text("in")
    output.write_text("out")
    given = {
        "rule": "score",
        "inputs": {str(source): sha256_of(source)},
        "outputs": [str(output)],
        "params": {"score": {"kind": "similarity"}},
        "wildcards": {"seed": "0"},
        "threads": 1,
        "config": {"data_root": "data"},
        "code": code_state(["scripts/score.py"], ROOT),
        "commit": commit_state(),
    }
    return JobFacts(**{**given, **changes})


def test_a_record_holds_the_pedigree(tmp_path):
    described = facts(tmp_path)
    (path,) = record(described)
    assert path == tmp_path / "results/demo/provenance/x/out.csv.json"
    entry = json.loads(path.read_text())
    assert entry["outputs"] == {described.outputs[0]: sha256_of(described.outputs[0])}
    assert entry["inputs"] == described.inputs
    assert entry["code"]["digest"] == code_state(["scripts/score.py"], ROOT)["digest"]
    module = "src/pathgan/scoring/score_files.py"
    assert entry["code"]["files"][module]["sha256"] == sha256_of(ROOT / module)
    assert entry["params"] == {"score": {"kind": "similarity"}}
    assert entry["lock"] == sha256_of(ROOT / "envs" / "requirements.lock")
    assert entry["libraries"]["numpy"]


def test_record_paths_mirror_results():
    assert record_path("results/demo/x/tables/table1.csv") == Path("results/demo/provenance/x/tables/table1.csv.json")
    assert record_path("data/tnbc/got.json") == Path("data/tnbc/got.json.provenance.json")


# --- code -------------------------------------------------------------------------------------------------


def reached(*roots: str) -> set[str]:
    return {file.relative_to(ROOT).as_posix().removeprefix("src/pathgan/") for file in CodeTree(ROOT).files(roots)}


def test_a_run_reaches_its_own_kind_and_no_more():
    paired = reached("scripts/train.py", "pathgan.recipes.paired", "pathgan.config.runs.paired_run")
    assert {"scripts/train.py", "training/loop.py", "losses/contour_losses.py", "networks/unet.py"} <= paired
    assert {"training/lease.py", "masks/maps.py", "determinism.py"} <= paired
    others = {"recipes/cycle.py", "config/runs/cycle_run.py", "losses/critic_losses.py", "networks/residual.py"}
    assert not others & paired
    assert not {name for name in paired if name.startswith(("phantoms/", "render/", "datasets/", "slides/", "plan/"))}
    assert not {"errors.py", "provenance/attempts.py", "provenance/recording.py", "provenance/records.py"} & paired
    assert "networks/unet.py" not in reached("scripts/tabulate.py", "pathgan.render.score_tables")


def roots_of(plan: Plan) -> Iterator[tuple[str, ...]]:
    """Of every job that the demo of every paper has of a run, sample set, score, table, figure and dataset."""
    for name in plan.papers:
        if "demo" not in plan.library.presets(name):
            continue
        paper = plan.library.paper("demo", name)
        w = {"preset": "demo", "paper": name, "seed": "0"}
        for run, entry in paper.runs.items():
            if hasattr(entry, "trainer"):
                yield "scripts/train.py", *plan.training.workers(SimpleNamespace(**w, run=run))
        for samples in paper.sample_sets:
            yield "scripts/sample.py", *plan.samples.workers(SimpleNamespace(**w, samples=samples))
        for score in paper.scores:
            yield "scripts/score.py", *plan.scores.workers(SimpleNamespace(**w, score=score))
        for table in paper.tables:
            yield "scripts/tabulate.py", *plan.tables.workers(SimpleNamespace(**w, table=table))
        for figure in paper.figures:
            yield "scripts/draw.py", *plan.figures.workers(SimpleNamespace(**w, figure=figure))


def test_no_job_but_the_plans_reaches_all_kinds():
    """What holds every kind would make every edit everybody's."""
    for roots in set(roots_of(Plan(Workflow(), ROOT))):
        of_kinds = {name for name in reached(*roots) if name.startswith("config/runs/") and name.endswith("_run.py")}
        assert len(of_kinds) <= 1, roots
        assert not {name for name in reached(*roots) if name.startswith("plan/")}, roots


@pytest.mark.parametrize(
    "roots",
    [
        ("scripts/train.py", "pathgan.recipes.cycle", "pathgan.config.runs.cycle_run"),
        ("scripts/score.py", "pathgan.scoring.distribution_scores", "pathgan.config.scores.distribution_score"),
        ("scripts/prepare.py", "pathgan.datasets.adapters.tnbc"),
    ],
)
def test_the_closure_holds_every_module_that_python_loads(roots):
    """Static reading must not miss what an import really brings."""
    modules = [name for name in roots if not name.endswith(".py")]
    listed = "[m.__file__ for n, m in sys.modules.items() if n.startswith('pathgan')]"
    code = f"import sys, importlib; [importlib.import_module(m) for m in {modules}]; print(*{listed})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {Path(name).resolve() for name in done.stdout.split()}
    exempt = {ROOT / "src" / f"{name.replace('.', '/')}.py" for name in EXEMPT}
    exempt.add(ROOT / "src/pathgan/provenance/__init__.py")
    exempt.add(ROOT / "src/pathgan/provenance/places.py")  # reached through attempts alone
    assert loaded - exempt <= set(CodeTree(ROOT).files(roots))


@pytest.fixture
def project(tmp_path):
    """A project of two modules that a script reaches."""
    (tmp_path / "src" / "own").mkdir(parents=True)
    (tmp_path / "scripts").mkdir()
    (tmp_path / "src/own/__init__.py").write_text("")
    (tmp_path / "src/own/work.py").write_text('"""What it does."""\n\n\ndef work(x):\n    return x + 1\n')
    (tmp_path / "src/own/other.py").write_text("Y = 1\n")
    (tmp_path / "scripts/a.py").write_text(
        "from typing import TYPE_CHECKING\nfrom own.work import work\nfrom pathgan.jobs import job\n"
        "if TYPE_CHECKING:\n    from own.other import Y\n"
    )
    shutil.copytree(ROOT / "src/pathgan", tmp_path / "src/pathgan", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.parametrize(
    ("file", "text", "changes"),
    [
        ("src/own/work.py", '"""Other words."""\n# and a comment\ndef work(x): return (x + 1)\n', False),
        ("src/own/work.py", "def work(x):\n    return x + 2\n", True),
        ("src/own/work.py", "def work(x):\n    return x +\n", True),  # does not parse
        ("src/own/work.py", "def work(x):\n    'x'\n    return x + 1\n", False),
        ("src/own/other.py", "Y = 2\n", False),  # imported for type checkers alone
        ("src/own/__init__.py", "Z = 1\n", True),  # Python runs it first
        ("scripts/a.py", "from own.work import work\n", True),
        ("src/pathgan/determinism.py", "X = 1\n", True),  # every job's
        ("src/pathgan/provenance/recording.py", "X = 1\n", False),
    ],
)
def test_a_digest_follows_what_code_does(project, file, text, changes):
    before = code_state(["scripts/a.py"], project)
    (project / file).write_text(text)
    after = code_state(["scripts/a.py"], project)
    assert (after["digest"] != before["digest"]) == changes
    if file in before["files"]:
        assert after["files"][file]["sha256"] != before["files"][file]["sha256"]


@pytest.mark.parametrize(
    "text",
    [
        "from own import lazy",  # a package that loads a module when it is asked for a name in it
        "from own.part import X",
        "from own.part import other",
    ],
)
def test_what_is_imported_through_a_package_or_relatively_counts(project, text):
    (project / "src/own/__init__.py").write_text("def __getattr__(name):\n    from importlib import import_module\n")
    (project / "src/own/part").mkdir()
    (project / "src/own/part/__init__.py").write_text("from .near import X\nfrom .. import other\n")
    (project / "src/own/part/near.py").write_text("from ..other import Y\nX = Y\n")
    (project / "scripts/a.py").write_text(text + "\n")
    assert "src/own/other.py" in code_state(["scripts/a.py"], project)["files"]


def test_a_digest_does_not_depend_on_where_the_checkout_lies(project, tmp_path_factory):
    moved = tmp_path_factory.mktemp("moved") / "there"
    shutil.copytree(project, moved)
    assert code_state(["scripts/a.py"], moved)["digest"] == code_state(["scripts/a.py"], project)["digest"]


def test_a_root_that_is_missing_is_named():
    with pytest.raises(FileNotFoundError, match=r"scripts/none\.py"):
        code_state(["scripts/none.py"], ROOT)
    with pytest.raises(FileNotFoundError, match=r"src/pathgan/recipes/none\.py"):
        code_state(["scripts/train.py", "pathgan.recipes.none"], ROOT)


# --- jobs and files ---------------------------------------------------------------------------------------


class Named(SimpleNamespace):
    """Stands for Snakemake's lists with names."""

    def items(self):
        return vars(self).items()

    def __iter__(self):
        return iter(vars(self).values())


def fake_snakemake(tmp_path, **resources):
    output = tmp_path / "results/demo/x/out.csv"
    output.parent.mkdir(parents=True)
    return SimpleNamespace(
        log=[str(tmp_path / "logs/job.log")],
        rule="score",
        scriptdir=str(ROOT / "scripts"),
        input=Named(),
        output=Named(out=str(output)),
        params=Named(a=1),
        wildcards=Named(seed="0"),
        threads=1,
        config={"data_root": "data"},
        resources=SimpleNamespace(**resources),
    )


def test_a_job_leaves_a_record_and_a_log(tmp_path):
    snakemake = fake_snakemake(tmp_path)
    with job(snakemake):
        logging.getLogger("pathgan.x").info("working")
        Path(snakemake.output.out).write_text("done")
    assert "working" in Path(snakemake.log[0]).read_text()
    assert json.loads(record_path(snakemake.output.out).read_text())["params"] == {"a": 1}


def test_a_job_keeps_opencv_to_its_threads_and_to_one_rounding(tmp_path, rng):
    """Scores must not depend on where an array lies in memory."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    real, fake = rng.integers(0, 256, (2, 1, 64, 64, 3), dtype=np.uint8)
    values = set()
    with job(fake_snakemake(tmp_path)) as snakemake:
        assert cv2.getNumThreads() == snakemake.threads == 1
        for offset in range(64):
            spacer = np.empty(1 + 37 * offset, np.uint8)  # moves what is allocated after it
            moved = np.empty(real.size + 64, np.uint8)[offset : offset + real.size].reshape(real.shape)
            moved[...] = real
            values.add((*feature_similarity(moved, fake), *gradient_magnitude_similarity_deviation(moved, fake)))
            del spacer
        Path(snakemake.output.out).write_text("done")
    assert len(values) == 1
    cv2.setNumThreads(before)
    cv2.ipp.setUseIPP(True)


def test_opencv_that_is_loaded_later_is_held_too():
    code = "from pathgan.determinism import make_repeatable; make_repeatable(1); import cv2; "
    code += "print(cv2.getNumThreads(), cv2.ipp.useIPP())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "False"]
    assert done.stderr == ""


def test_our_errors_are_one_line_and_exit_code_1(tmp_path, capsys):
    snakemake = fake_snakemake(tmp_path)
    with pytest.raises(SystemExit, match="1"), job(snakemake):
        raise DataError("a.png: damaged; get it again")
    assert capsys.readouterr().err == "pathgan, rule score: a.png: damaged; get it again\n"
    assert "a.png: damaged" in Path(snakemake.log[0]).read_text()
    assert not record_path(snakemake.output.out).exists()


def test_other_errors_keep_their_trace(tmp_path, capsys):
    with pytest.raises(ZeroDivisionError), job(fake_snakemake(tmp_path)):
        print(1 / 0)
    assert "Traceback" in capsys.readouterr().err


def test_a_deadline_comes_from_the_scheduler(tmp_path):
    snakemake = fake_snakemake(tmp_path, runtime=10)
    assert deadline(snakemake, {}, now=0) is None
    assert deadline(snakemake, {"SLURM_JOB_ID": "1"}, now=0) == 600 - DEADLINE_MARGIN_S
    told = {"SLURM_JOB_ID": "1", "SLURM_JOB_END_TIME": "5000"}
    assert deadline(snakemake, told, now=0) == 5000 - DEADLINE_MARGIN_S


def test_a_file_is_whole_or_absent(tmp_path):
    path = tmp_path / "deep" / "a.txt"
    with atomic(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.suffix == ".txt"
    assert path.read_text() == "new"
    with pytest.raises(RuntimeError), atomic(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "new"
    assert [file.name for file in path.parent.iterdir()] == ["a.txt"]
    assert files.sha256_of(path) == "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437"
