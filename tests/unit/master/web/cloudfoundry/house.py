"""The v3 API in front of a database and a store of bytes, and people with tokens of every role who use it."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from buildmill.master.auth.access import Access
from buildmill.master.data.api import DataAPI
from buildmill.master.data.token_text import digest_of, token_of
from buildmill.master.data.updates import UpdateContext, Updates
from buildmill.master.db import api_tokens
from buildmill.master.domain.rights import Policy
from buildmill.master.domain.staging.configuration import (
    OrganizationConfig,
    SpaceConfig,
    StackConfig,
    StagingConfig,
    StagingLimits,
    StagingRole,
    StaticToken,
)
from buildmill.master.domain.staging.values import StackState
from buildmill.master.logs import LogStore
from buildmill.master.staging.blobs.files import FileBlobStore
from buildmill.master.web.limits import WebLimits
from tests.database import Stage
from tests.scene import CountedBytes
from tests.unit.master.web.conftest import Answer, Connection, Face, at_once

HERE = "http://localhost:8010"
ROLES = tuple(StagingRole)
OTHER_SPACE = "elsewhere"
BOUNDARY = "----a-boundary"


def token(role: str) -> str:
    """The token of somebody with that role; ``foreign`` is a developer of another space."""
    return f"token-of-{role}"


def config_of(**more: Any) -> StagingConfig:
    """What the configuration says, unless a test says otherwise."""
    tokens = [
        StaticToken(
            name=str(role), role=role, digest=hashlib.sha256(token(role).encode()).hexdigest(), email=f"{role}@x.org"
        )
        for role in ROLES
    ]
    foreign = hashlib.sha256(token("foreign").encode()).hexdigest()
    tokens.append(StaticToken(name="eve", role=StagingRole.DEVELOPER, digest=foreign, spaces=(OTHER_SPACE,)))
    said: dict[str, Any] = {
        "is_on": True,
        "stacks": (
            StackConfig(name="linux"),
            StackConfig(name="old", description="Use linux.", state=StackState.DEPRECATED),
            StackConfig(name="gone", state=StackState.DISABLED),
        ),
        "default_stack": "linux",
        "workernames": ("w1",),
        "organizations": (OrganizationConfig(name="org"),),
        "spaces": (
            SpaceConfig(name="dev", organization="org"),
            SpaceConfig(name=OTHER_SPACE, organization="org"),
        ),
        "tokens": tuple(tokens),
        "limits": StagingLimits(package_bytes=500_000, buildpack_bytes=500_000),
        "external_url": HERE,
    }
    return StagingConfig(**{**said, **more})


def _built_pages(place: Path) -> Path:
    """The web pages, as a master has them that was installed."""
    folder = place / "pages"
    (folder / "assets").mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_bytes(b"<html lang='en'><title>Buildmill</title></html>")
    return folder


class House:
    """See the module.

    Attributes:
        space: guid of the space in which most of the tests are.
        disk_is_full: nothing more can be written into the store.
    """

    def __init__(
        self, stage: Stage, folder: Path, config: StagingConfig | None = None, access: Access | None = None
    ) -> None:
        self.stage = stage
        self.folder = folder
        self.context = UpdateContext(CountedBytes())
        self.context.staging = config or config_of()
        self.updates = Updates(stage.database, self.context)
        self._names = 0
        self.disk_is_full = False
        self.blobs = FileBlobStore(folder, in_thread=self._in_thread, new_name=self._new_name)
        stage.result(self.blobs.start())
        self.logs = LogStore(database=stage.database, directory=folder / "logs", clock=stage.clock, bus=stage.bus)
        self.data = DataAPI(
            database=stage.database,
            updates=self.updates,
            bus=stage.bus,
            logs=self.logs,
            random_bytes=CountedBytes(),
            blobs=self.blobs,
        )
        self.data.start()
        self.context.masterid = stage.result(self.updates.findMasterId("here"))
        stage.result(self.updates.publishStaging([]))
        scene: Any = SimpleNamespace(stage=stage, data=self.data)
        self.face = Face(scene, WebLimits(), access or Access(policy=Policy()), pages=_built_pages(folder.parent))
        self._token_count = 0
        self.space = self.ok("GET", "/v3/spaces?names=dev")["resources"][0]["guid"]

    async def _in_thread(self, function: Any, *args: Any) -> Any:
        if self.disk_is_full and "write" in function.__name__:
            raise OSError(errno.ENOSPC, "No space left on device")
        return await at_once(function, *args)

    def _new_name(self) -> str:
        self._names += 1
        return f"part{self._names}"

    def close(self) -> None:
        self.face.close()
        self.stage.result(self.face.server.stop())
        self.stage.result(self.logs.stop())
        self.data.stop()

    def new_token(self, user: str, *scopes: str) -> str:
        """The text of a new API token."""
        self._token_count += 1
        text = token_of(self._token_count.to_bytes(32, "big"))
        who = {"username": user, "email": f"{user}@example.org"}
        self.stage.result(self.stage.database.write(api_tokens.add, digest_of(text), user, who, scopes, 300 * 86_400))
        return text

    # -- asking ------------------------------------------------------------------------------

    def ask(self, method: str, path: str, body: Any = None, /, *, by: str = "developer", **headers: str) -> Answer:
        """Ask; `by` is a role, a token's text behind ``=``, or empty for nobody. `body` may be bytes."""
        if by:
            headers["Authorization"] = f"bearer {by[1:] if by[0] == '=' else token(by)}"
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        if body is not None:
            headers.setdefault("Content_Type", "application/json")
        answer = self.face.request(method, path.removeprefix(HERE), sent, **headers)
        self.stage.turn()
        return answer

    def ok(self, method: str, path: str, body: Any = None, /, **more: str) -> Any:
        """The document of an answer that must be good; None where it has none."""
        answer = self.ask(method, path, body, **more)
        assert answer.status in (200, 201, 202), answer.body
        return answer.json if answer.body else None

    def refused(self, method: str, path: str, body: Any = None, /, **more: str) -> tuple[int, int, str, str]:
        """Status, code, title and detail of a refusal."""
        return refusal(self.ask(method, path, body, **more))

    # -- things ------------------------------------------------------------------------------

    def app(self, name: str = "shop", **more: Any) -> Any:
        """A new app."""
        by = more.pop("by", "developer")
        document = {"name": name, "relationships": {"space": to_one(self.space)}, **more}
        return self.ok("POST", "/v3/apps", document, by=by)

    def package(self, app: Any, **more: Any) -> Any:
        """A new package of bits."""
        return self.ok("POST", "/v3/packages", {"type": "bits", "relationships": {"app": to_one(app["guid"])}, **more})

    def ready_package(self, app: Any, content: bytes = b"hello") -> Any:
        """One with bits."""
        package = self.package(app)
        assert self.upload(package, zip_of(("hello.txt", content))).status == 200
        return self.ok("GET", f"/v3/packages/{package['guid']}")

    def build(self, package: Any, **more: Any) -> Any:
        """A new build."""
        return self.ok("POST", "/v3/builds", {"package": {"guid": package["guid"]}, **more})

    def end(self, build: Any, error: str = "") -> Any:
        """End a build, by a component."""
        said: dict[str, Any] = (
            {"state": "FAILED", "error": error}
            if error
            else {
                "state": "STAGED",
                "lifecycle": {"type": "x", "data": {"image": "registry/image", "processTypes": {"web": "run"}}},
            }
        )
        return self.ok("PATCH", f"/v3/builds/{build['guid']}", said, by="updater")

    def upload(self, thing: Any, bits: bytes, **more: str) -> Answer:
        """Upload the bits of a package or a buildpack, as its link says."""
        return self.send_form(thing["links"]["upload"]["href"], form(("bits", "bits.zip", bits)), **more)

    def send_form(self, path: str, body: bytes, **more: str) -> Answer:
        """Send a form."""
        return self.ask("POST", path, body, Content_Type=f"multipart/form-data; boundary={BOUNDARY}", **more)

    def half_a_request(self, path: str, body: bytes, length: int, by: str = "developer") -> Connection:
        """A connection on which a form has begun to come, of `length` bytes as it says."""
        connection = self.face.connect()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost:8010\r\nAuthorization: bearer {token(by)}\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {length}\r\n\r\n"
        )
        connection.send(head.encode() + body)
        return connection

    def files(self) -> list[str]:
        """Names of all files with bytes in the store."""
        found = (path for path in self.folder.rglob("*") if path.is_file() and self.folder / "logs" not in path.parents)
        return sorted(path.name for path in found if path.name != "lock")


def refusal(answer: Answer) -> tuple[int, int, str, str]:
    """Status, code, title and detail of a refusal."""
    assert answer.headers["content-type"].startswith("application/json"), answer.body
    assert set(answer.json) == {"errors"}
    (error,) = answer.json["errors"]
    assert set(error) == {"detail", "title", "code"}
    return answer.status, error["code"], error["title"], error["detail"]


def to_one(guid: str) -> dict[str, Any]:
    return {"data": {"guid": guid}}


def zip_of(*files: tuple[str, bytes]) -> bytes:
    """An archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files:
            archive.writestr(name, content)
    return file.getvalue()


def form(*fields: tuple[str, str, bytes]) -> bytes:
    """A form of fields: name, name of a file or nothing, content."""
    parts = []
    for name, filename, content in fields:
        file = f'; filename="{filename}"' if filename else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
