"""What readers of pages cost the scheduling, with the pages in the engine's process and in one of their own.

    webprocess.py --home VENV [--db sqlite|postgres] [--rounds 4] [--seconds 20] [--rate 100] [--clients 100]

For each of both ways of running: simulated workers do builds of 0.3 s from a long queue; measured is how long a worker
waits from its last command to its next one (the engine finishes a build, decides, starts the next). Rounds without
readers and with `--rate` anonymous requests a second alternate. Then the same builds with no and with `--clients` clients
of `/ws`: CPU of the process that serves them, for each event and client. Prints one JSON line for each way.

With `--crowd`: the memory of the process that serves 1,000 clients of which 200 never read.
"""
import argparse
import asyncio
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request

import aiohttp

import pg
import procstat
import simworker
import targets
from client import Api
from targets import PASSWORD, Spec

PATHS = ("builds?limit=20&order=-buildid", "builders", "buildrequests?complete=false&limit=50", "workers", "builds/1",
         "builds?complete=true&limit=5", "changes?limit=10", "masters")


class Split(targets.Buildmill):
    """A master in one process, or in two."""

    def __init__(self, home, basedir, env, ways):
        super().__init__(home, basedir, env)
        self.ways = ways
        self.web = None

    def write_config(self, spec):
        super().write_config(spec)
        if self.ways == "own":
            with open(os.path.join(self.basedir, "master.cfg"), "a") as f:
                f.write('c["www"]["process"] = "own"\n')

    def start(self, timeout=180):
        if self.ways == "own":
            with open(os.path.join(self.basedir, "stdout.log"), "ab") as out:
                self.web = subprocess.Popen([f"{self.home}/bin/{self.cli}", "web", "run", "-q", "."],
                                            cwd=self.basedir, env=self.env, stdout=out, stderr=out)
        return super().start(timeout)

    @property
    def serving_pid(self):
        return self.pid if self.web is None else self.web.pid

    def stop(self):
        if self.web is not None and self.web.poll() is None:
            self.web.terminate()
            self.web.wait(30)
        super().stop()


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))] if values else None


async def read_pages(url, rate, seconds):
    """So many requests a second, evenly; returns the times of their answers."""
    times, tasks = [], []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        async def one(path):
            began = time.monotonic()
            async with session.get(f"{url}/api/v2/{path}") as answer:
                await answer.read()
            times.append(time.monotonic() - began)

        began = time.monotonic()
        for n in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, began + n / rate - time.monotonic()))
            tasks.append(asyncio.create_task(one(PATHS[n % len(PATHS)])))
        await asyncio.gather(*tasks)
    return times


async def gaps(pool, seconds, meanwhile=None):
    pool.forget_idle()
    if meanwhile is None:
        await asyncio.sleep(seconds)
    else:
        await meanwhile
    return [s for w in pool.workers for s in w.idle_s]


async def rounds_of(a, target, out):
    names = target.spec.worker_names()
    async with Api(target.url) as api, simworker.Pool(target.ws_worker_url, names, PASSWORD) as pool:
        await pool.attached()
        await api.wait_workers(len(names))
        ids = await api.builder_ids()
        await api.force_many([ids[n % len(ids)] for n in range(a.queue)], parallel=8)
        await asyncio.sleep(3)
        arms = {0: [], a.rate: []}
        for number in range(a.rounds):
            for rate in (0, a.rate) if number % 2 == 0 else (a.rate, 0):
                cpu, busy = procstat.cpu_seconds(target.pid), procstat.machine_busy_seconds()
                began = time.monotonic()
                found = await gaps(pool, a.seconds, read_pages(target.url, rate, a.seconds) if rate else None)
                wall = time.monotonic() - began
                arms[rate].append({"n": len(found), "p50": quantile(found, .5), "p99": quantile(found, .99),
                                   "engine_cpu": (procstat.cpu_seconds(target.pid) - cpu) / wall,
                                   "machine_cpu": (procstat.machine_busy_seconds() - busy) / wall})
    for rate, found in arms.items():
        out[f"rate_{rate}"] = {key: round(statistics.median(f[key] for f in found), 5) for key in found[0]}
        out[f"rate_{rate}"]["p99_of_rounds"] = [round(f["p99"], 4) for f in found]


async def listen(url, clients, stop, counts):
    async with contextlib.AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))

        async def one(ready):
            async with session.ws_connect(f"{url}/ws", max_msg_size=0) as ws:
                await ws.send_str(json.dumps({"cmd": "startConsuming", "path": "builds/*/*", "_id": 1}))
                await ws.send_str(json.dumps({"cmd": "startConsuming", "path": "builds/*/steps/*/*", "_id": 2}))
                await ws.receive()
                await ws.receive()
                ready.release()
                async for _ in ws:
                    counts[0] += 1

        ready = asyncio.Semaphore(0)
        tasks = [asyncio.create_task(one(ready)) for _ in range(clients)]
        for _ in tasks:
            await ready.acquire()
        stop[0].set()
        await stop[1].wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def fan_out(a, target, out):
    """CPU of the serving process for the same builds, with and without listeners, in turn."""
    names = target.spec.worker_names()
    cpus = {0: [], a.clients: []}
    deliveries = []
    async with Api(target.url) as api, simworker.Pool(target.ws_worker_url, names, PASSWORD) as pool:
        await pool.attached()
        await api.wait_workers(len(names))
        ids = await api.builder_ids()
        for _ in range(a.rounds):
            for clients in (0, a.clients):
                counts, stop = [0], (asyncio.Event(), asyncio.Event())
                listening = asyncio.create_task(listen(target.url, clients, stop, counts))
                await stop[0].wait()
                began = procstat.cpu_seconds(target.serving_pid)
                await api.force_many([ids[n % len(ids)] for n in range(a.builds)])
                await api.wait_idle(timeout=600, poll=0.5)
                await asyncio.sleep(1)
                cpus[clients].append(procstat.cpu_seconds(target.serving_pid) - began)
                if clients:
                    deliveries.append(counts[0])
                stop[1].set()
                await listening
    extra = statistics.median(cpus[a.clients]) - statistics.median(cpus[0])
    out["deliveries"] = statistics.median(deliveries)
    out["cpu_us_per_event_and_client"] = round(extra / out["deliveries"] * 1e6, 2)


async def crowd(a, target, out):
    """1,000 clients of events, of which 200 never read, while builds run."""
    names = target.spec.worker_names()
    async with Api(target.url) as api, simworker.Pool(target.ws_worker_url, names, PASSWORD) as pool:
        await pool.attached()
        await api.wait_workers(len(names))
        ids = await api.builder_ids()
        out["rss_mib_before"] = round(procstat.rss_mib(target.serving_pid), 1)
        writers = []
        for _ in range(200):
            reader, writer = await asyncio.open_connection("127.0.0.1", target.http_port, limit=4096)
            writer.write(b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            command = json.dumps({"cmd": "startConsuming", "path": "builds/*/*", "_id": 1}).encode()
            writer.write(b"\x81" + bytes([0x80 | len(command)]) + bytes(4) + command)
            writer.transport.pause_reading()
            writers.append(writer)
        counts, stop = [0], (asyncio.Event(), asyncio.Event())
        listening = asyncio.create_task(listen(target.url, 790, stop, counts))
        await stop[0].wait()
        out["rss_mib_connected"] = round(procstat.rss_mib(target.serving_pid), 1)
        most = 0.0
        todo = asyncio.create_task(api.force_many([ids[n % len(ids)] for n in range(a.builds * 5)]))
        while not todo.done() or await api.incomplete():
            most = max(most, procstat.rss_mib(target.serving_pid))
            await asyncio.sleep(0.5)
        await todo
        out["rss_mib_most"], out["crowd_deliveries"] = round(most, 1), counts[0]
        stop[1].set()
        await listening
        for writer in writers:
            writer.transport.abort()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--home", default=os.environ.get("BENCH_HOME"), required="BENCH_HOME" not in os.environ)
    p.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite")
    p.add_argument("--pg-bin", default=os.environ.get("BENCH_PG_BIN"))
    p.add_argument("--scratch", default=os.environ.get("BENCH_SCRATCH"))
    p.add_argument("--ways", nargs="+", default=["engine", "own"])
    p.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    p.add_argument("--rounds", type=int, default=4)
    p.add_argument("--seconds", type=float, default=20)
    p.add_argument("--rate", type=int, default=100)
    p.add_argument("--queue", type=int, default=3000)
    p.add_argument("--clients", type=int, default=100)
    p.add_argument("--builds", type=int, default=100)
    p.add_argument("--crowd", action="store_true")
    a = p.parse_args()
    scratch = tempfile.mkdtemp(prefix="bench-", dir=a.scratch)
    postgres = pg.Postgres(a.pg_bin).start() if a.db == "postgres" else None
    try:
        for number, ways in enumerate(a.ways):
            out = {"process": ways, "db": a.db}
            scenarios = [("crowd", crowd, ("true",))] if a.crowd else [
                ("rounds", rounds_of, ("sleep", "0.3")), ("fanout", fan_out, ("true",))]
            for name, scenario, command in scenarios:
                shape = {"db_url": postgres.create_database(f"bench{number}{name}")} if postgres else {}
                env = dict(pair.split("=", 1) for pair in a.env)
                target = Split(a.home, os.path.join(scratch, f"{ways}-{name}"), env, ways)
                target.create(Spec(builders=4, workers=4, workers_per_builder=1, commands=(command,), **shape))
                try:
                    target.start()
                    asyncio.run(scenario(a, target, out))
                finally:
                    target.stop()
            print(json.dumps(out), flush=True)
    finally:
        if postgres:
            postgres.stop()
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
