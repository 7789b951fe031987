"""The front page of the demo as a reader has it: in a browser, at several widths, by keyboard, without JavaScript."""

from __future__ import annotations

from urllib.parse import unquote

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from demo_results import FRONT_PAGE, PRESET

WIDTHS = (360, 768, 1400)
UNFOLD = "document.querySelectorAll('details').forEach(one => { one.open = true; })"
HREFS = "links => links.map(one => one.getAttribute('href'))"
IDS = "[...document.querySelectorAll('[id]')].map(one => one.id)"


def test_it_says_nothing_on_the_console_and_asks_for_nothing(opened):
    shown = opened()
    shown.page.mouse.wheel(0, 100_000)
    assert shown.said == []
    assert [url for url in shown.seen if not url.startswith("data:")] == [FRONT_PAGE.as_uri()]
    assert FRONT_PAGE.stat().st_size <= 15e6


def test_every_table_figure_and_claim_of_the_preset_is_there(opened):
    page = opened().page
    ids = set(page.evaluate(IDS))
    tables = {f"{file.parts[-3]}/{file.stem}" for file in PRESET.glob("*/tables/*.csv")}
    figures = {f"{file.parts[-3]}/figures/{file.stem}" for file in PRESET.glob("*/figures/*.png")}
    claims = {
        f"{file.parts[-3]}/claims/{name}"
        for file in PRESET.glob("*/tables/claims.csv")
        for name in pd.read_csv(file)["id"]
    }
    assert len(claims) == 123
    assert tables | figures | claims <= ids
    assert page.locator("main table").count() >= max(25, len(tables))
    alts = page.evaluate("[...document.querySelectorAll('main img')].map(one => one.alt)")
    assert len(alts) == len(figures) >= 20
    assert all(len(alt) > 20 for alt in alts)


def test_every_cell_of_a_table_of_scores_has_a_link(opened):
    ids = set(opened().page.evaluate(IDS))
    cells = {
        f"{file.parts[-3]}/{file.stem}/{cell.row}/{cell.column}"
        for file in PRESET.glob("*/tables/*.csv")
        if {"row", "column", "seeds", "value"} <= set((table := pd.read_csv(file, dtype=str)).columns)
        for cell in table.itertuples()
        if "note" in table and file.stem not in ("comparability", "claims")
    }
    assert "sharpgan/table1/enhanced/cpm/ssim" in cells
    assert cells <= ids


def test_ids_are_unique_and_every_link_is_alive(opened):
    page = opened().page
    ids = page.evaluate(IDS)
    assert len(ids) == len(set(ids))
    links = [unquote(link) for link in page.locator("a").evaluate_all(HREFS)]
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    files = [link for link in links if not link.startswith("#")]
    assert files
    assert all((PRESET / link).exists() for link in files)


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_lies_beside_the_page(opened, width):
    page = opened(width).page
    page.evaluate(UNFOLD)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (360, "dark")])
def test_axe_finds_nothing(opened, width, scheme):
    page = opened(width, color_scheme=scheme).page
    page.evaluate(UNFOLD)
    assert page.evaluate("document.documentElement.dataset.bsTheme") == scheme
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"][:3]]) for one in found] == []


def test_without_javascript_all_content_is_there(opened):
    text = "document.querySelector('main').textContent.replace(/\\s+/g, ' ')"
    with_script, without = opened().page, opened(java_script_enabled=False).page
    assert without.locator("main").text_content().split() == with_script.evaluate(text).split()
    assert without.locator("main img").count() == with_script.locator("main img").count()
    assert not without.locator("#search").is_visible()


def test_a_keyboard_reaches_and_works_everything(opened):
    page = opened(360).page
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
    assert reached[0] == "Skip to the overview"
    assert {"pathgan", "sharpgan", "search", "theme"} <= set(reached)
    unreachable = page.evaluate(
        """[...document.querySelectorAll('[tabindex]')].filter(one => one.tabIndex < 0).length
        + [...document.querySelectorAll('.frame')].filter(one => one.tabIndex !== 0).length
        + [...document.querySelectorAll('.zoom, th button')].filter(one => one.tagName !== 'BUTTON').length"""
    )
    assert unreachable == 0


def test_a_figure_is_enlarged_and_closed_by_keyboard(opened):
    page = opened().page
    page.locator(".zoom").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#zoomed").is_visible()
    assert page.locator("#zoomed img").get_attribute("alt") == page.locator(".zoom img").first.get_attribute("alt")
    page.locator("#zoomed button").first.click()
    assert page.locator("#zoomed button").first.text_content() == "Fit"
    page.keyboard.press("Escape")
    assert not page.locator("#zoomed").is_visible()
    page.keyboard.press("Enter")
    assert page.locator("#zoomed button").first.text_content() == "Full size"


def test_a_search_leads_to_a_cell(opened):
    page = opened().page
    page.locator("#search").fill("enhanced sharp-gan cpm aji table 1")
    hits = page.locator("#found a")
    assert hits.evaluate_all(HREFS)[0] == "#sharpgan/table1/enhanced/cpm/aji"
    page.locator("#search").fill("skeleton map in place of the distance map CPM")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash").startswith("#sharpgan/")
    assert not page.locator("#found").is_visible()
    page.locator("#search").fill("no such words anywhere")
    assert page.locator("#found").text_content() == "0 found"


def test_a_link_opens_what_is_folded_away(opened):
    page = opened().page
    name = page.locator("details:not([open]) tr[id]").first.get_attribute("id")
    assert not page.locator(f'[id="{name}"]').is_visible()
    page.evaluate("id => { location.hash = id; }", name)
    page.locator(f'[id="{name}"]').wait_for(state="visible")


def test_a_heading_sorts_its_column_within_groups(opened):
    page = opened().page
    table = page.locator("#sharpgan\\/contours table")
    heading = table.locator("thead th button").first
    before = table.locator("tbody").all_text_contents()
    for order, descending in (("ascending", False), ("descending", True)):
        heading.click()
        assert table.locator("thead th").first.get_attribute("aria-sort") == order
        for body in table.locator("tbody").all():
            values = body.evaluate(
                "one => [...one.rows].filter(row => row.className !== 'group').map(row => +row.cells[1].dataset.number)"
            )
            assert values == sorted(values, reverse=descending)
    assert [sorted(text.split()) for text in table.locator("tbody").all_text_contents()] == [
        sorted(text.split()) for text in before
    ]


@pytest.mark.parametrize(
    ("contents", "then", "shown"),
    [
        ("#sharpgan/table1", "", "#sharpgan/table1/enhanced/cpm/aji"),
        ("#sharpgan/table1", "#sharpgan/table1 .origin summary", "#sharpgan/table1 .inputs"),
        ("#sharpgan/claims", "", "#sharpgan/claims/sharpgan-skeleton-helps-cpm"),
    ],
)
def test_what_readers_ask_is_two_clicks_away(opened, contents, then, shown):
    page = opened().page
    page.locator(f'[id="page/contents"] a[href="{contents}"]').first.click()
    if then:
        page.locator(then.replace("#sharpgan/", "#sharpgan\\/")).click()
    head, *rest = shown.split(" ")
    target = page.locator(" ".join([f'[id="{head[1:]}"]', *rest]))
    assert target.is_visible()
