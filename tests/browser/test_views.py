"""The waterfall, the console, the grid and the settings, with days of builds of many builders."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import filled, visit
from tests.browser.everybody import wrong_in_some_colours
from tests.browser.views_site import BUILDERS, CHANGES, OTHERS, ViewsSite, history

PAGES = {"waterfall": "/waterfall", "console": "/console", "grid": "/grid", "settings": "/settings"}
MOST_REQUESTS = 3


@pytest.fixture(scope="module")
def views(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ViewsSite]:
    with filled(ViewsSite(tmp_path_factory.mktemp("views"))) as master:
        yield master


@pytest.fixture
def address(views: ViewsSite) -> str:
    return views.url


def block(page: Page, builder: str, number: int) -> Locator:
    """A build in the waterfall."""
    return page.get_by_role("link", name=re.compile(f"^{builder} #{number}[ ,]"))


def place(locator: Locator) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    box = locator.bounding_box()
    assert box is not None
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


def wait_for_height(page: Page, builder: str, least: float) -> None:
    """Until the newest build of a builder is so tall."""
    first = f".fall-build[aria-label^='{builder} #']"
    page.wait_for_function(
        "([what, least]) => document.querySelector(what)?.getBoundingClientRect().height > least", arg=[first, least]
    )


# -- the waterfall ---------------------------------------------------------------------------


def test_builds_of_one_time_stand_beside_each_other(page: Page) -> None:
    visit(page, "/waterfall?tags=app")

    # the newest change was built by both, one twenty seconds after the other
    gcc, clang = place(block(page, "app-linux-arm64", 60)), place(block(page, "app-linux-clang", 60))
    assert gcc[0] > clang[2] or clang[0] > gcc[2]
    assert abs(gcc[3] - clang[3]) < 30
    earlier = place(block(page, "app-linux-clang", 59))
    assert earlier[1] >= clang[3]
    expect(page.locator(".falls-fold").first).to_contain_text("nothing for")
    expect(page.locator(".falls-day").first).to_be_attached()
    assert page.locator(".falls-axis time").count() >= 3
    expect(page.locator(".falls-head")).to_have_count(5)
    expect(page.locator(".falls-head", has_text="app-windows").get_by_role("img")).to_have_attribute(
        "aria-label", "success"
    )


def test_a_build_that_runs_is_on_top_and_one_that_begins_comes_by_itself(page: Page, views: ViewsSite) -> None:
    page.set_viewport_size({"width": 4800, "height": 900})  # both are in sight
    visit(page, "/waterfall?q=r")
    running = block(page, "running", 1)
    expect(running).to_have_class(re.compile("running"))
    expect(block(page, "port-03", 2)).to_have_count(0)

    views.finished(views.force("port-03"))

    expect(block(page, "port-03", 2)).to_have_class(re.compile("success"))
    assert place(block(page, "port-03", 2))[3] < place(block(page, "port-03", 1))[1]
    assert place(running)[1] <= place(block(page, "port-03", 2))[1] + 1


def test_the_keyboard_goes_from_build_to_build(page: Page) -> None:
    visit(page, "/waterfall?tags=lib")
    first = block(page, "lib-linux", 60)
    first.focus()
    card = page.get_by_role("tooltip")
    expect(card).to_contain_text("lib-linux #60")
    expect(card).to_contain_text("on w9")

    page.keyboard.press("ArrowDown")
    expect(block(page, "lib-linux", 59)).to_be_focused()
    expect(card).to_contain_text("lib-linux #59")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".fall-build:focus")).to_have_attribute("aria-label", re.compile("^lib-windows #"))
    page.keyboard.press("End")
    expect(card).to_contain_text("lib-windows")
    expect(page.locator(".fall-build[tabindex='0']")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("lib-windows")


def test_older_builds_come_when_one_scrolls(page: Page) -> None:
    visit(page, "/waterfall?q=app-linux-gcc")
    region = page.get_by_role("region", name="Waterfall")
    oldest = sum(one.builder == "app-linux-gcc" for one in history(0))
    page.evaluate("""() => localStorage.setItem("buildmill-settings", '{"Waterfall.lazy_limit_waterfall": 20}')""")
    page.reload()
    region.wait_for()
    height = region.evaluate("r => r.scrollHeight")

    region.evaluate("r => r.scrollTo(0, r.scrollHeight)")

    page.wait_for_function("h => document.querySelector('.falls').scrollHeight > h + 200", arg=height)
    while page.get_by_role("button", name="Older builds").count():
        region.evaluate("r => r.scrollTo(0, r.scrollHeight)")
        page.wait_for_timeout(50)
    region.evaluate("r => r.scrollTo(0, r.scrollHeight)")
    expect(block(page, "app-linux-gcc", 1)).to_be_visible()
    assert oldest > 60


def test_the_scale_is_kept(page: Page) -> None:
    visit(page, "/waterfall?tags=docs")
    before = place(block(page, "docs", 60))

    page.get_by_role("button", name="Larger").click()

    wait_for_height(page, "docs", (before[3] - before[1]) * 1.3)
    page.reload()
    wait_for_height(page, "docs", (before[3] - before[1]) * 1.3)


def test_only_columns_in_sight_are_drawn(page: Page) -> None:
    visit(page, "/waterfall")
    region = page.get_by_role("region", name="Waterfall")

    assert page.locator(".falls-head").count() < len(BUILDERS) + len(OTHERS)
    region.evaluate("r => r.scrollTo(r.scrollWidth, 0)")
    expect(page.locator(".falls-head", has_text="port-29")).to_be_visible()
    expect(page.locator(".falls-head", has_text="app-linux-arm64")).to_have_count(0)


# -- the console -----------------------------------------------------------------------------


def row(page: Page, revision: int) -> Locator:
    """Of a change, by its place: the oldest is 0."""
    return page.locator(
        ".matrix tbody tr", has=page.locator(f"code:text-is('{(f'{revision + 4096:04x}' * 10)[:10]}')")
    ).first


def test_changes_have_the_results_of_builders_grouped_by_tags(page: Page) -> None:
    visit(page, "/console")
    newest = row(page, CHANGES - 1)
    expect(newest.locator("td .mark").first).to_have_attribute("aria-label", "30 builders")
    expect(page.locator("thead")).not_to_contain_text("port-07")

    page.get_by_role("button", name="ports").last.click()

    expect(page.locator("thead")).to_contain_text("port-07")
    newest.get_by_role("link", name=re.compile("^port-07 #1 success")).click()
    expect(page.locator("h1")).to_contain_text("port-07")


def test_a_change_tells_more_when_it_is_opened(page: Page) -> None:
    visit(page, "/console?branch=release")
    expect(page.locator(".matrix tbody th code")).not_to_contain_text(["104f104f10"])
    details = page.get_by_role("button", name="Details: Fix a leak of file descriptors").first

    details.click()

    told = page.locator(".console-details")
    expect(told).to_contain_text("main.h")
    expect(told).to_contain_text("on release")
    expect(told.get_by_role("link", name="104d104d10")).to_have_attribute(
        "href", re.compile(r"^https://example\.org/104d")
    )


def test_a_row_tells_what_failed(page: Page) -> None:
    visit(page, "/console?tags=windows")

    broken = row(page, 69)
    expect(broken.locator("th .mark")).to_have_attribute("aria-label", re.compile("1 failed"))
    expect(broken.get_by_role("link", name=re.compile("^app-windows #.* failure"))).to_be_visible()


def test_builds_without_a_change_have_a_row_and_older_changes_come_on_demand(page: Page) -> None:
    visit(page, "/console?tags=nightly")
    expect(page.locator(".matrix tbody tr").last).to_contain_text("No revision is known")
    expect(page.get_by_role("link", name=re.compile("^running #1 running"))).to_be_visible()
    before = page.locator(".matrix tbody tr").count()

    page.get_by_role("button", name="Older changes").click()

    expect(page.locator(".matrix tbody tr")).to_have_count(before + 30)


def test_builders_without_builds_are_shown_where_that_is_wanted(page: Page) -> None:
    visit(page, "/console?q=windows&branch=nowhere")
    expect(page.get_by_role("main")).to_contain_text("Nothing matches.")
    visit(page, "/console?q=nightly-benchmarks&branch=main")
    expect(page.locator("thead")).not_to_contain_text("nightly-benchmarks")

    page.get_by_label("Builders without builds").check()

    expect(page.locator("thead")).to_contain_text("nightly-benchmarks")


# -- the grid --------------------------------------------------------------------------------


def test_the_grid_has_builders_as_rows_and_revisions_as_columns(page: Page, views: ViewsSite) -> None:
    visit(page, "/grid?tags=app")
    heads = page.locator(".grid thead th code")
    expect(heads).to_have_count(6)  # as the configuration says
    assert heads.first.inner_text() == "104f104f10"
    expect(page.locator(".grid tbody tr")).to_have_count(5)

    page.get_by_label("Result", exact=True).select_option("failure")
    expect(page.locator(".grid tbody tr")).to_have_count(1)
    expect(page.locator(".grid tbody tr")).to_contain_text("app-windows")
    page.get_by_label("Branch").select_option("release")
    expect(page.locator(".grid thead th").nth(1)).to_contain_text("release")
    assert "result=failure" in page.url
    assert "branch=release" in page.url


def test_the_grid_turns_round_and_tells_changes_in_full(page: Page) -> None:
    visit(page, "/settings")
    page.get_by_label("The newest revision on the right").check()
    page.get_by_label("Tell author, time and message").check()
    page.get_by_label("Revisions shown").fill("3")

    visit(page, "/grid")

    heads = page.locator(".grid thead th")
    expect(heads).to_have_count(4)
    expect(heads.last).to_contain_text("104f104f10")
    expect(heads.last).to_contain_text("bob@example.org")
    page.get_by_role("button", name="More revisions").click()
    expect(heads).to_have_count(7)


# -- settings --------------------------------------------------------------------------------


def test_settings_hold_at_once_in_all_tabs_and_are_reset(page: Page, views: ViewsSite) -> None:
    visit(page, "/settings")
    other = page.context.new_page()
    visit(other, "/changes")
    expect(other.locator("time").first).to_have_text(re.compile("ago"))
    reset = page.get_by_role("button", name="Reset all")
    expect(reset).to_be_disabled()

    page.get_by_label("Times are told as").select_option("exact")
    expect(other.locator("time").first).to_have_text(re.compile(r"20\d\d"))
    page.locator("select[name='Pages.theme']").select_option("dark")
    expect(other.locator("html")).to_have_attribute("data-theme", "dark")
    other.reload()
    expect(other.locator("html")).to_have_attribute("data-theme", "dark")

    reset.click()
    expect(page.get_by_text("All settings are as they were")).to_be_visible()
    expect(other.locator("html")).not_to_have_attribute("data-theme", "dark")
    expect(other.locator("time").first).to_have_text(re.compile("ago"))


def test_settings_are_checked_and_begin_as_the_configuration_says(page: Page) -> None:
    visit(page, "/settings")
    shown = page.get_by_role("spinbutton", name="Revisions shown")
    expect(shown).to_have_value("6")

    shown.fill("1000")
    expect(page.get_by_role("main")).to_contain_text("from 1 to 100")
    shown.fill("8")
    expect(page.get_by_role("main")).to_contain_text("without a choice: 6")
    page.reload()
    expect(shown).to_have_value("8")
    page.get_by_role("button", name="Reset: Revisions shown").click()
    expect(shown).to_have_value("6")


# -- all of them -----------------------------------------------------------------------------


def test_each_page_asks_at_most_three_times(page: Page) -> None:
    visit(page, "/about")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/v2/" in request.url else None)
    found = {}
    for name, path in PAGES.items():
        page.goto("about:blank")
        asked.clear()
        visit(page, path)
        page.wait_for_load_state("networkidle")
        found[name] = list(asked)

    assert {name: urls for name, urls in found.items() if len(urls) > MOST_REQUESTS} == {}


def test_everybody_can_use_them(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    problems = []
    for name, path in PAGES.items():
        visit(page, path)
        page.wait_for_load_state("networkidle")
        if name == "console":
            page.get_by_role("button", name="Open all tags").click()
            page.get_by_role("button", name="Details:").first.click()
        problems += [f"{name}, {one}" for one in wrong_in_some_colours(page)]

    assert problems == []


def test_none_is_wider_than_a_telephone(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    widths = {}
    for name, path in PAGES.items():
        visit(page, path)
        page.wait_for_load_state("networkidle")
        widths[name] = page.evaluate("document.documentElement.scrollWidth")

    assert {name: width for name, width in widths.items() if width > 360} == {}
