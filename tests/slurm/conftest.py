"""Clusters for the tests of this folder, and the table of faults; without SLURM they skip, and fail in CI."""

from __future__ import annotations

import os
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow"))  # checkouts.py

from cluster import Cluster, ClusterError
from trainings import with_data

FAULTS = pytest.StashKey[dict[str, list[pytest.TestReport]]]()
MARKS = ("<!-- faults: begin -->", "<!-- faults: end -->")


def started(accounting: bool) -> Iterator[Cluster]:
    try:
        with Cluster(accounting) as cluster:
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


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_data(tmp_path_factory.mktemp("prepared") / "project")


# --- the table of docs/reliability.md ---------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--report", type=Path, help="Markdown file in which the table of faults is replaced")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FAULTS] = defaultdict(list)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.when == "call" and "fault" in getattr(item, "callspec", item).__dict__.get("params", {}):
        item.config.stash[FAULTS][item.callspec.params["fault"]].append(report)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    path: Path | None = session.config.getoption("--report")
    if path is None or not session.config.stash[FAULTS]:
        return
    text = path.read_text()
    before, rest = text.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    path.write_text(f"{before}{MARKS[0]}\n{_table(session.config.stash[FAULTS])}{MARKS[1]}{after}")


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
