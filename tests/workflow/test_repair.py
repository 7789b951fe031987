"""`pathgan repair` on a small paper: it says what is wrong, makes that again and no more, and leaves raw data alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from audited import BASE, TABLE, findings, pathgan
from checkouts import jobs, snakemake
from test_tampering import PAPER, flip, replace

from pathgan.files import sha256_of

pytestmark = pytest.mark.workflow
SCORE, SAMPLES = BASE / "scores/gan/seed3/similarity.csv", BASE / "samples/gan/seed3.h5"


def hashes(folder: Path) -> dict[str, str]:
    """Of every artefact but the pages, which have dates in them."""
    files = (path for path in (folder / BASE).rglob("*") if path.is_file() and path.suffix != ".html")
    return {str(path.relative_to(folder)): sha256_of(path) for path in files}


def test_what_is_damaged_missing_and_stale_is_made_again_and_nothing_else(made: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(made, tmp_path / "copy")
    before = hashes(folder)
    (folder / SCORE).unlink()
    (folder / SAMPLES).write_bytes(flip((folder / SAMPLES).read_bytes()))
    (folder / PAPER).write_bytes(replace("label: SSIM", "label: Likeness")((folder / PAPER).read_bytes()))
    weights = (folder / BASE / "models/gan/seed3/generator.safetensors").stat().st_mtime_ns
    said = pathgan(folder, "repair", str(BASE))
    assert said.returncode == 1, said.stderr
    for line in (
        f"make again  {SCORE}: missing: recorded, but not there (its job took ",
        f"make again  {SAMPLES}: modified: sha256 ",
        f"make again  {TABLE}: stale configuration: ",
    ):
        assert line in said.stdout
    assert hashes(folder).keys() == before.keys() - {str(SCORE)}  # nothing was done yet
    done = pathgan(folder, "repair", str(BASE), "--do")
    assert done.returncode == 0, done.stderr + done.stdout
    assert pathgan(folder, "audit", str(BASE)).returncode == 0
    after = hashes(folder)
    changed = {name for name in before if after[name] != before[name]}
    assert changed <= {name for name in before if "/tables/" in name}
    assert (folder / BASE / "models/gan/seed3/generator.safetensors").stat().st_mtime_ns == weights
    (aside,) = (folder / "results/aside").glob(f"*/{SAMPLES.relative_to('results')}")
    assert sha256_of(aside) != before[str(SAMPLES)]
    assert jobs(snakemake(folder, "all")) == {"write_page": 1, "all": 1}  # the page over all papers shows the table
    assert pathgan(folder, "repair", str(BASE)).stdout == "0 to make again; 0 left to a person\n"


def test_raw_data_that_changed_are_left_to_a_person(made: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(made, tmp_path / "copy")
    raw = folder / "data/own/a.png"
    raw.write_bytes(flip(raw.read_bytes()))
    (folder / SCORE).unlink()
    (folder / BASE / "tables/mine.csv").write_text("a note")
    done = pathgan(folder, "repair", str(BASE), "--do")
    assert done.returncode == 1
    assert "by hand  data/own/a.png: modified: made from data/own/a.png: sha256 " in done.stdout
    assert (
        f"by hand  {BASE}/tables/mine.csv: unrecorded: nothing says what it was made from; nothing makes it here"
        in done.stdout
    )
    assert done.stdout.endswith("1 made again; 2 left to a person\n")
    left = findings(pathgan(folder, "audit", str(BASE), "--json"))
    assert {one["culprit"] or one["path"] for one in left} >= {"data/own/a.png"}
    assert (folder / SCORE).exists()
