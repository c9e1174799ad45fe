"""Building again what failed, and who has stopped what, with a real master and a real worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DEADLINE_MS, visit
from tests.browser.everybody import wrong_in_some_colours
from tests.programs import RunningMaster

CONFIG = """\
c["builders"] = [
    builder("all", steps.Trigger(name="test all", schedulerNames=["linux", "windows"], waitForFinish=True)),
    builder("linux", steps.ShellCommand(name="test", command=["true"])),
    builder("windows", steps.ShellCommand(name="test", command=["test", "!", "-e", {broken!r}])),
    builder("slow", steps.ShellCommand(name="test", command=["sleep", "600"])),
    builder("later", steps.ShellCommand(name="test", command=["true"]), workernames=("w2",)),
]
c["schedulers"] = [schedulers.Triggerable(name=name, builderNames=[name]) for name in ("linux", "windows")]
"""


class RebuildSite(RunningMaster):
    """A builder that triggers two others, of which one fails while a file is there; and one that never ends.

    Attributes:
        broken: the file.
    """

    def __init__(self, folder: Path) -> None:
        self.broken = folder / "broken"
        super().__init__(folder / "master", CONFIG.format(broken=str(self.broken)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}/"

    def builds_of_builder(self, name: str) -> int:
        return len(self.get(f"builders/{name}/builds")["builds"])


@pytest.fixture(scope="module")
def rebuilds(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RebuildSite]:
    master = RebuildSite(tmp_path_factory.mktemp("rebuilds"))
    try:
        master.start()
        master.start_worker("w1")
        yield master
    finally:
        master.stop()


@pytest.fixture
def address(rebuilds: RebuildSite) -> str:
    return rebuilds.url


def test_only_what_failed_is_built_again(page: Page, rebuilds: RebuildSite) -> None:
    rebuilds.broken.touch()
    rebuilds.finished(rebuilds.force("all"))
    rebuilds.broken.unlink()
    visit(page, "/builders/all/builds/1")
    button = page.get_by_role("button", name="Build what failed again")
    expect(button).to_have_attribute("title", "Its own steps run again; 1 triggered build that went well is taken over")
    expect(page.get_by_role("button", name="Build again")).to_be_visible()

    button.click()

    expect(page.locator("h1")).to_contain_text("#2 ", timeout=2 * DEADLINE_MS)
    expect(page.locator("h1")).to_contain_text("success", timeout=2 * DEADLINE_MS)
    head = page.locator(".build-head")
    expect(head).to_contain_text("From the failed part of")
    expect(head.get_by_role("link", name="all #1")).to_be_visible()
    expect(head).not_to_contain_text("Repeats")
    taken = page.locator(".sub-build.taken")
    expect(taken).to_have_count(1)
    expect(taken).to_contain_text("linux #1")
    expect(taken).to_contain_text("taken over from #1")
    expect(page.locator(".sub-build:not(.taken)")).to_contain_text("windows #2")
    expect(page.locator("main")).to_contain_text("triggered linux, windows, 1 success, 1 taken over")
    expect(page.get_by_role("button", name="Build what failed again")).to_have_count(0)
    assert [rebuilds.builds_of_builder(name) for name in ("all", "linux", "windows")] == [2, 1, 2]
    taken.locator("summary").click()
    taken.get_by_role("link", name="linux #1").click()
    expect(page.locator("h1")).to_contain_text("#1")
    expect(page.get_by_role("button", name="Build what failed again")).to_have_count(0)


def test_who_has_stopped_a_build_is_told(page: Page, rebuilds: RebuildSite) -> None:
    build = rebuilds.running_build(rebuilds.force("slow"))
    visit(page, f"/builds/{build}")
    page.get_by_role("button", name="Stop").click()
    page.get_by_label("Why is it stopped?").fill("wrong branch")

    page.get_by_role("dialog").get_by_role("button", name="Stop").click()

    told = page.locator(".telling")
    expect(told).to_contain_text("Stopped by somebody who was not signed in", timeout=2 * DEADLINE_MS)
    expect(told).to_contain_text(": wrong branch")
    expect(told.locator("time")).to_have_count(1)


def test_who_has_cancelled_a_request_is_told(page: Page, rebuilds: RebuildSite) -> None:
    request = rebuilds.force("later")
    rebuilds.post(f"buildrequests/{request}", "cancel", reason="not needed any more")

    visit(page, f"/buildrequests/{request}")

    expect(page.locator(".telling")).to_contain_text("Stopped by somebody who was not signed in")
    expect(page.locator(".telling")).to_contain_text(": not needed any more")


def test_everybody_can_use_them(page: Page, rebuilds: RebuildSite) -> None:
    page.emulate_media(reduced_motion="reduce")
    for path in ("/builders/all/builds/1", "/builders/all/builds/2", "/builders/slow/builds/1"):
        visit(page, path)
        assert wrong_in_some_colours(page) == [], path
        page.set_viewport_size({"width": 360, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        page.set_viewport_size({"width": 1280, "height": 800})
