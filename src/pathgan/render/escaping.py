"""Words of papers and of users as LaTeX and Markdown would have them written: nothing in them is a command."""

from __future__ import annotations

import re

CODE = re.compile("`([^`]+)`")  # how our own sentences mark a name
_LATEX = str.maketrans(
    {
        **{letter: f"\\{letter}" for letter in "&%_#${}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "|": r"\textbar{}",
        "<": "$<$",
        ">": "$>$",
        "†": r"$^\dagger$",
        "‡": r"$^\ddagger$",
        "±": r"$\pm$",
        "↑": r"$\uparrow$",
        "↓": r"$\downarrow$",
        "→": r"$\to$",
        "×": r"$\times$",
        "≤": r"$\le$",
        "≥": r"$\ge$",
        "−": r"$-$",
        "µ": r"$\mu$",
        "μ": r"$\mu$",
        "²": r"$^2$",
        "λ": r"$\lambda$",
        "β": r"$\beta$",
        "–": "--",
        "…": r"\dots{}",
    }
)
_KNOWN = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßœŒ")  # to pdfLaTeX
_MARKDOWN = re.compile(r"[\\`*|~$]|(?<!\w)_|_(?!\w)|(?<=\])[(:]|^[#+-]|&(?=#?\w+;)")
_HTML = str.maketrans({"<": "&lt;", ">": "&gt;"})


def latex(text: str) -> str:
    """A text as pdfLaTeX shows it, on one line; a letter that it does not know becomes a question mark."""
    spoken = CODE.sub(r"\1", " ".join(text.split())).replace('"', "''")
    known = (one if one.isascii() or one in _KNOWN or ord(one) in _LATEX else "?" for one in spoken)
    shown = "".join(known).translate(_LATEX)
    return f"{{}}{shown}" if shown.startswith(("[", "*")) else shown  # else the end of the line before would take it


def markdown(text: str) -> str:
    """A text as Markdown shows it, on one line; what stands between backticks is code."""
    parts = CODE.split(" ".join(text.split()))
    return "".join(
        f"`{part.replace('|', chr(92) + '|')}`" if number % 2 else _MARKDOWN.sub(r"\\\g<0>", part).translate(_HTML)
        for number, part in enumerate(parts)
    )
