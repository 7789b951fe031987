"""What goes on around the work of a job: its log, its errors in words, and the records of what it made.

It changes no byte of an output: it is exempt from the digests of code.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from pathgan.errors import PathganError, ProvenanceError
from pathgan.provenance import attempts
from pathgan.provenance.closure import code_state
from pathgan.provenance.places import record_path
from pathgan.provenance.read_inputs import ReadInputs
from pathgan.provenance.records import ROOT, JobFacts, commit_state, read_record, record, remove_records


@contextmanager
def recorded(
    rule: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    params: Mapping[str, Any],
    wildcards: Mapping[str, Any],
    threads: int,
    config: Mapping[str, Any],
    logs: Sequence[str],
) -> Iterator[None]:
    """Logs to the first of `logs`; an error that we raise becomes one message and exit code 1, without a trace.

    After the block each output gets its provenance record.
    """
    log = Path(logs[0])
    log.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(filename=log, level=logging.INFO, format="%(asctime)s %(name)s: %(message)s", force=True)
    attempts.begin(outputs, before=_names_on_record(outputs[0]))
    remove_records(outputs)
    try:
        # Code and commit are those that do the work: what is edited meanwhile did not.
        roots = params["code"]["roots"] if "code" in params else [f"scripts/{rule}.py"]
        code, commit, before = code_state(roots, ROOT), commit_state(), set(sys.modules)
        read = ReadInputs(inputs)
        facts = JobFacts(rule, read.sha256, outputs, params, wildcards, threads, code, commit, config, logs)
        yield
        _check_loaded(set(sys.modules) - before, facts)
        read.check_unchanged()
        record(replace(facts, device=_device()))
    except PathganError as error:
        attempts.end(str(error))
        logging.getLogger("pathgan").exception("failed")
        print(f"pathgan, rule {rule}: {error}", file=sys.stderr)
        sys.exit(1)
    except BaseException as error:
        attempts.end(f"{type(error).__name__}: {error}")
        if isinstance(error, Exception):
            logging.getLogger("pathgan").exception("unexpected error")
            traceback.print_exc()
        raise


def _names_on_record(output: str) -> set[str]:
    """The attempts behind the record that is about to be replaced: states that they left are this checkout's own."""
    with suppress(PathganError):  # a damaged one vouches for nothing
        entry = read_record(record_path(output))
        return attempts.names_of(entry["attempts"]) if entry else set()
    return set()


def _check_loaded(names: Iterable[str], facts: JobFacts) -> None:
    """Raises ProvenanceError where the work has loaded a module of ours that the job's digest does not hold.

    Imports by name escape the reading of code: a kind that names its modules wrongly would leave stale results.
    """
    known = {ROOT / name for name in facts.code["files"]}
    for name in names:
        file = getattr(sys.modules[name], "__file__", None)
        if file and Path(file).is_relative_to(ROOT / "src") and Path(file) not in known:
            raise ProvenanceError(
                f"the job loaded {name}, which its `code` does not hold; name the module where its kind names others"
            )


def _device() -> str:
    """The GPU that the job's torch worked on, else cpu."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available() or not torch.cuda.is_initialized():
        return "cpu"
    return str(torch.cuda.get_device_name())
