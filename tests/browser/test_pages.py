"""What people do in a browser, with a real master and real workers."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Watched, visit
from tests.browser.site import LINES, Site
from tests.programs import wait_for

# -- the front page and builders -----------------------------------------------------------


def test_front_page_tells_what_is_broken_what_runs_and_why_something_waits(page: Page) -> None:
    visit(page, "/")

    broken = page.get_by_role("region").or_(page.locator("section")).filter(has_text="Broken").first
    expect(broken.locator("li")).to_have_count(1)
    expect(broken).to_contain_text("app")
    expect(broken).to_contain_text("last good: #1")
    expect(page.locator("section", has_text="Waiting")).to_contain_text("worker w3 is not connected")
    expect(page).to_have_title(re.compile("^1 broken, 1 running, 2 waiting"))
    assert "bad" in (page.locator("link[rel=icon]").get_attribute("href") or "")


def test_filter_of_builders_stands_in_the_address(page: Page) -> None:
    visit(page, "/builders")

    page.get_by_role("searchbox").fill("app")
    page.get_by_role("button", name="clang").click()

    expect(page.locator("tbody tr")).to_have_count(1)
    assert re.search(r"q=app&tags=clang|tags=clang&q=app", page.url)
    visit(page, "/builders?tags=windows")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_builds_of_a_builder_are_filtered_in_the_address_and_found_by_number(page: Page) -> None:
    visit(page, "/builders/app")
    builds = page.locator("section", has=page.get_by_role("heading", name="Builds", exact=True))

    builds.get_by_label("Result").select_option("success")
    expect(builds.locator("tbody tr")).to_have_count(1)
    assert page.url.endswith("/builders/app?result=success")
    visit(page, "/builders/app?branch=no-such-branch")
    expect(builds).to_contain_text("Nothing matches")
    builds.get_by_role("button", name="Clear").click()
    expect(builds.locator("tbody tr").nth(1)).to_be_visible()
    builds.get_by_label("Go to build number").fill("2")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("failure")


def test_the_durations_are_those_of_the_builds_that_match_and_ask_for_nothing_more(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/v2/" in request.url else None)
    durations = page.locator("section", has=page.get_by_role("heading", name="Durations"))

    visit(page, "/builders/1")
    expect(durations).to_contain_text(re.compile(r"\d builds: half"))
    assert len(asked) == 2, asked
    asked.clear()
    page.locator("main").get_by_label("Result").select_option("success")
    expect(durations).to_contain_text("1 build: half")
    expect(durations.get_by_role("heading")).to_have_text("Durations: success")
    assert len(asked) == 1, asked
    page.locator("main").get_by_label("Branch").fill("no-such-branch")
    expect(durations).to_have_count(0)
    page.get_by_role("button", name="Clear").click()
    expect(durations).to_contain_text(re.compile(r"\d builds: half"))


BOOKMARKS = {
    "/builders/1": "logs are kept for ever",
    "/builders/1/builds/1": "success",
    "/buildrequests/1": "Request 1",
    "/pendingbuildrequests": "windows",
    "/builders/1/builds/2/steps/2": "compile failed",
    "/builders/1/builds/2/steps/2/logs/stdio": "gcc -c -Wall main.c",
    "/builders/1/force/release": "Build a release",
    "/no/such/page": "There is no such page",
    "/builders/app/builds/1": "success",
}


def test_bookmarks_of_buildbot_land_on_the_right_page(page: Page) -> None:
    for bookmark, shown in BOOKMARKS.items():
        visit(page, bookmark)
        expect(page.get_by_role("main")).to_contain_text(shown)


def test_where_nothing_is_there_are_ways_to_what_is(page: Page, watched: Watched) -> None:
    watched.refusals = (404,)
    main = page.get_by_role("main")
    visit(page, "/builders/app/builds/999")
    expect(main.get_by_role("link")).to_have_text(["Builder app", "Builders", "Overview"])
    main.get_by_role("link", name="Builder app").click()
    expect(page.locator("h1")).to_have_text("app")
    for path in ("/no/such/page", "/nowhere"):
        visit(page, path)
        expect(main.get_by_role("link")).to_have_text(["Overview"])
        main.get_by_role("button", name="Go to").click()
        expect(page.get_by_role("dialog", name="Go to")).to_be_visible()
        page.keyboard.press("Escape")
    main.get_by_role("link", name="Overview").click()
    expect(page.locator("h1").first).to_contain_text("broken")


@pytest.mark.parametrize(
    ("path", "shape", "shown"), [("/builders", "rows", "app"), ("/builders/1/builds/1", "build", "Steps")]
)
def test_until_a_page_is_read_there_is_something_of_its_shape(page: Page, path: str, shape: str, shown: str) -> None:
    held: list[Route] = []
    page.route("**/api/v2/pages/**", lambda route: held.append(route))
    page.goto(f"/#{path}")
    loading = page.locator(f".loading.{shape}")
    expect(loading.locator(".skeleton").last).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Loading")).to_be_visible()
    assert len(held) == 1

    held[0].continue_()

    expect(loading).to_have_count(0)
    expect(page.get_by_role("main")).to_contain_text(shown)


# -- starting, watching, stopping -----------------------------------------------------------


def test_force_form_has_every_kind_of_field_and_shows_what_the_master_refuses(
    page: Page, site: Site, watched: Watched
) -> None:
    watched.refusals = (400,)
    visit(page, "/builders/app")
    page.get_by_role("button", name="Release").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Version").fill("not a version")
    form.get_by_label("Notes").fill("two\nlines")
    form.get_by_label("Jobs").fill("8")
    form.get_by_label("Only try").uncheck()
    form.get_by_label("Kind").select_option("major")
    form.get_by_label("Targets").select_option(["deb", "zip"])
    form.get_by_label("Channel").fill("nightly")
    form.get_by_label("Key").fill("K1")
    form.get_by_label("Extra file").set_input_files({"name": "a", "mimeType": "text/plain", "buffer": b"contents"})
    form.get_by_role("button", name="Start build").click()

    expect(form.get_by_label("Version")).to_have_attribute("aria-invalid", "true")
    expect(form).to_contain_text("does not match pattern")

    form.get_by_label("Version").fill("1.2.3")
    form.get_by_role("button", name="Start build").click()
    expect(page).to_have_url(re.compile(r"/buildrequests/\d+|/builders/1/builds/\d+"))
    path = "builders/app/builds?number__gt=3&property=*"  # they come a moment after the build
    begun = wait_for(lambda: [build["properties"] for build in site.get(path)["builds"] if build["properties"]])
    values = {name: value for name, (value, _) in begun[0].items()}
    expected = {
        "version": "1.2.3",
        "notes": "two\nlines",
        "jobs": 8,
        "dry": False,
        "kind": "major",
        "targets": ["deb", "zip"],
        "channel": "nightly",
        "sign": {"key": "K1", "algo": "ed25519"},
        "extra": "contents",
    }
    assert expected.items() <= values.items()


def test_broken_build_opens_at_the_line_that_matters(page: Page, site: Site) -> None:
    visit(page, f"/builds/{site.builds['broken']}")

    failure = page.get_by_label("compile failed", exact=True)
    expect(failure.locator(".telling")).to_contain_text("'lenght' undeclared")
    expect(page.locator("section", has_text="Changes since the last good build, #1")).to_contain_text("refuse lines")
    failure.get_by_role("link", name="Open the log here").click()
    expect(page.locator(".log-line.selected")).to_contain_text("'lenght' undeclared")
    expect(page.locator(".log-line.selected")).to_be_in_viewport()


def test_triggered_builds_stand_below_their_step_and_have_steps_again(page: Page, site: Site) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/v2/" in request.url else None)
    visit(page, f"/builds/{site.builds['all']}")

    child = page.locator(".sub-build", has_text="docs #")
    expect(child).to_have_count(1)
    page.wait_for_load_state("networkidle")
    asked.clear()
    child.locator("summary").first.click()
    expect(child.locator(".step-name").last).to_have_text("sphinx")
    assert len(asked) == 1
    child.get_by_role("link", name="docs #").click()
    expect(page.locator("main header").first).to_contain_text("Triggered by")
    page.get_by_role("link", name="all #").click()
    expect(page.locator(".sub-build")).to_have_count(1)


def test_running_build_is_live_and_can_be_stopped_with_a_reason(page: Page, site: Site) -> None:
    visit(page, "/builders/slow/builds/1")
    before = page.locator(".excerpt .log-line").last.inner_text()
    expect(page.locator(".excerpt .log-line").last).not_to_have_text(before)

    page.get_by_role("button", name="Stop").click()
    page.get_by_label("Why is it stopped?").fill("wrong branch")
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()

    expect(page.locator("h1")).to_contain_text("cancelled")
    (build,) = site.get(f"builds/{site.builds['slow']}?property=*")["builds"]
    assert "wrong branch" in str(build)
    page.get_by_role("button", name="Build again").click()
    expect(page.get_by_text("The build was asked for again.")).to_be_visible()


def test_a_broken_connection_is_told_and_what_was_missed_is_made_up_for(page: Page, site: Site) -> None:
    visit(page, "/workers")
    row = page.locator("tr", has_text="w2")
    expect(row).to_contain_text("connected")
    page.context.set_offline(True)
    page.evaluate("() => 1")
    site.post("workers/w2", "pause", reason="dusting")

    page.context.set_offline(False)

    expect(row).to_contain_text("paused: dusting")
    row.get_by_role("button", name="Resume").click()
    expect(row).not_to_contain_text("paused")


# -- logs --------------------------------------------------------------------------------------


def test_long_log_is_searched_on_the_server_and_read_in_pieces(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    visit(page, f"/builders/long/builds/1/steps/print/logs/stdio#L{LINES // 2}")

    expect(page.locator(".log-line.selected")).to_contain_text(f"line {LINES // 2 - 9}")
    page.keyboard.press("/")
    page.keyboard.type("needle")
    page.keyboard.press("Enter")
    expect(page.get_by_role("search")).to_contain_text("of 3")
    expect(page.locator(".log-line.current")).to_contain_text("needle")
    page.locator(".log").focus()
    first = page.locator(".log-line.current").inner_text()
    page.keyboard.press("n")
    expect(page.locator(".log-line.current")).not_to_have_text(first)
    page.keyboard.press("End")
    expect(page.locator(".log-line").last).to_contain_text("elapsedTime")
    page.keyboard.press("Home")
    expect(page.locator(".log-line", has_text="line 1").first).to_be_visible()
    lines = [int(found[1]) for url in asked if (found := re.search(r"contents\?.*limit=(\d+)", url))]
    assert sum(lines) < LINES / 4


def test_lines_are_chosen_with_the_mouse(page: Page) -> None:
    visit(page, "/builders/app/builds/2/steps/compile/logs/stdio#L420")
    page.locator(".log-line.selected").wait_for()

    page.locator("[data-n='421']").last.click()
    page.locator("[data-n='424']").last.click(modifiers=["Shift"])

    expect(page.locator(".log-line.selected")).to_have_count(4)
    assert page.url.endswith("#L421-L424")


def test_live_log_follows_its_end_until_the_reader_scrolls(page: Page, site: Site) -> None:
    build = wait_for(lambda: site.get("builders/slow/builds?complete=false")["builds"])[0]
    visit(page, f"/builders/slow/builds/{build['number']}/steps/wait/logs/stdio")
    log = page.locator(".log")
    wait_for(lambda: log.evaluate("e => e.scrollHeight > e.clientHeight + 200"))
    assert log.evaluate("e => e.scrollHeight - e.scrollTop - e.clientHeight") < 60

    log.hover()
    page.mouse.wheel(0, -150)
    page.get_by_role("button", name="below").wait_for()
    before = log.evaluate("e => e.scrollTop")
    page.get_by_text(re.compile(r"[5-9] new lines below")).wait_for()

    assert log.evaluate("e => e.scrollTop") == before
    page.get_by_role("button", name="below").click()
    expect(page.get_by_role("button", name="below")).to_be_hidden()


# -- the keyboard ---------------------------------------------------------------------------------


def test_pages_are_reached_with_the_keyboard(page: Page) -> None:
    visit(page, "/")

    page.keyboard.press("g")
    page.keyboard.press("w")
    expect(page.locator("h1")).to_have_text("Workers")
    page.keyboard.press("Control+k")
    page.keyboard.type("clang")
    page.get_by_role("option", name="app-clang").wait_for()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("app-clang")
    page.keyboard.press("Control+k")
    page.keyboard.type("app 2")
    page.get_by_role("option", name="app #2").wait_for()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("#2")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option").first).to_contain_text("app-clang")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Keyboard")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


# -- nobody is attacked --------------------------------------------------------------------------


def test_hostile_output_stays_text(page: Page, site: Site) -> None:
    for path in (
        "/",
        "/changes",
        "/console",
        "/audit",
        "/builders/hostile",
        "/builders/hostile/builds/1",
        "/builders/hostile/builds/1/steps/links/logs/page",
        "/builders/hostile/builds/1/steps/print/logs/stdio",
    ):
        visit(page, path)
        for summary in page.locator("main summary").all():
            summary.click()
        assert page.evaluate("[typeof window.pwned, document.title.includes('pwned'), frames.length]") == [
            "undefined",
            False,
            0,
        ]
        assert page.locator("main :is(script, iframe, object, style, form[action], base, meta, img)").count() == 0
        hrefs = page.locator("main a").evaluate_all("all => all.map(a => a.protocol)")
        assert set(hrefs) <= {"http:", "https:", "mailto:", ""}
        if path == "/builders/hostile":
            expect(page.locator(".prose").get_by_text("<script>alert(1)</script>").first).to_be_visible()
    page.keyboard.press("w")
    expect(page.get_by_text("<script>alert(1)</script>").first).to_be_visible()
