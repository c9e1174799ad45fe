"""Pages of job graphs, tests, staging and charts, with a real master and real workers."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DEADLINE_MS, Watched, filled, visit
from tests.browser.graph_site import LONG, NAMES, GraphSite


@pytest.fixture(scope="module")
def graphs(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphSite]:
    with filled(GraphSite(tmp_path_factory.mktemp("graphs"))) as master:
        yield master


@pytest.fixture
def address(graphs: GraphSite) -> str:
    return graphs.url


# -- job graphs ------------------------------------------------------------------------------


def test_a_run_that_has_failed_shows_why_and_leads_to_the_build(page: Page, graphs: GraphSite) -> None:
    visit(page, f"/graph/runs/{graphs.failed}")

    expect(page.locator("h1")).to_contain_text("failed")
    assert "bad" in (page.locator("link[rel=icon]").get_attribute("href") or "")
    expect(page.locator(".dag-box")).to_have_count(5)
    detail = page.get_by_role("region", name="Provenance: packages")
    expect(detail).to_contain_text("Readbinaries")
    expect(page.locator("tr", has_text="release")).to_contain_text("a job that it depends on did not succeed")
    detail.get_by_role("link", name="#1").click()
    expect(page.locator("h1")).to_contain_text("failure")


def test_boxes_are_reached_with_the_keyboard(page: Page, graphs: GraphSite) -> None:
    visit(page, f"/graph/runs/{graphs.failed}")
    page.locator(".dag-box", has_text="libraries").focus()

    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")

    expect(page.get_by_role("region", name="Provenance: binaries")).to_contain_text("sources")
    expect(page.locator(".dag-box[tabindex='0']")).to_have_count(1)
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".dag-box", has_text="libraries")).to_be_focused()


def test_what_is_stale_is_built_and_followed_live(page: Page, graphs: GraphSite) -> None:
    visit(page, "/graph")
    row = page.locator("tbody tr", has=page.get_by_role("link", name="packages", exact=True))
    expect(row).to_contain_text("packages has no version")
    expect(page.locator("tbody tr", has=page.get_by_role("link", name="libraries", exact=True))).to_contain_text(
        "fresh"
    )

    page.get_by_role("button", name="Build what is stale").click()

    expect(page.locator("h1")).to_contain_text("succeeded", timeout=6 * DEADLINE_MS)
    expect(page.get_by_role("main")).to_contain_text("2 of 2 jobs done")
    expect(page.locator("tbody tr", has_text="release")).to_contain_text("#")
    visit(page, "/graph")
    expect(row).to_contain_text("fresh")
    row.get_by_role("link", name=re.compile("ago|now")).click()
    expect(page.get_by_role("region", name="Provenance: packages")).to_contain_text("by this run")
    page.get_by_role("region", name="Provenance: packages").get_by_role("link", name="packages").first.click()
    expect(page.locator("h1")).to_have_text("packages")
    expect(page.locator("section", has_text="Versions")).to_contain_text("committed")


def test_another_branch_is_looked_at_and_built(page: Page, graphs: GraphSite) -> None:
    graphs.post("targets/sources", "commit", branch="next")
    visit(page, "/graph")
    page.get_by_label("Branch").select_option("next")
    row = page.locator("tbody tr", has=page.get_by_role("link", name="manual", exact=True))
    expect(row).to_contain_text("its input sources has changed")

    row.get_by_role("link", name="manual", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("on next")
    page.get_by_role("button", name="Build", exact=True).click()

    expect(page.locator("h1")).to_contain_text("succeeded", timeout=6 * DEADLINE_MS)
    expect(page.get_by_role("main")).to_contain_text("on next, then main")
    expect(page.locator("tbody tr")).to_contain_text("manual")


def test_what_failed_in_a_run_is_built_again(page: Page, graphs: GraphSite) -> None:
    graphs.broken.touch()
    graphs.post("targets/sources", "commit", branch="again")  # a branch that no schedule watches
    target = {"type": "upstream", "targetRids": ["release"]}
    failed = str(graphs.post("graph_builds", "create", target=target, branch="again", fallbacks=["main"]))
    graphs.ended(failed)
    graphs.broken.unlink()
    visit(page, f"/graph/runs/{failed}")
    expect(page.locator("h1")).to_contain_text("failed")

    page.get_by_role("button", name="Build what failed again").click()

    expect(page.locator("h1")).to_contain_text("succeeded", timeout=6 * DEADLINE_MS)
    expect(page.get_by_role("main")).to_contain_text("on again, then main")
    expect(page.get_by_role("main")).to_contain_text("2 of 2 jobs done")
    expect(page.get_by_role("button", name="Build what failed again")).to_have_count(0)


def test_schedules_are_paused_and_run(page: Page, graphs: GraphSite) -> None:
    visit(page, "/graph/schedules")
    row = page.locator("tr", has_text="nightly")
    expect(row).to_contain_text("at 0 2 * * * (UTC) or new version of sources on main")
    row.get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("paused")
    row.get_by_role("button", name="Resume").click()
    expect(row).to_contain_text("active")

    page.get_by_role("link", name="manual by hand").click()
    runs = page.locator("section", has_text="Runs").locator("tbody tr")
    before = runs.count()
    page.get_by_role("button", name="Run now").click()
    expect(runs).to_have_count(before + 1)
    expect(runs.first).to_contain_text("ignored: all was up to date")
    expect(page.locator("section", has_text="Versions")).to_contain_text("present")


def test_a_schedule_is_made_from_the_page_of_its_target(page: Page, graphs: GraphSite, watched: Watched) -> None:
    watched.refusals = (400,)
    visit(page, "/graph/targets/manual")
    page.get_by_role("button", name="Schedule this").click()
    expect(page.locator("h1")).to_have_text("New schedule")
    expect(page.locator(".chip")).to_contain_text(["manual"])
    expect(page.get_by_text("What it would build now")).to_be_visible()
    expect(page.locator("details", has_text="What it would build now")).to_contain_text("docs")
    page.get_by_label("Name", exact=True).fill("manual at night")
    page.get_by_label("Fallbacks", exact=True).fill("next")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Remove next").click()

    page.get_by_role("button", name="Add a time").click()
    expect(page.get_by_label("What to wait for")).to_be_focused()
    page.get_by_label("Cron expression").fill("99 6 * * *")
    expect(page.get_by_label("Cron expression")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("minute: '99' is not understood")).to_be_visible()
    page.get_by_label("Cron expression").fill("0 6 * * MON-FRI")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    expect(page.get_by_text("It is due at 06:00 on Monday to Friday (Europe/Berlin).")).to_be_visible()
    expect(page.locator(".instants li")).to_have_count(5)
    expect(page.locator(".instants li").first).to_contain_text(re.compile(r"06:00\+0[12]:00"))

    page.get_by_role("button", name="Add an event").click()
    page.get_by_role("button", name="Make the schedule").click()
    target = page.get_by_label("Target", exact=True)
    expect(target).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("main")).to_contain_text("a dataset is missing")
    target.select_option("sources")
    target.focus()
    page.keyboard.press("Alt+Shift+ArrowRight")
    expect(page.locator(".trigger-group")).to_have_count(2)
    page.get_by_role("button", name="Make the schedule").click()

    expect(page.locator("h1")).to_have_text("manual at night")
    expect(page.get_by_role("main")).to_contain_text("new version of sources on main")
    (made,) = [one for one in graphs.get("schedules")["schedules"] if one["name"] == "manual at night"]
    assert made["action"]["target"] == {"type": "upstream", "targetRids": [graphs.rid("manual")], "ignoredRids": []}
    event = {"type": "and", "triggers": [graphs.updated("sources")]}
    time = {"type": "time", "cronExpression": "0 6 * * MON-FRI", "timeZone": "Europe/Berlin"}
    assert made["trigger"] == {"type": "or", "triggers": [time, event]}


def test_a_schedule_is_changed_unless_somebody_was_quicker_and_deleted(page: Page, graphs: GraphSite) -> None:
    rid = graphs.add_schedule("weekly", "manual", {"type": "manual"})
    visit(page, f"/graph/schedules/{rid}")
    page.get_by_role("button", name="Edit the schedule").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("weekly")
    page.get_by_label("Build by force").check()
    graphs.post(
        f"schedules/{rid}",
        "replace",
        displayName="theirs",
        trigger={"type": "manual"},
        action={"target": {"type": "manual", "targetRids": [graphs.rid("manual")]}},
    )

    expect(page.get_by_role("alert")).to_contain_text("has changed this schedule since you opened it")
    page.get_by_role("button", name="Begin anew with theirs").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("theirs")
    expect(page.get_by_label("Build by force")).not_to_be_checked()
    page.get_by_label("Retries").fill("2")
    page.get_by_label("Targets", exact=True).fill("packages")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Save").click()

    expect(page.locator("h1")).to_have_text("theirs")
    versions = page.locator("section", has_text="Versions").locator("tbody tr")
    expect(versions).to_have_count(3)
    expect(versions.first).to_contain_text(re.compile("Targets: manual →became manual, packages"))
    expect(versions.first).to_contain_text("Retries: 0 →became 2")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_contain_text("It does not run any more.")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("h1")).to_have_text("Schedules")
    expect(page.get_by_role("main")).not_to_contain_text("theirs")


# -- tests -----------------------------------------------------------------------------------


def test_tests_that_fail_stand_first_and_have_a_history(page: Page) -> None:
    visit(page, "/builders/unit/tests")

    rows = page.locator("section", has_text="Tests that have failed").locator("tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("for 4 builds, since #2")
    expect(rows.nth(1)).to_contain_text(LONG)
    expect(rows.nth(2)).to_contain_text("flaky")
    page.get_by_role("searchbox").fill("clock")
    expect(rows).to_have_count(1)

    rows.first.get_by_role("link", name="test_ticks").click()
    expect(page.locator("h1")).to_have_text(NAMES[0])
    expect(page.get_by_role("main")).to_contain_text("It has both passed and failed with the same sources.")
    expect(page.locator("tbody tr")).to_have_count(5)
    page.locator("tbody tr").nth(1).get_by_role("link", name="#4").click()
    page.get_by_role("link", name="unit tests", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("1 failed")
    page.get_by_text("All results: unit tests").click()
    expect(page.locator("details tbody tr")).to_have_count(len(NAMES))
    expect(page.locator("details tbody tr").first).to_contain_text("test_lines")


# -- staging ---------------------------------------------------------------------------------


def test_an_app_shows_its_stagings_and_droplets(page: Page, graphs: GraphSite) -> None:
    visit(page, "/staging")
    expect(page.locator("section", has_text="Apps").locator("tbody tr").first).to_contain_text("blog")
    expect(page.locator("section", has_text="Newest stagings").locator("tbody tr")).to_have_count(3)

    page.get_by_role("link", name="shop").first.click()

    expect(page.locator("h1")).to_have_text("shop")
    stagings = page.locator("section", has_text="Stagings").locator("tbody tr")
    expect(stagings.nth(0)).to_contain_text("Request")
    expect(stagings.nth(1)).to_contain_text("none of the buildpacks fits")
    expect(stagings.nth(2)).to_contain_text("staged")
    droplet = page.locator("section", has_text="Droplets").locator("tbody tr")
    expect(droplet).to_contain_text("d" * 12)
    expect(droplet).to_contain_text("99 B")
    stagings.nth(0).get_by_role("link").first.click()
    expect(page.locator("h1")).to_contain_text("Request")


# -- charts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "told", "rows"),
    [
        ("/builders/unit", "5 builds: half took", 5),
        ("/workers/w1", "busy for", 24),
        ("/builders", "builds were good in", 20),
    ],
)
def test_charts_are_drawn_and_have_the_same_as_a_table(page: Page, path: str, told: str, rows: int) -> None:
    visit(page, path)
    if path == "/builders":
        page.get_by_text("Success over time", exact=True).click()

    chart = page.locator("figure.chart")
    expect(chart.get_by_role("img")).to_have_attribute("aria-label", re.compile(told))
    expect(chart.locator("canvas")).to_have_count(1)
    drawn = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(b => b)"
    assert chart.locator("canvas").evaluate(drawn)
    chart.get_by_text("As a table").click()
    expect(chart.locator("tbody tr")).to_have_count(rows)
