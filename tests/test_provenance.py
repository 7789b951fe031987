import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from pathgan import files
from pathgan.errors import DataError
from pathgan.files import atomic, sha256_of
from pathgan.jobs import DEADLINE_MARGIN_S, deadline, job
from pathgan.metrics import feature_similarity, gradient_magnitude_similarity_deviation
from pathgan.provenance import JobFacts, closure, code_digest, code_files, code_state, commit_state, record, record_path
from pathgan.provenance.closure import BYSTANDERS

ROOT = Path(__file__).parents[1]


def facts(tmp_path, **changes):
    (tmp_path / "results/demo/x").mkdir(parents=True)
    source, output = tmp_path / "in.csv", tmp_path / "results/demo/x/out.csv"
    source.write_text("in")
    output.write_text("out")
    given = {
        "rule": "score",
        "inputs": [str(source)],
        "outputs": [str(output)],
        "params": {"score": {"kind": "similarity"}},
        "wildcards": {"seed": "0"},
        "threads": 1,
        "config": {"data_root": "data"},
        "code": code_state(ROOT / "scripts" / "score.py"),
        "commit": commit_state(),
    }
    return JobFacts(**{**given, **changes})


def test_a_record_holds_the_pedigree(tmp_path):
    described = facts(tmp_path)
    (path,) = record(described)
    assert path == tmp_path / "results/demo/provenance/x/out.csv.json"
    entry = json.loads(path.read_text())
    assert entry["outputs"] == {described.outputs[0]: sha256_of(described.outputs[0])}
    assert entry["inputs"] == {described.inputs[0]: sha256_of(described.inputs[0])}
    assert entry["code"]["digest"] == code_digest(ROOT / "scripts" / "score.py")
    module = "src/pathgan/scoring/inputs.py"
    assert entry["code"]["files"][module] == sha256_of(ROOT / module)
    assert entry["params"] == {"score": {"kind": "similarity"}}
    assert entry["lock"] == sha256_of(ROOT / "envs" / "requirements.lock")
    assert entry["libraries"]["numpy"]


def test_record_paths_mirror_results():
    assert record_path("results/demo/x/tables/table1.csv") == Path("results/demo/provenance/x/tables/table1.csv.json")
    assert record_path("data/tnbc/got.json") == Path("data/tnbc/got.json.provenance.json")


def test_the_closure_holds_what_a_script_can_reach_and_no_more():
    reached = {file.name for file in code_files(ROOT / "scripts" / "train_generator.py")}
    assert {"train_generator.py", "loop.py", "losses.py", "unet.py", "lease.py", "maps.py"} <= reached
    assert "tables.py" not in reached
    assert "fields.py" not in reached  # a phantom's texture retrains nothing on real images
    assert "record.py" not in reached
    assert "unet.py" not in {file.name for file in code_files(ROOT / "scripts" / "tabulate.py")}


def test_the_closure_holds_every_module_that_python_loads():
    """Static reading must not miss what an import really brings."""
    listed = "[m.__file__ for n, m in sys.modules.items() if n.startswith('pathgan') and not n.startswith(BYSTANDERS)]"
    code = f"import sys, pathgan.recipes.running; BYSTANDERS = {BYSTANDERS}; print(*{listed})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {Path(name).resolve() for name in done.stdout.split()}
    assert loaded <= set(code_files(ROOT / "scripts" / "train_generator.py"))


def test_the_digest_follows_code_and_not_its_place(tmp_path):
    def digest_in(folder):
        closure._imported.cache_clear()
        return code_digest(folder / "scripts" / "score.py")

    for name in ("a", "b"):
        shutil.copytree(ROOT / "src", tmp_path / name / "src", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / "scripts", tmp_path / name / "scripts")
    before = digest_in(tmp_path / "a")
    assert digest_in(tmp_path / "b") == before
    unrelated = tmp_path / "b/src/pathgan/losses.py"
    unrelated.write_text(unrelated.read_text() + "\n# a word\n")
    assert digest_in(tmp_path / "b") == before
    related = tmp_path / "b/src/pathgan/metrics/instances.py"
    related.write_text(related.read_text().replace("> 0.5", "> 0.6"))
    assert digest_in(tmp_path / "b") != before
    closure._imported.cache_clear()


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
