"""Files that nobody thought of: each reader gets sound ones, damaged at random, and answers with a result or an error.

`make fuzz` tries many more; a case that fails is printed, and becomes a test of its own.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import resource
import shutil
import struct
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import tifffile
import torch
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import nn

from pathgan.config.loading import load_paper
from pathgan.config.slide_types import SlideSheet
from pathgan.config.yaml_files import read_yaml
from pathgan.datasets.image_files import read_image
from pathgan.datasets.mask_files import read_mask
from pathgan.datasets.slide_sets import read_slides
from pathgan.datasets.xml_polygons import read_monuseg_xml
from pathgan.errors import PathganError
from pathgan.provenance.bundle import unbundle
from pathgan.provenance.bundle_members import may_hold
from pathgan.provenance.records import read_record, sealed
from pathgan.slides.reading import open_slide, thumbnail
from pathgan.training.checkpoints import MAGIC, Checkpoints
from pathgan.training.weight_files import load_weights, save_weights
from small_papers import one_run

CASES = int(os.environ.get("PATHGAN_FUZZ_CASES", "200"))  # per reader
MEMORY = 10**9  # bytes that a case may take
SECONDS = 2.0  # of a core
pytestmark = pytest.mark.filterwarnings("ignore")  # parsers warn of what is refused


@dataclass(frozen=True)
class Reader:
    """seeds: sound files. suffix: of their names."""

    read: Callable[[Path], object]
    seeds: Callable[[], Iterable[bytes]]
    suffix: str


# --- sound files ------------------------------------------------------------------------------------------

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (12, 10, 3), dtype=np.uint8)
IDS = np.arange(120, dtype=np.int32).reshape(12, 10)


def saved(kind: str, image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def tiff(pixels: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, pixels, **options)
    return buffer.getvalue()


def images() -> Iterator[bytes]:
    image = Image.fromarray(PIXELS)
    yield from (saved("PNG", image), saved("JPEG", image), saved("BMP", image))
    yield saved("PNG", image.quantize(16))
    yield saved(
        "PNG", image.convert("RGBA"), exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    )


def tiffs() -> Iterator[bytes]:
    yield tiff(PIXELS, photometric="rgb", compression="zlib")
    yield tiff(np.moveaxis(PIXELS, -1, 0), photometric="rgb", planarconfig="separate", rowsperstrip=5)
    yield tiff(PIXELS, photometric="rgb", tile=(16, 16), bigtiff=True)


def mats() -> Iterator[bytes]:
    for compressed in (True, False):
        scipy.io.savemat(buffer := io.BytesIO(), {"inst_map": IDS}, do_compression=compressed)
        yield buffer.getvalue()


def npys() -> Iterator[bytes]:
    for dtype in ("<i4", ">u2", "f8"):
        np.save(buffer := io.BytesIO(), IDS.astype(dtype))
        yield buffer.getvalue()


def grey() -> Iterator[bytes]:
    yield saved("PNG", Image.fromarray(IDS.astype(np.uint8)))
    yield saved("PNG", Image.fromarray(IDS.astype(np.uint16)))


def polygons() -> Iterator[bytes]:
    corners = "".join(f"<Vertex X='{x}' Y='{y}' Z='0'/>" for x, y in ((1, 1), (6.5, 2), (4, 7)))
    yield f"<?xml version='1.0'?><A><Region Id='1'><Vertices>{corners}</Vertices></Region></A>".encode()


def sheets() -> Iterator[bytes]:
    text = (
        "slide\tstain\tpair\tpatient\tsplit\tpath\tmpp\na\the\tp\tx\ttrain\ta.svs\t0.5\nb\tki67\tp\tx\ttrain\tb.svs\t\n"
    )
    yield from (text.encode(), text.encode("utf-16"), text.replace("x", "\u00fc").encode("latin-1"))


def records() -> Iterator[bytes]:
    code = {"digest": "0", "roots": ["scripts/score.py"], "files": {}}
    entry = {"format": 2, "output": "results/demo/x/t.csv", "outputs": {"results/demo/x/t.csv": "0" * 64}}
    entry |= {"inputs": {"a": "0" * 64}, "logs": {}, "rule": "score", "wildcards": {"seed": "0"}, "params": {"a": [1]}}
    entry |= {"config": {}, "code": code, "commit": {}, "lock": "", "threads": 1, "device": "cpu", "host": "h"}
    entry |= {"python": "3", "libraries": {}, "attempts": [{"attempt": "a", "started": "2026-01-01T00:00:00+00:00"}]}
    yield sealed(entry).encode()


def bundles() -> Iterator[bytes]:
    (record,) = records()
    entry = json.loads(record)
    output, content = "results/demo/x/tables/t.csv", b"a,b\n1,2\n"
    entry |= {"output": output, "outputs": {output: hashlib.sha256(content).hexdigest()}}
    for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(buffer := io.BytesIO(), "w", kind) as archive:
            archive.writestr(output, content)
            archive.writestr("results/demo/provenance/x/tables/t.csv.json", sealed(entry))
            archive.writestr("results/demo/x/config/papers/x.yaml", "title: x\n")
        yield buffer.getvalue()


def checkpoints() -> Iterator[bytes]:
    state = {"fingerprint": "f", "code": "", "resumed_stale": [], "iteration": 3, "networks": {"a": torch.arange(9.0)}}
    torch.save(state, buffer := io.BytesIO())
    yield buffer.getvalue()


def pyramids() -> Iterator[bytes]:
    pixels = RNG.integers(0, 256, (64, 48, 3), dtype=np.uint8)
    for options in ({"tile": (16, 16)}, {"rowsperstrip": 20}, {"tile": (32, 32), "compression": "zlib"}):
        with tifffile.TiffWriter(buffer := io.BytesIO(), ome="tile" in options) as writer:
            writer.write(pixels, photometric="rgb", subifds=1, resolution=(20_000, 20_000), **options)
            writer.write(pixels[::2, ::2], photometric="rgb", subfiletype=1, **options)
        yield buffer.getvalue()


@cache
def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))


def weights() -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        save_weights(network(), path := Path(folder, "w.safetensors"))
        yield path.read_bytes()


# --- readers ----------------------------------------------------------------------------------------------


def read_resealed(path: Path) -> object:
    """A forger makes the seal anew: what is behind it must hold, too."""
    with suppress(ValueError, RecursionError):
        entry = json.loads(path.read_bytes())
        if isinstance(entry, dict):
            path.write_text(sealed(entry), encoding="utf-8", errors="surrogatepass")
    return read_record(path)


def read_bundle(path: Path) -> None:
    """Nothing may lie anywhere but where a bundle's members belong."""
    shutil.rmtree(into := path.with_name("into"), ignore_errors=True)
    into.mkdir()
    beside = set(path.parent.iterdir())
    try:
        unbundle(path, into)
    except PathganError:
        assert not list(into.iterdir())
        raise
    finally:
        assert set(path.parent.iterdir()) == beside
        names = [file.relative_to(into).as_posix() for file in into.rglob("*") if not file.is_dir()]
        assert all(map(may_hold, names)), names


def read_checkpoint(path: Path) -> object:
    payload = path.read_bytes()
    (folder := path.with_name("state")).mkdir(exist_ok=True)
    (folder / "checkpoint-000000003.pt").write_bytes(MAGIC + hashlib.sha256(payload).digest() + payload)
    return Checkpoints(folder, "f").latest()


def read_whole_slide(path: Path) -> object:
    with open_slide(path) as slide:
        for level, size in enumerate(slide.levels):
            slide.region(level, 0, 0, min(size.width, 64), min(size.height, 64))
        return thumbnail(slide, 16)


READERS = {
    "images": Reader(read_image, images, ".png"),
    "TIFF images": Reader(read_image, tiffs, ".tif"),
    "masks in .mat": Reader(read_mask, mats, ".mat"),
    "masks in .npy": Reader(read_mask, npys, ".npy"),
    "masks in text": Reader(read_mask, lambda: [b"4 3\n" + b"0 1 2 2\n" * 3], ".txt"),
    "masks in images": Reader(read_mask, grey, ".png"),
    "polygons": Reader(lambda path: read_monuseg_xml(path, (9, 9)), polygons, ".xml"),
    "sheets": Reader(
        lambda path: read_slides(SlideSheet(adapter="slide_sheet", sheet=str(path)), path.parent, path.parent),
        sheets,
        ".tsv",
    ),
    "YAML": Reader(read_yaml, lambda: [b"a: &x {b: [1, 2.5, no], c: 'd'}\ne: {<<: *x, f: 2024-01-01}\n"], ".yaml"),
    "papers": Reader(
        lambda path: load_paper(path, "demo"), lambda: [yaml.safe_dump(one_run(), sort_keys=False).encode()], ".yaml"
    ),
    "records": Reader(read_resealed, records, ".json"),
    "bundles": Reader(read_bundle, bundles, ".zip"),
    "checkpoints": Reader(read_checkpoint, checkpoints, ".bin"),
    "weights": Reader(lambda path: load_weights(network(), path), weights, ".safetensors"),
    "slides": Reader(read_whole_slide, pyramids, ".tif"),
}


# --- damage -----------------------------------------------------------------------------------------------

Edit = Callable[[bytes], bytes]
FORMS = ("<B", ">B", "<H", ">H", "<I", ">I", "<Q", ">Q")
PLACE = st.integers(0, 2**16 - 1)  # of 2^16 parts of the file
NUMBERS = (0, 1, 2, 3, 7, 255, 256, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1)
WORDS = (
    *(
        b"\0",
        b"\xff",
        b"\n",
        b"\t",
        b'"',
        b"'",
        b"{",
        b"}",
        b"[",
        b"]",
        b"..",
        b"/",
        b"\\",
        b"&a ",
        b"*a",
        b"!!",
        b"<<: ",
    ),
    *(b"nan", b"NaN", b"inf", b"-1", b"1e999", b"9" * 40, b"null", b"true", b"[" * 2000, b"<", b"&lt;", b"<!--"),
    *(b"\xc3\x28", b"\xed\xa0\x80", b"\xef\xbb\xbf", "\u202e".encode()),
)


def at(place: int, data: bytes) -> int:
    return place * len(data) >> 16


@st.composite
def edits(draw: st.DrawFn) -> Edit:
    """One way to damage a file."""
    place, other = draw(PLACE), draw(PLACE)
    kind = draw(st.sampled_from(("flip", "number", "word", "cut", "repeat", "end")))
    bit, word = draw(st.integers(0, 7)), draw(st.sampled_from(WORDS))
    number, form = draw(st.sampled_from(NUMBERS)), draw(st.sampled_from(FORMS))
    packed = struct.pack(form, number & (2 ** (8 * struct.calcsize(form)) - 1))

    def edit(data: bytes) -> bytes:
        a, b = sorted((at(place, data), at(other, data)))
        if kind == "flip" and data:
            return data[:a] + bytes([data[a] ^ 1 << bit]) + data[a + 1 :]
        changed = {
            "number": data[:a] + packed + data[a + len(packed) :],
            "word": data[:a] + word + data[a:],
            "cut": data[:a] + data[b:],
            "repeat": data[:b] + data[a:],
            "end": data[:a],
        }
        return changed.get(kind, data)

    return edit


@contextmanager
def limited_memory(more: int) -> Iterator[None]:
    """Nobody gets more than `more` bytes beside those that are taken."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize("name", READERS)
def test_a_reader_answers_with_a_result_or_with_words(name: str, tmp_path: Path) -> None:
    reader = READERS[name]
    seeds = list(reader.seeds())
    path = tmp_path / f"file{reader.suffix}"
    slowest = [0.0]
    for seed in seeds:  # what is sound is read
        path.write_bytes(seed)
        reader.read(path)

    @settings(max_examples=CASES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(range(len(seeds))), st.lists(edits(), min_size=1, max_size=6))
    def try_one(seed: int, damage: list[Edit]) -> None:
        data = seeds[seed]
        for edit in damage:
            data = edit(data)
        path.write_bytes(data)
        began = time.process_time()
        try:
            reader.read(path)
        except PathganError as error:
            assert str(error)
        finally:
            slowest[0] = max(slowest[0], time.process_time() - began)

    with limited_memory(MEMORY):
        try_one()
    print(f"{name}: {CASES} cases, the slowest took {slowest[0]:.2f} s")
    assert slowest[0] < SECONDS
