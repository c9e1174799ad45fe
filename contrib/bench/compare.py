"""Measure two systems side by side: every line of a suite on one, then on the other.

    compare.py --suite suite-short.txt --system buildbot=VENV --system buildmill=VENV --out FOLDER

Writes FOLDER/results.jsonl (one line per run, appended as they end), FOLDER/table.md and FOLDER/plot.svg.
A suite's line holds the arguments of run.py; after `|` follow arguments for one system only:

    throughput --db sqlite --builds 60 | buildmill --builds 1500
    throughput --db postgres --protocol pb | buildmill skip
"""
import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))

# What of each scenario goes into the table: path in its result, unit, and whether more is better.
FIGURES = {
    "throughput": [("builds_per_s", "builds/s", True), ("master_cpu_ms_per_build", "master CPU ms/build", False)],
    "latency": [("complete_ms_p50", "ms, force to complete, p50", False),
                ("complete_ms_p95", "ms, force to complete, p95", False),
                ("first_step_ms_p50", "ms, force to first command, p50", False)],
    "log": [("build_s", "s, build of a 20 MB log", False), ("master_cpu_s", "s of master CPU, same", False),
            ("raw_read_s", "s, reading it raw", False), ("paged_read_s", "s, reading it in pages", False),
            ("command_to_dev_null_s", "s, bare command", False)],
    "rest": [(f"{name}.rps", f"requests/s, {name}", True) for name in (
        "builds_newest_50", "builder_builds_newest_20", "build", "builders", "pending_requests", "build_steps",
        "log_contents_1000")],
    "scale": [("start_s", "s, start", False), ("checkconfig_s", "s, checkconfig", False),
              ("reconfig_one_more_builder_s", "s, reconfig with one more builder", False),
              ("workers_per_s", "workers attached/s", True), ("rss_mib", "MiB", False)],
    "queue": [("builds_per_s", "builds/s", True), ("submit_requests_per_s", "requests submitted/s", True),
              ("drain_builds_per_s", "builds/s until empty", True)],
    "fanout": [("cpu_us_per_delivery", "µs of master CPU per delivery", False),
               ("with_100.builds_per_s", "builds/s with 100 clients", True)],
    "restart": [("all_complete_s", "s, kill -9 to all complete", False),
                ("commands_started_again", "commands started again", False)],
    "cut": [("complete_s", "s, cut to complete", False)],
}


def read_suite(path, systems):
    """[(shown text, {system: arguments})]"""
    lines = []
    with open(path) as f:
        for line in filter(None, (text.split("#")[0].strip() for text in f)):
            common, *special = line.split("|")
            extra = {}
            for part in special:
                system, *arguments = shlex.split(part)
                extra[system] = arguments
            base = shlex.split(common)
            runs = {s: base + extra.get(s, []) for s in systems if extra.get(s) != ["skip"]}
            lines.append((" ".join(base), runs))
    return lines


def pick(result, path):
    for key in path.split("."):
        result = result.get(key) if isinstance(result, dict) else None
    return result if isinstance(result, (int, float)) else None


def measure(system, home, arguments, options):
    """One run of one scenario; its result, or what went wrong."""
    command = [sys.executable, os.path.join(HERE, "run.py"), *arguments, "--target", system, "--home", home,
               "--scratch", options.scratch, "--pg-bin", options.pg_bin or ""]
    run = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        out, err = run.communicate(timeout=options.timeout)
    except subprocess.TimeoutExpired:
        return {"error": f"no result within {options.timeout} s"}
    finally:
        if run.poll() is None:      # it stops its master, workers and database server
            run.terminate()
            run.wait(60)
    if run.returncode:
        return {"error": (err.strip().splitlines() or ["no output"])[-1]}
    return json.loads(out.strip().splitlines()[-1])


def rows_of(records, systems):
    """(scenario line, unit, [value per system], how many times better the last is than the first)"""
    for line, results in records.items():
        for path, unit, more_is_better in FIGURES[line.split()[0]]:
            values = [pick(results.get(s, {}), path) for s in systems]
            if all(v is None for v in values):
                continue
            ratio = None
            if len(values) > 1 and values[0] and values[-1]:
                ratio = values[-1] / values[0] if more_is_better else values[0] / values[-1]
            yield line, unit, values, ratio


def number(value):
    return "–" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def write_table(path, records, systems):
    with open(path, "w") as f:
        f.write(f"| scenario | figure | {' | '.join(systems)} | times better | others' CPUs |\n")
        f.write("| --- | --- |" + " ---: |" * (len(systems) + 2) + "\n")
        for line, unit, values, ratio in rows_of(records, systems):
            disturbed = max((pick(r, "stranger_cpus") or 0.0 for r in records[line].values()), default=0.0)
            f.write(f"| `{line}` | {unit} | {' | '.join(map(number, values))} | "
                    f"{'–' if ratio is None else number(ratio)} | {disturbed:.2f} |\n")
        for line, results in records.items():
            for system, result in results.items():
                if "error" in result:
                    f.write(f"\n`{line}` on {system}: {result['error']}\n")


def write_plot(path, records, systems):
    """A bar for each figure: how many times better the last system is than the first, on a logarithmic scale."""
    import math
    bars = [(line, unit, ratio) for line, unit, _, ratio in rows_of(records, systems) if ratio]
    left, width, step = 560, 420, 20
    top = max([10.0, *(r for _, _, r in bars)])
    low = min([1.0, *(r for _, _, r in bars)])
    span = math.log10(top / low)

    def x(ratio):
        return left + width * math.log10(ratio / low) / span

    height = step * (len(bars) + 2)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 80}" height="{height}" '
           'font-family="sans-serif" font-size="12">',
           f'<text x="{left}" y="14">{systems[-1]} compared with {systems[0]}: times better</text>']
    for power in range(math.ceil(math.log10(low)), math.floor(math.log10(top)) + 1):
        at = x(10 ** power)
        out.append(f'<path d="M{at:.1f} {step} V{height}" stroke="#ccc"/>'
                   f'<text x="{at:.1f}" y="{height - 2}" fill="#777">{10.0 ** power:g}</text>')
    for i, (line, unit, ratio) in enumerate(bars):
        y, start, end = step * (i + 1), *sorted((x(1), x(ratio)))
        out.append(f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{line}: {unit}</text>'
                   f'<rect x="{start:.1f}" y="{y + 3}" width="{max(1.0, end - start):.1f}" height="{step - 6}" '
                   f'fill="{"#2a7" if ratio >= 1 else "#c43"}"/>'
                   f'<text x="{end + 4:.1f}" y="{y + 14}">{number(ratio)}</text>')
    with open(path, "w") as f:
        f.write("\n".join([*out, "</svg>"]).replace("&", "&amp;") + "\n")


def main():
    env = os.environ.get
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--suite", default=os.path.join(HERE, "suite-short.txt"))
    p.add_argument("--system", action="append", required=True, metavar="NAME=VENV")
    p.add_argument("--scratch", default=env("BENCH_SCRATCH"), required=not env("BENCH_SCRATCH"))
    p.add_argument("--pg-bin", default=env("BENCH_PG_BIN"), help="folder of initdb; without it only SQLite is measured")
    p.add_argument("--out", required=True)
    p.add_argument("--only", default="", help="only lines that contain this text")
    p.add_argument("--timeout", type=int, default=1800, help="seconds for one run")
    p.add_argument("--table-only", action="store_true", help="make the table from the results that are there")
    options = p.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    homes = dict(pair.split("=", 1) for pair in options.system)
    os.makedirs(options.out, exist_ok=True)
    os.makedirs(options.scratch, exist_ok=True)
    results = os.path.join(options.out, "results.jsonl")
    records = {}
    if options.table_only:
        with open(results) as f:
            for line in map(json.loads, f):
                records.setdefault(line["line"], {})[line["system"]] = line["result"]
    else:
        suite = [(line, runs) for line, runs in read_suite(options.suite, homes)
                 if options.only in line and (options.pg_bin or "--db postgres" not in line)]
        with open(results, "w") as f:
            for i, (line, runs) in enumerate(suite, 1):
                for system, arguments in runs.items():
                    print(f"[{i}/{len(suite)}] {system}: {line} ... ", end="", flush=True)
                    began = time.monotonic()
                    result = measure(system, homes[system], arguments, options)
                    records.setdefault(line, {})[system] = result
                    f.write(json.dumps({"line": line, "system": system, "result": result}) + "\n")
                    f.flush()
                    first = FIGURES[line.split()[0]][0]
                    said = result.get("error") or f"{number(pick(result, first[0]))} {first[1]}"
                    print(f"{said} ({time.monotonic() - began:.0f} s)", flush=True)
    systems = list(homes)
    write_table(os.path.join(options.out, "table.md"), records, systems)
    write_plot(os.path.join(options.out, "plot.svg"), records, systems)
    print()
    with open(os.path.join(options.out, "table.md")) as f:
        print(f.read())
    if any("error" in r for found in records.values() for r in found.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
