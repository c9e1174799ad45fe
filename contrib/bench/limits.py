"""What this machine and its networking stack can do at best; prints one JSON line.

    limits.py [--scratch FOLDER] [--seconds 3] [--loops-only]

The event loops are measured in turns, so that other programs on the machine disturb all of them alike; the
server's CPU time per message (..._cpu_us) hardly depends on such programs at all.
"""
import argparse
import json
import multiprocessing
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

import procstat
from ports import free_port


def sqlite_single(folder, synchronous, seconds):
    """One INSERT a transaction on one connection."""
    path = os.path.join(folder, "single.db")
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(path + suffix):
            os.remove(path + suffix)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute(f"PRAGMA synchronous={synchronous}")
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT)")
    n, began = 0, time.monotonic()
    while time.monotonic() - began < seconds:
        db.execute("INSERT INTO t (a, b) VALUES (?, ?)", (n, "some text of a row"))
        n += 1
    return n / (time.monotonic() - began)


def sqlite_batched(folder, rows=500_000, batch=1000):
    path = os.path.join(folder, "batch.db")
    if os.path.exists(path):
        os.remove(path)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT)")
    began = time.monotonic()
    for first in range(0, rows, batch):
        db.execute("BEGIN")
        db.executemany("INSERT INTO t (a, b) VALUES (?, ?)",
                       ((i, "some text of a row") for i in range(first, first + batch)))
        db.execute("COMMIT")
    return rows / (time.monotonic() - began)


def fsyncs(folder, seconds):
    fd = os.open(os.path.join(folder, "fsync"), os.O_CREAT | os.O_WRONLY)
    n, began = 0, time.monotonic()
    while time.monotonic() - began < seconds:
        os.write(fd, b"x" * 4096)
        os.fdatasync(fd)
        n += 1
    os.close(fd)
    return n / (time.monotonic() - began)


def fork_exec(seconds):
    n, began = 0, time.monotonic()
    while time.monotonic() - began < seconds:
        subprocess.run(["/bin/true"])
        n += 1
    return n / (time.monotonic() - began)


def install_reactor(loop):
    if loop == "epoll":
        from twisted.internet import epollreactor
        epollreactor.install()
        return
    import asyncio
    if loop == "uvloop":
        import uvloop
        event_loop = uvloop.new_event_loop()
    else:
        event_loop = asyncio.new_event_loop()
    asyncio.set_event_loop(event_loop)
    from twisted.internet import asyncioreactor
    asyncioreactor.install(event_loop)


def http_server(loop, port):
    install_reactor(loop)
    from twisted.internet import reactor
    from twisted.web import resource, server

    class Hello(resource.Resource):
        isLeaf = True

        def render_GET(self, request):
            request.setHeader(b"content-type", b"application/json")
            return json.dumps({"hello": "world"}).encode()

    reactor.listenTCP(port, server.Site(Hello()), interface="127.0.0.1")
    reactor.run()


def ws_server(loop, port):
    install_reactor(loop)
    from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
    from twisted.internet import reactor

    class Echo(WebSocketServerProtocol):
        def onMessage(self, payload, isBinary):
            self.sendMessage(payload, isBinary)

    factory = WebSocketServerFactory()
    factory.protocol = Echo
    reactor.listenTCP(port, factory, interface="127.0.0.1")
    reactor.run()


def ws_client(loop, port, size, in_flight, seconds, out):
    install_reactor(loop)
    from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
    from twisted.internet import reactor

    class Client(WebSocketClientProtocol):
        def onOpen(self):
            self.n, self.began, self.done = 0, time.monotonic(), False
            for _ in range(in_flight):
                self.sendMessage(b"x" * size, True)

        def onMessage(self, payload, isBinary):
            self.n += 1
            if time.monotonic() - self.began < seconds:
                self.sendMessage(payload, True)
            elif not self.done:
                self.done = True
                out.put(self.n / (time.monotonic() - self.began))
                reactor.stop()

    factory = WebSocketClientFactory()
    factory.protocol = Client
    reactor.connectTCP("127.0.0.1", port, factory)
    reactor.run()


def wait_port(port):
    import socket
    for _ in range(200):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("server did not start")


def measure_ws(spawn, loop, size, in_flight, seconds):
    """Messages a second, and microseconds of the server's CPU for each."""
    port, queue = free_port(), spawn.Queue()
    server = spawn.Process(target=ws_server, args=(loop, port), daemon=True)
    server.start()
    wait_port(port)
    used = procstat.cpu_seconds(server.pid)
    client = spawn.Process(target=ws_client, args=(loop, port, size, in_flight, seconds, queue))
    client.start()
    rate = queue.get(timeout=60)
    used = procstat.cpu_seconds(server.pid) - used
    client.join()
    server.terminate()
    server.join()
    return rate, used / (rate * seconds) * 1e6


def measure_http(spawn, loop, seconds):
    port = free_port()
    server = spawn.Process(target=http_server, args=(loop, port), daemon=True)
    server.start()
    wait_port(port)
    used = procstat.cpu_seconds(server.pid)
    out = subprocess.run(["wrk", "-t1", "-c8", f"-d{seconds}s", f"http://127.0.0.1:{port}/"],
                         capture_output=True, text=True, check=True).stdout
    used = procstat.cpu_seconds(server.pid) - used
    server.terminate()
    server.join()
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
    return rate, used / (rate * seconds) * 1e6


def measure_loops(spawn, seconds, repeat):
    """Medians over `repeat` rounds; each round measures every loop once."""
    kinds = {"http_hello": lambda loop: measure_http(spawn, loop, seconds),
             "ws_echo_1_in_flight": lambda loop: measure_ws(spawn, loop, 100, 1, seconds),
             "ws_echo_64_in_flight": lambda loop: measure_ws(spawn, loop, 100, 64, seconds),
             "ws_echo_50kB_8_in_flight": lambda loop: measure_ws(spawn, loop, 50_000, 8, seconds)}
    out = {}
    for kind, measure in kinds.items():
        rounds = [{loop: measure(loop) for loop in ("epoll", "asyncio", "uvloop")} for _ in range(repeat)]
        for loop in rounds[0]:
            rates, cpu = zip(*(one[loop] for one in rounds))
            out[f"{kind}_per_s_{loop}"] = significant(statistics.median(rates))
            out[f"{kind}_cpu_us_{loop}"] = significant(statistics.median(cpu))
    return out


def significant(value):
    return float(f"{value:.4g}")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--scratch", default=os.environ.get("BENCH_SCRATCH"))
    p.add_argument("--seconds", type=int, default=3)
    p.add_argument("--repeat", type=int, default=3)
    p.add_argument("--loops-only", action="store_true", help="only the event loops")
    a = p.parse_args()
    spawn = multiprocessing.get_context("spawn")

    def med(f, *args):
        return significant(statistics.median(f(*args) for _ in range(a.repeat)))

    out = {"python": sys.version.split()[0]}
    if not a.loops_only:
        with tempfile.TemporaryDirectory(dir=a.scratch) as folder:
            out |= {
                "sqlite": sqlite3.sqlite_version,
                "fdatasync_4k_per_s": med(fsyncs, folder, a.seconds),
                "sqlite_insert_tx_per_s_normal": med(sqlite_single, folder, "NORMAL", a.seconds),
                "sqlite_insert_tx_per_s_full": med(sqlite_single, folder, "FULL", a.seconds),
                "sqlite_batched_rows_per_s": med(sqlite_batched, folder),
                "fork_exec_true_per_s": med(fork_exec, a.seconds),
            }
    out |= measure_loops(spawn, a.seconds, a.repeat)
    print(json.dumps(out))


if __name__ == "__main__":
    main()
