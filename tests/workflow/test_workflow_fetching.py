"""What a workflow fetches: data and weights, once, checked, with an error that says where to get them."""

from __future__ import annotations

import json
import os
import threading
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml
from checkouts import jobs, snakemake
from tiny_paper import BASE

from pathgan.config.loading import load_weights_table
from pathgan.files import sha256_of
from pathgan.provenance.places import record_path
from pathgan.stores.embedding_file import read_embeddings

pytestmark = pytest.mark.workflow


def test_absent_manual_data_name_page_file_and_folder(copied):
    target = f"{BASE}/models/absent/seed0/segmenter.safetensors"
    output = snakemake(copied, target, code=1)
    assert "no image with a mask in data/cpm15; get cpm15.zip from the page and unpack it there" in output
    assert not (copied / BASE / "data/manual.h5").exists()


def test_a_dataset_is_fetched_once(copied, tmp_path):
    """Two slides of TNBC in an archive on loopback; the second call runs nothing."""
    served = tmp_path / "served"
    with zipfile.ZipFile(make_folder(served) / "tnbc.zip", "w") as archive:
        for slide in (1, 2):
            for kind in ("Slide", "GT"):
                picture = np.zeros((32, 32, 4), np.uint8)
                picture[8 : 16 + slide, 8:16] = picture[..., 3] = 255
                archive.writestr(f"TNBC/{kind}_0{slide}/0{slide}_1.png", cv2.imencode(".png", picture)[1].tobytes())
    http = ThreadingHTTPServer(("127.0.0.1", 0), lambda *args: SimpleHTTPRequestHandler(*args, directory=str(served)))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    paper = copied / "config/papers/tiny.yaml"
    tree = yaml.safe_load(paper.read_text())
    tree["datasets"]["fetched"] = {
        "adapter": "tnbc",
        "folder": "tnbc",
        "origin": {
            "kind": "download",
            "url": f"http://127.0.0.1:{http.server_address[1]}/tnbc.zip",
            "sha256": sha256_of(served / "tnbc.zip"),
        },
        "tiles": {"tile_px": 32, "stride_px": 32},
        "split": {"by": "patient", "test_fraction": 0.5},
    }
    paper.write_text(yaml.safe_dump(tree, sort_keys=False))
    target = f"{BASE}/data/fetched.csv"
    assert jobs(snakemake(copied, target)) == {"fetch": 1, "prepare": 1}
    http.shutdown()
    http.server_close()
    assert len(pd.read_csv(copied / target)) == 2
    assert "Nothing to be done" in snakemake(copied, target)


def test_every_embedding_is_made_by_a_trained_network(done):
    """By its record: the weights that it read have the sha256 of an entry in the table, and of its parameter."""
    known = {entry.sha256 for entry in load_weights_table(done / "config/weights.yaml").values()}
    files = sorted((done / BASE / "embeddings").rglob("*.h5"))
    assert files
    for file in files:
        record = json.loads((done / record_path(file.relative_to(done))).read_text())
        (weights,) = [sha256 for name, sha256 in record["inputs"].items() if "weights/" in name]
        assert weights == record["params"]["sha256"]
        assert weights in known
        assert read_embeddings(file).embedder.weights == weights


def test_weights_are_fetched_checked_and_used(done, copied, tmp_path):
    """A tiny TorchScript file on loopback stands for Inception's."""
    import torch

    class Layers(torch.nn.Module):
        def forward(self, images):
            return torch.nn.functional.adaptive_avg_pool2d(images, 1).flatten(1).repeat(1, 683)[:, :2048]

    class Scripted(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = Layers()

        def forward(self, images):
            return self.layers(images)

    served = make_folder(tmp_path / "served")
    torch.jit.save(torch.jit.script(Scripted()), served / "inception-2015-12-05.pt")
    http = ThreadingHTTPServer(("127.0.0.1", 0), lambda *args: SimpleHTTPRequestHandler(*args, directory=str(served)))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{http.server_address[1]}/inception-2015-12-05.pt"
    table = copied / "config/weights.yaml"
    entries = yaml.safe_load(table.read_text())
    size = (served / "inception-2015-12-05.pt").stat().st_size
    entries["inception"] |= {"url": url, "max_bytes": size, "sha256": "0" * 64}
    table.write_text(yaml.safe_dump(entries))
    output = snakemake(copied, "data/weights/inception-2015-12-05.pt", code=1)
    assert "data/weights/inception-2015-12-05.pt: absent, and could not be fetched" in output
    assert f"{url}: expected sha256 000" in output
    assert not (copied / "data/weights/inception-2015-12-05.pt").exists()

    entries["inception"]["sha256"] = sha256_of(served / "inception-2015-12-05.pt")
    table.write_text(yaml.safe_dump(entries))
    assert jobs(snakemake(copied, "data/weights/inception-2015-12-05.pt")) == {"fetch_weights": 1}
    http.shutdown()
    http.server_close()
    target = f"{BASE}/tables/table2.csv"
    assert "lite0 stands in for inception" in snakemake(done, "-n", "-F", target)
    assert jobs(snakemake(copied, target)) == {"embed": 3, "score": 2, "tabulate": 1}
    cells = pd.read_csv(copied / target).set_index("column")
    assert "in place of" not in cells.loc["fid", "note"]
    assert "Lite0 in place of ResNet-18" in cells.loc["p_hash", "note"]

    os.utime(copied / "data/weights/inception-2015-12-05.pt", (1, 1))  # older than every script, as a copied file is
    assert "Nothing to be done" in snakemake(copied, target)
    assert "fetch_weights" not in snakemake(copied, "-n", "-F", target)
    (copied / "data/weights/inception-2015-12-05.pt").write_bytes(b"something else")
    assert "expected sha256" in snakemake(copied, target, "--forcerun", "embed", code=1)


def test_absent_weights_are_an_error_with_their_url_in_the_paper_preset(copied):
    table = copied / "config/weights.yaml"
    entries = yaml.safe_load(table.read_text())
    entries["inception"]["url"] = "http://127.0.0.1:9/inception.pt"
    table.write_text(yaml.safe_dump(entries))
    target = "results/paper/tiny/embeddings/inception/data/cells.h5"
    output = snakemake(copied, target, "--retries", "0", code=1)
    assert f"data/weights/{entries['inception']['file']}: absent, and could not be fetched" in output
    assert "http://127.0.0.1:9/inception.pt" in output


def make_folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path
