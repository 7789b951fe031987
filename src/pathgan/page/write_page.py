"""Writes the front page: views of everything, a template, and Bootstrap's style inside the one file."""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import get_args

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape
from PIL import Image

from pathgan.claims.claims_table import HEADER as CLAIMS_HEADER
from pathgan.claims.claims_table import LEGEND as CLAIMS_LEGEND
from pathgan.claims.deciding import Verdict
from pathgan.claims.evidence import LEVELS, Level
from pathgan.claims.scorecard import in_order
from pathgan.config.strict import class_named
from pathgan.config.verdicts import VERDICTS
from pathgan.files import atomic
from pathgan.page.contents import DatasetLevel, PaperInputs, read_cells
from pathgan.page.origins import Origin, Work, origin, work
from pathgan.page.score_views import ScoreView, score_view
from pathgan.page.word_views import ClaimView, WordView, claim_views, word_view
from pathgan.render.slide_tables import COUNTED, slide_layout

HERE = Path(__file__).parent
CLAIMS = "claims"
PRINTED_NUMBERS = LEVELS[0]
# Level of evidence -> what images are, and what that means for the paper.
MEANS: dict[Level, tuple[str, str]] = {
    "demo": (
        "Drawn images (phantoms)",
        "A program drew these images. Numbers on them show that the workflow works. None says anything about a paper.",
    ),
    "stand-in data": (
        "Other images than the paper's",
        "Numbers show how the methods do on other images. They neither support nor contradict a paper.",
    ),
    "paper's data, smaller": (
        "The paper's images, a smaller run",
        "The images are the paper's, or some of them. Training was shorter, networks were smaller, or settings differ.",
    ),
    "paper's data and settings": ("The paper's images and settings", "What the paper did, as far as it tells."),
}
NAMES = {  # of tables that every paper has
    "claims": "verdicts",
    "claim_effects": "all comparisons",
    "printed": "printed numbers with reservations",
    "hyperparameters": "settings",
    "datasets": "data sets",
}
FOREST = (
    "Effects of the paper's claims with 95 % intervals, coloured by verdict, beside the printed effects. Each line has "
    "a scale of its own; zero is dashed, and claims hold where it is shaded."
)


@dataclass(frozen=True)
class ShownFigure:
    """picture: the PNG file as a data URL. size: its width and height [px]."""

    id: str
    name: str
    caption: str
    alt: str
    picture: str
    size: tuple[int, int]
    origin: Origin


@dataclass(frozen=True)
class ShownPaper:
    key: str
    title: str
    cite: str
    caveat: str
    seeds: str
    evidence: Mapping[Level, Sequence[str]]
    datasets: tuple[DatasetLevel, ...]
    claims: tuple[ClaimView, ...]
    claims_origin: Origin | None
    verdicts: tuple[int, ...]
    comparable: Mapping[str, int]
    doubts: tuple[tuple[str, str], ...]
    scores: tuple[ScoreView, ...]
    words: Mapping[str, WordView]
    figures: tuple[ShownFigure, ...]
    work: Work


def write_page(papers: Mapping[str, PaperInputs], scorecard: Path | None, preset: str, out: Path) -> None:
    """Writes one HTML file that needs no other. scorecard: its CSV file, where a paper has claims.

    Raises ProvenanceError for a table or figure without a record.
    """
    shown = [_paper(name, paper) for name, paper in papers.items()]
    text = _template().render(
        preset=preset,
        papers=shown,
        scorecard=_measures(scorecard, list(papers)) if scorecard else [],
        levels=[level for level in reversed(LEVELS) if any(level in paper.evidence for paper in shown)],
        verdicts=[sum(column) for column in zip(*(paper.verdicts for paper in shown), strict=True)],
        means=MEANS,
        comparable=VERDICTS,
        claims_header=CLAIMS_HEADER,
        claims_legend=CLAIMS_LEGEND,
        bootstrap=_bootstrap(),
        style=(HERE / "page.css").read_text(encoding="utf-8"),
        script=(HERE / "page.js").read_text(encoding="utf-8"),
    )
    with atomic(out) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _measures(scorecard: Path, papers: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Each measure of the scorecard, and its value for each paper."""
    table = pd.read_csv(scorecard, dtype=str, keep_default_na=False)
    values = {(one["measure"], one["paper"]): one["value"] for one in table.to_dict("records")}
    names = in_order(list(of["measure"]) for _, of in table.groupby("paper", sort=False))
    return [(name, [values.get((name, paper), "") for paper in papers]) for name in names]


def _paper(name: str, paper: PaperInputs) -> ShownPaper:
    words = {
        table: word_view(name, table, paper.read(table), origin(file, paper.behind))
        for table, file in paper.words.items()
        if table != CLAIMS
    }
    claims = claim_views(name, paper.words[CLAIMS]) if CLAIMS in paper.words else []
    cells = paper.read("comparability")["comparable"]
    return ShownPaper(
        key=name,
        title=paper.title,
        cite=paper.cite,
        caveat=paper.caveat,
        seeds=", ".join(map(str, paper.seeds)),
        evidence=paper.evidence,
        datasets=tuple(paper.levels),
        claims=tuple(claims),
        claims_origin=origin(paper.words[CLAIMS], paper.behind) if claims else None,
        verdicts=_verdicts(claims),
        comparable={word: int((cells == word).sum()) for word in VERDICTS},
        doubts=tuple(paper.doubts),
        scores=(*_score_views(name, paper), *_slide_views(name, paper)),
        words=words,
        figures=tuple(_figure(name, paper, figure) for figure in paper.figures),
        work=work(paper.behind),
    )


def _verdicts(claims: Sequence[ClaimView]) -> tuple[int, ...]:
    """How many claims are supported, contradicted, undecided and untestable by this run; and how many are supported and
    contradicted by printed numbers alone."""
    found = Counter((one.verdict, one.evidence == PRINTED_NUMBERS) for one in claims)
    return (*(found[word, False] for word in get_args(Verdict)), *(found[word, True] for word in get_args(Verdict)[:2]))


def _score_views(name: str, paper: PaperInputs) -> list[ScoreView]:
    return [
        score_view(
            name,
            table,
            class_named(told["kind"]).model_validate(told["table"]),
            read_cells(told["file"]),
            told["better"],
            origin(told["file"], paper.behind),
        )
        for table, told in paper.scores.items()
    ]


def _slide_views(name: str, paper: PaperInputs) -> list[ScoreView]:
    found = []
    for table, file in paper.slides.items():
        cells = read_cells(file)
        layout = slide_layout(table, cells["row"].unique(), cells["column"].unique())
        found.append(score_view(name, table, layout, cells, {}, origin(file, paper.behind), COUNTED[table]))
    return found


def _figure(name: str, paper: PaperInputs, figure: str) -> ShownFigure:
    file, caption = paper.figures[figure]["file"], paper.figures[figure]["caption"] or FOREST
    with Image.open(file) as picture:
        size = picture.size
    return ShownFigure(
        id=f"{name}/figures/{figure}",
        name=figure if figure != CLAIMS else "forest plot",
        caption=caption,
        alt=f"{paper.title}: {caption}",
        picture=f"data:image/png;base64,{base64.b64encode(Path(file).read_bytes()).decode()}",
        size=size,
        origin=origin(file, paper.behind),
    )


# --- the template -------------------------------------------------------------------------------------------


def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["code"] = _code
    environment.filters["shown"] = _shown
    environment.filters["without"] = lambda caption, name: caption.removeprefix(f"{_shown(name)}. ")
    return environment.get_template("page.html.j2")


def _shown(name: str) -> str:
    """`figure5_printed` -> `Figure 5 printed`, `stain` -> `Stain`."""
    words = NAMES.get(name, name).replace("_", " ")
    return words[:1].upper() + re.sub(r"^(table|figure)(\d+)", r"\1 \2", words)[1:]


def _code(text: str) -> Markup:
    """Text with `words` in backticks as code."""
    marked = (
        Markup("<code>{}</code>").format(part) if n % 2 else escape(part) for n, part in enumerate(text.split("`"))
    )
    return Markup("").join(marked)


def _bootstrap() -> str:
    """Its style, without the line that names a source map: a browser would look for the file."""
    style = files("bootstrap").joinpath("static", "bootstrap", "css", "bootstrap.min.css").read_text(encoding="utf-8")
    return re.sub(r"/\*# sourceMappingURL=.*?\*/", "", style)
