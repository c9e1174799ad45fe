"""A log of 10 million lines in the log viewer: ``python -m contrib.bench.biglog`` from a checkout with built pages.

The log is written through the log store of a stopped master, which is started then. Headless Chromium opens it, goes to
lines all over it, searches it, and scrolls through it. Prints one JSON line with

* first_screen_ms: from the address to the first lines on the screen, in a browser that has the pages already
* line_ms, line_worst_ms: from a link to a line anywhere to that line on the screen, the median and the worst
* hit_ms: from Enter to the first hit, which is in the middle of the log, from the middle; and for one at its very end
* heap_mib, heap_grown_mib: what the page's scripts hold on to at first, and what more after going and scrolling about
* master_grown_mib: what more memory the master has at its peak
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from playwright.sync_api import Page

from tests.browser import big_log
from tests.chromium import chromium
from tests.programs import RunningMaster

MIB = 1024 * 1024
JUMPS = 40
SCROLLS = 200


def timed(what: Callable[[], object]) -> float:
    """Milliseconds that it takes."""
    began = time.perf_counter()
    what()
    return round((time.perf_counter() - began) * 1000, 1)


def first_screen(page: Page) -> float:
    """Open the log from another page, as a click on a link does."""
    page.goto("/#/about")
    page.locator("main h1", has_text="About").wait_for()

    def opened() -> None:
        page.evaluate("path => { location.hash = path; }", big_log.PATH)
        page.locator(".log-line code", has_text="line 00000001").wait_for()

    return timed(opened)


def search(page: Page, what: str, line: int) -> float:
    """Look for something from where the reader is."""
    page.get_by_role("searchbox").fill(what)

    def found() -> None:
        page.keyboard.press("Enter")
        page.locator(".log-line.current", has_text=f"line {line:08d}").wait_for()

    return timed(found)


def measure(page: Page, master: RunningMaster, lines: int) -> dict[str, object]:
    """All of it."""
    page.goto(f"/#{big_log.PATH}")  # the browser keeps the scripts
    big_log.wait_for_lines(page)
    peak = memory = big_log.memory_of(master)
    result: dict[str, object] = {"lines": lines, "first_screen_ms": statistics.median(first_screen(page) for _ in range(5))}
    heap = big_log.heap_of(page)
    jumps = []
    for step in range(JUMPS):
        number = (step * 7_368_787) % lines + 1
        jumps.append(timed(partial(big_log.show_line, page, number)))
        peak = max(peak, big_log.memory_of(master))
    result |= {"line_ms": statistics.median(jumps), "line_worst_ms": max(jumps)}
    big_log.show_line(page, lines // 2 - 10)
    result["hit_ms"] = search(page, big_log.NEEDLE, lines // 2)
    big_log.show_line(page, 1)
    result["hit_at_end_ms"] = search(page, f"line {lines - 1:08d}", lines - 1)
    peak = max(peak, big_log.memory_of(master))
    page.locator(".log").hover()
    for _ in range(SCROLLS):
        page.mouse.wheel(0, -4_000)
    page.wait_for_timeout(500)
    peak = max(peak, big_log.memory_of(master))
    grown = big_log.heap_of(page) - heap
    result |= {"heap_mib": round(heap / MIB, 1), "heap_grown_mib": round(grown / MIB, 1)}
    return result | {"master_grown_mib": round((peak - memory) / MIB, 1), "master_mib": round(memory / MIB, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--scratch", type=Path, help="a folder on a real disk; about a fifth of the log is written there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder, chromium() as browser:
        master = RunningMaster(Path(folder) / "master", big_log.BUILDERS)
        try:
            step = big_log.make_build(master)
            seeding = timed(lambda: big_log.add_log(master, step, options.lines, frozenset({options.lines // 2})))
            master.start()
            page = browser.new_page(base_url=f"http://127.0.0.1:{master.http_port}/", viewport={"width": 1280, "height": 800})
            print(json.dumps({"seeding_s": seeding // 1000, **measure(page, master, options.lines)}), flush=True)
        finally:
            master.stop()


if __name__ == "__main__":
    main()
