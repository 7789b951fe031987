"""A chain of results so small that a test makes it in no time: a raw file, scores, a table."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from pathgan.files import sha256_of
from pathgan.provenance import attempts
from pathgan.provenance.closure import code_state
from pathgan.provenance.records import JobFacts, record

ROOT = Path(__file__).parents[1]
CODE = code_state(["scripts/score.py"], ROOT)
CURRENT = SimpleNamespace(  # what the workflow would do now: of every job the same, with the inputs of `make`
    code=lambda entry: CODE,
    job=lambda entry: ({"a": 1}, set(entry["wildcards"].get("inputs", "").split("|")) - {""}),
    makes=lambda path, entry: True,
    papers=set(),
    data_root=Path("data"),
    config={"device": "auto"},
    paper_files=lambda paper: f"config/papers/{paper}.yaml",
)


def make(output: str, *inputs: str, content: str = "x", **changes: object) -> Path:
    """An artefact with its record, made of `inputs`."""
    path = Path(output)
    path.parent.mkdir(parents=True, exist_ok=True)
    attempts.begin([output])
    path.write_text(content)
    facts: dict[str, object] = {
        "rule": "score",
        "inputs": {name: sha256_of(name) for name in inputs},
        "outputs": [output],
        "params": {"a": 1},
        "wildcards": {"paper": "x", "inputs": "|".join(inputs)},
        "threads": 1,
        "code": CODE,
        "commit": {},
        "config": {"data_root": "data"},
    }
    (path,) = record(JobFacts(**{**facts, **changes}))  # type: ignore[arg-type]
    return path


def make_chain() -> str:
    """raw -> scores -> table, in the working directory; returns the table."""
    Path("data").mkdir()
    Path("data/raw.png").write_text("pixels")
    make("results/demo/x/scores/s.csv", "data/raw.png", content="scores")
    make("results/demo/x/tables/t.csv", "results/demo/x/scores/s.csv", content="table")
    return "results/demo/x/tables/t.csv"
