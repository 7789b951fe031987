"""What benchmarks/gpu.py has measured so far, as Markdown."""

from __future__ import annotations

import argparse
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from timing import machine

Row = list[str]


@dataclass
class Section:
    """A table of the report, which grows."""

    title: str
    text: str
    header: Row
    rows: list[Row] = field(default_factory=list)

    def markdown(self) -> str:
        lines = [self.header, ["---", *["---:"] * (len(self.header) - 1)], *self.rows]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"## {self.title}\n\n{self.text}\n\n{table}\n"


class Report:
    """Sections in a file, written anew after each row; measurements that fail or come too late say so."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.sections: list[Section] = []
        self.failures: list[str] = []
        self._end = time.monotonic() + 60 * options.minutes

    def add(self, section: Section, what: str, measure: Callable[[], list[str]]) -> None:
        """A row that begins with `what`, or dashes where `measure` fails."""
        if section not in self.sections:
            self.sections.append(section)
        started = time.monotonic()
        if started > self._end:
            cells, said = [], f"not measured, {self.options.minutes:g} minutes were over"
        else:
            try:
                cells, said = measure(), ""
            except Exception as error:  # whatever it is, the other measurements must go on, and it is reported
                traceback.print_exc()
                cells, said = [], f"{type(error).__name__}: {error}".splitlines()[0]
        if said:
            self.failures.append(f"{section.title}: {what}: {said}")
        section.rows.append([what, *cells, *["-"] * (len(section.header) - 1 - len(cells))])
        print(f"{time.monotonic() - started:6.1f} s  {' | '.join(section.rows[-1])} {said}", flush=True)
        self.write()

    def write(self) -> None:
        failed = "".join(f"- {failure}\n" for failure in self.failures)
        parts = [_header(self.options), *(section.markdown() for section in self.sections)]
        parts += [f"## Failed or not measured\n\n{failed}"] if failed else []
        self.options.out.write_text("\n".join(parts), encoding="utf-8")


def _header(options: argparse.Namespace) -> str:
    if options.device == "cpu":
        device, library = "a CPU: a miniature, which says nothing about a GPU", "no CUDA"
    else:
        memory = torch.cuda.get_device_properties(0).total_memory / 1e9
        device = f"one {torch.cuda.get_device_name(0)} ({memory:.0f} GB)"
        library = f"CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}"
    return (
        f"# On a GPU\n\nWritten by `benchmarks/gpu.py` on {device}; {library}. Kernels are deterministic throughout. "
        f"Images are random. Sizes are those of the preset `{options.preset}`.\n\n{machine('torch')}\n"
    )
