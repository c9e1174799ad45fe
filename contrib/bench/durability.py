"""What durable commands cost: the same builds on workers with them and on workers without, in turn, under one master.

    durability.py --home VENV [--rounds 5] [--builds 200] [--megabytes 20 200] [--out FOLDER]

Two workers of each kind are connected all the time; a builder of its own has each kind work. So both see the same
master, database, disk and minute. A round is one measurement of each kind, in changing order. Times of day are at the
machine's mercy; CPU seconds (of master, daemons, shepherds and commands) much less so, and are measured until the
workers have deleted what they keep for the master, which is part of the price.

Prints a table and writes FOLDER/durability.json and FOLDER/durability.md.
"""
import argparse
import asyncio
import json
import os
import shutil
import signal
import statistics
import tempfile
import time

import procstat
import targets
from client import Api

KINDS = ("plain", "durable")
SPOOL_HOLD_SECONDS = 2.0
CONFIG = """\
from buildmill.plugins import schedulers, steps, util, worker

SHORT = [steps.ShellCommand(name="step-%d" % i, command=["sh", "-c", "echo step; echo done"]) for i in range(3)]
c = BuildmasterConfig = {{}}
c["title"] = "bench"
c["buildbotURL"] = "http://127.0.0.1:{http_port}/"
c["buildbotNetUsageData"] = None
c["collapseRequests"] = False
c["db"] = {{"db_url": "sqlite:///state.sqlite"}}
c["durability"] = {{"spool_hold": {spool_hold}}}
c["protocols"] = {{"msgpack_experimental_v7": {{"port": {worker_port}}}}}
c["www"] = {{"port": "tcp:{http_port}:interface=127.0.0.1"}}
c["workers"], c["builders"] = [], []
for kind in ("plain", "durable"):
    names = ["%s-%d" % (kind, i) for i in range({workers})]
    c["workers"] += [worker.Worker(name, {password!r}, max_builds={max_builds}) for name in names]
    c["builders"].append(util.BuilderConfig(name="short-" + kind, workernames=names, factory=util.BuildFactory(SHORT)))
    for size in {megabytes!r}:
        text = "yes 0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz | head -c %d" % (size * 10**6)
        c["builders"].append(util.BuilderConfig(
            name="log-%d-%s" % (size, kind), workernames=names,
            factory=util.BuildFactory([steps.ShellCommand(name="print", command=["sh", "-c", text])])))
c["schedulers"] = [schedulers.ForceScheduler(name="force", builderNames=[b.name for b in c["builders"]])]
"""


class House(targets.Buildmill):
    """One master and workers of both kinds."""

    def __init__(self, home, basedir, env, args):
        super().__init__(home, basedir, env)
        self.args = args
        self.daemons = {kind: [] for kind in KINDS}

    def write_config(self, spec):
        a = self.args
        with open(os.path.join(self.basedir, "master.cfg"), "w") as f:
            f.write(CONFIG.format(http_port=self.http_port, worker_port=self.worker_port, workers=a.workers,
                                  max_builds=a.max_builds, megabytes=a.megabytes, spool_hold=a.spool_hold,
                                  password=targets.PASSWORD))

    def start_workers(self):
        for kind in KINDS:
            for i in range(self.args.workers):
                where = self.worker_dir(f"{kind}-{i}")
                self.create_worker(where, f"{kind}-{i}", self.protocols["msgpack"])
                with open(os.path.join(where, "worker.toml"), "a") as f:
                    f.write(f"durable = {'true' if kind == 'durable' else 'false'}\n")
                self.daemons[kind].append(self.run_worker(where))

    def worker_dir(self, name):
        return os.path.join(self.basedir, "..", name)

    def spools(self):
        """Commands that durable workers still keep."""
        return sum(len(os.listdir(os.path.join(self.worker_dir(f"durable-{i}"), ".bm", "c")))
                   for i in range(self.args.workers))

    def cpu_of(self, kind):
        """CPU seconds of the master, of one kind's daemons, and of all that these have started."""
        daemons = sum(procstat.cpu_seconds(p.pid) for p in self.daemons[kind])
        trees = sum(procstat.tree_cpu_seconds(p.pid) for p in self.daemons[kind])
        return procstat.cpu_seconds(self.pid), daemons, trees - daemons


async def run_builds(house, api, ws, builder, count, kind):
    """`count` builds of a builder: seconds until all are finished; CPU until nothing of them is left."""
    cpu, busy = house.cpu_of(kind), procstat.machine_busy_seconds()
    began = time.monotonic()
    await api.force_many([builder] * count)
    for _ in range(count):
        message = json.loads((await asyncio.wait_for(ws.receive(), 300)).data)
        if message["m"]["results"] != 0:
            raise RuntimeError(f"a build did not succeed: {message['m']['state_string']}")
    wall = time.monotonic() - began
    while house.spools():
        await asyncio.sleep(0.05)
    master, daemons, commands = (after - before for after, before in zip(house.cpu_of(kind), cpu))
    ours = master + daemons + commands
    others = (procstat.machine_busy_seconds() - busy - ours) / (time.monotonic() - began)
    return {"wall_s": wall, "master_cpu_s": master, "daemon_cpu_s": daemons, "command_cpu_s": commands,
            "cpu_s": ours, "other_cpus": others}


async def measure(house, args):
    """[{"what", "kind", "round", figures}]"""
    runs = []
    async with Api(house.url) as api, api.events("builds/*/finished") as ws:
        await api.wait_workers(2 * args.workers)
        ids = {b["name"]: b["builderid"] for b in (await api.get("builders"))["builders"]}
        cases = [("short", args.builds, "builds")] + [(f"log-{size}", 1, size) for size in args.megabytes]
        for case, count, _ in cases:
            for kind in KINDS:      # warms up: imports, zygotes, caches
                await run_builds(house, api, ws, ids[f"{case}-{kind}"], min(count, 20), kind)
        for number in range(args.rounds):
            for case, count, amount in cases:
                for kind in KINDS if number % 2 == 0 else reversed(KINDS):
                    run = await run_builds(house, api, ws, ids[f"{case}-{kind}"], count, kind)
                    run["rate"] = (count if amount == "builds" else amount) / run["wall_s"]
                    runs.append({"what": case, "kind": kind, "round": number, **run})
                    print(json.dumps(runs[-1]), flush=True)
    return runs


def summary(runs):
    """Medians, spreads, and the price of durable, by what was measured and figure."""
    rows = []
    for what in dict.fromkeys(run["what"] for run in runs):
        figures = (("rate", "builds/s" if what == "short" else "MB/s", True), ("cpu_s", "CPU s, all", False),
                   ("master_cpu_s", "CPU s, master", False), ("daemon_cpu_s", "CPU s, workers' daemons", False),
                   ("command_cpu_s", "CPU s, commands and shepherds", False))
        for key, unit, more_is_better in figures:
            values = {kind: [run[key] for run in runs if run["what"] == what and run["kind"] == kind]
                      for kind in KINDS}
            rounds = zip(*values.values())
            # each round's own price: what disturbs the machine for long disturbs both halves of a round
            prices = [(plain / durable if more_is_better else durable / plain) - 1 for plain, durable in rounds]
            rows.append({"what": what, "unit": unit, **{kind: statistics.median(values[kind]) for kind in KINDS},
                         **{f"{kind}_all": values[kind] for kind in KINDS},
                         "price": statistics.median(prices), "price_all": prices})
    return rows


def table(rows):
    lines = ["| what | unit | plain (least to most) | durable (least to most) | price of durable (least to most) |",
             "| --- | --- | ---: | ---: | ---: |"]
    for row in rows:
        cells = [f"{row[kind]:.3g} ({min(row[f'{kind}_all']):.3g} to {max(row[f'{kind}_all']):.3g})" for kind in KINDS]
        price = f"{row['price']:+.0%} ({min(row['price_all']):+.0%} to {max(row['price_all']):+.0%})"
        lines.append(f"| {row['what']} | {row['unit']} | {cells[0]} | {cells[1]} | {price} |")
    return "\n".join(lines)


def main():
    env = os.environ.get
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--home", default=env("BENCH_HOME"), help="virtual environment of the system")
    p.add_argument("--scratch", default=env("BENCH_SCRATCH"), help="folder for master and workers; on a real disk")
    p.add_argument("--out", default=".", help="folder for the results")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--builds", type=int, default=200)
    p.add_argument("--megabytes", type=int, nargs="*", default=[20, 200])
    p.add_argument("--workers", type=int, default=2, help="of each kind")
    p.add_argument("--max-builds", type=int, default=4, help="of each worker")
    p.add_argument("--spool-hold", type=float, default=SPOOL_HOLD_SECONDS, metavar="SECONDS",
                   help="how long output is kept on the worker; the measurement of CPU waits for its end")
    p.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="environment of the programs")
    p.add_argument("--keep", action="store_true", help="keep the folders of master and workers")
    args = p.parse_args()
    if not args.home:
        p.error("--home (or BENCH_HOME) is needed")
    if args.scratch:
        os.makedirs(args.scratch, exist_ok=True)
    scratch = tempfile.mkdtemp(prefix="durability-", dir=args.scratch)
    house = House(args.home, os.path.join(scratch, "master"), dict(pair.split("=", 1) for pair in args.env), args)

    async def scenario():
        task = asyncio.current_task()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await measure(house, args)

    try:
        house.create(targets.Spec())
        house.start()
        house.start_workers()
        runs = asyncio.run(scenario())
    finally:
        house.stop()
        if not args.keep:
            shutil.rmtree(scratch, ignore_errors=True)
    rows = summary(runs)
    text = table(rows)
    os.makedirs(args.out, exist_ok=True)
    with open(os.path.join(args.out, "durability.json"), "w") as f:
        json.dump({"arguments": vars(args), "rows": rows, "runs": runs}, f, indent=1)
    with open(os.path.join(args.out, "durability.md"), "w") as f:
        f.write(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
