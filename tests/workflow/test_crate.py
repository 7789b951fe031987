"""The Provenance Run Crate of results, against the profile's own validator."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
import requests
import rocrate
from audited import CRATE
from requests_cache import CachedSession
from urllib3 import HTTPResponse

from pathgan.files import sha256_of

pytestmark = pytest.mark.workflow

CRATE_TERMS = "https://w3id.org/ro/crate/1.1/context"
RUN_TERMS = "https://w3id.org/ro/terms/workflow-run/context"
BIOSCHEMAS = "https://bioschemas.org/"


def contexts(cache: Path) -> None:
    """Puts what the validator would fetch into its cache: the terms of RO-Crate from the library, as 1.1 has them, and
    those of workflow runs."""
    shipped = json.loads((Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld").read_text())
    shipped["@context"] |= {name: BIOSCHEMAS + name for name in ("ComputationalWorkflow", "FormalParameter")}
    shipped["@context"] |= {name: f"{BIOSCHEMAS}ComputationalWorkflow#{name}" for name in ("input", "output")}
    terms = ("ParameterConnection", "connection", "sourceParameter", "targetParameter", "sha256", "resourceUsage")
    runs = {"@context": {name: f"{RUN_TERMS.removesuffix('/context')}#{name}" for name in terms}}
    session = CachedSession(cache_name=str(cache), backend="sqlite", expire_after=-1)
    for url, context in ((CRATE_TERMS, shipped), (RUN_TERMS, runs)):
        body = json.dumps(context).encode()
        answer = requests.Response()
        answer.status_code, answer.url, answer._content = 200, url, body
        answer.headers["Content-Type"] = "application/ld+json"
        answer.request = requests.Request("GET", url).prepare()
        answer.raw = HTTPResponse(body=BytesIO(body), headers=answer.headers, status=200, preload_content=False)
        session.cache.save_response(answer)
    session.close()


def validate(folder: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("rocrate-validator")
    command = [str(program), "--no-interactive", "--disable-color", "validate"]
    options = ["--offline", "--cache-path", str(cache), "-p", "provenance-run-crate-0.5", "--no-paging", "-v"]
    return subprocess.run([*command, *options, str(folder)], capture_output=True, text=True, check=False)


def test_the_crate_is_a_provenance_run_crate(made: Path, tmp_path: Path) -> None:
    contexts(tmp_path / "contexts")
    done = validate(made / "results/demo", tmp_path / "contexts")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "is a valid provenance-run-crate-0.5" in done.stdout
    crate = json.loads((made / CRATE).read_text())
    for entity in crate["@graph"]:
        path = made / "results/demo" / entity["@id"]
        if "File" in entity["@type"] and path.is_file():
            assert entity["sha256"] == sha256_of(path), path
    broken = shutil.copytree(made / "results/demo", tmp_path / "demo")
    crate["@graph"] = [entity for entity in crate["@graph"] if entity["@type"] != "OrganizeAction"]
    step = next(entity for entity in crate["@graph"] if entity["@type"] == "ControlAction")
    del step["instrument"]
    (broken / CRATE.name).write_text(json.dumps(crate))
    assert validate(broken, tmp_path / "contexts").returncode == 1
