"""Buildpacks that are named by a URL, from a server of this machine."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from buildmill.common.staging import Buildpack, Cause, Limits, Phase
from tests.staging_area import StagingArea, zip_of

FILES = {"bin/compile": "#!/bin/sh\ncat $(dirname $0)/../which\n", "bin/release": "#!/bin/sh\necho '{}'\n"}
MIB = 1 << 20
WORDS = "Basic " + base64.b64encode(b"me:p w").decode()


class Server:
    """Serves the files of a directory; `asked` has each path with its authorization."""

    def __init__(self, root: Path) -> None:
        self.asked: list[tuple[str, str | None]] = []
        asked = self.asked

        class Handler(SimpleHTTPRequestHandler):
            def __init__(self, *args: object) -> None:
                super().__init__(*args, directory=str(root))  # type: ignore[arg-type]  # what the server hands on

            def do_GET(self) -> None:
                asked.append((self.path, self.headers["Authorization"]))
                if self.path.startswith("/closed/") and self.headers["Authorization"] != WORDS:
                    self.send_error(401)
                elif self.path == "/moved.zip":
                    self.send_response(302)
                    self.send_header("Location", "/open/a.zip")
                    self.end_headers()
                else:
                    super().do_GET()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def git(*args: str, cwd: Path) -> None:
    names = {f"GIT_{role}_{what}": "x@x" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", *args], cwd=cwd, check=True, env={**os.environ, **names}, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("www")
    for directory in ("open", "closed"):
        (root / directory).mkdir()
        (root / directory / "a.zip").write_bytes(zip_of({**FILES, "which": directory}))
    (root / "open/large.zip").write_bytes(zip_of({"a": os.urandom(3 * MIB)}))
    (root / "open/text.zip").write_bytes(b"hello")
    source = root / "source"
    for branch in ("main", "other"):
        source.mkdir(exist_ok=True)
        for name, text in {**FILES, "which": branch}.items():
            path = source / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            path.chmod(0o755)
        if branch == "main":
            git("init", "-q", "-b", "main", cwd=source)
        else:
            git("checkout", "-q", "-b", "other", cwd=source)
        git("add", ".", cwd=source)
        git("commit", "-q", "-m", branch, cwd=source)
    git("checkout", "-q", "main", cwd=source)
    git("clone", "-q", "--bare", str(source), str(root / "closed/repository.git"), cwd=root)
    git("update-server-info", cwd=root / "closed/repository.git")
    running = Server(root)
    yield running
    running.stop()


def an_area(tmp_path: Path, url: str) -> StagingArea:
    area = StagingArea(root=tmp_path).with_package({"app.txt": ""})
    area.buildpacks = [Buildpack(key=url, shown="shown")]
    return area


@pytest.mark.parametrize(
    ("url", "log"),
    [
        ("http://{host}/open/a.zip", "open"),
        ("http://me:p%20w@{host}/closed/a.zip", "closed"),
        ("http://me:p%20w@{host}/closed/repository.git", "main"),
        ("http://me:p%20w@{host}/closed/repository.git#other", "other"),
    ],
)
def test_buildpack_is_fetched(tmp_path: Path, server: Server, url: str, log: str) -> None:
    area = an_area(tmp_path, url.format(host=server.host))
    prepare = area.run(Phase.PREPARE)
    assert not prepare.outcome.error, prepare.log

    finalize = area.run(Phase.FINALIZE)

    assert finalize.log == log
    assert not any("p%20w" in log or "p w" in log for log in (prepare.log, finalize.log))


def test_password_is_not_told_to_whom_a_server_leads(tmp_path: Path, server: Server) -> None:
    server.asked.clear()

    run = an_area(tmp_path, f"http://me:p%20w@{server.host}/moved.zip").run(Phase.PREPARE)

    assert not run.outcome.error
    assert server.asked == [("/moved.zip", WORDS), ("/open/a.zip", None)]


@pytest.mark.parametrize(
    ("path", "cause", "said"),
    [
        ("none.zip", Cause.DOWNLOAD, "the buildpack 'shown' can't be fetched: the server answered with 404"),
        ("closed/a.zip", Cause.DOWNLOAD, "the server answered with 401"),
        ("open/large.zip", Cause.DISK, "no room on the disk for 'shown'"),
        ("open/text.zip", Cause.MALFORMED, "the buildpack 'shown': it is no zip archive"),
        ("closed/repository.git#none", Cause.DOWNLOAD, "git clone ended with exit code 128"),
    ],
)
def test_buildpack_that_cannot_be_had_fails_the_phase(
    tmp_path: Path, server: Server, path: str, cause: Cause, said: str
) -> None:
    area = an_area(tmp_path, f"http://{server.host}/{path}")
    area.limits = Limits(memory_mb=512, disk_mb=2)

    run = area.run(Phase.PREPARE)

    assert run.outcome.cause is cause, run.log
    assert said in run.outcome.message
    assert not [name for name in os.listdir(tmp_path / "buildpacks") if name.endswith(".zip")]
