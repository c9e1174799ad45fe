"""A log of 10 million lines in the log viewer: ``python -m contrib.bench.biglog`` from a checkout with built pages.

The log is written through the log store of a stopped master, which is started then. Headless Chromium opens it, goes to
lines all over it, searches it, and scrolls through it. Prints one JSON line with

* first_screen_ms: from the address to the first lines on the screen, in a browser that has the pages already
* line_ms, line_worst_ms: from a link to a line anywhere to that line on the screen, the median and the worst
* hit_ms: from Enter to the first hit, which is in the middle of the log, from the middle; and for one at its very end
* searches: of each search of the whole log over HTTP: milliseconds until the first hit is answered or there is none, and
  of the master's CPU, medians; how long another request took meanwhile, at most
* heap_mib, heap_grown_mib: what the page's scripts hold on to at first, and what more after going and scrolling about
* master_grown_mib: what more memory the master has at its peak

``--only-searches`` needs neither a browser nor built pages, and tells what searches take.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Page

from tests.browser import big_log
from tests.chromium import chromium
from tests.programs import RunningMaster

MIB = 1024 * 1024
ROUNDS = 5
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
        big_log.see(page, ".log-line code", "line 00000001")

    return timed(opened)


def search(page: Page, what: str, line: int) -> float:
    """Look for something from where the reader is."""
    page.get_by_role("searchbox").fill(what)

    def found() -> None:
        page.keyboard.press("Enter")
        big_log.see(page, ".log-line.current", f"line {line:08d}")

    return timed(found)


def questions(lines: int) -> dict[str, tuple[str, int | None]]:
    """Searches by name: what is asked, and the line, from 0, of the only hit."""
    last = f"{lines - 1:08d}"
    return {
        "near": ("q=line 00000010", 9),
        "far": (f"q=line {last}", lines - 2),
        "none": ("q=no such text", None),
        "regex_far": (rf"q=^line {last}\b&regex=1", lines - 2),
        "regex_of_classes_far": (r"q=[0-9]{7} of the build: needle&regex=1", lines // 2 - 1),
        "regex_none": (r"q=[a-z]+ [0-9]+x&regex=1", None),
        "ignore_case_far": (f"q=LINE {last}&ignore_case=1", lines - 2),
        "ignore_case_none": ("q=NO SUCH TEXT&ignore_case=1", None),
    }


def ask(master: RunningMaster, log: int, question: str, line: int | None) -> dict[str, float]:
    """Milliseconds until the first hit, of the master's CPU, and of the slowest other request meanwhile."""
    quoted = quote(question, safe="=&")
    others: list[float] = []
    is_over = threading.Event()

    def look_elsewhere() -> None:
        # a new question each time, so that no cache answers it
        while not is_over.wait(0.01):
            others.append(timed(partial(master.get, f"builds?limit={len(others) % 1000 + 1}")))

    def found() -> None:
        answer = master.get(f"logs/{log}/search?{quoted}&limit=1")
        assert [hit["line"] for hit in answer["loghits"]] == ([] if line is None else [line])

    elsewhere = threading.Thread(target=look_elsewhere)
    before = big_log.cpu_of(master)
    elsewhere.start()
    try:
        wall = timed(found)
    finally:
        is_over.set()
        elsewhere.join()
    return {"ms": wall, "cpu_ms": (big_log.cpu_of(master) - before) * 1000, "others_ms": max(others, default=0.0)}


def measure_searches(master: RunningMaster, lines: int) -> dict[str, object]:
    """Each question some times."""
    log = master.log_id(1, "print", "big")
    memory = peak = big_log.memory_of(master)
    found: dict[str, object] = {}
    for name, (question, line) in questions(lines).items():
        rounds = [ask(master, log, question, line) for _ in range(ROUNDS)]
        peak = max(peak, big_log.memory_of(master))
        medians = {key: round(statistics.median(one[key] for one in rounds), 1) for key in ("ms", "cpu_ms")}
        found[name] = medians | {"others_worst_ms": max(one["others_ms"] for one in rounds)}
    return {"searches": found, "searches_grown_mib": round((peak - memory) / MIB, 1)}


def measure(page: Page, master: RunningMaster, lines: int) -> dict[str, object]:
    """All of it."""
    page.goto(f"/#{big_log.PATH}")  # the browser keeps the scripts
    big_log.wait_for_lines(page)
    peak = memory = big_log.memory_of(master)
    result: dict[str, object] = {"first_screen_ms": statistics.median(first_screen(page) for _ in range(5))}
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
    parser.add_argument("--only-searches", action="store_true", help="no browser")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=options.scratch))
        master = RunningMaster(Path(folder) / "master", big_log.BUILDERS)
        try:
            step = big_log.make_build(master)
            seeding = timed(lambda: big_log.add_log(master, step, options.lines, frozenset({options.lines // 2})))
            master.start()
            result = {"lines": options.lines, "seeding_s": seeding // 1000, **measure_searches(master, options.lines)}
            if not options.only_searches:
                browser = stack.enter_context(chromium())
                address = f"http://127.0.0.1:{master.http_port}/"
                page = browser.new_page(base_url=address, viewport={"width": 1280, "height": 800})
                result |= measure(page, master, options.lines)
            print(json.dumps(result), flush=True)
        finally:
            master.stop()


if __name__ == "__main__":
    main()
