"""`pathgan demo`: what it reads out of Snakemake's lines, and what it says of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from pathgan.demo.job_lines import ALL_PAPERS, Finished, Job, Stages, told
from pathgan.demo.outcome import print_outcome
from pathgan.demo.progress_lines import clock, shown_on, time_left
from pathgan.demo.run_demo import run_demo
from pathgan.errors import PathganError

ROOT = Path(__file__).parents[1]
LINES = """\
[Sat Nov 28 12:38:08 2026] Group job demo-x-data (jobs in lexicogr. order):

    [Sat Nov 28 12:38:08 2026]
    rule prepare:
        output: results/demo/x/data/a.h5
        jobid: 7
        reason: Missing output files: rule of thumb:
        wildcards: preset=demo, paper=x, dataset=a
        resources: tmpdir=/tmp, runtime=5
Shell command: None
[Sat Nov 28 12:38:09 2026]
localrule summarise:
    input: a, b
    jobid: 12
    wildcards: preset=demo
    resources: tmpdir=/tmp
[Sat Nov 28 12:38:10 2026]
Finished jobid: 7 (Rule: prepare)
1 of 2 steps (50%) done
"""


def test_jobs_that_begin_and_end_are_read():
    assert list(told(LINES.splitlines(keepends=True))) == [
        Job(7, "prepare", "x"),
        Job(12, "summarise", ALL_PAPERS),
        Finished(7),
    ]


def test_every_rule_has_a_stage_in_words(plan):
    stages = Stages(ROOT / "rules")
    named = {rule.name for rule in (*plan.training.rules, *plan.samples.rules)} | set(stages._of)
    assert {stages[name] for name in named} == {
        *("data", "slides", "training", "samples", "nuclei", "scores", "tables and figures", "claims", "page")
    }


def test_a_folder_without_rules_is_no_checkout(tmp_path):
    with pytest.raises(PathganError, match="no rules there; run it in a checkout"):
        Stages(tmp_path)


def show(jobs, is_terminal):
    console = Console(file=StringIO(), force_terminal=is_terminal, width=100, color_system=None)
    with shown_on(console, jobs, Stages(ROOT / "rules")) as shown:
        for job in jobs:
            shown.begin(job)
            shown.end(job)
    return console.file.getvalue()


JOBS = [Job(1, "prepare", "x"), Job(2, "prepare", "x"), Job(3, "train_paired", "x"), Job(4, "draw", "y")]


def test_without_a_terminal_there_is_a_line_for_each_paper_and_stage():
    lines = [line.split(maxsplit=2)[1:] for line in show(JOBS, is_terminal=False).splitlines()]
    assert lines == [["x", "data: 2 jobs"], ["x", "training: 1 job"], ["y", "tables and figures: 1 job"]]


def test_in_a_terminal_there_is_a_bar_for_each_paper():
    text = show(JOBS, is_terminal=True)
    assert "3/3" in text
    assert "4/4" in text
    assert "together" in text


@given(st.floats(0.1, 1e5), st.integers(0, 500), st.integers(1, 500))
def test_the_time_left_is_told_once_it_can_be(elapsed, done, n):
    text = time_left(elapsed, done, n)
    assert bool(text) == (max(1, n // 20) <= done < n)


def test_times_in_words():
    assert time_left(60, 10, 40) == "about 3 min left"
    assert time_left(10, 30, 40) == "less than a minute left"
    assert [clock(seconds) for seconds in (0, 61.9, 3600)] == ["0:00", "1:01", "60:00"]


def test_an_outcome_names_what_was_made_and_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("tables/a.csv", "tables/b.csv", "figures/c.png"):
        path = tmp_path / "results/demo/x" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "results/demo/scorecard.csv").write_text(
        "paper,measure,value\nx,claims supported,3\nx,printed cells,9\n"
    )
    console = Console(file=StringIO(), width=80)
    print_outcome("demo", ["x"], console)
    text = console.file.getvalue()
    assert "2 tables and 1 figures of x." in text
    assert text.rstrip().endswith("Read: results/demo/index.html")
    assert [line.split() for line in text.splitlines() if line.split()[:1] == ["x"]] == [
        ["x", "3", "0", "0", "0", "0", "of", "9"]
    ]
    assert max(map(len, text.splitlines()[:12])) <= 80


def test_an_unknown_paper_is_named(monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(PathganError, match=r"no paper .sharpgna.; there are: .*sharpgan"):
        run_demo(["sharpgna"], "1", Console(file=StringIO()))


@pytest.fixture
def failing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config/papers").mkdir(parents=True)
    (tmp_path / "Snakefile").write_text("rule all:\n    input: 'absent'\n")
    return tmp_path


def test_a_demo_that_fails_shows_the_end_of_its_log(failing):
    console = Console(file=StringIO(), width=200)
    with pytest.raises(
        PathganError, match=r"^the demo failed; all that Snakemake said: results/demo/logs/snakemake\.log$"
    ):
        run_demo([], "1", console)
    said = console.file.getvalue()
    assert "MissingInput" in said
    assert said.endswith((failing / "results/demo/logs/snakemake.log").read_text()[-40:] + "\n")


def test_ctrl_c_waits_for_snakemake_and_says_how_to_go_on(failing):
    """Its jobs end first: a second demo must not start over them."""
    (failing / "rules").mkdir()
    (failing / "rules/x.smk").write_text("rule slow:\n")
    (failing / "Snakefile").write_text(
        "rule all:\n    input: 'out'\n"
        "rule slow:\n    output: 'out'\n    shell: 'touch begun; sleep 30; touch {output}'\n"
    )
    code = "from rich.console import Console; from pathgan.demo.run_demo import run_demo; run_demo([], '1', Console())"
    demo = subprocess.Popen(
        [sys.executable, "-c", code],
        start_new_session=True,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    while not (failing / "begun").exists():
        assert demo.poll() is None
        time.sleep(0.1)
    os.killpg(demo.pid, signal.SIGINT)
    assert "stopped by Ctrl-C; the same command goes on from here" in demo.communicate(timeout=30)[1]
    assert not (failing / "out").exists()
    with pytest.raises(ProcessLookupError):  # nobody of its group is left
        os.killpg(demo.pid, 0)
