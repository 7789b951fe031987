"""Bundles that must not be unpacked: members elsewhere, links, bombs, damage."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from pathgan.errors import ProvenanceError
from pathgan.provenance.bundle import unbundle


@pytest.mark.parametrize(
    "name", ["../x", "/tmp/x", "results/../../x", "results/demo/x/../../../../x", "src/x.py", "x\\y"]
)
def test_a_member_outside_of_the_results_is_refused_whole(name: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("results/demo/x/t.csv", "good")
        archive.writestr(name, "bad")
    (tmp_path / "into").mkdir()
    with pytest.raises(ProvenanceError, match="is no file below results/; nothing was unpacked"):
        unbundle(tmp_path / "b.zip", tmp_path / "into")
    assert not list((tmp_path / "into").iterdir())


def test_links_bombs_and_damage_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    into = tmp_path / "into"
    into.mkdir()
    link = zipfile.ZipInfo("results/demo/x/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ProvenanceError, match="is no file below results/"):
        unbundle(tmp_path / "link.zip", into)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("results/demo/x/t.csv", "0" * 2000)
    monkeypatch.setattr("pathgan.provenance.bundle.MAX_BYTES", 1000)
    with pytest.raises(ProvenanceError, match=r"more than the 0\.0 GB of any bundle"):
        unbundle(tmp_path / "bomb.zip", into)
    damaged = (tmp_path / "link.zip").read_bytes()[:-30]
    (tmp_path / "half.zip").write_bytes(damaged)
    with pytest.raises(ProvenanceError, match=r"half.zip: cannot be unpacked"):
        unbundle(tmp_path / "half.zip", into)
    assert not list(into.iterdir())
