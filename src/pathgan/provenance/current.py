"""What the workflow would do now: the settings and the code that a record is held against."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, suppress
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any

from pathgan.errors import ConfigError, DataError, ProvenanceError
from pathgan.provenance.closure import Code, CodeTree
from pathgan.provenance.places import RESULTS
from pathgan.provenance.records import ROOT, Record, plain


@dataclass(frozen=True)
class _Job:
    """What a job would be given now. roots: of its code."""

    params: dict[str, Any]
    inputs: set[str]
    roots: list[str]


class Current:
    """The workflow of this checkout. config: what `snakemake --config` was given, where it was given any.

    Raises ConfigError where the configuration is wrong, or code is missing.
    """

    def __init__(self, config: Mapping[str, Any] | None = None):
        from snakemake.api import SnakemakeApi  # here: it takes a second to import
        from snakemake.exceptions import WorkflowError
        from snakemake.settings.types import ConfigSettings, OutputSettings, Quietness, ResourceSettings

        quiet = OutputSettings(quiet={Quietness.ALL}, enable_file_logging=False)
        with chdir(ROOT), SnakemakeApi(quiet) as api:
            try:
                self._workflow = api.workflow(
                    resource_settings=ResourceSettings(),
                    config_settings=ConfigSettings(config=dict(config or {})),
                    snakefile=ROOT / "Snakefile",
                )._workflow
            except (WorkflowError, OSError, SyntaxError, UnicodeDecodeError) as error:
                raise ConfigError(f"this checkout's workflow cannot be read: {error}") from None
        self.config = plain(self._workflow.globals["config"])
        self.data_root = Path(self._workflow.globals["plan"].data_root)
        self.papers = set(self._workflow.globals["plan"].papers)
        self._code = lru_cache(maxsize=None)(CodeTree(ROOT).state)
        self._jobs = lru_cache(maxsize=None)(self._expand)

    def code(self, entry: Record) -> Code:
        """Digest and files of the code that would make an artefact now. Raises ProvenanceError if some is missing."""
        try:
            roots = self._job(entry).roots
        except (DataError, ProvenanceError):  # said of its settings; what made it is still known
            roots = entry["code"]["roots"]
        try:
            return self._code(tuple(roots))
        except FileNotFoundError as error:
            raise ProvenanceError(f"{error} is missing") from None

    def job(self, entry: Record) -> tuple[dict[str, Any], set[str]]:
        """The parameters that an artefact's job would be given, as JSON but for its code, and its inputs.

        Raises ProvenanceError for a rule that is gone, or where the configuration no longer has what it is about;
        DataError where a sheet that it needs is not here.
        """
        found = self._job(entry)
        return found.params, found.inputs

    def _job(self, entry: Record) -> _Job:
        return self._jobs(entry["rule"], tuple(sorted(entry["wildcards"].items())))

    def _expand(self, rule: str, wildcards: tuple[tuple[str, str], ...]) -> _Job:
        from snakemake.exceptions import UnknownRuleException, WorkflowError
        from snakemake.iocontainers import InputFiles, OutputFiles, Wildcards

        values = Wildcards(fromdict=dict(wildcards))
        try:
            with redirect_stderr(StringIO()):  # what stands in for absent weights is in the records
                found = self._workflow.get_rule(rule)
                inputs = {str(path) for path in found.expand_input(values)[0]}
                params = found.expand_params(values, InputFiles(), OutputFiles(), None)[0]
        except (WorkflowError, UnknownRuleException, ConfigError, KeyError, AttributeError) as error:
            head = str(error).split("\nWildcards:")[0]  # without Snakemake's own trace
            kind, _, said = head.rpartition("Error: ")
            raise (DataError if kind.endswith("Data") else ProvenanceError)(said or type(error).__name__) from None
        given = plain(dict(params.items()))
        code = given.pop("code", {"roots": [f"scripts/{rule}.py"]})
        return _Job(given, inputs, code["roots"])

    def makes(self, path: str, entry: Record) -> bool:
        """Whether the rule and the wildcards of a record are those of the artefact that it is of."""
        try:
            rule = self._workflow.get_rule(entry["rule"])
        except Exception:  # Snakemake's, of a rule that is gone: that is said of its settings
            return True
        return rule.is_producer(path) and dict(rule.get_wildcards(path)) == entry["wildcards"]

    def rule_of(self, name: str) -> str:
        """The rule of this checkout that makes an artefact, as it is configured; '' where none does."""
        for rule in self._workflow.rules:
            if rule.is_producer(name):
                with suppress(ProvenanceError, DataError):
                    self._jobs(rule.name, tuple(sorted(rule.get_wildcards(name).items())))
                    return str(rule.name)
        return ""

    def paper_files(self, paper: str) -> str:
        """The files that configure a paper: its own, and the one that it extends."""
        names = [paper]
        with suppress(ConfigError):
            library = self._workflow.globals["plan"].library
            extended = library.paper(library.presets(paper)[0], paper).extends
            names += [extended] if extended else []
        return " or ".join(f"config/papers/{name}.yaml" for name in names)


def project_path(path: str | Path) -> Path:
    """A path of the user as this checkout's: `results/...`.

    Raises ProvenanceError for one outside of its results.
    """
    absolute = Path(os.path.normpath(Path.cwd() / path))
    for root in (absolute, *absolute.parents):
        with suppress(OSError):  # by what they are: a checkout may be reached through links
            if root.name == RESULTS and root.parent.samefile(ROOT):
                return absolute.relative_to(root.parent)
    raise ProvenanceError(
        f"{path}: not below {RESULTS}/ of the checkout that this pathgan belongs to; call the one that made them, or "
        "unpack a bundle into this one"
    )
