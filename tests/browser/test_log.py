"""Reading a log: sections, times, errors, lists of hits, chosen lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Watched, visit
from tests.browser.everybody import wrong_in_some_colours
from tests.programs import RunningMaster, wait_for

CONFIG = """\
import pathlib, sys
CODE = '''
import time
print("begin")
print("##[group]Fetch the sources")
for i in range(30): print(f"fetched {i}")
print("##[endgroup]")
print("section_start:1:build[collapsed=true]" + chr(13) + chr(27) + "[0K" + chr(27) + "[36mBuild it" + chr(27) + "[0m")
for i in range(3000): print(f"compiled {i}")
print("main.c:3:4: error: no such thing")
for i in range(100): print(f"after {i}")
print("section_end:2:build" + chr(13) + chr(27) + "[0K")
time.sleep(0.3)  # so that the lines behind it have another time
print("lib.c:9:1: error: nor this")
print("end")
'''
program = pathlib.Path(basedir, "make.py")
program.write_text(CODE)
make = steps.ShellCommand(name="make", command=[sys.executable, str(program)], logEnviron=False)
c["builders"] = [builder("app", make)]
"""
PATH = "/builders/app/builds/1/steps/make/logs/stdio"


@pytest.fixture(scope="module")
def master(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMaster]:
    running = RunningMaster(tmp_path_factory.mktemp("log") / "master", CONFIG)
    try:
        running.start()
        running.start_worker("w1")
        running.finished(running.force("app"))
        yield running
    finally:
        running.stop()


@pytest.fixture
def address(master: RunningMaster) -> str:
    return f"http://127.0.0.1:{master.http_port}/"


def line(page: Page, text: str) -> int:
    """The number of a line that is in sight."""
    number = page.locator(".log-line", has_text=text).first.locator("a.number").get_attribute("data-n")
    return int(number or 0)


def test_sections_are_shut_and_opened_and_it_is_remembered(page: Page) -> None:
    visit(page, PATH)
    fetch = page.get_by_role("button", name="Fetch the sources, 31 lines")
    build = page.get_by_role("button", name=re.compile("^Build it, 3,102 lines"))
    expect(build).to_have_attribute("aria-expanded", "false")
    expect(page.locator(".log-line", has_text="Build it")).to_contain_text("… 3,102 lines")
    expect(page.locator(".log-line", has_text="lib.c:9:1")).to_be_visible()
    number = line(page, "lib.c:9:1")

    fetch.click()

    expect(page.locator(".log-line", has_text="fetched 1")).to_have_count(0)
    assert line(page, "lib.c:9:1") == number
    visit(page, PATH)
    expect(fetch).to_have_attribute("aria-expanded", "false")
    page.get_by_role("button", name="Shut all sections").or_(
        page.get_by_role("button", name="Open all sections")
    ).click()
    expect(build).to_have_attribute("aria-expanded", "true")
    page.locator(".log").focus()
    page.keyboard.press("Home")
    page.keyboard.press("]")
    page.keyboard.press("z")
    expect(fetch).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Z")
    expect(build).to_have_attribute("aria-expanded", "false")


def test_a_link_and_a_hit_open_the_section_that_they_are_in(page: Page) -> None:
    visit(page, f"{PATH}#L1500")
    expect(page.locator(".log-line.selected")).to_contain_text("compiled")
    expect(page.locator(".log-line.selected")).to_be_in_viewport()

    page.keyboard.press("Z")
    page.keyboard.press("Z")
    page.get_by_role("searchbox").fill("after 9")
    page.keyboard.press("Enter")
    expect(page.locator(".log-line.current")).to_contain_text("after 9")
    expect(page.locator(".log-line.current")).to_be_in_viewport()
    page.get_by_role("button", name="List", exact=True).click()
    hits = page.get_by_role("region", name="Lines that were found").get_by_role("button")
    expect(hits).to_have_count(11)
    hits.nth(4).click()
    expect(page.locator(".log-line.current")).to_contain_text("after 93")


def test_errors_are_gone_through_one_by_one(page: Page) -> None:
    visit(page, PATH)
    page.get_by_role("button", name="Next error").click()
    expect(page.locator(".log-line.current")).to_contain_text("main.c:3:4: error")
    page.locator(".log").focus()
    page.keyboard.press("e")
    expect(page.locator(".log-line.current")).to_contain_text("lib.c:9:1: error")
    page.keyboard.press("E")
    expect(page.locator(".log-line.current")).to_contain_text("main.c:3:4: error")


def test_times_stand_beside_the_lines(page: Page) -> None:
    visit(page, PATH)
    times = page.locator(".log-line", has_text="lib.c:9:1").locator(".line-time")

    page.get_by_label("Times of lines").select_option("since the start")
    expect(times).to_have_text(re.compile(r"^\+\d+\.\d s$"))
    page.locator(".log").focus()
    page.keyboard.press("t")
    expect(page.get_by_label("Times of lines")).to_have_value("before")
    expect(page.locator(".log-line", has_text="begin").locator(".line-time")).to_have_text(re.compile(r"^\+\d"))
    page.get_by_label("Times of lines").select_option("by the clock")
    expect(times).to_have_text(re.compile(r"^\d\d:\d\d:\d\d\.\d{3}$"))


def test_chosen_lines_are_copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit(page, PATH)
    first = line(page, "begin")
    page.locator(f"[data-n='{first}']").last.click()
    page.locator(f"[data-n='{first + 2}']").last.click(modifiers=["Shift"])

    expect(page.locator(".selection")).to_contain_text(f"L{first}–L{first + 2}")
    page.get_by_role("button", name="Copy the lines").click()
    expect(page.locator(".selection")).to_contain_text("Copied")
    read = "navigator.clipboard.readText()"
    assert page.evaluate(read) == "begin\n##[group]Fetch the sources\nfetched 0\n"
    page.get_by_role("button", name="Copy the link").click()
    wait_for(lambda: page.evaluate(read) == page.url)
    page.get_by_role("button", name="End the selection").click()
    expect(page.locator(".log-line.selected")).to_have_count(0)


def test_what_is_wrong_with_an_expression_is_told_at_the_field(page: Page, watched: Watched) -> None:
    watched.refusals = (400,)
    visit(page, PATH)
    page.get_by_role("search").get_by_role("checkbox").last.check()
    page.get_by_role("searchbox").fill("(")
    page.keyboard.press("Enter")

    expect(page.get_by_role("searchbox")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#log-search-problem")).not_to_be_empty()


def test_everybody_can_use_it(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    visit(page, f"{PATH}#L2-L4")
    expect(page.locator(".fold-button").first).to_be_visible()
    page.get_by_label("Times of lines").select_option("since the start")
    page.get_by_role("searchbox").fill("fetched")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="List", exact=True).click()
    assert wrong_in_some_colours(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
