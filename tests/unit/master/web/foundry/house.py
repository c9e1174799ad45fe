"""The orchestration API in front of job graphs on a stage, and programs with tokens that use it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from buildmill.master.auth.access import Access
from buildmill.master.data.api import DataAPI
from buildmill.master.data.token_text import digest_of, token_of
from buildmill.master.db import api_tokens
from buildmill.master.domain.orchestration import rids
from buildmill.master.domain.orchestration.configuration import OrchestrationConfig
from buildmill.master.domain.rights import Policy
from buildmill.master.orchestration.schedules.runner import ScheduleRunner
from buildmill.master.web.limits import WebLimits
from tests.database import Stage
from tests.scene import CountedBytes
from tests.unit.master.orchestration.graphs import GraphHouse, graph_of, rid, spec
from tests.unit.master.web.conftest import Answer, Face

ANN = rids.of_user("ann")
SEED_GRAPH = (
    spec("clean", "raw"), spec("report", "clean"), spec("extra", "raw"), spec("cyca", "cycb"), spec("cycb", "cyca"),
    spec("featureonly", "raw", branch="feature"),
)  # fmt: skip


class House(GraphHouse):
    """See the module.

    Attributes:
        schedules: runs schedules; `kill_schedules` is a master's death for them.
        tokens: texts by the scopes that they have.
    """

    def __init__(self, stage: Stage, config: OrchestrationConfig | None = None, access: Access | None = None) -> None:
        super().__init__(stage, config or graph_of(*SEED_GRAPH))
        self.data = DataAPI(database=stage.database, updates=self.updates, bus=stage.bus, random_bytes=CountedBytes())
        self.data.start()
        scene: Any = SimpleNamespace(stage=stage, data=self.data)
        self.face = Face(scene, WebLimits(), access or Access(policy=Policy()))
        self._token_count = 0
        self.token = self.new_token("ann", "api:orchestration-read", "api:orchestration-write")
        self.schedules = self._new_schedules()
        self.start_schedules()

    def _new_schedules(self) -> ScheduleRunner:
        counted = CountedBytes()
        return ScheduleRunner(
            database=self.stage.database,
            updates=self.updates,
            bus=self.stage.bus,
            clock=self.stage.clock,
            new_id=lambda: rids.random_rid("", counted),
        )

    def start_schedules(self) -> None:
        """A master begins to look at schedules."""
        self.stage.result(self.schedules.configure(None, None))
        self.stage.result(self.schedules.start())
        self.stage.turn()

    def kill_schedules(self) -> None:
        """The master is gone; another one is still to begin."""
        self.stage.result(self.schedules.stop())
        self.schedules = self._new_schedules()

    def new_token(self, user: str, *scopes: str) -> str:
        """The text of a new token."""
        self._token_count += 1
        text = token_of(self._token_count.to_bytes(32, "big"))
        who = {"username": user, "email": f"{user}@example.org"}
        self.stage.result(self.stage.database.write(api_tokens.add, digest_of(text), user, who, scopes, 300 * 86_400))
        return text

    def ask(self, method: str, path: str, body: Any = None, /, *, token: str | None = "", **headers: str) -> Answer:
        """Ask the orchestration API; `body` may be bytes. With a token of all its scopes, or another one, or None."""
        text = self.token if token == "" else token
        if text is not None:
            headers["Authorization"] = f"Bearer {text}"
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        if body is not None:
            headers.setdefault("Content_Type", "application/json")
        answer = self.face.request(method, f"/api/v2/orchestration/{path}", sent, **headers)
        self.stage.turn()
        return answer

    def ok(self, method: str, path: str, body: Any = None, /, **headers: str) -> Any:
        """The document of an answer that must be good; None where it has none."""
        answer = self.ask(method, path, body, **headers)
        assert answer.status in (200, 204), answer.body
        return answer.json if answer.body else None

    def refused(self, method: str, path: str, body: Any = None, /, **more: Any) -> tuple[int, str, Any]:
        """Status, name and parameters of a refusal."""
        answer = self.ask(method, path, body, **more)
        document = answer.json
        assert set(document) == {"errorCode", "errorName", "errorInstanceId", "errorDescription", "parameters"}
        assert answer.headers["content-type"].startswith("application/json")
        return answer.status, document["errorName"], document["parameters"]

    # -- builds and schedules ----------------------------------------------------------------

    def build(self, *names: str, **more: Any) -> Any:
        """Ask for a build of exactly these."""
        return self.ok("POST", "builds/create", {"target": manual(*names), "fallbackBranches": [], **more})

    def schedule(self, *names: str, trigger: Any = None, **more: Any) -> Any:
        """Make a schedule that builds exactly these."""
        return self.ok("POST", "schedules?preview=true", schedule(*names, trigger=trigger, **more))

    def runs(self, schedule_rid: str) -> list[Any]:
        """Its runs, newest first."""
        found: list[Any] = self.ok("GET", f"schedules/{schedule_rid}/runs")["data"]
        return found

    def end_all(self) -> None:
        """End what the test has left."""
        self.stage.result(self.schedules.stop())
        self.face.close()
        self.data.stop()
        self.close()


def manual(*names: str) -> dict[str, Any]:
    """A target."""
    return {"type": "manual", "targetRids": [rid(name) for name in names]}


def schedule(*names: str, trigger: Any = None, **more: Any) -> dict[str, Any]:
    """A request for a schedule."""
    return {"action": {"target": manual(*names)}, "trigger": trigger or {"type": "manual"}, **more}


def updated(name: str, branch: str = "master") -> dict[str, Any]:
    """A trigger."""
    return {"type": "datasetUpdated", "datasetRid": rid(name), "branchName": branch}
