"""What a reader gets of a finished workflow: the front page, the report, and the demo's words."""

from __future__ import annotations

import json

import pytest
import warm
from checkouts import jobs, snakemake
from tiny_paper import BASE

from pathgan.provenance.places import record_path

pytestmark = pytest.mark.workflow


def test_the_front_page_shows_everything_and_takes_no_markup_from_a_paper(done):
    page = (done / "results/demo/index.html").read_text()
    assert "A paper of &lt;b&gt;two&lt;/b&gt; runs" in page
    assert "<b>two" not in page
    for name in (
        "tiny/table1/gan/ssim",
        "tiny/table2/gan/p_hash",
        "tiny/figures/figure1",
        "tiny/hyperparameters",
        "tiny/datasets",
    ):
        assert f'id="{name}"' in page
    assert (
        json.loads((done / record_path(BASE / "tables/table1.csv")).read_text())["outputs"][
            str(BASE / "tables/table1.csv")
        ]
        in page
    )
    assert "Drawn images (phantoms)" in page


def test_an_edit_of_a_template_reruns_the_page_alone(copied):
    style = copied / "src/pathgan/page/page.css"
    style.write_text(style.read_text() + "p { color: red; }\n")
    assert set(jobs(snakemake(copied, "-n", "all"))) == {"write_page", "all"}


def test_a_demo_of_what_is_there_says_so_and_writes_the_report(copied):
    done = warm.run(
        "pathgan.cli", ["demo", "--cores", "2"], copied, {**warm.environment(False), "PYTHONPATH": "src"}, False
    )
    assert done.returncode == 0, done.stderr
    assert "Everything is there already." in done.stdout
    assert done.stdout.rstrip().splitlines()[-2] == "Read: results/demo/index.html"
    assert "front page" in (copied / "results/demo/report.html").read_text()


def test_the_report_is_one_page_with_captions(copied):
    snakemake(copied, "--report", "results/demo/report.html")
    page = (copied / "results/demo/report.html").read_text()
    assert "Figure 1" in page
    assert "tiny" in page
