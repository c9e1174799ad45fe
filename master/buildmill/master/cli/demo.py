"""The command `demo`: a master, a worker and a build of a real repository, all in one go."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from buildmill.common.errors import BuildmillError
from buildmill.master.cli import basedir as base
from buildmill.master.cli.console import Told

if TYPE_CHECKING:
    from rich.console import Console

    from buildmill.client.asynchronous import AsyncClient
    from buildmill.client.resources import Build
    from buildmill.common.results import Result
    from buildmill.master.app import App
    from buildmill.master.cli.demo_watch import View

_PORTS_TRIED = 100


@click.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default="demo",
    show_default=True,
    help="The master's directory; used again by the next demonstration.",
)
@click.option("--port", default=8010, show_default=True, help="Where to serve, or the next free port after it.")
@click.option("--repository", help="What to build instead: a directory or a URL that git takes.")
@click.option("--sample", is_flag=True, help="Build the sample repository even in a checkout.")
@click.option("--exit", "ends", is_flag=True, help="Stop after the build; code 0 if it was successful, else 1.")
@click.option("--timeout", default=600.0, show_default=True, help="Seconds after which the build has failed.")
def demo(folder: Path, port: int, repository: str | None, sample: bool, ends: bool, timeout: float) -> None:
    """Show a build: make a master with a local worker, build this checkout, and serve the result.

    Without a checkout a small sample repository is made and built. Control-C stops.
    """
    from rich.console import Console

    from buildmill.master.cli import demo_project

    console = Console(file=sys.stdout)  # this one: the log takes the standard streams
    folder = folder.absolute()
    with Told():
        from buildmill.master.cli.pid_file import running_pid
        from buildmill.master.cli.process import MasterProcess
        from buildmill.master.db import schema
        from buildmill.master.db.engine import parse_url

        if (pid := running_pid(folder)) is not None:
            raise BuildmillError(f"a demonstration runs in {folder} already, pid {pid}")
        settings = base.MasterSettings()
        base.make(folder, settings, force=True)
        project = demo_project.choose_project(folder, repository, use_checkout=not sample)
        port = _free_port(port)
        demo_project.write_config(folder, project, port)
        schema.upgrade(parse_url(settings.db_url, str(folder)))
        _say(console, f"master: {folder}")
        _say(console, f"builds: {project.repository}")
        show = _Demonstration(console, port, ends=ends, timeout=timeout)
        code = MasterProcess(folder, settings, work=show.run, hangup_stops=True).run()
        if code and not show.result_is_known:
            raise BuildmillError(f"the demonstration broke; see {folder / base.LOG_FILE}")
    sys.exit(code)


def _free_port(first: int) -> int:
    for port in range(first, min(first + _PORTS_TRIED, 65536)):
        with socket.socket() as probe:
            # as the master will: a port on which old connections are dying is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise BuildmillError(f"no free port from {first} on; choose another with --port")


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


class _Demonstration:
    """Asks for the build, shows it, says where to look.

    Attributes:
        result_is_known: the build has ended, whatever its result.
    """

    def __init__(self, console: Console, port: int, *, ends: bool, timeout: float) -> None:
        self._console = console
        self._port = port
        self._ends = ends
        self._timeout = timeout
        self.result_is_known = False

    async def run(self, app: App) -> int | None:
        """The work of the master's process; returns the exit code, or None to serve on."""
        from twisted.internet import reactor
        from twisted.internet.defer import Deferred, TimeoutError

        from buildmill.client.asynchronous import AsyncClient
        from buildmill.common.results import SUCCESS
        from buildmill.master.cli.demo_view import LiveView, PlainView

        clock: Any = reactor
        client = AsyncClient(clock, f"http://127.0.0.1:{self._port}")
        view = LiveView(self._console) if self._console.is_terminal else PlainView(self._console)
        building = Deferred.fromCoroutine(self._build(clock, client, view))
        building.addTimeout(self._timeout, clock)
        try:
            build, result = await building
            self.result_is_known = True
        except TimeoutError:
            _say(self._console, f"the build has not ended within {self._timeout:g} seconds")
            return 1
        finally:
            if isinstance(view, LiveView):
                view.close()
            await client.close()
        self._tell_urls(build.buildid)
        if self._ends:
            return 0 if result is SUCCESS else 1
        _say(self._console, "serving; Control-C stops")
        return None

    async def _build(self, clock: Any, client: AsyncClient, view: View) -> tuple[Build, Result]:
        from twisted.internet.task import deferLater

        from buildmill.client import api
        from buildmill.master.cli.demo_project import SCHEDULER
        from buildmill.master.cli.demo_watch import BuildWatcher

        _, requests = await client.call(api.forceschedulers[SCHEDULER].force(reason="demonstration"))
        (request_id,) = requests.values()
        watcher = BuildWatcher(client, view, sleep=lambda seconds: deferLater(clock, seconds), now=clock.seconds)
        return await watcher.follow(request_id)

    def _tell_urls(self, build_id: int) -> None:
        url = f"http://127.0.0.1:{self._port}"
        for what, path in (
            ("pages", "/"),
            ("all builds", "/api/v2/builds"),
            ("this build", f"/#/builds/{build_id}"),
        ):
            _say(self._console, f"{what + ':':<12}{url}{path}")
