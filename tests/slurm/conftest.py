"""The cluster that the tests of this folder share, and the table of faults; without SLURM they skip, and fail in CI.

`cluster.py --nodes N pytest -n N` gives each worker a node of its own. Without it, a process starts a cluster of one
node.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow"))  # checkouts.py

from cluster import CLUSTER_FOLDER, Cluster, ClusterError, StartedCluster, own_node
from trainings import with_data

from faults import FAULTS
from once import made_once

MARKS = ("<!-- faults: begin -->", "<!-- faults: end -->")


def started(accounting: bool) -> Iterator[Cluster]:
    """The cluster that runs already, or one of this process's own."""
    if folder := os.environ.get(CLUSTER_FOLDER):
        cluster = Cluster(Path(folder))
        assert cluster.has_accounting or not accounting, "cluster.py was started without --accounting"
        yield cluster
        return
    try:
        with StartedCluster(accounting) as cluster:
            yield cluster
    except ClusterError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    yield from started(accounting=False)


@pytest.fixture(scope="module")
def accounting_cluster() -> Iterator[Cluster]:
    yield from started(accounting=True)


@pytest.fixture(autouse=True)
def _in_turn(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test marked `alone` has the cluster for itself."""
    (name,) = {"cluster", "accounting_cluster"} & set(request.fixturenames)
    with request.getfixturevalue(name).used(alone=request.node.get_closest_marker("alone") is not None):
        yield


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "prepared", with_data)


# --- the table of docs/reliability.md ---------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--report", type=Path, help="Markdown file in which the table of faults is replaced")


def pytest_configure(config: pytest.Config) -> None:
    os.environ["SBATCH_CONSTRAINT"] = own_node()  # whatever this worker submits stays off the nodes of others
    path = config.getoption("--report")
    if path is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(FaultTable(path))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """While one has the cluster alone, the others wait: best before any has begun."""
    items.sort(key=lambda item: item.get_closest_marker("alone") is None)


class FaultTable:
    """Gathers the reports of all workers."""

    def __init__(self, path: Path):
        self.path = path
        self.reports: dict[str, list[pytest.TestReport]] = {fault: [] for fault in FAULTS}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        fault = dict(report.user_properties).get("fault")
        if report.when == "call" and fault is not None:
            self.reports[fault].append(report)

    def pytest_sessionfinish(self) -> None:
        tried = {fault: reports for fault, reports in self.reports.items() if reports}
        if not tried:
            return
        text = self.path.read_text()
        before, rest = text.split(MARKS[0])
        after = rest.split(MARKS[1])[1]
        self.path.write_text(f"{before}{MARKS[0]}\n{_table(tried)}{MARKS[1]}{after}")


def _table(faults: dict[str, list[pytest.TestReport]]) -> str:
    lines = [
        "| fault | ended in the same bytes | command given again | seconds, median and longest |",
        "|---|---|---|---|",
    ]
    for fault, reports in faults.items():
        facts = [dict(report.user_properties) for report in reports if report.passed]
        again, seconds = sum(fact["reissued"] for fact in facts), [fact["seconds"] for fact in facts] or [float("nan")]
        span = f"{statistics.median(seconds):.0f}, {max(seconds):.0f}"
        lines.append(f"| {fault} | {len(facts)} of {len(reports)} | {again} of {len(facts)} | {span} |")
    passed = sum(report.passed for reports in faults.values() for report in reports)
    return "\n".join([*lines, "", f"{passed} of {sum(map(len, faults.values()))} runs.", ""])
