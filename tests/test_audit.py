"""The audit, the lock, the bundle and the journal on a few small files; what whole papers need is in workflow/."""

from __future__ import annotations

import json
import os
import tempfile
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathgan.errors import ProvenanceError, UnreadableError
from pathgan.files import sha256_of
from pathgan.provenance import attempts
from pathgan.provenance.artefacts import recorded_data_root
from pathgan.provenance.attempts import note
from pathgan.provenance.audit import Verdict, audit
from pathgan.provenance.bundle import bundle, unbundle
from pathgan.provenance.checksums import Disk, read_checksums, write_checksums
from pathgan.provenance.current import Current
from pathgan.provenance.lock import against, lock
from pathgan.provenance.places import record_path
from pathgan.provenance.records import sealed, sha256_once
from small_results import CURRENT, make


def bad(target: str = "results/demo") -> dict[str, tuple[str, str]]:
    """Path -> verdict and detail, of what is not ok."""
    found = audit([Path(target)], CURRENT, Disk())  # type: ignore[arg-type]
    return {one.path: (one.verdict.value, one.detail) for one in found if one.verdict is not Verdict.OK}


def test_a_table_is_followed_to_its_raw_file(chain: str) -> None:
    assert bad(chain) == {}
    Path("data/raw.png").write_text("others")
    (culprit,) = [one for one in audit([Path(chain)], CURRENT, Disk()) if one.verdict is not Verdict.OK]  # type: ignore[arg-type]
    assert (culprit.path, culprit.culprit) == ("results/demo/x/scores/s.csv", "data/raw.png")


def test_scores_and_their_record_made_anew_do_not_fit_the_table(chain: str) -> None:
    make("results/demo/x/scores/s.csv", "data/raw.png", content="other scores")
    verdict, detail = bad()[chain]
    assert verdict == "modified"
    assert "made from other bytes of results/demo/x/scores/s.csv" in detail


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "a record of format 2 expected, got None"),
        ('{"format": 1}', "a record of format 2 expected, got 1"),
        ('{"format": 2, "seal": "0"}', "the record was edited after it was written"),
        (sealed({"format": 2}), "output: Field required"),
    ],
)
def test_a_record_that_is_none_is_named(text: str, message: str, chain: str) -> None:
    record_path(chain).write_text(text)
    verdict, detail = bad()[chain]
    assert verdict == "modified"
    assert message in detail
    assert str(record_path(chain)) in detail


def test_a_record_of_another_file_is_found(chain: str) -> None:
    record_path(chain).write_bytes(record_path("results/demo/x/scores/s.csv").read_bytes())
    assert bad()[chain] == ("modified", "its record is of results/demo/x/scores/s.csv")


def test_a_cycle_is_found_and_ends(chain: str) -> None:
    path = record_path("results/demo/x/scores/s.csv")
    entry = json.loads(path.read_text())
    entry["inputs"] = {chain: sha256_of(chain)}
    path.write_text(sealed(entry))
    assert any("made from itself" in detail for _, detail in bad().values())


def test_a_link_out_of_the_results_is_found_and_the_folder_itself_may_be_one(chain: str, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.csv"
    Path(chain).rename(elsewhere)
    Path(chain).symlink_to(elsewhere)
    assert bad()[chain] == ("modified", f"a link out of results/, to {elsewhere}")
    Path(chain).unlink()
    elsewhere.rename(chain)
    Path("results").rename("disk")
    Path("results").symlink_to("disk")
    assert bad() == {}


@pytest.mark.parametrize(
    "name", ["a b", "a'b\"c", "$(touch y)", "a\nb", "Gewebe ü 病理", "-rf", "a\\b", os.fsdecode(b"\xff")]
)
def test_any_name_of_a_file_will_do(name: str, chain: str, tmp_path: Path) -> None:
    output = f"results/demo/x/tables/{name}.csv"
    make(output, "results/demo/x/scores/s.csv")
    assert bad() == {}
    found = audit([Path("results/demo")], CURRENT, Disk())  # type: ignore[arg-type]
    lock(found, tmp_path / "lock", Disk())
    assert list(against(tmp_path / "lock", [Path("results/demo")], [], Disk())) == []
    Path(output).write_text("other")
    (differs,) = against(tmp_path / "lock", [Path("results/demo")], [], Disk())
    assert differs.path == output
    assert not (tmp_path / "y").exists()


def test_a_lock_knows_what_came_and_what_went(chain: str, tmp_path: Path) -> None:
    lock(audit([Path("results/demo")], CURRENT, Disk()), tmp_path / "lock", Disk())  # type: ignore[arg-type]
    make("results/demo/x/tables/new.csv")
    Path(chain).unlink()
    found = {one.path: one.verdict for one in against(tmp_path / "lock", [Path("results/demo")], [], Disk())}
    assert found == {chain: Verdict.MISSING, "results/demo/x/tables/new.csv": Verdict.UNRECORDED}


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
        st.sampled_from(["0" * 64, "af" * 32]),
    )
)
def test_checksums_come_back_as_they_were(hashes: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_checksums(Path(folder) / "lock", hashes)
        assert read_checksums(Path(folder) / "lock") == hashes


def test_a_damaged_lock_is_named_with_its_line(tmp_path: Path) -> None:
    write_checksums(tmp_path / "lock", {"a": "0" * 64})
    assert read_checksums(tmp_path / "lock") == {"a": "0" * 64}
    (tmp_path / "lock").write_text(f"{'0' * 64}  a\nb\n")
    with pytest.raises(ProvenanceError, match="lock, line 2: expected a sha256, two spaces and a path, got 'b'"):
        read_checksums(tmp_path / "lock")
    with pytest.raises(UnreadableError, match="none: cannot be read"):
        read_checksums(tmp_path / "none")


def test_a_job_that_was_cut_off_or_failed_is_named(chain: str) -> None:
    Path(chain).unlink()
    record_path(chain).unlink()
    attempts.begin([chain])
    os.environ.pop(attempts.JOURNAL)
    assert bad(chain)[chain][0] == "interrupted"
    assert "was cut off, or is still running" in bad(chain)[chain][1]
    attempts.begin([chain])
    attempts.end("no space left")
    assert bad(chain)[chain][1].endswith(": no space left")


def test_a_record_tells_attempts_and_resumes(chain: str) -> None:
    attempts.begin([chain])
    attempts.end("Interrupted: the time limit is near")
    with attempts.journal_path([chain]).open("a") as file:
        file.write('1\n{"started": "half a li')
    attempts.begin([chain])
    note(resumed_at=40)
    entry = json.loads(make(chain, "results/demo/x/scores/s.csv").read_text())
    outcomes = [attempt.get("outcome") for attempt in entry["attempts"]]
    assert outcomes == ["Interrupted: the time limit is near", None, "done"]
    assert entry["attempts"][1]["resumed_at"] == 40
    assert not attempts.journal_path([chain]).exists()


def test_two_attempts_at_a_time_are_told_apart(chain: str) -> None:
    attempts.begin([chain])
    first = {name: os.environ[name] for name in (attempts.JOURNAL, attempts.ATTEMPT)}
    attempts.begin([chain])
    attempts.end("another job trains here")
    os.environ |= first
    attempts.end("done")
    outcomes = [attempt["outcome"] for attempt in attempts.attempts_of(attempts.journal_path([chain]))]
    assert outcomes == ["done", "another job trains here"]
    attempts.journal_path([chain]).unlink()  # the first one's record is written
    os.environ |= first
    note(late=True)
    assert not attempts.journal_path([chain]).exists()
    os.environ.pop(attempts.JOURNAL)


def test_a_setting_that_differs_is_shown_with_what_snakemake_was_given(chain: str) -> None:
    make("results/demo/x/scores/s.csv", "data/raw.png", content="scores", params={"a": 2}, config={"device": "gpu"})
    verdict, detail = bad()["results/demo/x/scores/s.csv"]
    assert verdict == "stale configuration"
    assert detail == "a: made with 2, now 1; made with --config device=gpu, audited with device=auto"


def test_files_of_a_fetched_archive_are_checked(chain: str) -> None:
    receipt = Path("data/set/a.zip.fetched.json")
    receipt.parent.mkdir()
    (receipt.parent / "a.png").write_text("pixels")
    receipt.write_text(json.dumps({"files": {"a.png": sha256_of(receipt.parent / "a.png")}}))
    make("results/demo/x/data/d.csv", str(receipt))
    assert bad() == {}
    (receipt.parent / "a.png").write_text("others")
    assert "data/set/a.png" in bad()["results/demo/x/data/d.csv"][1]


def test_images_that_somebody_laid_beside_a_download_are_checked(chain: str) -> None:
    receipt, image = Path("data/set/a.zip.fetched.json"), Path("data/set/mine.png")
    receipt.parent.mkdir()
    image.write_text("pixels")
    receipt.write_text('{"files": {}}')
    manifest = f"id,source,sha256\na,set/mine.png,{sha256_of(image)}\nb,procedural,\n"
    make("results/demo/x/data/d.csv", str(receipt), content=manifest)
    assert bad() == {}
    image.unlink()
    assert bad()["results/demo/x/data/d.csv"] == ("missing", "made from data/set/mine.png, which is gone")


def test_other_inputs_than_the_workflow_would_read_now(chain: str) -> None:
    scores = "results/demo/x/scores/s.csv"
    make("results/demo/x/scores/more.csv", "data/raw.png", content="more")
    wildcards = {"paper": "x", "inputs": f"{scores}|results/demo/x/scores/more.csv"}
    make(chain, scores, content="table", wildcards=wildcards)
    assert bad()[chain] == ("stale configuration", "would now also be made from results/demo/x/scores/more.csv")
    make(chain, scores, content="table", wildcards={"paper": "x"})
    assert bad()[chain] == ("stale configuration", f"would no longer be made from {scores}")


def test_a_forged_record_deep_down_is_found_from_the_table_by_a_lock(chain: str, tmp_path: Path) -> None:
    lock(audit([Path("results/demo")], CURRENT, Disk()), tmp_path / "lock", Disk())
    path = record_path("results/demo/x/scores/s.csv")
    path.write_text(sealed(json.loads(path.read_text()) | {"device": "another"}))
    assert bad() == {}
    found = audit([Path(chain)], CURRENT, Disk())
    (differs,) = against(tmp_path / "lock", [Path(chain)], found, Disk())
    assert (differs.path, differs.verdict) == (str(path), Verdict.MODIFIED)


def test_data_are_looked_for_where_they_were(chain: str) -> None:
    assert recorded_data_root([Path(chain)]) == "data"
    record_path("results/demo/x/scores/s.csv").write_text("{")
    make(chain, "results/demo/x/scores/s.csv", config={"data_root": "/disk"})
    assert recorded_data_root([Path("results/demo")]) == "/disk"


def test_raw_files_that_moved_with_data_root_are_the_same(chain: str, tmp_path: Path) -> None:
    Path("data").rename("disk")
    current = SimpleNamespace(**vars(CURRENT) | {"data_root": Path("disk")})
    current.job = lambda entry: ({"a": 1}, {entry["wildcards"]["inputs"].replace("data/", "disk/")})
    assert {one.verdict for one in audit([Path(chain)], current, Disk())} == {Verdict.OK}  # type: ignore[arg-type]


def test_a_folder_named_state_hides_nothing_but_checkpoints(chain: str) -> None:
    for name in (
        "models/gan/seed0/state/checkpoint.pt",
        "tables/state/t.csv",
        "models/state/seed0/generator.safetensors",
    ):
        (path := Path("results/demo/x") / name).parent.mkdir(parents=True)
        path.write_text("x")
    assert {name for name, (verdict, _) in bad().items() if verdict == "unrecorded"} == {
        "results/demo/x/tables/state/t.csv",
        "results/demo/x/models/state/seed0/generator.safetensors",
    }


def test_half_a_record_of_a_killed_job_is_none(chain: str) -> None:
    record_path(chain).with_name(".t.csv.json.k3j2l1.json").write_text("{")
    assert bad() == {}


def test_paths_below_data_root_are_compared_within_it(chain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make("results/demo/x/scores/s.csv", "data/raw.png", content="scores", params={"a": {"slide": "data/s/a.svs"}})
    moved = {"a": {"slide": "/disk/s/a.svs"}}
    current = SimpleNamespace(**vars(CURRENT) | {"data_root": Path("/disk"), "job": lambda entry: (moved, set())})
    found = audit([Path("results/demo/x/scores/s.csv")], current, Disk())  # type: ignore[arg-type]
    assert not [one for one in found if "slide" in one.detail]


def test_a_large_file_is_read_once_for_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pathgan.provenance.records.LARGE_BYTES", 4)
    path = tmp_path / "large"
    path.write_text("large")
    first = sha256_once(path)
    with monkeypatch.context() as closed:
        closed.setattr("pathgan.provenance.records.sha256_of", lambda _: pytest.fail("read again"))
        assert sha256_once(path) == first
    path.write_text("other")
    os.utime(path, ns=(1, 1))
    assert sha256_once(path) == sha256_of(path) != first
    for found in (tmp_path / "results/hashes").iterdir():
        found.write_text("{")
    assert sha256_once(path) == sha256_of(path)


# --- bundles ----------------------------------------------------------------------------------------------


def test_a_bundle_brings_texts_and_names_the_rest(chain: str, tmp_path: Path) -> None:
    make("results/demo/x/data/d.h5", content="images")
    names = ["results/demo/x/data/d.h5", "results/demo/x/scores/s.csv", chain]
    bundle(names, tmp_path / "b.zip")
    (tmp_path / "again").mkdir()
    bundle(names, tmp_path / "again/b.zip")
    assert (tmp_path / "b.zip").read_bytes() == (tmp_path / "again/b.zip").read_bytes()
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    unbundle(tmp_path / "b.zip", fresh)
    assert (fresh / chain).read_text() == "table"
    assert not (fresh / "results/demo/x/data/d.h5").exists()
    assert len({path.stat().st_mtime_ns for path in (fresh / "results").rglob("*.*") if path.is_file()}) == 1
    away = read_checksums(next((fresh / "results/demo/provenance").glob("left_out-*.sha256")))
    assert set(away) == {"results/demo/x/data/d.h5", "data/raw.png"}
    assert unbundle(tmp_path / "b.zip", fresh) == []  # the same bytes once more
    (fresh / chain).write_text("mine")
    with pytest.raises(ProvenanceError, match=r"t.csv is there already with other bytes"):
        unbundle(tmp_path / "b.zip", fresh)
    assert (fresh / chain).read_text() == "mine"


def test_a_bundle_is_not_unpacked_where_it_would_excuse_what_is_there(chain: str, tmp_path: Path) -> None:
    """Else an image that goes would pass for one that was left out."""
    make("results/demo/x/data/d.h5", content="images")
    bundle(["results/demo/x/data/d.h5", chain], tmp_path / "b.zip")
    with pytest.raises(ProvenanceError, match=r"d\.h5 is here already, which it left out"):
        unbundle(tmp_path / "b.zip", tmp_path)
    assert not list(tmp_path.rglob("left_out*"))


def test_what_has_no_record_of_its_own_is_no_target(chain: str) -> None:
    Path("results/demo/report.html").write_text("a report")
    for name in ("results/demo/report.html", str(record_path(chain))):
        with pytest.raises(ProvenanceError, match="has no record of its own"):
            bad(name)


def test_a_paper_without_the_demo_is_named_with_what_it_extends():
    files = "config/papers/ki67stain_mist.yaml or config/papers/ki67stain.yaml"
    assert Current().paper_files("ki67stain_mist") == files


def test_a_score_is_told_which_file_is_which():
    """Snakemake and records hold inputs as a set: two that change places must be another parameter."""
    names = {"preset": "demo", "paper": "sharpgan", "run": "enhanced-cpm", "seed": "0", "score": "similarity"}
    params, inputs = Current().job({"rule": "score", "wildcards": names})
    assert set(params["files"]) == {"predicted", "store", "manifest"}
    assert set(params["files"].values()) == inputs


def test_a_lock_may_pin_another_version_for_each_python(chain: str) -> None:
    lock, installed = Path("envs/requirements.lock"), version("numpy")
    for pins, wrong in (([installed, "1.0"], False), (["1.0", "1.1"], True)):
        lock.write_text("".join(f"numpy=={pin} ; python_full_version < '3.{n}'\n" for n, pin in enumerate(pins)))
        said = [found.detail for found in audit([Path("results/demo")], CURRENT, Disk())]  # type: ignore[arg-type]
        assert (f"made with numpy {installed}, it pins 1.0 or 1.1" in said) == wrong
        assert any("pins" in detail for detail in said) == wrong
