"""How the settings behind a cell bear on whether it may be compared with the printed one."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from pathgan.config.sources import Key, Setting
from pathgan.config.verdicts import RESPECTS, UNDECIDED, Judgement, Respect, Word

MOST_OF_OURS = 0.2  # of the decided settings, where the paper's training is still called the paper's
IDENTITY = ("adapter", "folders", "parts.*", "classes", "magnification", "slides", "stain")  # of a dataset
PROTOCOL = ("split.*", "tiles.*", "resize_px", "loaded_px", "registered_to")
SIDES = ("split", "side", "real", "untranslated")  # of a score
LOSS_WEIGHTS = ("losses.*.weight", "losses.*.contrast", "link", "penalty", "content_weight", "style_weight")


def respect_of(key: Key) -> Respect | None:
    """What a setting has a say in; None for `seeds`."""
    section, _, leaf = key
    if section == "runs":
        return "settings"
    if section == "slides":
        return "data"
    if section == "samples":
        return "protocol"
    if section == "scores":
        return "protocol" if leaf in SIDES else "metric"
    if section == "datasets":
        return "data" if _fits(leaf, IDENTITY) else "protocol" if _fits(leaf, PROTOCOL) else "settings"
    return None


def judge(settings: Iterable[Setting]) -> tuple[Judgement, dict[Respect, list[str]]]:
    """From the settings behind a cell alone, as what data hold is counted later; and in each respect the settings that
    keep it from `yes`, without the names of their entries."""
    of: dict[Respect, list[Setting]] = {respect: [] for respect in RESPECTS}
    for one in settings:
        if (respect := respect_of(one.key)) and one.origin not in UNDECIDED:
            of[respect].append(one)
    words: dict[Respect, Word] = {}
    by_reason: dict[str, list[str]] = {}  # what is wrong in several respects is said once
    blamed = {}
    for respect, found in of.items():
        words[respect], reasons, to_blame = _judged(respect, found)
        blamed[respect] = list(dict.fromkeys(one.key.leaf for one in to_blame))
        for reason in reasons:
            by_reason.setdefault(reason, []).append(respect)
    reasons = [f"{', '.join(respects)}: {reason}" for reason, respects in by_reason.items()]
    return Judgement(words, tuple(reasons)), blamed


def _judged(respect: Respect, settings: list[Setting]) -> tuple[Word, list[str], list[Setting]]:
    """Verdict, reasons, and the settings that are to blame."""
    changed = [one for one in settings if one.changed]
    ours = [one for one in settings if one.origin in ("ours", "user")]
    if changed:
        return "no", sorted({_by_whom(one) for one in changed}), changed
    if respect == "settings":
        weights = [one for one in ours if _fits(one.key.leaf, LOSS_WEIGHTS)]
        if weights:
            return "partly", ["loss weights of ours"], weights
        if len(ours) > MOST_OF_OURS * len(settings):
            return "partly", [f"more than {MOST_OF_OURS:.0%} are ours"], ours
    elif ours and respect != "data":  # which are the paper's where counts agree
        return "partly", list(dict.fromkeys(map(_in_a_note, ours))), ours
    return "yes", [], []


def _in_a_note(one: Setting) -> str:
    """Its source, without what parts one reason from the next."""
    return "given by the user" if one.origin == "user" else one.source.replace("; ", ", ")


def _by_whom(one: Setting) -> str:
    """A setting that only a preset has is as good as changed."""
    return one.source.partition(":")[0].replace("only in", "changed in") if one.origin == "changed" else "of the user"


def _fits(leaf: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(leaf, pattern) for pattern in patterns)
