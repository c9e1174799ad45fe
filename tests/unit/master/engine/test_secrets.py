"""Secrets in builds: used, and nowhere to be found afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from twisted.internet.defer import Deferred

from buildmill.common.errors import ConfigError, Unavailable
from buildmill.common.results import EXCEPTION, SUCCESS
from buildmill.master.db import tables as t
from buildmill.master.domain.interpolate import Interpolate
from buildmill.master.domain.renderables import Secret
from buildmill.master.engine.step import BuildStep
from buildmill.master.engine.worker_config import WorkerConfig
from buildmill.master.steps.properties import SetProperty
from tests.durable import DurableWorker
from tests.harness import Harness, succeed, text
from tests.leftovers import FailureLog
from tests.unit.master.engine.test_builds import Give, Run

SECRET = "hunter2-correct-horse"


class Vault:
    """Knows secrets; its own may be changed."""

    has_providers = True

    def __init__(self) -> None:
        self.values: dict[str, Any] = {"deploy": SECRET}

    async def get(self, name: str, /) -> Any:
        value = self.values.get(name)
        if isinstance(value, Exception):
            raise value
        return None if value is None else SimpleNamespace(value=value)


class House(Harness):
    """A master with secrets, also after a restart."""

    vault: Vault

    def _boot(self) -> None:
        if not hasattr(self, "vault"):
            self.vault = Vault()
        super()._boot()
        self.master.secrets = self.vault

    def everything_stored(self) -> str:
        """Each cell of each table, and each file of the log store."""
        cells = [str(row) for table in t.metadata.tables.values() for row in self.rows(sa.select(table))]
        files = [file.read_bytes().decode("latin-1") for file in self.basedir.rglob("*") if file.is_file()]
        logs = [self.log_text(step, log) for step in self.steps() for log in self.logs_of(step)]
        return "\n".join([*cells, *files, *logs])

    def logs_of(self, step: Any) -> list[str]:
        return [name for (name,) in self.rows(sa.select(t.logs.c.name).where(t.logs.c.step_id == step.stepid))]


@pytest.fixture
def house(tmp_path: Path, schema_url: str) -> Iterator[House]:
    house = House(tmp_path, schema_url)
    yield house
    house.close()


@pytest.fixture
def durable(tmp_path: Path, schema_url: str) -> Iterator[House]:
    house = House(tmp_path, schema_url, new_worker=DurableWorker)
    yield house
    house.close()


class Leak(BuildStep):
    """Tells a secret in every way that there is."""

    name: Any = Interpolate("leak of %(secret:deploy)s")

    async def run(self) -> int:
        secret = await self.render(Secret("deploy"))
        log = await self.addLog("notes")
        log.addStdout(f"it is {secret[:9]}")
        log.addStdout(f"{secret[9:]}, indeed\n")
        await self.addCompleteLog("whole", f"token={secret}\n")
        await self.addURL("link", f"http://x/?token={secret}")
        self.description = f"with {secret}"
        self.descriptionDone = f"done with {secret}"
        self.updateSummary()
        return SUCCESS


def test_a_secret_reaches_the_command_and_nothing_that_is_stored(house: House) -> None:
    house.start(house.builder(Run(command=["login", Secret("deploy")], env={"TOKEN": Secret("deploy")}), Leak()))
    house.worker.scripts["shell"] = succeed(
        text("header", f"login {SECRET}\n"), text("stdout", f"hello {SECRET}\nand {SECRET.encode().hex()}\n")
    )

    house.force()

    assert house.results() == [SUCCESS]
    assert house.worker.started[0].args["command"] == ["login", SECRET]
    assert house.worker.started[0].args["env"]["TOKEN"] == SECRET
    run, leak = house.steps()
    assert run.state_string == "'login <deploy>'"
    assert "ohello <deploy>\noand <deploy>\n" in house.log_text(run)
    assert (leak.name, leak.state_string) == ("leak of <deploy>", "done with <deploy>")
    assert house.log_text(leak, "notes") == "oit is <deploy>, indeed\n"
    assert house.log_text(leak, "whole") == "token=<deploy>\n"
    assert SECRET not in house.everything_stored()
    assert SECRET.encode().hex() not in house.everything_stored()


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "secret 'deploy': none of the configured providers has it"),
        (Unavailable("Vault answers 503"), "secret 'deploy' cannot be fetched: Vault answers 503"),
        ("short", "it has fewer than 6 characters, so it cannot be hidden in logs"),
    ],
)
def test_a_secret_that_cannot_be_had_is_a_clear_error_of_the_step(
    house: House, value: Any, problem: str, logged_failures: FailureLog
) -> None:
    house.vault.values["deploy"] = value
    house.start(house.builder(Run(command=["login", Secret("deploy")])))

    house.force()

    (step,) = house.steps()
    assert (house.results(), step.results) == ([EXCEPTION], EXCEPTION)
    assert problem in house.log_text(step, "err.text")
    assert house.worker.started == []
    logged_failures.flush()


def test_without_providers_the_step_says_what_is_missing(house: House, logged_failures: FailureLog) -> None:
    house.vault.has_providers = False
    house.start(house.builder(Run(command=["login", Interpolate("%(secret:deploy)s")])))

    house.force()

    (step,) = house.steps()
    assert house.log_text(step, "err.text") == (
        "secret 'deploy': no provider of secrets is configured (secretsProviders)\n"
    )
    logged_failures.flush()


def test_a_property_never_holds_a_secret(house: House, logged_failures: FailureLog) -> None:
    steps = [SetProperty(property="token", value=Interpolate("x%(secret:deploy)s")), Give(SUCCESS)]
    house.start(house.builder(*steps))

    house.force()

    assert "property 'token': it would hold the secret 'deploy'" in house.log_text(house.steps()[0], "err.text")
    assert "token" not in house.build_properties()
    assert SECRET not in house.everything_stored()
    logged_failures.flush()


def test_a_builders_property_that_is_a_secret_ends_the_build_with_the_reason(
    house: House, logged_failures: FailureLog
) -> None:
    house.start(house.builder(Give(SUCCESS), properties={"token": Secret("deploy")}))

    house.force()

    assert house.results() == [EXCEPTION]
    assert "property 'token': it would hold the secret 'deploy'" in house.build().state_string
    assert SECRET not in house.everything_stored()
    logged_failures.flush()


@pytest.mark.parametrize("new", [SECRET, "another-one-entirely"], ids=["same value", "value changed meanwhile"])
def test_a_step_that_is_entered_again_fetches_the_secret_again_and_goes_on(durable: House, new: str) -> None:
    durable.start(durable.builder(Run(command=["login", Secret("deploy")])))
    worker = durable.worker
    assert isinstance(worker, DurableWorker)
    durable.force()
    worker.write(worker.command, "o", b"half ")
    durable.crash()
    durable.vault.values["deploy"] = new
    durable.restart()

    worker.write(worker.command, "o", b"whole\n")
    worker.end(worker.command)
    worker.connect()
    durable.turn()

    assert durable.results() == [SUCCESS]
    assert len(worker.spawned) == 1
    assert "ohalf whole\n" in durable.log_text(durable.steps()[0])
    assert not {SECRET, new} & set(durable.everything_stored().split())


def test_the_worker_is_told_what_to_hide_and_a_digest_without_it(durable: House) -> None:
    worker = durable.worker if durable.workers else None
    durable.start(durable.builder(Run(command=["login", Secret("deploy")])))
    worker = durable.worker
    assert isinstance(worker, DurableWorker)
    durable.force()
    first = worker.command.start
    worker.end(worker.command)
    durable.vault.values["deploy"] = "another-one-entirely"
    durable.force()
    second = worker.command.start

    assert (first.mask, second.mask) == ([SECRET], ["another-one-entirely"])
    assert first.args_digest == second.args_digest
    worker.end(worker.command)


def test_a_workers_password_may_be_a_secret(house: House) -> None:
    workers = [WorkerConfig("w1", Secret("deploy"))]
    house.start(house.builder(Give(SUCCESS)), workers=workers)

    assert house.engine.authenticate("w1", SECRET)
    assert not house.engine.authenticate("w1", "secret")
    house.vault.values.clear()
    refused: Deferred[None] = Deferred.fromCoroutine(house.engine.configure(house.config))
    failures: list[Any] = []
    refused.addErrback(failures.append)
    house.turn()
    (failure,) = failures
    assert failure.check(ConfigError) is not None
    assert "worker 'w1': password: secret 'deploy': none of the configured" in failure.getErrorMessage()
