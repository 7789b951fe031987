"""A browser, and the front page of the demo in it at some width."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from demo_results import FRONT_PAGE
from playwright.sync_api import Browser, Page, sync_playwright


class Opened:
    """The page, what it asked for, and what the console said. seen: every URL but those of the page's own pictures."""

    def __init__(self, page: Page):
        self.page, self.said, self.seen = page, [], []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.seen.append(request.url))
        page.goto(FRONT_PAGE.as_uri())


def _absent(reason: str) -> None:
    """Skips with the reason, and fails in CI."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if not FRONT_PAGE.exists():
        _absent(f"{FRONT_PAGE}: not there; make it: make demo")
    if chromium is None:
        _absent("no Chromium; on Debian, as root: tests/install.sh chromium chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """Opens the page at a width [px], light or dark, with JavaScript or without."""
    contexts = []

    def open_page(width: int = 1400, **options: Any) -> Opened:
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, **options))
        return Opened(contexts[-1].new_page())

    yield open_page
    for context in contexts:
        context.close()
