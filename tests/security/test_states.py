"""States of training that nobody here left: with them somebody else's weights would be this checkout's result."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from attacks import Attack

from doing import train_run
from pathgan.provenance import attempts
from pathgan.provenance.attempts import attempts_of, names_of
from pathgan.stores.source import Source
from pathgan.training.run_training import Job
from test_states_aside import cut
from tiny_trainings import gan, outputs, result

ATTACKS = {
    "a state of training that another checkout left": Attack(
        cut, verdict="set aside, and training starts at its beginning"
    )
}
OUTPUT = ["results/demo/x/models/gan/seed0/generator.safetensors"]


@pytest.fixture
def attempt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A job of this checkout."""
    monkeypatch.chdir(tmp_path)
    attempts.begin(OUTPUT)
    yield
    attempts.end("done")


def train(folder: Path, source: Source, caplog: pytest.LogCaptureFixture) -> str:
    """The log of a training to its end."""
    job = Job(seed=0, state_dir=folder / "state", device="cpu", threads=1)
    with caplog.at_level(logging.INFO):
        train_run(gan(), [source], job, outputs(folder))
    return caplog.text


def test_a_state_that_no_attempt_here_began_is_not_resumed(
    attempt: None, phantom_source: Source, tmp_path: Path, unbroken: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.MonkeyPatch.context() as elsewhere:  # another checkout's job, of the same settings and data
        elsewhere.setenv(attempts.ATTEMPT, "theirs")
        cut(tmp_path, phantom_source, code="")
    text = train(tmp_path, phantom_source, caplog)
    assert "no attempt at this training that began in this checkout left it" in text
    assert "resumed at" not in text
    assert result(tmp_path) == unbroken["gan"]


def test_a_state_of_an_earlier_attempt_is_resumed(
    attempt: None, phantom_source: Source, tmp_path: Path, unbroken: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    cut(tmp_path, phantom_source, code="")
    attempts.begin(OUTPUT)
    assert "resumed at iteration 5" in train(tmp_path, phantom_source, caplog)
    assert result(tmp_path) == unbroken["gan"]


def test_a_record_that_is_replaced_vouches_for_its_attempts(attempt: None) -> None:
    first = attempts.current()
    attempts.begin(OUTPUT, before={"on-record"})
    assert attempts.begun() == {first, "on-record", attempts.current()}
    journal = attempts_of(attempts.journal_path(OUTPUT))
    assert names_of(json.loads(json.dumps(journal))) == attempts.begun()
