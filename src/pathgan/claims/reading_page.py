"""A blinded reading: one offline page of unlabelled pairs of images, and the key that says what they are."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pathgan.config.claim_types import Claim
from pathgan.errors import DataError
from pathgan.files import atomic
from pathgan.stores.manifest import ids_of_split, read_manifest
from pathgan.stores.store import ImageStore

KEY, PAGE = "key.json", "reading.html"
ACROSS = 4  # planes of a stack
LEAST_PX = 256  # on the page: smaller images are enlarged by a whole number, without smoothing
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class ImageSet:
    """Images to choose from. manifest: of a dataset, whose test images count; None for samples. units: item -> its
    patient, slide or image."""

    name: str
    store: Path
    manifest: Path | None
    units: Mapping[str, str]

    def items(self, category: str) -> list[str]:
        """Of a class, or of all where it is ''."""
        if self.manifest is not None:
            return ids_of_split(read_manifest(self.manifest), "test", str(self.manifest), category)
        with ImageStore(self.store) as store:
            return list(store.ids)

    def image(self, item: str) -> Pixels:
        """(h, w, 3); of a stack its planes, from top left to bottom right."""
        with ImageStore(self.store) as store:
            rows = store.rows([item])
            return _sheet(store.stacks(rows)[0]) if store.has("stacks") else store.images(rows)[0]


def _sheet(planes: Pixels) -> Pixels:
    """(n, h, w, 3) in rows of ACROSS, white where there is none."""
    n_rows = -(-len(planes) // ACROSS)
    filled = np.full((n_rows * ACROSS, *planes.shape[1:]), 255, np.uint8)
    filled[: len(planes)] = planes
    rows = [np.concatenate(list(filled[start : start + ACROSS]), axis=1) for start in range(0, len(filled), ACROSS)]
    return np.concatenate(rows)


@dataclass(frozen=True)
class Question:
    """What is asked of a claim's pairs: of one set against another. category: the class of both; '' for any."""

    id: str
    claim: Claim
    of: ImageSet
    against: ImageSet
    category: str = ""


def write_reading(questions: list[Question], title: str, n_pairs: int, seed: int, folder: Path) -> int:
    """Writes the page and its key; returns the number of pairs. At most `n_pairs` of a question, each image once.

    The page holds no label: sides and order are drawn with the seed. It names the sha256 of the key, so that answers
    cannot be scored with another one. Raises DataError where a key lies there already, and where sets are empty.
    """
    if (folder / KEY).exists():
        raise DataError(f"{folder / KEY}: there is a reading already; score it, or move it away")
    random = np.random.default_rng(seed)
    pairs = [pair for question in questions for pair in _pairs(question, n_pairs, random)]
    order = random.permutation(len(pairs))
    numbered = [{"pair": f"{place + 1:03d}", **pairs[index]} for place, index in enumerate(order)]
    told = [{name: value for name, value in pair.items() if name not in ("left", "right")} for pair in numbered]
    key = json.dumps({"title": title, "seed": seed, "pairs": told}, indent=1) + "\n"
    seal = hashlib.sha256(key.encode()).hexdigest()
    with atomic(folder / PAGE) as temporary:
        temporary.write_text(_page(numbered, questions, title, seal), encoding="utf-8")
    with atomic(folder / KEY) as temporary:
        temporary.write_text(key, encoding="utf-8")
    return len(numbered)


def _pairs(question: Question, n_pairs: int, random: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Images of the same item where both sets have it, else of any two. `first`: the side of the claim's own set."""
    ours, theirs = question.of.items(question.category), question.against.items(question.category)
    if not ours or not theirs:
        empty = question.against if ours else question.of
        raise DataError(f"{empty.store}: no image to show of {empty.name!r}")
    shared = sorted(set(ours) & set(theirs))
    if shared:
        chosen = [(item, item) for item in random.permutation(shared)]
    else:
        chosen = list(zip(random.permutation(ours), random.permutation(theirs), strict=False))
    for one, other in chosen[:n_pairs]:
        first = "left" if random.random() < 0.5 else "right"
        images = {
            first: question.of.image(str(one)),
            ("right" if first == "left" else "left"): question.against.image(str(other)),
        }
        units = {**question.of.units, **question.against.units}
        yield {
            "claim": question.id,
            "first": first,
            "of": [question.of.name, str(one)],
            "against": [question.against.name, str(other)],
            "unit": units.get(str(other), units.get(str(one), str(one))),
            "left": images["left"],
            "right": images["right"],
        }


def _page(pairs: list[dict[str, Any]], questions: list[Question], title: str, seal: str) -> str:
    asked = {one.id: one.claim.reading.question for one in questions if one.claim.reading}
    body = "\n".join(_block(pair, asked[pair["claim"]]) for pair in pairs)
    return TEMPLATE.replace("@TITLE", html.escape(title)).replace("@SEAL", seal).replace("@PAIRS", body)


def _block(pair: Mapping[str, Any], question: str) -> str:
    sides = "".join(
        f"<label><img alt='{side} image of pair {pair['pair']}' src='{_uri(pair[side])}'>"
        f"<span><input type='radio' name='{pair['pair']}' value='{side}'> {side}</span></label>"
        for side in ("left", "right")
    )
    return f"<fieldset><legend>{pair['pair']}. {html.escape(question)}</legend>{sides}</fieldset>"


def _uri(pixels: Pixels) -> str:
    times = max(1, LEAST_PX // pixels.shape[0])
    held = io.BytesIO()
    Image.fromarray(np.repeat(np.repeat(pixels, times, axis=0), times, axis=1)).save(held, "PNG")
    return "data:image/png;base64," + base64.b64encode(held.getvalue()).decode()


TEMPLATE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Reading: @TITLE</title><style>
body{font:16px/1.5 system-ui,sans-serif;margin:1.5rem auto;max-width:64rem;padding:0 1rem;color:#1f2328}
fieldset{border:1px solid #d0d7de;margin:1rem 0;display:flex;flex-wrap:wrap;gap:1rem}
label{display:flex;flex-direction:column;cursor:pointer}img{max-width:100%;image-rendering:pixelated}
footer{position:sticky;bottom:0;background:#fff;border-top:1px solid #d0d7de;padding:.7rem 0}
button,input[type=text]{font:inherit;padding:.3rem .7rem}</style>
<h1>Reading: @TITLE</h1>
<p>Choose one image of each pair. Where you cannot tell, guess. Nothing leaves this page until you save your answers
as a file, which you then send back.</p>
<main>
@PAIRS
</main>
<footer><label style="display:inline">Your name or initials: <input type="text" id="reader"></label>
<button id="save">Save answers</button> <span id="said" role="status"></span></footer>
<script>
const fields = [...document.querySelectorAll("fieldset")];
const chosen = () => fields.map(field => field.querySelector("input:checked"));
const say = text => document.getElementById("said").textContent = text;
const main = document.querySelector("main");
main.addEventListener("change", () => say(chosen().filter(Boolean).length + " of " + fields.length));
document.getElementById("save").addEventListener("click", () => {
  const reader = document.getElementById("reader").value.trim().replace(/[^\\p{L}\\p{N} ._-]/gu, "");
  const answers = chosen();
  const open = answers.findIndex(answer => !answer);
  if (!reader) return say("Your name or initials, please.");
  if (open >= 0) { fields[open].scrollIntoView(); return say("This pair has no answer yet."); }
  const line = answer => [reader, answer.name, answer.value, "@SEAL"].join(",");
  const lines = ["reader,pair,choice,seal", ...answers.map(line)];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines.join("\\n") + "\\n"], {type: "text/csv"}));
  link.download = "answers_" + reader.replaceAll(" ", "_") + ".csv";
  link.click();
  say("Saved.");
});
</script></html>
"""
