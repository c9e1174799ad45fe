"""The pages that are lists: schedulers, what waits, changes, the audit log, and what this is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import Watched, filled, visit
from tests.browser.list_site import CHANGES, WAITING, ListSite

PAGES = ("/schedulers", "/schedulers/1", "/pending", "/changes", "/changes/129", "/audit", "/about", "/masters")
MOST_REQUESTS = 3


@pytest.fixture(scope="module")
def lists(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ListSite]:
    with filled(ListSite(tmp_path_factory.mktemp("lists"))) as master:
        yield master


@pytest.fixture
def address(lists: ListSite) -> str:
    return lists.url


# -- bookmarks -------------------------------------------------------------------------------

BOOKMARKS = {
    "/": "Overview|broken|Nothing is broken",
    "/about": "Versions",
    "/builders": "windows",
    "/builders/1": "Build it",
    "/builders/1/builds/1": "success",
    "/builders/1/builds/1/steps/1/logs/stdio": "true",
    "/builders/1/force/byhand": "Start build",
    "/buildrequests/3": "Request 3",
    "/buildrequests/1?redirect_to_build=true": "success",
    "/changes": "change number",
    "/changes/1": "change number 0",
    "/lastchanges": "change number",
    "/masters": "Last seen",
    "/masters/1": "Last seen",
    "/pendingbuildrequests": "windows",
    "/projects": "Projects",
    "/schedulers": "nightly",
    "/settings": "Settings",
    "/workers": "w3",
    "/workers/1": "Builds on it",
    "/waterfall": "Waterfall",
    "/console": "Console",
    "/grid": "Grid",
}
"""All addresses of the front end of Buildbot 4.3, and of older ones, with what is to be seen there."""


def test_every_address_of_buildbots_pages_leads_to_the_right_page(page: Page) -> None:
    for bookmark, shown in BOOKMARKS.items():
        visit(page, bookmark)
        expect(page.locator("body")).to_contain_text(re.compile(shown))
        expect(page.locator("h1").first).not_to_contain_text("There is no such page")


# -- schedulers ------------------------------------------------------------------------------


def test_schedulers_tell_what_is_next_and_what_came_of_the_last_run(page: Page) -> None:
    visit(page, "/schedulers")

    expect(page.locator("tr", has_text="hourly")).to_contain_text(re.compile(r"Periodic.*docs.*in (60|59) minutes"))
    expect(page.locator("tr", has_text="hourly").locator(".mark")).to_have_attribute("title", "docs #1: success")
    expect(page.locator("tr", has_text="stable")).to_contain_text(re.compile(r"in \d+ minutes.*after 1 change"))
    expect(page.locator("tr", has_text="branches")).to_contain_text("when something happens")
    expect(page.locator("tr", has_text="branches").get_by_role("button", name="Run now")).to_have_count(0)


def test_a_scheduler_is_run_by_hand_with_a_reason(page: Page, lists: ListSite) -> None:
    visit(page, "/schedulers")

    page.locator("tr", has_text="nightly").get_by_role("button", name="Run now").click()
    page.get_by_label("Why?").fill("the release is late")
    page.get_by_role("dialog").get_by_role("button", name="Run now").click()

    row = page.locator("tr", has_text="nightly")
    expect(row).to_contain_text("the release is late")
    expect(row.locator(".mark.success")).to_have_count(2)
    row.get_by_role("link", name="nightly").click()
    runs = page.locator("section", has_text="What it has asked for")
    expect(runs.locator("tbody tr")).to_have_count(1)
    expect(runs).to_contain_text("run by")
    assert lists.scheduler("nightly")


def test_the_form_of_a_scheduler_opens_for_the_builder_that_is_chosen(page: Page) -> None:
    visit(page, "/schedulers")

    page.locator("tr", has_text="byhand").get_by_role("button", name="Open the form").click()
    page.get_by_role("dialog").get_by_role("button", name="app").click()
    page.get_by_role("dialog", name="Build it").get_by_role("button", name="Start build").click()

    expect(page).to_have_url(re.compile(r"/buildrequests/\d+|/builders/1/builds/\d+"))
    expect(page.get_by_role("main")).to_contain_text("app")


def test_a_scheduler_is_disabled_and_enabled(page: Page) -> None:
    visit(page, "/schedulers")
    row = page.locator("tr", has_text="hourly")

    row.get_by_role("button", name="Disable").click()
    expect(row).to_contain_text("not while it is disabled")
    expect(row.get_by_role("button", name="Run now")).to_have_count(0)
    row.get_by_role("button", name="Enable").click()

    expect(row).to_contain_text(re.compile(r"in \d+ minutes"))


# -- what waits ------------------------------------------------------------------------------


def test_the_queue_grows_and_tells_reasons_of_what_is_in_sight(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/pages/reasons" in request.url else None)
    visit(page, "/pending")

    rows = page.locator("tbody tr")
    expect(rows).to_have_count(100)
    expect(rows.first).to_contain_text("worker w3 is not connected")
    expect(page.locator("h1")).to_contain_text(str(WAITING))
    rows.last.scroll_into_view_if_needed()
    expect(rows).to_have_count(200)
    rows.last.scroll_into_view_if_needed()
    expect(rows).to_have_count(WAITING)
    rows.last.scroll_into_view_if_needed()
    expect(rows.last).to_contain_text("worker w3 is not connected")
    assert all(url.count("buildrequestid=") < 60 for url in asked)


def test_what_waits_is_filtered_in_the_address(page: Page) -> None:
    visit(page, "/pending")
    expect(page.locator("tbody tr")).to_have_count(100)

    page.get_by_label("Tag of the builder").fill("docs")

    expect(page.locator("main")).to_contain_text("Nothing matches.")
    assert page.url.endswith("/pending?tag=docs")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("tbody tr")).to_have_count(100)
    visit(page, "/pending?builder=windo")
    expect(page.locator("tbody tr")).to_have_count(100)


def test_several_requests_are_moved_and_cancelled_at_once(page: Page, lists: ListSite) -> None:
    visit(page, "/pending")
    boxes = page.locator("tbody input[type=checkbox]")
    expect(boxes).to_have_count(100)
    chosen = [int(row.inner_text()) for row in page.locator("tbody tr td:nth-child(2)").all()[2:6]]

    boxes.nth(2).click()
    boxes.nth(5).click(modifiers=["Shift"])
    expect(page.get_by_role("status").filter(has_text="4 chosen")).to_be_visible()
    page.locator(".bulk").get_by_role("button", name="Change priority").click()
    page.get_by_label("New priority").fill("9")
    page.get_by_role("dialog").get_by_role("button", name="Change priority").click()

    for place, request in enumerate(chosen):
        moved = page.locator("tbody tr").nth(place).get_by_role("link", name=str(request), exact=True)
        expect(moved).to_be_visible()
    for box in boxes.all()[:4]:
        box.click()
    page.get_by_role("button", name="Cancel them").click()
    page.get_by_label("Reason").fill("not needed")
    page.get_by_role("dialog").get_by_role("button", name="Cancel them").click()
    expect(page.locator("h1")).to_contain_text(str(WAITING - 4))
    ended = [lists.get(f"buildrequests/{one}")["buildrequests"][0] for one in chosen]
    assert [(one["complete"], one["results"], one["priority"]) for one in ended] == [(True, 6, 9)] * 4


def test_a_request_that_is_cancelled_elsewhere_leaves_the_page(page: Page, lists: ListSite) -> None:
    visit(page, "/pending")
    row = page.locator("tbody tr").nth(50)
    request = int(row.locator("td").nth(1).inner_text())

    lists.post(f"buildrequests/{request}", "cancel", reason="elsewhere")

    expect(page.get_by_role("link", name=str(request), exact=True)).to_have_count(0)


# -- changes ---------------------------------------------------------------------------------


def test_changes_grow_and_show_their_builds(page: Page) -> None:
    visit(page, "/changes")

    rows = page.locator(".changes > li")
    expect(rows).to_have_count(50)
    expect(rows.filter(has_text=f"change number {CHANGES - 1}").locator(".mark").first).to_have_attribute(
        "title", re.compile(r"app #\d: success")
    )
    for count in (100, CHANGES):
        rows.last.scroll_into_view_if_needed()
        expect(rows).to_have_count(count)


def test_changes_are_found_by_author_and_category(page: Page) -> None:
    visit(page, "/changes?author=ada")

    expect(page.locator(".changes > li").first).to_contain_text("ada")
    expect(page.locator(".changes")).not_to_contain_text("bob")
    page.get_by_text("More filters").click()
    page.get_by_label("Category").fill("bugfix")
    expect(page.locator(".changes")).not_to_contain_text("feature")
    assert "author=ada" in page.url
    assert "category=bugfix" in page.url


def test_a_change_has_its_properties_and_its_builds(page: Page) -> None:
    visit(page, f"/changes/{CHANGES - 1}")

    expect(page.locator("main")).to_contain_text(f"T-{CHANGES - 1}")
    expect(page.locator("section", has_text="Builds of it").locator("tbody tr").first).to_contain_text("app #")


# -- the audit log and the rest ---------------------------------------------------------------


def test_the_audit_log_is_read_in_words_filtered_and_grows(page: Page, lists: ListSite) -> None:
    lists.post(f"schedulers/{lists.scheduler('triggered')}", "enable", enabled=False)
    lists.post(f"schedulers/{lists.scheduler('triggered')}", "enable", enabled=True)
    visit(page, "/audit")

    expect(page.locator("tbody tr")).to_have_count(100)
    page.locator("tbody tr").last.scroll_into_view_if_needed()
    expect(page.locator("tbody tr")).to_have_count(200)
    page.get_by_label("What").fill("schedulers.enable")
    expect(page).to_have_url(re.compile("what=schedulers.enable"))
    row = page.locator("tbody tr").first
    expect(row).to_contain_text(re.compile(r"enabled\s+yes"))
    expect(row).not_to_contain_text("{")
    row.get_by_role("link").click()
    expect(page.locator("h1")).to_have_text("triggered")
    visit(page, "/audit?outcome=refused")
    expect(page.locator("main")).to_contain_text("Nothing matches.")


def test_about_lists_the_paths_of_the_api_when_asked(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "application.spec" in request.url else None)
    visit(page, "/about")
    expect(page.locator("main")).to_contain_text("Buildmill")
    expect(page.locator("main")).to_contain_text(re.compile(r"SQLite3\.\d+"))
    assert asked == []

    page.get_by_text("Paths of the data API").click()

    expect(page.get_by_role("link", name="buildrequests", exact=True)).to_have_attribute(
        "href", re.compile("/api/v2/buildrequests")
    )


# -- what the configuration says of builders, projects and itself ---------------------------------


def test_a_description_in_markdown_is_text_until_what_reads_it_is_there(page: Page) -> None:
    held: list[Route] = []
    page.route("**/Markdown-*.js", lambda route: held.append(route))
    visit(page, "/builders/1")
    expect(page.locator("p.description")).to_contain_text("Builds *everything* of [the site](https://example.org/)")
    expect(page.locator("main").get_by_role("button", name="Build it")).to_be_visible()
    assert len(held) == 1

    held[0].continue_()

    described = page.locator(".prose")
    expect(described.get_by_role("heading", level=2)).to_have_text("About")
    expect(described.locator("em")).to_have_text("everything")
    expect(described.locator("pre code")).to_have_text("make run\n")
    expect(described.get_by_role("listitem")).to_have_text(["make", "make check"])
    expect(described.get_by_role("link", name="the site")).to_have_attribute("rel", re.compile("noopener"))
    expect(described.get_by_role("link", name="state")).to_have_attribute("href", "https://example.org/badge.svg")
    expect(page.locator("p.description")).to_have_count(0)
    described.get_by_role("link", name="docs").click()
    expect(page.locator("h1")).to_have_text("docs")
    expect(page.locator("p.description")).to_have_text("Not *Markdown*.")


def test_a_description_stays_text_when_what_reads_it_cannot_be_had(page: Page, watched: Watched) -> None:
    page.route("**/Markdown-*.js", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        visit(page, "/builders/1")
    visit(page, "/projects")  # where it is known not to be there
    expect(page.locator("p.description").first).to_contain_text("**everybody**")
    visit(page, "/builders/1")
    expect(page.locator("p.description")).to_contain_text("Builds *everything*")
    expect(page.locator("main").get_by_role("button", name="Build it")).to_be_visible()
    (problem,) = watched.problems
    assert "net::ERR_FAILED" in problem
    watched.problems.clear()


def test_a_project_is_described_below_its_name(page: Page) -> None:
    visit(page, "/projects")
    expect(page.locator(".prose").get_by_role("heading", level=3)).to_have_text("For")
    page.locator("main").get_by_role("link", name="tools").click()
    expect(page.locator(".prose").get_by_role("heading", level=2)).to_have_text("For")
    expect(page.locator(".prose strong")).to_have_text("everybody")


def test_the_overview_links_the_home_page(page: Page) -> None:
    visit(page, "/")
    link = page.locator("main").get_by_role("link", name="Home page of Example")
    expect(link).to_have_attribute("href", "https://example.org/")
    expect(link).to_have_attribute("target", "_blank")


def test_no_list_needs_more_than_three_questions(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/v2/" in request.url else None)
    found = {}
    for path in PAGES:
        visit(page, "/masters" if path != "/masters" else "/about")
        page.wait_for_load_state("networkidle")
        asked.clear()
        visit(page, path)
        page.wait_for_load_state("networkidle")
        found[path] = [url.partition("/api/v2/")[2] for url in asked]

    assert {path: urls for path, urls in found.items() if len(urls) > MOST_REQUESTS} == {}
