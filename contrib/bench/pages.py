"""How soon web pages can be used on a master with much in it, ours and Buildbot's beside each other.

    python contrib/bench/pages.py --system buildmill=VENV --system buildbot=VENV [--builders 1000] [--builds 200000]

with a Python that has playwright, and Chromium at /usr/bin/chromium or where CHROMIUM says. Each system gets a master with
so many builders and finished builds (see seed_buildmill.py, seed_buildbot.py), 50 workers that are not connected, 20
requests that wait, 40 changes. Headless Chromium visits each page in a tab of its own, which is open and has come to
rest; the browser has the page's scripts in its cache, as after a bookmark. Prints one JSON line for each page and system, and a table at the end:

* usable_ms: from the address to the page's content on the screen, with the browser free for the next click; median, worst
* requests: of the data API
* json_kib: what these have answered, before it was compressed
* elements: in the page then
"""
import argparse
import json
import os
import statistics
import sys
import tempfile
import time

from playwright.sync_api import sync_playwright

import procstat
import seed_buildbot
import targets

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
CHANGES = 40
WORKERS = 50
DEADLINE_MS = 120_000
START_SECONDS = 1800
# the page, what says that ours shows its content, and Buildbot's
PAGES = {
    "front": ("/", ".front .row", "text=/recent builds/ >> visible=true"),
    "builders": ("/builders", ".builders .strip a", "text=builder-0000"),
    "builder": ("/builders/{builder}", "main tbody tr a", "table tbody tr a"),
    "build": ("/builders/{builder}/builds/{number}", ".step .step-name", "text=step-1"),
    "waterfall": ("/waterfall", ".fall-build", "svg rect"),
    "console": ("/console", ".matrix td .mark", "table td a, .bb-console-table-builder"),
}
# looked for in every frame of the page: a locator, which pages known by their text need, looks twice a second only, once
# it has looked for a while
SHOWN = """selector => new Promise((shown, failed) => {
  const end = performance.now() + 60_000;
  const look = () => {
    if (document.querySelector(selector)) shown();
    else if (performance.now() > end) failed(new Error(`no ${selector}`));
    else requestAnimationFrame(look);
  };
  look();
})"""
# with each tab Chromium starts some hundred modules of its own, for the box of addresses; they are not the page's
OPENING_MS = 1500
# the browser has drawn it, and takes the next event
IDLE = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))"
PLUGINS = {
    "buildbot": "c['www']['plugins'] = {'waterfall_view': {}, 'console_view': {}}\n",
    "buildmill": "",
}


def prepare(target, a):
    """Start a master with everything in it."""
    kind = target.name
    target.create(targets.Spec(builders=a.builders, workers=WORKERS, workers_per_builder=2))
    with open(os.path.join(target.basedir, "master.cfg"), "a") as f:
        f.write(PLUGINS[kind])
    target.start(START_SECONDS)
    target.stop()
    began = time.monotonic()
    db = seed_buildbot.Db(sqlite_path=os.path.join(target.basedir, "state.sqlite"))
    target.seed(db, builds=a.builds, changes=CHANGES)
    seeded = time.monotonic() - began
    started = target.start(START_SECONDS)
    print(json.dumps({"system": kind, "seed_s": round(seeded, 1), "start_s": round(started, 1),
                      "rss_mib": round(target.rss(), 1)}), flush=True)


def visit(context, url, shown):
    """One visit in a new tab: milliseconds, requests, bytes, elements."""
    page = context.new_page()
    page.set_default_timeout(DEADLINE_MS)
    page.wait_for_timeout(OPENING_MS)
    answers = []
    page.on("response", lambda answer: answers.append(answer) if "/api/v2/" in answer.url else None)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/api/v2/" in request.url else None)
    began = time.monotonic()
    page.goto(url, wait_until="commit")
    if shown.startswith("text="):
        page.locator(shown).first.wait_for(state="attached")
    else:
        page.evaluate(SHOWN, shown)
    page.evaluate(IDLE)
    took = (time.monotonic() - began) * 1000
    page.wait_for_timeout(300)  # what it asks for behind its content counts, too
    sizes = sum(len(answer.body()) for answer in answers)
    elements = page.evaluate("document.getElementsByTagName('*').length")
    page.close()
    return took, len(asked), sizes, elements


def measure(kind, target, browser, a):
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    rows = {}
    for name, (path, ours, theirs) in PAGES.items():
        if a.only and name not in a.only:
            continue
        url = f"{target.url}/#{path.format(builder=a.builders // 2, number=a.builds // a.builders)}"
        shown = ours if kind == "buildmill" else theirs
        busy = procstat.machine_busy_seconds() - procstat.group_cpu_seconds()
        began = time.monotonic()
        try:
            visit(context, url, shown)  # the browser gets the scripts, the master whatever it keeps
            visits = [visit(context, url, shown) for _ in range(a.repeat)]
        except Exception as error:  # a page that cannot be shown is a result, too; the others are visited
            rows[name] = {"system": kind, "page": name, "problem": str(error).splitlines()[0]}
        else:
            strangers = (procstat.machine_busy_seconds() - procstat.group_cpu_seconds() - busy) / (time.monotonic() - began)
            times, requests, sizes, elements = zip(*visits)
            rows[name] = {
                "system": kind, "page": name, "usable_ms": round(statistics.median(times)), "worst_ms": round(max(times)),
                "requests": max(requests), "json_kib": round(max(sizes) / 1024), "elements": max(elements),
                "stranger_cpus": round(max(0, strangers), 2),
            }
        print(json.dumps(rows[name]), flush=True)
    context.close()
    return rows


def table(found):
    names = list(found)
    lines = ["| page | " + " | ".join(f"{n}: usable, worst, requests, KiB" for n in names) + " |",
             "| --- |" + " --- |" * len(names)]
    for page in PAGES:
        cells = []
        for name in names:
            row = found[name].get(page)
            if row is None or "problem" in row:
                cells.append("-" if row is None else row["problem"][:40])
            else:
                cells.append(f"{row['usable_ms']} ms, {row['worst_ms']} ms, {row['requests']}, {row['json_kib']}")
        lines.append(f"| {page} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--system", action="append", required=True, metavar="KIND=VENV")
    parser.add_argument("--builders", type=int, default=1000)
    parser.add_argument("--builds", type=int, default=200_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--only", action="append", choices=PAGES)
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="in the environment of masters")
    parser.add_argument("--scratch", help="a folder on a real disk, for masters and databases")
    a = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory(dir=a.scratch, prefix="pages-") as folder, sync_playwright() as playwright:
        for system in a.system:
            kind, _, home = system.partition("=")
            env = dict(one.split("=", 1) for one in a.env)
            target = targets.make(kind, os.path.abspath(home), os.path.join(folder, kind), env)
            try:
                prepare(target, a)
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
                found[kind] = measure(kind, target, browser, a)
                browser.close()
            finally:
                target.stop()
    print(table(found))


if __name__ == "__main__":
    sys.exit(main())
