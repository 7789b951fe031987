"""Files that move together or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from pathgan.files import move_all


def test_files_that_cannot_all_be_moved_stay_where_they_were(tmp_path: Path) -> None:
    source, into = tmp_path / "from", tmp_path / "into"
    for name in ("a/1", "a/2", "b"):
        (file := source / name).parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    into.mkdir()
    (into / "b").write_text("mine")
    with pytest.raises(FileExistsError):
        move_all(source, into, ["a/1", "a/2", "b"])
    assert {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()} == {"a/1", "a/2", "b"}
    assert [path.name for path in into.iterdir()] == ["b"]
    assert (into / "b").read_text() == "mine"
    (into / "b").unlink()
    move_all(source, into, ["a/1", "a/2", "b"])
    assert (into / "a/2").read_text() == "a/2"
