"""The same bytes from OpenCV in every run."""

from __future__ import annotations

import os
import sys


def make_repeatable(threads: int) -> None:
    """Holds OpenCV to `threads` and to one way of rounding, whether it is loaded yet or not.

    It alone does not heed the variables that Snakemake sets from `threads`. Intel's routines in it round by where an
    array happens to lie in memory: 1e-11 in GMSD, enough for another last digit.
    """
    if "cv2" in sys.modules:
        sys.modules["cv2"].setNumThreads(threads)
        sys.modules["cv2"].ipp.setUseIPP(False)
        return
    os.environ |= {"OPENCV_IPP": "disabled", "OPENCV_FOR_THREADS_NUM": str(threads)}
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")  # it would warn, once loaded, that the former was heeded
