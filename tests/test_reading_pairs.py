"""A blinded reading: a page without labels, a key that fits it alone, and what readers' answers say of a claim."""

from __future__ import annotations

import base64
import io
import json
import re
from contextlib import chdir
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from scipy.stats import binomtest

from deciding import ALL_YES, decided, inputs
from doing import write_store
from pathgan.claims.reading_page import ImageSet, Question, write_reading
from pathgan.claims.reading_scores import reading_of
from pathgan.config.claim_types import Claim
from pathgan.config.workflow import Workflow
from pathgan.errors import ConfigError, DataError
from pathgan.plan.asked import reading_asked
from pathgan.plan.workflow_plan import Plan
from pathgan.stores.manifest import write_manifest

ROOT = Path(__file__).parents[1]
N = 24
CLAIM = Claim(
    where="Fig. 1",
    says="It looks real.",
    kind="visual",
    unit="image",
    needs="readers",
    reading={"question": "Which is real?", "of": "made", "against": "real", "alike": True},
)


@pytest.fixture
def question(tmp_path: Path) -> Question:
    """Real images are dark, made ones bright; three of an image each."""
    for name, level in (("real", 10), ("made", 200)):
        write_store(tmp_path / f"{name}.h5", images=iter(np.full((N, 8, 8, 3), level, np.uint8)))
    rows = [{"id": str(i), "split": "test", "group": f"slide{i // 3}", "patient": ""} for i in range(N)]
    write_manifest(tmp_path / "real.csv", rows)
    units = {str(i): f"slide{i // 3}" for i in range(N)}
    real = ImageSet("real", tmp_path / "real.h5", tmp_path / "real.csv", units)
    return Question("x-real", CLAIM, ImageSet("made", tmp_path / "made.h5", None, units), real)


def shown(page: str) -> list[dict[str, int]]:
    """Of each pair the grey level of the left and the right image."""
    found = []
    for block in re.findall(r"<fieldset>.*?</fieldset>", page):
        sides = re.findall(r"alt='(left|right) image of pair \d+' src='data:image/png;base64,([^']+)'", block)
        images = {side: Image.open(io.BytesIO(base64.b64decode(data))) for side, data in sides}
        assert {image.size for image in images.values()} == {(256, 256)}
        found.append({side: int(np.asarray(image)[0, 0, 0]) for side, image in images.items()})
    return found


def answer(folder: Path, reader: str, chooses, n_pairs: int = N) -> Path:
    """chooses: of a pair of the key, `left` or `right`."""
    key = json.loads((folder / "key.json").read_text())
    seal = re.search(r'"([0-9a-f]{64})"', (folder / "reading.html").read_text())
    assert seal
    lines = [f"{reader},{pair['pair']},{chooses(pair)},{seal[1]}" for pair in key["pairs"][:n_pairs]]
    file = folder / f"answers_{reader}.csv"
    file.write_text("\n".join(["reader,pair,choice,seal", *lines]) + "\n")
    return file


def other(side: str) -> str:
    return "right" if side == "left" else "left"


def test_the_page_hides_what_the_key_knows(question: Question, tmp_path: Path) -> None:
    assert write_reading([question], "A <paper>", N, 0, tmp_path / "r") == N
    page, key = (tmp_path / "r" / "reading.html").read_text(), json.loads((tmp_path / "r" / "key.json").read_text())
    assert "A &lt;paper&gt;" in page
    for word in ("made", "slide0", "x-real", "first", "http"):
        assert word not in re.sub(r"base64,[^']+", "", page)
    for pair, levels in zip(key["pairs"], shown(page), strict=True):
        assert levels[pair["first"]] == 200
        assert levels[other(pair["first"])] == 10
        assert pair["of"][1] == pair["against"][1]  # the same item of both
    sides = [pair["first"] for pair in key["pairs"]]
    assert 4 < sides.count("left") < N - 4
    assert len({pair["of"][1] for pair in key["pairs"]}) == N


def test_another_seed_is_another_order_and_a_key_is_never_written_over(question: Question, tmp_path: Path) -> None:
    orders = []
    for seed in (0, 0, 1):
        write_reading([question], "P", N, seed, tmp_path / f"r{len(orders)}")
        orders.append((tmp_path / f"r{len(orders)}" / "key.json").read_text())
    assert orders[0] == orders[1] != orders[2]
    with pytest.raises(DataError, match=r"key.json: there is a reading already; score it, or move it away"):
        write_reading([question], "P", N, 0, tmp_path / "r0")


def test_answers_become_a_share_with_readers_and_slides_as_clusters(question: Question, tmp_path: Path) -> None:
    folder = tmp_path / "r"
    write_reading([question], "P", N, 0, folder)
    files = [answer(folder, name, lambda pair: pair["first"]) for name in ("a", "b")]
    found, n = reading_of("x-real", folder / "key.json", files)
    assert (found.effect, found.n, found.seeds, n) == (0.5, 8, 2, N)
    half = answer(folder, "c", lambda pair: "left")
    found, _ = reading_of("x-real", folder / "key.json", [half])
    key = json.loads((folder / "key.json").read_text())
    k = sum(pair["first"] == "left" for pair in key["pairs"])
    assert found.effect == pytest.approx(k / N - 0.5)
    assert found.p >= binomtest(k, N).pvalue
    assert found.interval()[0] < found.effect < found.interval()[1]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: text.replace(",left,", ",middle,", 1), "left or right of a pair of the page, got 'middle'"),
        (lambda text: re.sub(r",[0-9a-f]{64}", ",0", text), "answers to another page than that of this key"),
        (lambda text: "\n".join(text.splitlines()[:-1]) + "\n", "'a' has no answer to 1 of 24 pairs; first: 024"),
        (lambda text: text + text.splitlines()[-1] + "\n", "'a' answers pair 024 2 times; expected once"),
        (lambda text: text.replace("choice", "chosen"), "expected the columns reader, pair, choice, seal"),
        (lambda text: text.replace("a,001", "a,999", 1), "got '.*' of '999'"),
    ],
)  # fmt: skip
def test_answers_that_do_not_fit_are_refused(question: Question, tmp_path: Path, spoil, message: str) -> None:
    folder = tmp_path / "r"
    write_reading([question], "P", N, 0, folder)
    file = answer(folder, "a", lambda pair: "left")
    file.write_text(spoil(file.read_text()))
    with pytest.raises(DataError, match=message):
        reading_of("x-real", folder / "key.json", [file])


@pytest.mark.parametrize("damage", [lambda text: text[:-40], lambda text: "[]", lambda text: '{"pairs": [{}]}'])
def test_a_damaged_key_is_named(question: Question, tmp_path: Path, damage) -> None:
    write_reading([question], "A paper", N, 0, tmp_path)
    file, key = answer(tmp_path, "A", lambda pair: "left"), tmp_path / "key.json"
    key.write_text(damage(key.read_text()))
    with pytest.raises(DataError, match=r"key\.json: cannot be read: .*expected the key"):
        reading_of("x-real", key, [file])


def test_a_reader_counts_once(question: Question, tmp_path: Path) -> None:
    folder = tmp_path / "r"
    write_reading([question], "P", N, 0, folder)
    file = answer(folder, "a", lambda pair: "left")
    with pytest.raises(DataError, match="the reader 'a' answers twice; expected one file per reader"):
        reading_of("x-real", folder / "key.json", [file, file])


def test_readers_decide_a_visual_claim(question: Question, tmp_path: Path) -> None:
    folder = tmp_path / "r"
    write_reading([question], "P", N, 0, folder)

    def verdict(alike: bool, chooses, standing: str = "the paper's") -> tuple[str, list[str]]:
        file = answer(folder, "a", chooses)
        claim = {
            "kind": "visual",
            "needs": "readers",
            "reading": {"question": "?", "of": "made", "against": "real", "alike": alike},
        }
        given = inputs(tmp_path / "s", {"a": np.zeros((1, 4))}, {"x-real": claim}, standing=standing)
        behind = [{"datasets": ["d"], "words": ALL_YES}]
        given.readings["x-real"] = {"key": str(folder / "key.json"), "answers": [str(file)], "behind": behind}
        found = decided(given)["x-real"]
        return found.verdict, list(found.notes)

    assert verdict(False, lambda pair: pair["first"]) == ("supported", ["by 1 reader(s) of 24 pairs"])
    assert verdict(False, lambda pair: other(pair["first"]))[0] == "contradicted"
    assert verdict(True, lambda pair: pair["first"])[0] == "contradicted"  # told apart at once
    guess = lambda pair: "left" if int(pair["pair"]) % 2 else "right"  # noqa: E731
    assert verdict(True, guess)[0] == "undecided"  # 24 pairs of 8 slides are too few for more
    assert verdict(False, lambda pair: pair["first"], "phantom")[0] == "untestable here"


def test_planes_of_a_stack_are_all_shown(tmp_path: Path) -> None:
    stacks = np.arange(11, dtype=np.uint8)[None, :, None, None, None] * np.full((1, 1, 4, 4, 3), 20, np.uint8)
    write_store(tmp_path / "s.h5", stacks=iter(stacks), images=iter(stacks[:, 5]))
    sheet = ImageSet("s", tmp_path / "s.h5", None, {}).image("0")
    assert sheet.shape == (12, 16, 3)
    assert sorted(set(sheet.ravel().tolist())) == [*(20 * plane for plane in range(11)), 255]


def test_sets_without_images_to_show_are_an_error(question: Question, tmp_path: Path) -> None:
    write_manifest(tmp_path / "real.csv", [{"id": str(i), "split": "train"} for i in range(N)])
    with pytest.raises(DataError, match="real"):
        write_reading([question], "P", N, 0, tmp_path / "r")
    assert not (tmp_path / "r").exists() or not list((tmp_path / "r").iterdir())


def test_images_that_are_not_made_yet_are_named_with_their_target(tmp_path: Path) -> None:
    for folder in ("config", "profiles"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    with (
        chdir(tmp_path),
        pytest.raises(DataError, match=r"h5: not made yet; make it: snakemake --cores all results/demo"),
    ):
        reading_asked("sharpgan", "demo", tmp_path)
    with pytest.raises(ConfigError, match="no paper 'sharpgn'; there are: "):
        reading_asked("sharpgn", "demo", tmp_path)
    with pytest.raises(ConfigError, match="--preset: sharpgan has demo, public, paper, got 'nope'"):
        reading_asked("sharpgan", "nope", tmp_path)


def test_readers_answers_are_inputs_of_the_claims(tmp_path: Path) -> None:
    (tmp_path / "config").symlink_to(ROOT / "config")
    folder = tmp_path / "readings" / "public" / "sharpgan"
    folder.mkdir(parents=True)
    w = SimpleNamespace(preset="public", paper="sharpgan")

    def given() -> dict:
        return Plan(Workflow(papers=("sharpgan",)), tmp_path).claims.given(w)["readings"]

    assert given() == {}
    (folder / "answers_a.csv").write_text("")
    found = given()["sharpgan-colours-textures-close"]
    assert found["answers"] == ["readings/public/sharpgan/answers_a.csv"]
    assert {name for one in found["behind"] for name in one["datasets"]} == {"cpm"}
    assert "readings/public/sharpgan/key.json" in Plan(Workflow(papers=("sharpgan",)), tmp_path).claims.inputs(w)
