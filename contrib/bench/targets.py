"""How to create, start and stop a master of each kind, and a worker for it.

To add a system: subclass Target, set the four names, override what differs, and put it
into TARGETS at the end. Scenarios talk to masters only through Target, the REST API, the
/ws event socket and the worker protocol.
"""
import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import procstat
from ports import free_port

EMITLOG = os.path.join(os.path.dirname(os.path.abspath(__file__)), "emitlog.py")
PASSWORD = "bench"


@dataclasses.dataclass
class Spec:
    """What the master.cfg of a scenario holds."""
    builders: int = 10
    workers: int = 20
    workers_per_builder: int = 0          # 0: every worker serves every builder
    max_builds: int | None = 1            # concurrent builds on one worker
    commands: tuple = (("true",),)        # one ShellCommand step each
    db_url: str = "sqlite:///state.sqlite"
    protocol: str = "msgpack"             # or "pb", where the target has it
    graph: tuple[int, int] | None = None  # a job graph of so many levels, each so wide, where the target has it

    def builder_names(self):
        return [f"builder-{i:04d}" for i in range(self.builders)]

    def worker_names(self):
        return [f"worker-{i:04d}" for i in range(self.workers)]


CONFIG = """\
from {plugins} import schedulers, steps, util, worker

WORKERS = {workers!r}
BUILDERS = {builders!r}
COMMANDS = {commands!r}
PER_BUILDER = {per_builder!r}


def workers_of(index):
    n = PER_BUILDER or len(WORKERS)
    return [WORKERS[(index * n + k) % len(WORKERS)] for k in range(n)]


factory = util.BuildFactory([
    steps.ShellCommand(name="step-%d" % i, command=list(argv))
    for i, argv in enumerate(COMMANDS)
])
c = BuildmasterConfig = {{}}
c["title"] = "bench"
c["buildbotURL"] = "http://127.0.0.1:{http_port}/"
c["buildbotNetUsageData"] = None
c["collapseRequests"] = False
c["db"] = {{"db_url": {db_url!r}}}
c["protocols"] = {{{protocol_name!r}: {{"port": {worker_port}}}}}
c["www"] = {{"port": "tcp:{http_port}:interface=127.0.0.1"}}
c["workers"] = [worker.Worker(name, {password!r}, max_builds={max_builds!r}) for name in WORKERS]
c["builders"] = [
    util.BuilderConfig(name=name, workernames=workers_of(i), factory=factory)
    for i, name in enumerate(BUILDERS)
]
c["schedulers"] = [schedulers.ForceScheduler(name="force", builderNames=BUILDERS)]
"""

# each job reads two of the level before, the first level a source
GRAPH = """
LEVELS, WIDTH = {graph!r}
NAMES = [["d%d-%d" % (level, place) for place in range(WIDTH)] for level in range(LEVELS)]
c["orchestration"] = {{
    "datasets": ["raw", *(name for names in NAMES for name in names)],
    "commits": [{{"dataset": "raw"}}],
    "jobspecs": [
        {{
            "outputs": [name],
            "inputs": [NAMES[level - 1][place], NAMES[level - 1][place - 1]] if level and WIDTH > 1
            else [NAMES[level - 1][place]] if level else ["raw"],
            "builder": BUILDERS[(level * WIDTH + place) % len(BUILDERS)],
        }}
        for level, names in enumerate(NAMES)
        for place, name in enumerate(names)
    ],
}}
"""


class Target:
    name = ""
    plugins = ""            # module that master.cfg imports its vocabulary from
    cli = ""                # master command: create-master, start, checkconfig
    worker_cli = ""         # worker command: create-worker, start
    protocols = {"msgpack": "msgpack_experimental_v7"}

    def __init__(self, home, basedir, env=None):
        self.home, self.basedir = home, basedir       # home: the virtual environment
        self.http_port, self.worker_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.http_port}"
        self.ws_worker_url = f"ws://127.0.0.1:{self.worker_port}/"
        self.proc = None
        self.worker_procs = []
        self.env = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
        self.env.update(env or {})
        self.pid = None

    # -- master -----------------------------------------------------------------------
    def create(self, spec):
        self.spec = spec
        if os.path.exists(self.basedir):
            shutil.rmtree(self.basedir)
        self._cli("create-master", "-q", f"--db={spec.db_url}", self.basedir)
        self.write_config(spec)

    def write_config(self, spec):
        self.spec = spec
        text = CONFIG.format(
            plugins=self.plugins, workers=spec.worker_names(), builders=spec.builder_names(),
            commands=[list(c) for c in spec.commands], per_builder=spec.workers_per_builder,
            http_port=self.http_port, worker_port=self.worker_port, db_url=spec.db_url,
            protocol_name=self.protocols[spec.protocol], password=PASSWORD,
            max_builds=spec.max_builds)
        with open(os.path.join(self.basedir, "master.cfg"), "w") as f:
            f.write(text + self.graph_config(spec))

    def graph_config(self, spec):
        """What is added for a job graph; empty without one."""
        if spec.graph:
            raise SystemExit(f"{self.name} has no job graphs")
        return ""

    def _cli(self, *args):
        subprocess.run([f"{self.home}/bin/{self.cli}", *args], check=True, env=self.env,
                       stdout=subprocess.DEVNULL)

    def start(self, timeout=180):
        """Start the master; return the seconds until it serves REST and takes workers."""
        self._log_mark = self._log_size()
        began = time.monotonic()
        with open(os.path.join(self.basedir, "stdout.log"), "ab") as out:
            self.proc = subprocess.Popen(
                [f"{self.home}/bin/{self.cli}", "start", "--nodaemon", "."],
                cwd=self.basedir, env=self.env, stdout=out, stderr=out)
        self.pid = self.proc.pid
        while not (self.serving() and self.running()):
            if self.proc.poll() is not None or time.monotonic() - began > timeout:
                raise RuntimeError(f"master did not start, see {self.basedir}")
            time.sleep(0.01)
        return time.monotonic() - began

    def serving(self):
        try:
            with urllib.request.urlopen(f"{self.url}/api/v2/builders?limit=1", timeout=20) as r:
                return b'"builderid"' in r.read()
        except (OSError, urllib.error.URLError):
            return False

    def running(self):
        """Hook: True once the master itself says that it is up."""
        return True

    def stop(self):
        for p in self.worker_procs + ([self.proc] if self.proc else []):
            if p.poll() is None:
                p.send_signal(signal.SIGTERM)
        for p in self.worker_procs + ([self.proc] if self.proc else []):
            try:
                p.wait(20)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        self.proc, self.worker_procs = None, []

    def kill(self):
        """kill -9"""
        self.proc.kill()
        self.proc.wait()

    def checkconfig(self):
        began = time.monotonic()
        self._cli("checkconfig", self.basedir)
        return time.monotonic() - began

    def reconfig(self, timeout=180):
        """Re-read master.cfg; return the seconds until it is in force."""
        raise NotImplementedError

    def _reload(self, said, timeout):
        """Send SIGHUP; return the seconds until the master's log says `said`."""
        self._log_mark = self._log_size()
        began = time.monotonic()
        os.kill(self.pid, signal.SIGHUP)
        while not self._logged_since_mark(said):
            if time.monotonic() - began > timeout:
                raise RuntimeError("reconfig did not finish")
            time.sleep(0.01)
        return time.monotonic() - began

    def cpu(self):
        return procstat.cpu_seconds(self.pid)

    def rss(self):
        return procstat.rss_mib(self.pid)

    def seed(self, db, **shape):
        """Put finished builds straight into the database (the master is stopped)."""
        raise NotImplementedError

    def versions(self):
        names = ("buildbot", "buildbot-worker", "buildmill", "twisted", "autobahn", "sqlalchemy",
                 "msgpack", "psycopg2-binary", "uvloop")
        code = ("import importlib.metadata as m, sys\n"
                "print('python', sys.version.split()[0])\n"
                f"for n in {names!r}:\n"
                "    try: print(n, m.version(n))\n"
                "    except m.PackageNotFoundError: pass\n")
        out = subprocess.run([f"{self.home}/bin/python", "-c", code], check=True,
                             capture_output=True, text=True).stdout
        return dict(line.split() for line in out.splitlines())

    # -- real workers -----------------------------------------------------------------
    def start_worker(self, name):
        where = os.path.join(self.basedir, "..", f"{os.path.basename(self.basedir)}-{name}")
        shutil.rmtree(where, ignore_errors=True)
        self.create_worker(where, name, "pb" if self.spec.protocol == "pb" else self.protocols[self.spec.protocol])
        return self.run_worker(where)

    def create_worker(self, where, name, protocol):
        subprocess.run(
            [f"{self.home}/bin/{self.worker_cli}", "create-worker", "-q", f"--protocol={protocol}",
             where, f"127.0.0.1:{self.worker_port}", name, PASSWORD],
            check=True, env=self.env, stdout=subprocess.DEVNULL)

    def run_worker(self, where):
        with open(os.path.join(where, "stdout.log"), "ab") as out:
            p = subprocess.Popen([f"{self.home}/bin/{self.worker_cli}", "start", "--nodaemon", "."],
                                 cwd=where, env=self.env, stdout=out, stderr=out)
        self.worker_procs.append(p)
        return p

    # -- the master's own log ---------------------------------------------------------
    log_file = "twistd.log"

    def _log_size(self):
        try:
            return os.path.getsize(os.path.join(self.basedir, self.log_file))
        except OSError:
            return 0

    def own_log_bytes(self):
        """All of what the master has written to its own log, rotated parts included."""
        return sum(os.path.getsize(os.path.join(self.basedir, f))
                   for f in os.listdir(self.basedir) if f.startswith(self.log_file))

    def _logged_since_mark(self, text):
        try:
            with open(os.path.join(self.basedir, self.log_file), "rb") as f:
                f.seek(self._log_mark)
                return text in f.read()
        except OSError:
            return False


class Buildbot(Target):
    name = "buildbot"
    plugins = "buildbot.plugins"
    cli = "buildbot"
    worker_cli = "buildbot-worker"
    protocols = {"msgpack": "msgpack_experimental_v7", "pb": "pb"}

    def running(self):
        return self._logged_since_mark(b"BuildMaster is running")

    def reconfig(self, timeout=180):
        return self._reload(b"configuration update complete", timeout)

    def seed(self, db, **shape):
        import seed_buildbot
        seed_buildbot.seed(db, **shape)


class Buildmill(Target):
    name = "buildmill"
    plugins = "buildmill.plugins"
    cli = "buildmill"
    worker_cli = "buildmill-worker"
    log_file = "master.log"

    def write_config(self, spec):
        # the harness speaks psycopg2, this master psycopg 3
        spec.db_url = spec.db_url.replace("postgresql+psycopg2:", "postgresql+psycopg:")
        super().write_config(spec)

    def graph_config(self, spec):
        return GRAPH.format(graph=spec.graph) if spec.graph else ""

    def running(self):
        return self._logged_since_mark(b"master is running")

    def reconfig(self, timeout=180):
        return self._reload(b"configuration in force", timeout)

    def seed(self, db, **shape):
        import seed_buildmill
        seed_buildmill.seed(db, **shape)


TARGETS = {t.name: t for t in (Buildbot, Buildmill)}


def make(kind, home, basedir, env=None):
    if kind not in TARGETS:
        sys.exit(f"unknown target {kind!r}; known: {', '.join(TARGETS)}")
    return TARGETS[kind](home, basedir, env)
