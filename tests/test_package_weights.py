"""Weights out of packages: really trained, unpacked without running anything, and one line where they cannot be had."""

from __future__ import annotations

import io
import pickle
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import lpips
import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from pathgan.config.loading import load_weights_table
from pathgan.config.weights import Package, Weights
from pathgan.datasets.fetched_weights import fetch_weights
from pathgan.datasets.package_index import read_member
from pathgan.errors import DataError
from pathgan.networks.package_weights import convert
from pathgan.networks.pretrained import PRETRAINED, lite0, squeezenet

ROOT = Path(__file__).parents[1]
PACKAGE = Package(name="p", version="1", archive="p.whl", sha256="0" * 64, member="m", member_sha256="0" * 64)
OUT_OF_PACKAGES = ("lite0", "squeezenet", "vgg16", "lpips_alex")


# --- what is in them --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "build"), [("lite0", lite0), ("squeezenet", squeezenet)])
def test_a_trained_network_knows_a_cat_and_an_espresso(name, build, package_weights) -> None:
    from skimage import data

    network = build(package_weights(name)[0]).eval()
    for image, label in ((data.chelsea(), 285), (data.coffee(), 967)):  # of ImageNet: Egyptian cat, espresso
        top = (image.shape[0] - (side := min(image.shape[:2]))) // 2
        left = (image.shape[1] - side) // 2
        square = image[top : top + side, left : left + side]
        with torch.inference_mode():
            answer = network(PRETRAINED[name].prepare(square)[None])
        assert int(answer.argmax()) == label


def test_a_file_says_what_it_was_made_of(package_weights) -> None:
    path, _ = package_weights("lite0")
    with safe_open(path, "pt") as file:
        origin = Package.model_validate_json(file.metadata()["origin"])
    assert origin == load_weights_table(ROOT / "config" / "weights.yaml")["lite0"].package


def test_the_heads_of_lpips_are_its_authors(package_weights) -> None:
    theirs = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
    ours = load_file(package_weights("lpips_alex")[0])
    for k in range(5):
        assert ours[f"heads.{k}"].numpy() == pytest.approx(theirs.lins[k].model[-1].weight.detach().numpy().ravel())


# --- where they come from ---------------------------------------------------------------------------------


class Evil:
    """A pickle that would write a file when it is opened carelessly."""

    def __init__(self, target: Path):
        self.target = target

    def __reduce__(self):
        return (Path.touch, (self.target,))


@pytest.mark.parametrize("network", OUT_OF_PACKAGES)
def test_a_pickle_with_code_is_refused(network: str, tmp_path: Path) -> None:
    target, saved = tmp_path / "executed", io.BytesIO()
    torch.save({"features.0.weight": Evil(target)}, saved)
    for data in (pickle.dumps({"conv1": Evil(target)}), saved.getvalue(), b"no pickle"):
        with pytest.raises(DataError, match=rf"p\.whl: m: does not hold the weights of {network} \("):
            convert(network, data, PACKAGE)
    assert not target.exists()


def test_only_arrays_are_looked_up() -> None:
    with pytest.raises(DataError, match=r"refers to builtins\.print; expected numpy arrays alone"):
        convert("squeezenet", pickle.dumps(print), PACKAGE)
    with pytest.raises(DataError, match="does not hold"):
        convert("squeezenet", pickle.dumps({"conv1": np.zeros(3)}), PACKAGE)


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package index on loopback: a folder per package, with an archive and a page that lists it."""
    folder = tmp_path / "index"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{http.server_address[1]}/simple/")
    yield folder
    http.shutdown()
    http.server_close()


def published(folder: Path, data: bytes, suffix: str = "tar.gz") -> Package:
    """A package in the index whose member `fun/weights.pkl` holds these bytes."""
    archive = folder / f"fun-1.0.{suffix}"
    if suffix == "whl":
        with zipfile.ZipFile(archive, "w") as wheel:
            wheel.writestr("fun/weights.pkl", data)
    else:
        with tarfile.open(archive, "w:gz") as sdist:
            for name, content in (("fun-1.0/setup.py", b"raise SystemExit"), ("fun-1.0/fun/weights.pkl", data)):
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                sdist.addfile(entry, io.BytesIO(content))
    page = folder / "simple" / "fun"
    page.mkdir(parents=True, exist_ok=True)
    (page / "index.html").write_text(f'<html><body><a href="../../{archive.name}">{archive.name}</a></body></html>')
    return Package(
        name="fun",
        version="1.0",
        archive=archive.name,
        sha256=digest(archive.read_bytes()),
        member="fun/weights.pkl",
        member_sha256=digest(data),
    )


@pytest.mark.parametrize("suffix", ["tar.gz", "whl"])
def test_a_member_is_read_out_of_the_archive_of_the_index(index: Path, suffix: str) -> None:
    assert read_member(published(index, b"numbers", suffix), 10_000) == b"numbers"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sha256": "0" * 64}, r"fun-1.0.tar.gz: expected sha256 000"),
        ({"member_sha256": "0" * 64}, r"fun 1.0: fun/weights.pkl: expected sha256 000.*it was not opened"),
        ({"member": "fun/other.pkl"}, r"fun-1.0.tar.gz: holds no file fun/other.pkl"),
        ({"archive": "fun-2.0.tar.gz"}, r"fun 1.0 \(fun-2.0.tar.gz\): .* has the package, but not this file of it"),
        ({"name": "fan"}, r"fan 1.0 \(fun-1.0.tar.gz\): the package index .* has no such package"),
    ],
)
def test_what_is_not_as_it_should_be_is_named_in_one_line(index: Path, changes, message: str) -> None:
    package = published(index, b"numbers").model_copy(update=changes)
    with pytest.raises(DataError, match=message) as error:
        read_member(package, 10_000)
    assert "\n" not in str(error.value)


def test_an_archive_that_is_too_large_or_none_is_refused(index: Path) -> None:
    package = published(index, b"numbers")
    with pytest.raises(DataError, match="larger than max_bytes = 20"):
        read_member(package, 20)
    (index / package.archive).write_bytes(b"no archive")
    with pytest.raises(DataError, match="not a sound wheel or sdist"):
        read_member(package.model_copy(update={"sha256": digest(b"no archive")}), 10_000)


def test_an_index_that_is_not_reached_is_named_with_what_was_wanted(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    weights = load_weights_table(ROOT / "config" / "weights.yaml")["squeezenet"]
    with pytest.raises(DataError) as error:
        fetch_weights(weights, tmp_path / weights.file, partial(convert, "squeezenet"))
    said = str(error.value)
    assert "\n" not in said
    for part in ("squeezenet1_1.safetensors: absent", "ndf 0.1.4", "http://127.0.0.1:9/simple was not reached"):
        assert part in said
    assert list(tmp_path.iterdir()) == []


def test_a_conversion_with_other_bytes_leaves_nothing(index: Path, tmp_path: Path, package_weights) -> None:
    entry = load_weights_table(ROOT / "config" / "weights.yaml")["lite0"]
    wrong = entry.model_copy(update={"sha256": "0" * 64})
    with pytest.raises(DataError, match=r"converted: expected sha256 000.*safetensors"):
        fetch_weights(wrong, tmp_path / "lite0.safetensors", partial(convert, "lite0"))
    assert not (tmp_path / "lite0.safetensors").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "weights").write_text("a file where the folder should be")
    entry = load_weights_table(ROOT / "config" / "weights.yaml")["lite0"]
    with pytest.raises(DataError, match=r"weights/lite0\.safetensors: absent, and could not be written .*data_root"):
        fetch_weights(entry, tmp_path / "weights" / "lite0.safetensors", partial(convert, "lite0"))


def test_weights_have_one_origin() -> None:
    entry = load_weights_table(ROOT / "config" / "weights.yaml")["lite0"].model_dump()
    for changes in ({"url": "http://127.0.0.1/x"}, {"package": None}):
        with pytest.raises(ValueError, match="url, package: expected one of the two"):
            Weights.model_validate(entry | changes)
