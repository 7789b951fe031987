"""Bundles that somebody else made: what no bundle holds is refused whole, and nothing of it stays behind."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
import yaml
from attacks import Attack

from pathgan.errors import ProvenanceError
from pathgan.files import sha256_of
from pathgan.provenance import bundle_members
from pathgan.provenance.bundle import bundle, unbundle
from pathgan.provenance.places import record_path
from pathgan.provenance.records import sealed
from small_results import make

SCORES, TABLE = "results/demo/x/scores/s.csv", "results/demo/x/tables/t.csv"
RECORD = str(record_path(TABLE))
NOTHING_OF_OURS = "is nothing that `pathgan bundle` writes"
Members = dict[str, bytes]


def members_of(path: Path) -> Members:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def with_member(name: str, content: bytes = b"x") -> Callable[[Members], Members]:
    return lambda members: members | {name: content}


def with_record(**changes: object) -> Callable[[Members], Members]:
    """The record of the table, changed and sealed again."""

    def change(members: Members) -> Members:
        return members | {RECORD: sealed(json.loads(members[RECORD]) | changes).encode()}

    return change


def with_content(name: str, content: bytes) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        assert name in members
        return members | {name: content}

    return change


def without(name: str) -> Callable[[Members], Members]:
    return lambda members: {other: content for other, content in members.items() if other != name}


STATE = "results/demo/x/models/gan/seed0/state"
PLANTED = {  # what it is -> its name
    "a state that training would go on from": f"{STATE}/checkpoint-000000040.pt",
    "the same, as a table of a model": f"{STATE}/history.csv",
    "a journal of attempts": "results/demo/provenance/x/tables/t.csv.attempts",
    "a sha256 that is believed without reading": f"results/hashes/{'0' * 32}.json",
    "weights": "results/demo/x/models/gan/seed0/generator.safetensors",
    "images": "results/demo/x/samples/gan/seed0.h5",
    "a page with a script": "results/demo/x/tables/t.html",
    "the front page": "results/demo/index.html",
    "a paper's file where papers are read": "config/papers/x.yaml",
    "a script": "scripts/score.py",
    "a module in the results": "results/demo/x/tables/t.py",
    "a hidden file": "results/demo/x/tables/.t.csv",
    "a hidden folder": "results/demo/.x/tables/t.csv",
    "a paper called as the records' folder": "results/demo/provenance/tables/t.csv",
    "another preset": "results/nightly/x/tables/u.csv",
    "an empty part of a path": "results/demo//x/tables/u.csv",
    "a dot as a part": "results/demo/./x/tables/u.csv",
    "a way out": "results/demo/x/tables/../../../../x.csv",
    "a way out at once": "../x.csv",
    "an absolute path": "/tmp/x.csv",
    "a backslash": "results\\demo\\x\\tables\\u.csv",
    "a character that does not show": "results/demo/x/tables/u\u202e.csv",
    "a folder": "results/demo/x/tables/u/",
    "21 folders": f"results/demo/logs/{'a/' * 21}b.log",
}
CHANGED = {  # what it is -> how the members change, what is said
    "a file that no record speaks of": (with_member("results/demo/x/tables/u.csv"), "recorded, 2d711642b726 found"),
    "a table with other bytes than its record": (with_content(TABLE, b"other"), "its record in the bundle differs"),
    "a table without its record": (without(RECORD), "its record in the bundle differs"),
    "a record that is no JSON": (with_content(RECORD, b"{"), "not JSON"),
    "a record that is nested without end": (with_content(RECORD, b"[" * 100_000), "not JSON"),
    "a record without a seal": (with_content(RECORD, b'{"format": 2}'), "edited after it was written"),
    "a record of something else": (with_record(output=SCORES), f"not a record of {TABLE}"),
    "a table that only the log of another job vouches for": (
        lambda members: (
            with_record(logs={"results/demo/x/scores/u.csv": sha256(b"x").hexdigest()})(members)
            | {"results/demo/x/scores/u.csv": b"x"}
        ),
        "its record in the bundle differs",
    ),
    "a record of a file elsewhere": (
        with_record(outputs={TABLE: "0" * 64, "results/../src/pathgan/cli.py": "0" * 64}),
        "speaks of 'results/../src/pathgan/cli.py'",
    ),
    "the same name in other letters": (with_member("results/demo/x/tables/T.csv"), "twice, by that name or in other"),
    "a file inside of a file": (with_member(f"{SCORES}/u.csv"), "lies inside of another one"),
    "a list of what was left out that is none": (
        with_member(f"results/demo/provenance/left_out-{'0' * 12}.sha256"),
        "expected a sha256, two spaces and a path",
    ),
}
ATTACKS = {f"a bundle with {what}": Attack(with_member(name), NOTHING_OF_OURS) for what, name in PLANTED.items()} | {
    f"a bundle with {what}": Attack(change, said) for what, (change, said) in CHANGED.items()
}


@pytest.fixture
def sound(chain: str, tmp_path: Path) -> Members:
    """The members of a bundle as it should be."""
    bundle([SCORES, TABLE], tmp_path / "sound.zip")
    return members_of(tmp_path / "sound.zip")


def packed(path: Path, members: Members) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def refused(path: Path, said: str) -> None:
    """Nothing stays behind, and the message is one line that names the bundle."""
    into = path.with_name("fresh")
    into.mkdir()
    with pytest.raises(ProvenanceError, match=said) as raised:
        unbundle(path, into)
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)
    assert not list(into.iterdir())


def test_what_bundle_writes_is_unpacked(sound: Members, tmp_path: Path) -> None:
    into = tmp_path / "fresh"
    into.mkdir()
    assert sorted(unbundle(packed(tmp_path / "b.zip", sound), into)) == sorted(sound)


@pytest.mark.parametrize("name", ATTACKS)
def test_what_bundle_would_not_write_is_refused_whole(name: str, sound: Members, tmp_path: Path) -> None:
    attack = ATTACKS[name]
    refused(packed(tmp_path / "b.zip", attack.do(sound)), attack.said)


def test_links_twins_and_damage_are_refused(sound: Members, tmp_path: Path) -> None:
    link = zipfile.ZipInfo(TABLE)
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    refused(tmp_path / "b.zip", NOTHING_OF_OURS)
    (tmp_path / "fresh").rmdir()
    with zipfile.ZipFile(tmp_path / "twins.zip", "w") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(TABLE, "x")
        archive.writestr(TABLE, "y")
    refused(tmp_path / "twins.zip", "twice, by that name")
    (tmp_path / "fresh").rmdir()
    (tmp_path / "half.zip").write_bytes(packed(tmp_path / "b.zip", sound).read_bytes()[:-30])
    refused(tmp_path / "half.zip", "cannot be unpacked")


@pytest.mark.parametrize(
    ("limit", "most", "said"), [("MAX_BYTES", 1000, "0.0 GB unpacked"), ("MAX_MEMBERS", 2, "members, more than the 2")]
)
def test_bombs_are_refused_before_they_are_unpacked(
    limit: str, most: int, said: str, sound: Members, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_members, limit, most)
    monkeypatch.setattr(zipfile.ZipFile, "extractall", lambda *_: pytest.fail("unpacked"))
    refused(packed(tmp_path / "b.zip", sound), said)


def test_a_move_that_fails_half_way_leaves_nothing(
    sound: Members, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves = iter([None, None, OSError("the disk is full")])

    def move(source: Path, target: Path) -> None:
        if (error := next(moves, None)) is not None:
            raise error
        source.rename(target)

    monkeypatch.setattr("pathgan.files.shutil.move", move)
    refused(packed(tmp_path / "b.zip", sound), "cannot be unpacked: the disk is full")


def test_what_configured_a_paper_lies_beside_its_results(chain: str, tmp_path: Path) -> None:
    for name, content in {
        "config/papers/x.yaml": {"extends": "y"},
        "config/papers/y.yaml": {"title": "y"},
        "config/claims/y.yaml": {},
    }.items():
        (file := Path(name)).parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(content))
    Path("my sheet.tsv").write_text("slides")
    make("results/demo/x/slides/s.csv", "my sheet.tsv")
    bundle(["results/demo/x/slides/s.csv", TABLE], tmp_path / "b.zip")
    (into := tmp_path / "fresh").mkdir()
    new = unbundle(tmp_path / "b.zip", into)
    names = [name.removeprefix("results/demo/x/config/") for name in new if "/config/" in name]
    assert sorted(names) == ["claims/y.yaml", "papers/x.yaml", "papers/y.yaml", "sheets/my_sheet.tsv"]
    assert not (into / "config").exists()
    sheet = into / "results/demo/x/config/sheets/my_sheet.tsv"
    assert sha256_of(sheet) == sha256_of("my sheet.tsv")
