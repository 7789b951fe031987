"""Files that change while a job reads them, and artefacts that are not what their record says: neither is built on."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from attacks import Attack

from pathgan.files import sha256_of
from pathgan.provenance import attempts
from pathgan.provenance.places import record_path
from pathgan.provenance.recording import recorded
from pathgan.provenance.records import sealed
from small_results import make
from test_audit import bad

RAW, SCORES, TABLE = Path("data/raw.png"), Path("results/demo/x/scores/s.csv"), Path("results/demo/x/tables/t.csv")
OUT = Path("results/demo/x/tables/out.csv")
CHANGED = r"data/raw\.png: changed while this job read it: sha256 \w{12} before, \w{12} found"


@contextmanager
def job(*inputs: Path) -> Iterator[None]:
    """A job of this checkout that reads `inputs` and writes OUT."""
    params = {"code": {"roots": ["scripts/score.py"]}}
    names = [str(path) for path in inputs]
    with recorded(
        "score", names, [str(OUT)], params, {"paper": "x"}, 1, {"data_root": "data"}, ["results/demo/logs/l.log"]
    ):
        yield
        OUT.write_text("made")


def rewrite(path: Path) -> None:
    path.write_text("others")


def rewrite_and_keep_time(path: Path) -> None:
    facts = path.stat()
    path.write_text("PIXELS")  # as many bytes
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def replace(path: Path, text: str = "PIXELS") -> None:
    path.with_name("new").write_text(text)
    shutil.copystat(path, path.with_name("new"))
    path.with_name("new").replace(path)


CHANGES = {
    "a raw image that changes while a job reads it": Attack(lambda: rewrite(RAW), CHANGED, "the job fails"),
    "the same, its size and time kept": Attack(lambda: rewrite_and_keep_time(RAW), CHANGED, "the job fails"),
    "the same, another file in its place": Attack(lambda: replace(RAW), CHANGED, "the job fails"),
    "a raw image that goes while a job reads it": Attack(
        RAW.unlink, r"data/raw\.png: went away while this job read it", "the job fails"
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_changes_under_a_job_fails_it(name: str, chain: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), job(RAW):
        CHANGES[name].do()
    assert re.search(CHANGES[name].said, capfd.readouterr().err)
    (attempt,) = attempts.attempts_of(attempts.journal_path([str(OUT)]))
    assert re.match(CHANGES[name].said, attempt["outcome"])
    assert not record_path(OUT).exists()


@pytest.mark.parametrize("do", [RAW.touch, lambda: replace(RAW, "pixels"), lambda: RAW.chmod(0o444)])
def test_the_same_bytes_are_no_change(do: Callable[[], object], chain: str) -> None:
    with job(RAW):
        do()
    assert json.loads(record_path(OUT).read_text())["inputs"] == {str(RAW): sha256_of(RAW)}


DAMAGE = {
    "an artefact that is not what its record says": Attack(
        lambda: SCORES.write_text("scoreS"), f"{SCORES}: not what its record says", "the job does not start"
    ),
    "an artefact whose record was edited": Attack(
        lambda: record_path(SCORES).write_text(record_path(SCORES).read_text().replace("score", "Score")),
        "the record was edited after it was written",
        "the job does not start",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_nothing_is_built_on_damage(name: str, chain: str, capfd: pytest.CaptureFixture[str]) -> None:
    DAMAGE[name].do()
    with pytest.raises(SystemExit), job(SCORES):
        pytest.fail("the work began")
    assert DAMAGE[name].said in capfd.readouterr().err
    assert not OUT.exists()


def test_a_manifest_that_lists_other_bytes_than_its_job_read_is_found(chain: str) -> None:
    manifest = "results/demo/x/data/d.csv"
    make(manifest, str(RAW), content=f"id,source,sha256\na,raw.png,{sha256_of(RAW)}\n")
    assert bad() == {}
    make(manifest, str(RAW), content=f"id,source,sha256\na,raw.png,{'0' * 64}\n")
    verdict, detail = bad()[manifest]
    assert (verdict, detail.split(":")[0]) == ("modified", f"its job read other bytes of {RAW} than it lists")


def test_a_forged_record_of_a_manifest_does_not_excuse_it(chain: str) -> None:
    """Its author must have known the bytes that the manifest lists, too."""
    manifest = "results/demo/x/data/d.csv"
    path = make(manifest, str(RAW), content=f"id,source,sha256\na,raw.png,{sha256_of(RAW)}\n")
    RAW.write_text("others")
    entry = json.loads(path.read_text())
    path.write_text(sealed(entry | {"inputs": {str(RAW): sha256_of(RAW)}}))
    assert bad()[manifest][0] == "modified"


ATTACKS = CHANGES | DAMAGE
