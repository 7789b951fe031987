"""Archives that are fetched, checked and unpacked, or refused whole."""

import io
import json
import tarfile
import threading
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pathgan.config.dataset_types import Download
from pathgan.datasets.fetch import fetch
from pathgan.errors import DataError
from pathgan.files import sha256_of

# --- fetching ---------------------------------------------------------------------------------------------


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments) -> None:
        pass


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    http = ThreadingHTTPServer(("127.0.0.1", 0), lambda *args: Quiet(*args, directory=str(folder)))
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{http.server_address[1]}"
    http.shutdown()
    http.server_close()


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_an_archive_is_fetched_checked_and_unpacked(server, tmp_path):
    folder, url = server
    archive = zipped(folder / "a.zip", {"x/1.txt": b"one", "x/2.txt": b"two"})
    origin = Download(kind="download", url=f"{url}/a.zip", sha256=sha256_of(archive))
    target = tmp_path / "data" / "a"
    fetch(origin, target, target / "receipt.json")
    assert (target / "x" / "2.txt").read_bytes() == b"two"
    receipt = json.loads((target / "receipt.json").read_text())
    assert receipt["sha256"] == sha256_of(archive)
    assert receipt["files"]["x/1.txt"] == sha256_of(target / "x" / "1.txt")


def test_a_tar_is_unpacked_too(server, tmp_path):
    folder, url = server
    with tarfile.open(folder / "a.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("x.txt")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"one"))
    fetch(Download(kind="download", url=f"{url}/a.tar.gz"), tmp_path / "t", tmp_path / "t" / "r.json")
    assert (tmp_path / "t" / "x.txt").read_bytes() == b"one"


def outwitting_tar(path: Path) -> None:
    """Links whose resolved path is too long to be resolved, and a file behind them (CVE-2025-4517)."""
    long = "d" * 247
    with tarfile.open(path, "w") as archive:
        folder, step = "", "abcdefghijklmnop"
        for letter in step:
            for name, kind, link in ((long, tarfile.DIRTYPE, ""), (letter, tarfile.SYMTYPE, long)):
                info = tarfile.TarInfo(f"{folder}{name}")
                info.type, info.linkname = kind, link
                archive.addfile(info)
            folder += f"{long}/"
        info = tarfile.TarInfo("/".join(step) + "/" + "l" * 254)
        info.type, info.linkname = tarfile.SYMTYPE, "../" * len(step)
        archive.addfile(info)
        info = tarfile.TarInfo("escape")
        info.type, info.linkname = tarfile.SYMTYPE, "/".join(step) + "/" + "l" * 254 + "/../../evil"
        archive.addfile(info)
        info = tarfile.TarInfo("escape")
        info.size = 1
        archive.addfile(info, io.BytesIO(b"x"))


def damaged_gzip(path: Path) -> None:
    """Its members are whole, and their checksum says otherwise."""
    with tarfile.open(fileobj=(buffer := io.BytesIO()), mode="w:gz") as archive:
        info = tarfile.TarInfo("x.txt")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"one"))
    path.write_bytes(buffer.getvalue()[:-8] + bytes(4) + buffer.getvalue()[-4:])


def evil_tar(path: Path, name: str, link: str = "") -> None:
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo(name)
        if link:
            info.type, info.linkname = tarfile.SYMTYPE, link
        archive.addfile(info)


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (lambda p: zipped(p, {"a": b"1"}), {"sha256": "0" * 64}, "expected sha256 000"),
        (lambda p: zipped(p, {"a": bytes(5000)}), {"max_bytes": 50}, "larger than max_bytes = 50"),
        (lambda p: zipped(p, {"a": bytes(5000)}), {"max_unpacked_bytes": 4000}, "more than max_unpacked_bytes = 4000"),
        (lambda p: zipped(p, {"../evil": b"1"}), {}, "member '../evil' leaves it"),
        (lambda p: evil_tar(p, "../evil"), {}, "member '../evil' leaves it"),
        (lambda p: zipped(p, {"/tmp/evil": b"1"}), {}, "member '/tmp/evil' is absolute"),
        (lambda p: zipped(p, {"a\\..\\..\\evil": b"1"}), {}, "has a backslash"),
        (lambda p: evil_tar(p, "inner", "other"), {}, "member 'inner' is a link or a device"),
        (lambda p: evil_tar(p, "inner", "/etc/passwd"), {}, "member 'inner' is a link or a device"),
        (lambda p: p.write_bytes(b"no archive"), {}, "not a sound zip or tar"),
        (outwitting_tar, {}, "is a link or a device"),
        (damaged_gzip, {}, r"not a sound zip or tar archive \(CRC check failed"),
        (lambda p: None, {}, "404"),
    ],
)
def test_what_cannot_be_trusted_is_refused_and_leaves_nothing(server, tmp_path, make, options, message):
    folder, url = server
    make(folder / "a.bin")
    target = tmp_path / "data" / "a"
    with pytest.raises(DataError, match=message):
        fetch(Download(kind="download", url=f"{url}/a.bin", **options), target, target / "receipt.json")
    assert not target.exists()
    assert list((tmp_path / "data").iterdir()) == []
    assert not (tmp_path / "evil").exists()


def test_nothing_is_unpacked_over_what_is_there(server, tmp_path):
    folder, url = server
    zipped(folder / "a.zip", {"new.txt": b"new", "mine.txt": b"theirs", "x/y.txt": b"y"})
    origin, target = Download(kind="download", url=f"{url}/a.zip"), tmp_path / "t"
    target.mkdir()
    (target / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match=r"mine\.txt is there already with other bytes; move it away"):
        fetch(origin, target, target / "r.json")
    assert {path.name: path.read_text() for path in target.iterdir()} == {"mine.txt": "mine"}
    (target / "mine.txt").write_text("theirs")  # the same bytes, of a receipt that was lost
    fetch(origin, target, target / "r.json")
    assert json.loads((target / "r.json").read_text())["files"].keys() == {"mine.txt", "new.txt", "x/y.txt"}


def test_a_transfer_that_ends_early_is_refused(tmp_path):
    class Short(Quiet):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"short")

    http = ThreadingHTTPServer(("127.0.0.1", 0), Short)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    origin = Download(kind="download", url=f"http://127.0.0.1:{http.server_address[1]}/a.zip")
    with pytest.raises(DataError, match=r"try again|ended after 5 of 1000"):
        fetch(origin, tmp_path / "t", tmp_path / "t" / "r.json")
    http.shutdown()
    http.server_close()
    assert not (tmp_path / "t").exists()


def test_the_folder_of_a_user_is_not_emptied(server, tmp_path):
    folder, url = server
    zipped(folder / "a.zip", {"new.txt": b"new"})
    target = tmp_path / "t"
    target.mkdir()
    (target / "mine.txt").write_text("mine")
    fetch(Download(kind="download", url=f"{url}/a.zip"), target, target / "r.json")
    assert (target / "mine.txt").read_text() == "mine"
    assert (target / "new.txt").exists()
