"""`pathgan ...`: what an auditor asks of results that Snakemake made."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import chdir
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from pathgan.errors import PathganError
from pathgan.provenance import bundle as bundles
from pathgan.provenance import lock as locks
from pathgan.provenance.artefacts import recorded_data_root
from pathgan.provenance.audit import PASSING, Finding, Verdict, audit
from pathgan.provenance.checksums import Disk
from pathgan.provenance.current import Current, project_path
from pathgan.provenance.rebuild import rebuild
from pathgan.provenance.records import ROOT, commit_of, read_record
from pathgan.provenance.trace import as_tree, trace

LOCK = "provenance.lock"
CULPRITS = 20  # shown
CANNOT_TELL, INTERRUPTED = 2, 130  # exit codes, beside 0 and 1 of an audit
app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
Targets = Annotated[list[Path], typer.Argument(help="files or folders below results/", show_default=False)]
Config = Annotated[
    list[str] | None, typer.Option("--config", help="key=value, as `snakemake --config` was given; once a key")
]
AsJson = Annotated[bool, typer.Option("--json", help="for programs")]


@app.command("audit")
def audit_command(
    targets: Targets,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="only what is not ok")] = False,
    against: Annotated[Path | None, typer.Option(help="a lock file that `pathgan lock` wrote")] = None,
    again: Annotated[
        bool, typer.Option("--rebuild", help="make tables and figures again from scores, and compare")
    ] = False,
    config: Config = None,
) -> None:
    """Check results against their records, from disk, down to raw files. Exit code 0: ok, 1: not, 2: cannot tell."""
    paths = [project_path(target) for target in targets]
    lock = against and against.absolute()
    with chdir(ROOT):
        settings, disk = _settings(config, paths), Disk()
        findings = audit(paths, Current(settings), disk)
        differing, made = rebuild(findings, settings, disk) if again else ([], "")
        findings += [*(locks.against(lock, paths, findings, disk) if lock else ()), *differing]
    if as_json:
        print(json.dumps([_as_json(finding) for finding in findings], indent=1))
    else:
        _print(findings, quiet)
        print(made, end="\n" if made else "")
    raise typer.Exit(int(any(finding.verdict not in PASSING for finding in findings)))


@app.command("repair")
def repair_command(
    targets: Targets,
    do: Annotated[bool, typer.Option("--do", help="set damaged files aside, and make them again")] = False,
    config: Config = None,
) -> None:
    """Say what to make again so that an audit passes, and why; with --do make exactly that."""
    from pathgan.provenance.repair import do_repair, plan_repair  # here: as below

    paths = [project_path(target) for target in targets]
    with chdir(ROOT):
        settings = _settings(config, paths)
        current = Current(settings)

        def audited() -> list[Finding]:
            return audit(paths, current, Disk())

        plan = plan_repair(audited(), current.rule_of)
        # Snakemake is told what the user says, and not where a record says that data lay.
        made = do_repair(audited, current.rule_of, _given(config), datetime.now(UTC)) if do else []
    for verb, entries in (("make again", plan.remake), ("by hand", plan.by_hand)):
        for name, why in entries.items():
            print(f"{verb}  {_shown(name)}: {_shown(why)}")
    if do:
        print(f"{len(made)} made again; {len(plan.by_hand)} left to a person")
    else:
        how = "; --do makes them" if plan.remake else ""
        print(f"{len(plan.remake)} to make again{how}; {len(plan.by_hand)} left to a person")
    raise typer.Exit(int(bool(plan.by_hand or (plan.remake and not do))))


@app.command("trace")
def trace_command(
    table: Annotated[Path, typer.Argument(help="the CSV file of a table", show_default=False)],
    row: Annotated[str, typer.Argument(help="of the cell; or the id of a claim, of claims.csv", show_default=False)],
    column: Annotated[str, typer.Argument(help="of the cell", show_default=False)] = "",
    as_json: AsJson = False,
    svg: Annotated[Path | None, typer.Option(help="a picture of the tree")] = None,
) -> None:
    """Show what one cell of a table, or the verdict on a claim, was made from, down to raw files."""
    out = svg and _new_file(svg)
    path = project_path(table)
    with chdir(ROOT):
        node = trace(path, row, column)
    if out:
        _draw(as_tree(node), out)
    elif as_json:
        print(json.dumps(node.as_json(), indent=1, default=str))
    else:
        _print_tree(as_tree(node))


@app.command("claims")
def claims_command(
    papers: Annotated[list[str] | None, typer.Argument(help="all that have claims where not given")] = None,
    preset: Annotated[str, typer.Option(help="demo, public or paper")] = "demo",
    verdict: Annotated[str, typer.Option(help="these alone, as `supported`")] = "",
    as_json: AsJson = False,
) -> None:
    """Print what the papers claim, and what our runs say of it."""
    from pathgan.claims.claims_report import read_claims  # here: other commands start faster without its library

    with chdir(ROOT):
        found = read_claims(preset, papers or [], verdict)
    if as_json:
        print(json.dumps(found, indent=1))
        return
    for paper, claims in found.items():
        table = Table("claim", "verdict", "effect", title=f"{paper} (preset {preset})", title_justify="left")
        for one in claims:
            told = one["verdict"] + (f"\n[dim]{one['evidence']}[/]" if one["evidence"] else "")
            table.add_row(f"{escape(one['claim'])}\n[dim]{one['id']}[/]", told, escape(one["effect"]))
        Console().print(table)


@app.command("compare")
def compare_command(
    a: Annotated[Path, typer.Argument(help="results/PRESET/PAPER/scores/RUN, or results/PRESET/PAPER")],
    b: Annotated[Path, typer.Argument(help="another one")],
    as_json: AsJson = False,
) -> None:
    """Compare two runs, or runs of the same names of two papers, item by item: a less b."""
    from pathgan.claims.run_comparison import compare_runs  # here: as above

    table = compare_runs(a, b)
    if as_json:
        print(table.to_json(orient="records", indent=1))
        return
    shown = Table("run", "score", "metric", "a", "b", "a less b", "p (Holm)", "n, seeds", "better")
    for one in table.to_dict("records"):
        interval = f" [{one['low']:.3g}, {one['high']:.3g}]" if one["low"] == one["low"] else f" ({one['over']})"
        p = f"{one['p_holm']:.2g}" if one["p_holm"] == one["p_holm"] else ""
        numbers = (f"{one['a']:.4g}", f"{one['b']:.4g}", escape(f"{one['difference']:.3g}{interval}"), p)
        shown.add_row(one["run"], one["score"], one["metric"], *numbers, f"{one['n']}, {one['seeds']}", one["better"])
    Console().print(shown)


@app.command("reading")
def reading_command(
    paper: Annotated[str, typer.Argument(help="a file of config/papers", show_default=False)],
    preset: Annotated[str, typer.Option(help="demo, public or paper")] = "demo",
    pairs: Annotated[int, typer.Option(min=1, help="of images, for each visual claim")] = 30,
    seed: Annotated[int, typer.Option(help="of sides and order")] = 0,
) -> None:
    """Write a page of unlabelled pairs of images for readers, and the key to their answers."""
    from pathgan.claims.reading_page import write_reading  # here: as above
    from pathgan.plan.asked import reading_asked

    with chdir(ROOT):
        questions, title, folder = reading_asked(paper, preset, ROOT)
        n = write_reading(questions, title, pairs, seed, folder)
    print(
        f"{folder}/reading.html: {n} pairs of {len(questions)} claims. Send it to readers, and keep {folder}/key.json."
    )
    print(
        f"Put their answers*.csv into {folder}, then: snakemake --cores all results/{preset}/{paper}/tables/claims.csv"
    )


@app.command("demo")
def demo_command(
    papers: Annotated[list[str] | None, typer.Argument(help="all where not given", show_default=False)] = None,
    cores: Annotated[str, typer.Option(help="as Snakemake takes it")] = "all",
) -> None:
    """Run everything on drawn images in minutes, say how far it is, and write results/demo/index.html."""
    from pathgan.demo.run_demo import run_demo  # here: as above

    with chdir(ROOT):
        run_demo(papers or [], cores, Console(soft_wrap=True))


@app.command("lock")
def lock_command(
    targets: Annotated[list[Path] | None, typer.Argument(help="as of audit", show_default="results")] = None,
    out: Annotated[Path, typer.Option(help="where to write")] = Path(LOCK),
    config: Config = None,
) -> None:
    """Write the sha256 of every artefact and record that an audit passes, to commit or to sign."""
    paths, out = [project_path(target) for target in targets or [ROOT / "results"]], _new_file(out)
    with chdir(ROOT):
        findings = audit(paths, Current(_settings(config, paths)), disk := Disk())
        _refuse(findings, "not locked", PASSING)
        n = locks.lock(findings, out, disk)
    print(f"{out}: {n} artefacts and their records")


@app.command("bundle")
def bundle_command(
    targets: Targets,
    out: Annotated[Path, typer.Option(help="the zip file to write")] = Path("bundle.zip"),
    config: Config = None,
) -> None:
    """Pack tables, scores, manifests and records, without images and weights, for others to check."""
    paths, out = [project_path(target) for target in targets], _new_file(out)
    with chdir(ROOT):
        findings = audit(paths, Current(_settings(config, paths)), Disk())
        _refuse(findings, "not bundled", (*PASSING, Verdict.STALE_CODE, Verdict.STALE_CONFIGURATION))
        names = sorted({finding.path for finding in findings if finding.path.startswith("results/")})
        n_in, n_out = bundles.bundle(names, out)
    print(f"{out}: {n_in} files, {out.stat().st_size / 1e6:.1f} MB; {n_out} left out, their sha256 are inside")


@app.command("crate")
def crate_command(
    preset: Annotated[str, typer.Argument(help="demo, public or paper")] = "demo", config: Config = None
) -> None:
    """Write results/PRESET/ro-crate-metadata.json: the runs behind the results, as a Provenance Run Crate 0.5."""
    from pathgan.provenance.crate import write_crate  # here: other commands start faster without its library

    target = project_path(ROOT / "results" / preset)
    with chdir(ROOT):
        findings = audit([target], Current(_settings(config, [target])), Disk())
        _refuse(findings, "no crate", PASSING)
        print(write_crate(preset, {finding.path for finding in findings if finding.path.startswith(f"{target}/")}))


@app.command("unbundle")
def unbundle_command(path: Annotated[Path, typer.Argument(metavar="BUNDLE", show_default=False)]) -> None:
    """Unpack a bundle into this checkout; nothing is written over."""
    new = bundles.unbundle(path, ROOT)
    with chdir(ROOT):
        entries = [read_record(Path(name)) for name in new if name.endswith(".json") and "provenance" in name]
    commits = sorted({commit_of(entry) for entry in entries if entry})
    print(f"{len(new)} new files below results/" + (f", made at commit {', '.join(commits)}" if commits else ""))


def _settings(config: Iterable[str] | None, targets: Iterable[Path]) -> dict[str, object]:
    """What `--config` gives; data are looked for where they were, unless it says where."""
    given, recorded = _given(config), recorded_data_root(targets)
    if "data_root" not in given and recorded is not None and Path(recorded).is_dir():
        given["data_root"] = recorded
    return given


def _given(config: Iterable[str] | None) -> dict[str, object]:
    """key=value as YAML values, as Snakemake reads them."""
    pairs = [entry.partition("=") for entry in config or ()]
    for key, equals, value in pairs:
        if not equals or not key or not value:
            raise typer.BadParameter(f"expected key=value, got {key + equals + value!r}", param_hint="--config")
    try:
        return {key: yaml.safe_load(value) for key, _, value in pairs}
    except yaml.YAMLError as error:
        raise typer.BadParameter(f"no YAML: {' '.join(str(error).split())}", param_hint="--config") from None


def _new_file(path: Path) -> Path:
    """Where a file may be written. Raises PathganError where its folder is not there: nobody asked for a folder."""
    if not path.absolute().parent.is_dir():
        raise PathganError(f"{path}: no such folder: {path.parent}; make it, or name another file")
    return path.absolute()


def _print(findings: list[Finding], quiet: bool) -> None:
    """A line an artefact and verdict, then what to look at."""
    lines: dict[tuple[Verdict, str], list[str]] = {}
    for finding in findings:
        lines.setdefault((finding.verdict, finding.path), []).append(finding.detail)
    width = max((len(verdict) for verdict, _ in lines), default=0)
    for (verdict, path), details in sorted(lines.items(), key=lambda item: (item[0][0] is not Verdict.OK, item[0][1])):
        if not (quiet and verdict in (Verdict.OK, Verdict.NOT_BUNDLED)):
            more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
            print(f"{verdict:{width}}  {_shown(path)}" + (f": {_shown(details[0])}{more}" if details[0] else ""))
    verdicts = Counter(verdict for verdict, _ in lines)
    print(", ".join(f"{verdicts[verdict]} {verdict}" for verdict in Verdict if verdicts[verdict]))
    bad = {(finding.culprit or finding.path, finding.path) for finding in findings if finding.verdict not in PASSING}
    culprits = sorted(Counter(culprit for culprit, _ in bad).items(), key=lambda item: (-item[1], item[0]))
    for culprit, n in culprits[:CULPRITS]:
        print(f"look at {_shown(culprit)}" + (f" ({n} artefacts)" if n > 1 else ""))
    if len(culprits) > CULPRITS:
        print(f"and at {len(culprits) - CULPRITS} more")


def _shown(text: str) -> str:
    """On one line, whatever a file's name holds."""
    return text if text.isprintable() else text.encode("unicode_escape", "surrogatepass").decode()


def _as_json(finding: Finding) -> dict[str, str]:
    return {
        "path": finding.path,
        "verdict": finding.verdict.value,
        "detail": finding.detail,
        "culprit": finding.culprit,
    }


def _refuse(findings: list[Finding], what: str, passing: Iterable[Verdict]) -> None:
    bad = [finding for finding in findings if finding.verdict not in passing]
    if bad:
        first = bad[0]
        raise PathganError(
            f"{what}: {first.path}: {first.verdict}, {first.detail} ({len(bad)} in all; see pathgan audit)"
        )


def _print_tree(tree: Tree, **options: Any) -> Console:
    """As wide as it is: a pipe has no width, and a terminal folds by itself."""
    endless = Console(width=10_000)
    console = Console(width=endless.measure(tree).maximum, highlight=False, **options)
    console.print(tree)
    return console


def _draw(tree: Tree, out: Path) -> None:
    """Without the fonts that rich would have a browser download."""
    text = _print_tree(tree, record=True, file=StringIO()).export_svg(title="pathgan trace")
    out.write_text(re.sub(r"@font-face \{.*?\}", "", text, flags=re.DOTALL), encoding="utf-8")


def main() -> None:
    """Ends with 0, or 1 where results are not ok; whatever else happens must not look like either."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a reader that leaves, as `head` does, ends this process too: 141
    signal.signal(signal.SIGINT, lambda *_: sys.exit(INTERRUPTED))
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the caller has closed it
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open to the end
        getattr(sys, name).reconfigure(errors="backslashreplace")
    try:
        app(standalone_mode=True)
    except (PathganError, OSError) as error:
        print(f"pathgan: {_shown(str(error))}", file=sys.stderr)
        sys.exit(CANNOT_TELL)
    except Exception as error:
        print(f"pathgan: unexpected {type(error).__name__}: {_shown(str(error))}", file=sys.stderr)
        sys.exit(CANNOT_TELL)


if __name__ == "__main__":
    main()
