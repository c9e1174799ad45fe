"""A log of any length in the database of a master that does not run, through the log store; and what it costs."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page

from buildmill.master.data.updates import UpdateContext, Updates
from buildmill.master.logs import LogStore
from tests.database import NOW, Stage
from tests.programs import RunningMaster, wait_for

BUILDER = "big"
BUILDERS = f'c["builders"] = [builder("{BUILDER}", steps.ShellCommand(name="print", command=["true"]))]'
PATH = f"/builders/{BUILDER}/builds/1/steps/print/logs/big"
NEEDLE = "needle"
_PIECE_LINES = 20_000
_SEE = """([selector, text]) => new Promise((seen, failed) => {
  const end = performance.now() + 30_000;
  const look = () => {
    if ([...document.querySelectorAll(selector)].some((one) => one.textContent.includes(text))) seen();
    else if (performance.now() > end) failed(new Error(`no ${selector} with ${text}`));
    else requestAnimationFrame(look);
  };
  look();
})"""


def line_text(number: int, needles: frozenset[int] = frozenset()) -> str:
    """What stands in a line, counted from 1: about 75 characters, each tenth one coloured."""
    what = NEEDLE if number in needles else "cc -O2 -Wall -c module.c -o module.o"
    text = f"line {number:08d} of the build: {what} {number * 7919 % 1_000_003:07d}"
    return f"\x1b[32m{text}\x1b[0m" if number % 10 == 0 else text


def make_build(master: RunningMaster) -> int:
    """Let the master make the build that gets the log, and end; the id of the step."""
    master.start()
    master.start_worker("w1")
    build = master.finished(master.force(BUILDER))
    step = int(master.steps(int(build["buildid"]))["print"]["stepid"])
    master.stop()
    return step


def add_log(master: RunningMaster, step: int, lines: int, needles: frozenset[int] = frozenset()) -> None:
    """Add the log ``big`` with so many lines; some have `NEEDLE`."""
    stage = Stage(f"sqlite:///{master.basedir / 'state.sqlite'}")
    store = LogStore(database=stage.database, directory=master.basedir / "logs", clock=stage.clock, bus=stage.bus)
    log = stage.result(Updates(stage.database, UpdateContext()).addLog(step, "big", "s"))
    writer = store.writer(log)
    for first in range(1, lines + 1, _PIECE_LINES):
        piece = range(first, min(first + _PIECE_LINES, lines + 1))
        writer.write("o", "".join(f"{line_text(number, needles)}\n" for number in piece).encode(), NOW)
        stage.result(writer.drained())
    stage.result(writer.finish())
    stage.result(store.stop())
    stage.close()


def memory_of(master: RunningMaster) -> int:
    """Bytes that the master has in memory."""
    assert master.process is not None
    (line,) = (row for row in _status(master.process.pid) if row.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def cpu_of(master: RunningMaster) -> float:
    """Seconds of CPU that the master has used."""
    assert master.process is not None
    fields = Path(f"/proc/{master.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _status(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/status").read_text().splitlines()


def heap_of(page: Page) -> int:
    """Bytes that a page's scripts hold on to."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return int(used)


def show_line(page: Page, number: int) -> None:
    """Go to a line, as a link to it does, and wait until it is there."""
    page.evaluate("line => { location.hash = location.hash.replace(/#L.*$/, '') + '#L' + line; }", number)
    see(page, ".log-line.selected", f"line {number:08d}")


def see(page: Page, selector: str, text: str) -> None:
    """Wait until an element holds a text, by the page's own frames: a locator looks twice a second only, later on."""
    page.evaluate(_SEE, [selector, text])


def wait_for_lines(page: Page) -> None:
    """Wait until the first screen is there."""
    wait_for(lambda: page.locator(".log-line code", has_text="line ").count() > 0)
