"""`pathgan audit` on a small paper: what it must catch, and what it must not mind. Each case has a copy of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from audited import BASE, CRATE, TABLE, findings, pathgan
from checkouts import jobs, snakemake

from pathgan.files import sha256_of
from pathgan.provenance.records import sealed
from written_docs import compare

pytestmark = pytest.mark.workflow
DOCS = Path(__file__).parents[2] / "docs" / "provenance.md"
RECORD = Path("results/demo/provenance/tiny/samples/gan/seed3.h5.json")
VERDICTS = BASE / "tables/claims.csv"
LOG = Path("results/demo/logs/tiny/train_paired/gan/seed3.log")
PAPER = Path("config/papers/tiny.yaml")


def test_all_is_well(made: Path) -> None:
    done = pathgan(made, "audit", "results/demo")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert f"ok  {TABLE}" in lines
    assert lines[-1] == f"{len(lines) - 1} ok"
    assert len(lines) > 12


def test_the_provenance_page_leads_from_the_table_to_the_raw_images(made: Path) -> None:
    page = (made / BASE / "provenance.html").read_text()
    rows = {row.split("'")[0]: row for row in page.split("<tr id='")[1:]}
    assert sha256_of(made / TABLE) in rows[str(TABLE)]
    followed, waiting = set(), [str(TABLE)]
    while waiting:
        followed.add(name := waiting.pop())
        waiting += [link for link in re.findall(r"href='#([^']+)'", rows[name]) if link not in followed]
    assert f"{BASE}/models/gan/seed3/generator.safetensors" in followed
    assert f"{BASE}/data/own.h5" in followed
    assert "data/own/a.png" in rows[f"{BASE}/data/own.h5"]
    assert sha256_of(made / "data/own/a.png") in page.split("Raw files")[1]


# --- tampering --------------------------------------------------------------------------------------------


def replace(old: str, new: str) -> Callable[[bytes], bytes]:
    def edit(content: bytes) -> bytes:
        assert old.encode() in content
        return content.replace(old.encode(), new.encode(), 1)

    return edit


def add_line(content: bytes) -> bytes:
    return content + b"\nOTHER = 1\n"


def add_comment(content: bytes) -> bytes:
    return content + b"\n# Another word.\n"


def flip(content: bytes) -> bytes:
    """One bit in the middle."""
    at = len(content) // 2
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def other_digit(content: bytes) -> bytes:
    """Of the value of the first cell."""
    header, cell = content.decode().split("\n", 1)
    row, column, value, rest = cell.split(",", 3)
    value = value[:-1] + ("1" if value[-1] != "1" else "2")
    return f"{header}\n{row},{column},{value},{rest}".encode()


@dataclass(frozen=True)
class Tampering:
    """With a file. verdict: what an edit gets; of a deletion where it is another one."""

    path: Path
    edit: Callable[[bytes], bytes]
    verdict: str
    deleted: str = "missing"


CASES = {
    "a raw image": Tampering(Path("data/own/a.png"), flip, "modified"),
    "the list of raw images": Tampering(Path("data/own/sheet.tsv"), add_line, "modified"),
    "prepared data": Tampering(BASE / "data/own.h5", flip, "modified"),
    "a script": Tampering(Path("scripts/score.py"), add_line, "stale code", "stale code"),
    "an imported module": Tampering(Path("src/pathgan/metrics/similarity.py"), add_line, "stale code", "stale code"),
    "a comment in a module": Tampering(
        Path("src/pathgan/recipes/paired.py"), add_comment, "text changed", "stale code"
    ),
    "a module, which then does not parse": Tampering(
        Path("src/pathgan/training/loop.py"), replace("import", "impor t"), "stale code", "stale code"
    ),
    "a setting": Tampering(PAPER, replace("iterations: 3", "iterations: 4"), "stale configuration", "cannot tell"),
    "the seed": Tampering(PAPER, replace("- 3", "- 4"), "stale configuration", "cannot tell"),
    "weights": Tampering(BASE / "models/gan/seed3/generator.safetensors", flip, "modified"),
    "samples": Tampering(BASE / "samples/gan/seed3.h5", flip, "modified"),
    "scores": Tampering(BASE / "scores/gan/seed3/similarity.csv", flip, "modified"),
    "a cell of a table": Tampering(TABLE, other_digit, "modified"),
    "the verdict on a claim": Tampering(VERDICTS, replace("undecided", "supported"), "modified"),
    "the claims": Tampering(Path("config/claims/tiny.yaml"), replace("0.6", "0.9"), "modified"),
    "a figure": Tampering(BASE / "figures/figure1.png", flip, "modified"),
    "a log": Tampering(LOG, add_line, "modified"),
    "a record": Tampering(RECORD, replace('"seed": "3"', '"seed": "5"'), "modified", "unrecorded"),
    "the crate": Tampering(CRATE, replace("Snakemake", "snakemakE"), "modified"),
    "the environment": Tampering(
        Path("envs/requirements.lock"), replace("numpy==", "numpy==9"), "other environment", "other environment"
    ),
}
WAYS = ("edited, time kept", "edited", "deleted")
WARNINGS = ("text changed", "other environment")  # which fail no audit


def tamper(folder: Path, case: Tampering, way: str) -> None:
    path = folder / case.path
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    if way == "deleted":
        path.unlink()
        return
    path.write_bytes(case.edit(path.read_bytes()))
    if way == "edited, time kept":
        os.utime(path, ns=times)


def expected(case: Tampering, way: str) -> str:
    return case.deleted if way == "deleted" else case.verdict


def verdict_on(made: Path, folder: Path, case: Tampering, way: str) -> str:
    """What the audit says of the culprit; '' where it does not name it."""
    shutil.copytree(made, folder)
    tamper(folder, case, way)
    done = pathgan(folder, "audit", "results/demo", "--json", covered=False)
    named = [found for found in findings(done) if str(case.path) in (found["path"], found["culprit"])]
    if done.returncode == 2:
        return "cannot tell" if case.path.stem in done.stderr and "Traceback" not in done.stderr else ""
    if named and done.returncode == int(named[0]["verdict"] not in WARNINGS):
        return named[0]["verdict"]
    return ""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CASES)
def test_tampering_is_caught_and_its_culprit_named(name: str, way: str, made: Path, tmp_path: Path) -> None:
    assert verdict_on(made, tmp_path / "copy", CASES[name], way) == expected(CASES[name], way) != ""


def test_the_docs_show_these_verdicts(request: pytest.FixtureRequest) -> None:
    """Written with `pytest tests/workflow/test_tampering.py --write-docs`."""
    lines = [f"| tampered with | {' | '.join(WAYS)} |", f"|---|{'---|' * len(WAYS)}"]
    lines += [f"| {name} | {' | '.join(expected(case, way) for way in WAYS)} |" for name, case in CASES.items()]
    n = len(CASES) * len(WAYS)
    table = "\n".join([*lines, "", f"Caught, with the culprit named: {n} of {n}.", ""])
    compare(DOCS, "tampering", table, request)


# --- what is harmless -------------------------------------------------------------------------------------


def move(folder: Path, name: str) -> Path:
    return folder.rename(folder.with_name(name))


def touch_all(folder: Path) -> None:
    for path in (folder / "results").rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))


def read_only(folder: Path) -> None:
    for path in (folder / "results").rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)


def with_crlf(folder: Path) -> None:
    (folder / "docs").mkdir()
    (folder / "docs" / "x.md").write_bytes(b"one\r\ntwo\r\n")


def comment_elsewhere(folder: Path) -> None:
    module = folder / "src/pathgan/phantoms/painted_stacks.py"
    module.write_text(module.read_text() + "\n# a word\n")


def results_elsewhere(folder: Path) -> None:
    shutil.move(folder / "results", folder.with_name("elsewhere"))
    (folder / "results").symlink_to(folder.with_name("elsewhere"))


def data_elsewhere(folder: Path) -> None:
    shutil.move(folder / "data", folder.with_name("slides"))
    (folder / "data").symlink_to(folder.with_name("slides"))


def another_paper(folder: Path) -> None:
    paper = yaml.safe_load((folder / PAPER).read_text())
    paper["runs"]["gan"]["training"]["iterations"] = 5
    (folder / "config/papers/other.yaml").write_text(yaml.safe_dump(paper, sort_keys=False))


def of_another_user(folder: Path) -> None:
    if os.geteuid() == 0:
        for path in (folder / "results").rglob("*"):
            os.chown(path, 65534, 65534)


def under_git(folder: Path) -> None:
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=folder, check=True)


def with_companions(folder: Path) -> None:
    (folder / "results/demo/report.html").write_text("a report")
    (folder / TABLE).with_name(".table1.csv.swp").write_text("an editor")
    (folder / "README.md").write_text("new words")


def linked_hard(folder: Path) -> None:
    for path in [path for path in (folder / "results").rglob("*") if path.is_file()]:
        path.with_name("copy").hardlink_to(path)
        path.unlink()
        path.with_name("copy").rename(path)


HARMLESS: dict[str, Callable[[Path], Path | None]] = {
    "touch": touch_all,
    "moved": lambda folder: move(folder, "moved"),
    "moved, spaces and quotes": lambda folder: move(folder, "a b'c\"$(touch x)"),
    "moved, a line end and unicode": lambda folder: move(folder, "Gewebe\n\u00fc\u75c5\u7406"),
    "of another user": of_another_user,
    "read-only": read_only,
    "linked hard": linked_hard,
    "line ends of docs": with_crlf,
    "a comment in an unrelated module": comment_elsewhere,
    "another paper": another_paper,
    "results on another disk": results_elsewhere,
    "raw data on another disk": data_elsewhere,
    "no .snakemake": lambda folder: shutil.rmtree(folder / ".snakemake"),
    "no benchmarks": lambda folder: shutil.rmtree(folder / "results/demo/benchmarks"),
    "a report, hidden files": with_companions,
    "a job once more": lambda folder: snakemake(folder, str(TABLE), "--forcerun", "tabulate") and None,
    "a commit": under_git,
    "another time zone": lambda folder: None,
    "another locale": lambda folder: None,
    "another hash seed": lambda folder: None,
}
ENVIRONMENTS = {
    "another time zone": {"TZ": "Pacific/Kiritimati"},
    "another locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "another hash seed": {"PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1"},
}

ELSEWHERE = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "LANG": "C", "USER": "other", "HOME": "/nonexistent"}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_harmless_raises_nothing(name: str, made: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(made, tmp_path / "copy")
    folder = HARMLESS[name](folder) or folder
    before = {path: path.lstat().st_mtime_ns for path in sorted((folder / "results").rglob("*"))}
    done = pathgan(folder, "audit", "results/demo", covered=False, **ENVIRONMENTS.get(name, {}))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(r"\d+ ok", done.stdout.splitlines()[-1])
    assert before == {path: path.lstat().st_mtime_ns for path in sorted((folder / "results").rglob("*"))}
    if name in ENVIRONMENTS:  # what is wrong must be said there, too
        (folder / TABLE).write_bytes(other_digit((folder / TABLE).read_bytes()))
        bad = pathgan(folder, "audit", "results/demo", **ENVIRONMENTS[name])
        assert (bad.returncode, bad.stdout.splitlines()[-1]) == (1, f"look at {TABLE}")


# --- what else an auditor asks ----------------------------------------------------------------------------


def forge(folder: Path) -> None:
    """Another value, and records that agree with it."""
    table = folder / TABLE
    before = sha256_of(table)
    table.write_bytes(other_digit(table.read_bytes()))
    for path in (folder / "results/demo/provenance").rglob("*.json"):
        if before in path.read_text():
            path.write_text(sealed(json.loads(path.read_text().replace(before, sha256_of(table)))))


def test_a_forger_is_caught_by_a_lock_and_by_making_the_table_again(made: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(made, tmp_path / "copy")
    assert pathgan(folder, "lock", "results/demo").returncode == 0
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "provenance.lock"], cwd=folder, check=True)
    well = pathgan(folder, "audit", "results/demo", "--against", "provenance.lock", "--rebuild", "--json", **ELSEWHERE)
    assert (well.returncode, findings(well)) == (0, []), well.stderr
    forge(folder)
    assert pathgan(folder, "audit", "results/demo").returncode == 0
    locked = pathgan(folder, "audit", "results/demo", "--against", "provenance.lock", "--json")
    assert str(TABLE) in {found["path"] for found in findings(locked)}
    (again,) = findings(pathgan(folder, "audit", "results/demo", "--rebuild", "--json"))
    assert (again["path"], again["verdict"]) == (str(TABLE), "modified")


def test_a_cell_is_traced_to_raw_images_and_the_training(made: Path) -> None:
    done = pathgan(made, "trace", str(TABLE), "gan", "ssim")
    for part in (
        "similarity.csv",
        "samples/gan/seed3.h5",
        "generator.safetensors",
        "data/own/a.png",
        "train_paired",
    ):
        assert part in done.stdout, done.stderr
    tree = json.loads(pathgan(made, "trace", str(TABLE), "gan", "ssim", "--json").stdout)
    (scores,) = tree["made_from"]
    assert scores["facts"]["mean"] == tree["facts"]["value"]
    missing = pathgan(made, "trace", str(TABLE), "gan", "psnr")
    assert missing.returncode == 2
    assert missing.stderr == f"pathgan: {TABLE}: no column 'psnr'; there are: ssim\n"


def test_a_claim_is_traced_to_what_decides_it(made: Path) -> None:
    tree = json.loads(pathgan(made, "trace", str(VERDICTS), "tiny-half", "--json").stdout)
    assert tree["facts"]["verdict"] == "undecided"
    names = [node["name"] for node in tree["made_from"]]
    assert names == [f"{BASE}/scores/gan/seed3/similarity.csv", "config/claims/tiny.yaml", "config/published.csv"]
    done = pathgan(made, "trace", str(VERDICTS), "tiny-half")
    for part in ("samples/gan/seed3.h5", "generator.safetensors", "data/own/a.png", "train_paired"):
        assert part in done.stdout, done.stderr
    of_numbers = json.loads(pathgan(made, "trace", str(VERDICTS), "tiny-sum", "--json").stdout)
    assert of_numbers["facts"]["evidence"] == "printed numbers"
    assert [node["name"] for node in of_numbers["made_from"]] == names[1:]
    missing = pathgan(made, "trace", str(VERDICTS), "tiny-hal")
    assert missing.stderr == f"pathgan: {VERDICTS}: no id 'tiny-hal'; did you mean 'tiny-half'?\n"


def test_claims_are_printed_and_summed_up(made: Path) -> None:
    printed = json.loads(pathgan(made, "claims", "--json").stdout)
    assert [one["id"] for one in printed["tiny"]] == ["tiny-half", "tiny-sum"]
    assert "One and two are three." in pathgan(made, "claims", "tiny", "--verdict", "supported").stdout
    assert "tiny,claims supported,1" in (made / "results/demo/scorecard.csv").read_text().splitlines()
    runs = str(BASE / "scores/gan")
    compared = json.loads(pathgan(made, "compare", runs, runs, "--json").stdout)
    assert {(one["difference"], one["better"]) for one in compared} == {(0.0, "")}


def test_a_bundle_makes_tables_again_in_a_fresh_checkout_without_training(made: Path, tmp_path: Path) -> None:
    packed = pathgan(made, "bundle", "results/demo", "--out", str(tmp_path / "b.zip"))
    assert packed.returncode == 0, packed.stderr
    folder = shutil.copytree(made, tmp_path / "fresh", ignore=shutil.ignore_patterns("results", "data", ".snakemake"))
    assert pathgan(folder, "unbundle", str(tmp_path / "b.zip")).returncode == 0
    assert not list((folder / "results").rglob("*.h5"))
    assert [file.name for file in (folder / "results").rglob("*.png")] == ["claims.png"]  # which shows no image
    assert not (folder / "results/demo/index.html").exists()  # which shows all of them
    audited = pathgan(folder, "audit", "results/demo", "--json")
    assert audited.returncode == 0, audited.stderr
    assert {found["verdict"] for found in findings(audited)} == {"not bundled"}
    (folder / TABLE).unlink()
    assert pathgan(folder, "audit", "results/demo").returncode == 1
    assert jobs(snakemake(folder, str(TABLE))) == {"tabulate": 1}
    assert (folder / TABLE).read_bytes() == (made / TABLE).read_bytes()
    (folder / VERDICTS).unlink()
    assert jobs(snakemake(folder, str(VERDICTS))) == {"decide": 1}
    assert (folder / VERDICTS).read_bytes() == (made / VERDICTS).read_bytes()
    again = pathgan(folder, "audit", str(TABLE), str(VERDICTS), "--rebuild")
    assert again.returncode == 0, again.stdout
