"""Signing in and out, where only those who are known may act, and nobody else may read."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Watched, visit
from tests.browser.everybody import wrong_in_some_colours
from tests.programs import RunningMaster

CONFIG = """\
c["builders"] = [builder(name, steps.ShellCommand(command=["true"]))
                 for name in ("app", *(f"spare-{i:03}" for i in range(150)))]
c["www"]["auth"] = util.UserPasswordAuth({"ada": "ada's password", "bob": "bob's password"})
c["www"]["authz"] = util.Authz(
    allowRules=[util.AnyControlEndpointMatcher(role="admins")],
    roleMatchers=[util.RolesFromUsername(roles=["admins"], usernames=["ada"])])
"""


@pytest.fixture(scope="module")
def guarded(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMaster]:
    master = RunningMaster(tmp_path_factory.mktemp("guarded") / "master", CONFIG)
    try:
        master.start()
        yield master
    finally:
        master.stop()


@pytest.fixture
def address(guarded: RunningMaster) -> str:
    return f"http://127.0.0.1:{guarded.http_port}/"


def sign_in(page: Page, name: str) -> None:
    page.get_by_role("button", name="Sign in").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Password").fill(f"{name}'s password")
    dialog.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()


OFFERED = {
    "/builders/app": ["force"],
    "/workers": ["Pause"],
    "/workers/w1": ["Pause"],
    "/schedulers": ["Disable"],
}
"""What pages offer to who may, by their addresses."""


def test_a_reader_is_offered_nothing_that_would_be_refused(page: Page) -> None:
    visit(page, "/about")
    sign_in(page, "ada")
    for path, names in OFFERED.items():
        visit(page, path)
        for name in names:
            expect(page.locator("main").get_by_role("button", name=name).first).to_be_enabled()
    page.get_by_role("button", name="Sign out").click()
    visit(page, "/workers")
    expect(page.locator("main").get_by_role("button", name="Pause")).to_have_attribute(
        "title", re.compile("Sign in to")
    )
    sign_in(page, "bob")

    for path, names in OFFERED.items():
        visit(page, path)
        for name in names:
            expect(page.locator("main").get_by_role("button", name=name)).to_have_count(0)
        expect(page.locator("main button:disabled")).to_have_count(0)


def test_who_acts_signs_in_first_and_may_then_act_and_make_tokens(page: Page, watched: Watched) -> None:
    watched.refusals = (401,)
    visit(page, "/builders/app")
    page.get_by_role("button", name="force").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Sign in to do that")
    assert wrong_in_some_colours(page) == []
    dialog.get_by_label("Name").fill("ada")
    dialog.get_by_label("Password").fill("wrong")
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog.get_by_role("alert")).to_contain_text("wrong")
    dialog.get_by_label("Password").fill("ada's password")
    dialog.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="ada")).to_be_visible()

    page.get_by_role("button", name="force").click()
    page.get_by_role("dialog").get_by_role("button", name="Start build").click()
    expect(page.locator("h1")).to_contain_text("Request")
    expect(page.get_by_role("main")).to_contain_text("worker w1 is not connected")

    visit(page, "/account")
    page.get_by_label("What it is for").fill("a script")
    page.get_by_role("button", name="Make a token").click()
    expect(page.locator("output.token")).to_contain_text("bmt_")
    assert wrong_in_some_colours(page) == []
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("cell", name="revoked")).to_be_visible()

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in").first).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("You are not signed in.")


def test_a_long_list_is_drawn_as_far_as_somebody_looks(page: Page) -> None:
    visit(page, "/builders")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(25)  # a screen full, so that there is something soon

    for count in (60, 120, 151):
        rows.last.scroll_into_view_if_needed()
        page.mouse.wheel(0, 1_000)
        expect(rows).to_have_count(count)

    page.get_by_role("searchbox").fill("spare-149")
    expect(rows).to_have_count(1)


def test_the_way_back_finds_its_place_in_a_long_list(page: Page) -> None:
    visit(page, "/about")
    page.get_by_role("navigation").get_by_role("link", name="Builders").click()
    rows = page.locator("tbody tr")
    for count in (25, 60, 120):
        expect(rows).to_have_count(count)
        rows.last.scroll_into_view_if_needed()
        page.mouse.wheel(0, 1_000)
    expect(rows).to_have_count(151)
    link = page.get_by_role("link", name="spare-090", exact=True)
    link.scroll_into_view_if_needed()
    link.click()
    expect(page.locator("main h1")).to_have_text("spare-090")

    page.go_back()

    expect(link).to_be_in_viewport()


def test_all_that_waits_on_a_builder_is_cancelled_at_once(page: Page) -> None:
    visit(page, "/about")
    sign_in(page, "ada")
    visit(page, "/builders/app")
    page.get_by_role("button", name="force").click()
    page.get_by_role("dialog").get_by_role("button", name="Start build").click()
    expect(page.locator("h1")).to_contain_text("Request")
    visit(page, "/builders/app")

    page.get_by_role("button", name="Cancel all").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("the machine moves")
    page.get_by_role("dialog").get_by_role("button", name="Cancel all").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("main")).not_to_contain_text("Waiting")
