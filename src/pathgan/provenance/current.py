"""What the workflow would do now: the settings and the code that a record is held against."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, suppress
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any

from pathgan.errors import ConfigError, DataError, ProvenanceError
from pathgan.provenance.places import RESULTS
from pathgan.provenance.records import ROOT, Code, code_state, plain


class Current:
    """The workflow of this checkout. config: what `snakemake --config` was given, where it was given any.

    Raises ConfigError where the configuration is wrong, or code is missing.
    """

    def __init__(self, config: Mapping[str, Any] | None = None):
        from snakemake.api import SnakemakeApi  # here: it takes a second to import
        from snakemake.exceptions import WorkflowError
        from snakemake.settings.types import ConfigSettings, OutputSettings, Quietness, ResourceSettings

        with chdir(ROOT), SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
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
        self._code = lru_cache(maxsize=None)(lambda rule: code_state(ROOT / "scripts" / f"{rule}.py"))
        self._jobs = lru_cache(maxsize=None)(self._expand)

    def code(self, rule: str) -> Code:
        """Digest and files of a rule's code. Raises ProvenanceError for a rule that has none."""
        try:
            return self._code(rule)
        except OSError:
            raise ProvenanceError(f"scripts/{rule}.py is missing") from None

    def job(self, rule: str, wildcards: Mapping[str, str]) -> tuple[dict[str, Any], set[str]]:
        """The parameters that a rule's job would be given, as JSON but for the code's digest, and its inputs.

        Raises ProvenanceError for a rule that is gone, or where the configuration no longer has what it is about;
        DataError where a sheet that it needs is not here.
        """
        return self._jobs(rule, tuple(sorted(wildcards.items())))

    def _expand(self, rule: str, wildcards: tuple[tuple[str, str], ...]) -> tuple[dict[str, Any], set[str]]:
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
        return {name: value for name, value in plain(dict(params.items())).items() if name != "code"}, inputs

    def paper_files(self, paper: str) -> str:
        """The files that configure a paper: its own, and the one that it extends."""
        names = [paper]
        with suppress(ConfigError):
            extended = self._workflow.globals["plan"].paper("demo", paper).extends
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
