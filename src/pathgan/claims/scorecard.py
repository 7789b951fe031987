"""One page over all papers: what came of their claims, and how far our numbers may be held against theirs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import get_args

import pandas as pd

from pathgan.claims.deciding import UNTESTABLE, Verdict
from pathgan.claims.evidence import LEVELS
from pathgan.config.verdicts import VERDICTS
from pathgan.files import atomic
from pathgan.render.published_cells import DOUBT
from pathgan.render.table_files import html_page, markdown_table

ORIGINS = ("paper", "default", "ours")
Frames = Mapping[str, pd.DataFrame]


def write_scorecard(tables: Mapping[str, Sequence[Path]], preset: str, out: Mapping[str, Path]) -> None:
    """Writes `csv` (paper, measure, value), `md` and `html`, a column for each paper.

    tables: paper -> CSV files: of claims and their effects, of what is printed, compared and set, and the tables with
    printed cells.
    """
    papers = list(tables)
    measures = {paper: dict(_measures({file.stem: _read(file) for file in files})) for paper, files in tables.items()}
    tidy = [(paper, name, value) for paper, found in measures.items() for name, value in found.items()]
    with atomic(out["csv"]) as temporary:
        pd.DataFrame(tidy, columns=["paper", "measure", "value"]).to_csv(temporary, index=False, lineterminator="\n")
    names = in_order(list(found) for found in measures.values())
    body = [[name, *(str(measures[paper].get(name, "")) for paper in papers)] for name in names]
    caption, header = f"Scorecard (preset {preset})", ["", *papers]
    for suffix, render in (("md", markdown_table), ("html", html_page)):
        with atomic(out[suffix]) as temporary:
            temporary.write_text(render(header, body, caption, LEGEND), encoding="utf-8")


LEGEND = (
    "Claims: docs/claims.md. `direction as printed`: of the comparisons of testable claims whose effect is printed, "
    "those in which ours has its sign. `interval holds the printed value`: of printed cells that may be compared, at "
    "least in part, where ours has a 95 % interval."
)


def in_order(lists: Iterable[list[str]]) -> list[str]:
    """Every name once; one that the lists before lack stands behind the one that it follows in its own."""
    order: list[str] = []
    for names in lists:
        for place, name in enumerate(names):
            if name not in order:
                order.insert(order.index(names[place - 1]) + 1 if place else 0, name)
    return order


def _read(file: Path) -> pd.DataFrame:
    return pd.read_csv(file, dtype=str, keep_default_na=False)


def _measures(tables: Frames) -> Iterator[tuple[str, str]]:
    claims = tables["claims"]
    yield "claims", str(len(claims))
    for verdict in get_args(Verdict):
        chosen = claims[claims["verdict"] == verdict]
        yield f"claims {verdict}", str(len(chosen))
        if verdict != UNTESTABLE:
            of_level = chosen["evidence"].value_counts()
            yield from ((f"claims {verdict}: {level}", str(of_level[level])) for level in LEVELS if level in of_level)
    evidence = claims.loc[claims["verdict"] == UNTESTABLE, "evidence"]
    for level in (*LEVELS[1:], ""):
        if n := int((evidence == level).sum()):
            yield f"claims {UNTESTABLE}: {level or 'something is missing'}", str(n)
    effects = tables["claim_effects"]
    has_sign = effects["rule"].isin(["better", "no_worse"]) & (effects["printed"] != "") & (effects["alone"] != "")
    printed, ours = (effects.loc[has_sign, name].astype(float) for name in ("printed", "effect"))
    yield "direction as printed", f"{((printed > 0) == (ours > 0))[printed != 0].sum()} of {(printed != 0).sum()}"
    yield from _of_cells(tables)
    supports = tables["printed"]["supports"]
    yield "claims that printed numbers bear out in part", str((supports == "partly").sum())
    yield "claims that printed numbers speak against", str((supports == "no").sum())
    settings = tables["hyperparameters"]["origin"]
    decided = settings[~settings.isin(["unused", "bookkeeping"])]
    for origin in dict.fromkeys([*ORIGINS, *decided]):
        yield f"settings {origin}", f"{(decided == origin).mean():.0%}"
    same_data = tables["datasets"]["same"]
    yield "counts of data as printed", f"{(same_data == 'yes').sum()} of {(same_data != '').sum()}"
    seeds = claims["seeds"][claims["seeds"] != ""].astype(float)
    yield "seeds", f"{seeds.max():.0f}" if len(seeds) else ""


def _of_cells(tables: Frames) -> Iterator[tuple[str, str]]:
    cells = tables["comparability"]
    yield "printed cells", str(len(cells))
    yield from ((f"printed cells comparable: {word}", str((cells["comparable"] == word).sum())) for word in VERDICTS)
    yield "printed values that cannot be", str(cells["note"].str.contains(DOUBT).sum())
    rows = [one for name in dict.fromkeys(cells["table"]) for one in tables[name].to_dict("records")]
    may_be = [one for one in rows if one["published"] and one.get("low") and one["comparable"] != "no"]
    told = [(one["low"], one["published"], one["high"]) for one in may_be]
    inside = sum(float(low) <= float(value) <= float(high) for low, value, high in told)
    yield "interval holds the printed value", f"{inside} of {len(told)}"
