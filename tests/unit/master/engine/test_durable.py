"""Builds that outlive their master and their worker's connection, on a scripted worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa
from twisted.internet.defer import Deferred

from buildmill.common.protocol import Request
from buildmill.common.protocol import durable as wire
from buildmill.common.results import CANCELLED, EXCEPTION, FAILURE, RETRY, SUCCESS, Result
from buildmill.master.db import soundness
from buildmill.master.db import tables as t
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.durability import Durability
from buildmill.master.domain.lock_values import MasterLock
from buildmill.master.engine.remote_command import RemoteCommand
from buildmill.master.engine.remote_shell import RemoteShellCommand
from buildmill.master.engine.step import BuildStep
from buildmill.master.engine.step_log import LogLineObserver
from buildmill.master.steps.master_command import MasterShellCommand
from tests.durable import DurableWorker, Spooled
from tests.harness import Harness, succeed, text
from tests.leftovers import FailureLog
from tests.unit.master.engine.test_builds import Run

RECLAIM_SECONDS, SPOOL_HOLD = Durability().reclaim, Durability().spool_hold


class House(Harness):
    """A harness whose workers have durable commands."""

    @property
    def worker(self) -> DurableWorker:
        (worker,) = self.workers.values()
        assert isinstance(worker, DurableWorker)
        return worker

    @property
    def command(self) -> Spooled:
        return self.worker.command

    def reconnect(self) -> None:
        self.worker.connect()
        self.turn()


@pytest.fixture
def house(tmp_path: Path, schema_url: str) -> Iterator[House]:
    house = House(tmp_path, schema_url, new_worker=DurableWorker)
    yield house
    house.turn()
    assert house.result(house.database.read(soundness.row_problems, int(house.clock.seconds()))) == []
    house.close()


def stdout(house: Harness, step: Any) -> str:
    return "".join(line[1:] for line in house.log_text(step).splitlines(True) if line[0] == "o")


def say(house: House, *pieces: str) -> None:
    for piece in pieces:
        house.worker.write(house.command, "o", piece.encode())


def test_a_build_goes_on_when_its_worker_comes_back(house: House) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.force()
    say(house, "one\n", "tw")

    house.worker.cut()
    say(house, "o\nthree\n")
    house.clock.advance(100)
    house.reconnect()
    house.worker.end(house.command)

    assert house.results() == [SUCCESS]
    assert len(house.worker.spawned) == 1
    assert stdout(house, house.steps()[0]) == "one\ntwo\nthree\n"


@pytest.mark.parametrize("way", ["crash_and_restart", "stop_and_restart"])
def test_a_build_outlives_its_master_under_the_same_number(house: House, way: str) -> None:
    house.start(house.builder(Run(name="first", command=["a"]), Run(name="second", command=["b"])))
    house.force()
    say(house, "first\n")
    house.worker.end(house.command)
    say(house, "second, line 1\n", "half a ")

    getattr(house, way)()
    assert house.results() == [None]
    say(house, "line\n")
    house.worker.end(house.command)
    house.reconnect()

    assert house.results() == [SUCCESS]
    first, second = house.steps()
    assert (first.name, stdout(house, first)) == ("first", "first\n")
    assert (second.name, stdout(house, second)) == ("second", "second, line 1\nhalf a line\n")
    assert len(house.worker.spawned) == 2
    assert house.build().number == 1


@pytest.mark.parametrize("is_crash", [False, True], ids=["connection lost", "master killed"])
def test_a_command_whose_start_was_lost_is_started_once_under_its_first_uid(house: House, is_crash: bool) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.worker.loses_starts = True
    house.force()
    assert house.worker.spawned == []

    if is_crash:
        house.crash_and_restart()
    house.worker.loses_starts = False
    house.reconnect()
    house.worker.end(house.command)

    assert house.results() == [SUCCESS]
    assert house.rows(sa.select(t.commands.c.uid)) == [(uid,) for uid in house.worker.spawned]


def test_a_build_that_is_stopped_before_its_worker_is_back_after_a_restart_leaves_nothing_open(house: House) -> None:
    lock = MasterLock("database")
    house.start(house.builder(Run(command=["make"], locks=[lock.access("exclusive")])))
    house.force()
    say(house, "half a ")
    house.crash_and_restart()

    house.result(house.updates.requestBuildStop(1, "enough", CANCELLED, "somebody"))
    house.turn()

    assert house.results() == [CANCELLED]
    assert house.rows(sa.select(t.steps.c.id).where(t.steps.c.complete_at.is_(None))) == []
    assert house.rows(sa.select(t.commands.c.uid).where(t.commands.c.state == "assigned")) == []
    assert house.engine.locks.holders(("master", "database")) == ()


def test_a_command_that_is_asked_for_while_the_worker_is_welcomed_is_started(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.start(house.builder(Run(command=["make"])))
    durable = house.engine.workers["w1"].durable
    assert durable is not None
    start = wire.Start(cmd_uid="9.1.1.1.0", fence=0, command_name="shell", args={}, args_digest="")
    handle = house.worker.handle

    def ask(message: Request) -> object:
        if isinstance(message, wire.Welcome):
            durable.run(start, RemoteCommand("shell", {}))
        return handle(message)

    monkeypatch.setattr(house.worker, "handle", ask)
    house.worker.cut()
    house.reconnect()

    assert house.worker.spawned == [start.cmd_uid]


def test_a_log_of_which_half_was_stored_is_completed_and_observers_see_all_of_it(house: House) -> None:
    lines: list[str] = []

    class Watch(LogLineObserver):
        def outLineReceived(self, line: str) -> None:
            lines.append(line)

    class Watched(Run):
        resumable = True

        async def run(self) -> int:
            self.addLogObserver("stdio", Watch())
            return await super().run()

    house.start(house.builder(Watched(command=["make"])))
    house.force()
    say(house, "a\n", "b\n")
    house.clock.advance(1)  # old enough to be committed
    house.turn()
    assert stdout(house, house.steps()[0]) == "a\nb\n"

    lines.clear()
    house.crash_and_restart()
    house.reconnect()
    say(house, "c\n")
    house.worker.end(house.command)

    assert stdout(house, house.steps()[0]) == "a\nb\nc\n"
    assert lines == ["a", "b", "c"]


def test_a_result_that_came_before_the_step_went_on_is_told_again(house: House) -> None:
    house.start(house.builder(Run(command=["make"]), Run(command=["install"])))
    house.force()
    house.worker.loses_data = True
    house.worker.end(house.command, rc=1)
    house.crash_and_restart()
    house.worker.loses_data = False
    house.reconnect()

    assert [step.results for step in house.steps()] == [FAILURE, None]
    assert len(house.worker.spawned) == 2
    house.worker.end(house.command)
    assert house.results() == [FAILURE]


class Effects(BuildStep):
    """A step with one effect of each kind, before its command."""

    resumable = True
    name = "effects"

    async def run(self) -> int:
        log = await self.addLog("notes")
        log.addStdout("noted\n")
        self.setProperty("answer", 42)
        await self.addURL("page", "http://127.0.0.1/")
        await self.addCompleteLog("whole", "all of it\n")
        command = RemoteCommand("shell", {"command": ["work"], "workdir": "/"}, stdioLogName=None)
        await self.runCommand(command)
        log.addStdout(f"rc {command.rc}\n")
        return command.results()


def test_what_a_step_has_done_is_not_done_again(house: House) -> None:
    house.start(house.builder(Effects()))
    house.force()
    house.crash_and_restart()
    house.reconnect()
    house.worker.end(house.command)

    assert house.results() == [SUCCESS]
    (step,) = house.steps()
    assert [bytes(cast("Any", step.urls))] == [b'[{"name":"page","url":"http://127.0.0.1/"}]']
    assert house.log_text(step, "notes") == "onoted\norc 0\n"
    assert house.log_text(step, "whole") == "all of it\n"
    assert house.build_properties()["answer"] == 42
    names = [name for (name,) in house.rows(sa.select(t.logs.c.name).order_by(t.logs.c.id))]
    assert names == ["notes", "whole"]
    assert len(house.worker.spawned) == 1


class Files(BuildStep):
    """A step with a command about files before its command line."""

    resumable = True
    name = "files"

    async def run(self) -> int:
        log = await self.addLog("stdio")
        made = RemoteCommand("mkdir", {"paths": ["/x"]})
        made.useLog(log)
        await self.runCommand(made)
        work = RemoteCommand("shell", {"command": ["work"], "workdir": "/"})
        work.useLog(log)
        await self.runCommand(work)
        return work.results()


def test_a_file_command_that_has_ended_is_answered_from_the_record(house: House) -> None:
    house.start(house.builder(Files()))
    house.worker.scripts["mkdir"] = succeed(text("header", "made /x\n"))
    house.force()
    asked = [c for c in house.worker.started if c.command_name == "mkdir"]
    say(house, "x\n")
    house.crash_and_restart()
    house.reconnect()
    house.worker.end(house.command)

    assert [c for c in house.worker.started if c.command_name == "mkdir"] == asked
    assert house.log_text(house.steps()[0]).count("made /x") == 1
    assert house.results() == [SUCCESS]


def test_a_file_command_that_was_cut_is_done_again(house: House) -> None:
    house.start(house.builder(Files()))
    house.worker.scripts["mkdir"] = lambda _: None
    house.force()
    house.worker.cut()
    house.worker.scripts["mkdir"] = succeed()
    house.reconnect()
    house.worker.end(house.command)

    assert house.results() == [SUCCESS]


class Adds(BuildStep):
    """A step that adds another one."""

    name = "adds"
    resumable = True

    async def run(self) -> int:
        self.build.addStepsAfterCurrentStep([Run(name="added", command=["added"])])
        return SUCCESS


def test_steps_that_were_added_are_there_after_a_restart(house: House) -> None:
    house.start(house.builder(Adds(), Run(name="last", command=["last"])))
    house.force()
    assert [step.name for step in house.steps()] == ["adds", "added"]
    house.crash_and_restart()
    house.reconnect()
    house.worker.end(house.command)
    house.worker.end(house.command)

    assert [step.name for step in house.steps()] == ["adds", "added", "last"]
    assert house.results() == [SUCCESS]


def test_a_program_on_the_master_that_had_ended_is_not_run_again(house: House) -> None:
    house.processes.script = lambda _argv: (0, b"made\n")
    house.start(house.builder(MasterShellCommand(command=["on", "master"]), Run(command=["make"])))
    house.force()
    house.crash_and_restart()
    house.reconnect()
    house.worker.end(house.command)

    assert house.processes.runs == [["on", "master"]]
    assert house.results() == [SUCCESS]


# -- trying anew ----------------------------------------------------------------------------------


def states(house: House) -> list[tuple[Result | None, str]]:
    rows = house.rows(sa.select(t.builds.c.results, t.builds.c.state_string).order_by(t.builds.c.id))
    return [(None if result is None else Result(result), state) for result, state in rows]


@pytest.mark.parametrize("how", ["lost", "expired"])
def test_a_lost_command_is_tried_anew_with_the_reason(house: House, how: str) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.force()
    house.worker.end(house.command, how=how, why="its shepherd died")
    house.worker.end(house.command)

    (first, reason), (second, _) = states(house)
    assert (first, second) == (RETRY, SUCCESS)
    assert reason.startswith(f"retry ({how}: its shepherd died)")


def test_what_is_lost_three_times_ends_with_exception(house: House) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.force()
    for _ in range(3):
        house.worker.end(house.command, how="lost", why="broken")

    assert [result for result, _ in states(house)] == [RETRY, RETRY, EXCEPTION]
    assert "lost 3 times, at last: lost: broken" in states(house)[-1][1]


def test_a_worker_that_stays_away_loses_its_builds_only_after_its_commands_have_ended(house: House) -> None:
    house.start(house.builder(Run(command=["make"]), workernames=["w1", "w2"]))
    house.force()
    (name,) = [name for name, worker in house.workers.items() if isinstance(worker, DurableWorker) and worker.commands]
    away, other = house.workers[name], house.workers[{"w1": "w2", "w2": "w1"}[name]]
    away.cut()
    house.clock.advance(RECLAIM_SECONDS - 1)
    house.turn()
    assert house.results() == [None]
    house.clock.advance(2)
    house.turn()

    assert house.results() == [RETRY, None]
    assert isinstance(other, DurableWorker)
    other.beat()
    other.end(other.command)
    assert house.results() == [RETRY, SUCCESS]


def test_after_a_restart_a_worker_that_does_not_come_back_is_not_waited_for_without_end(house: House) -> None:
    house.start(house.builder(Run(command=["make"]), workernames=["w1", "w2"]))
    house.force()
    house.crash_and_restart()
    house.clock.advance(RECLAIM_SECONDS + 1)
    house.turn()

    assert states(house)[0][0] == RETRY
    assert "was away for 690 s" in states(house)[0][1]


class Users(Run):
    """A step of a user's that has not said that it may be entered again."""

    name = "users"

    async def run(self) -> int:
        return await super().run()


def test_a_step_that_may_not_be_entered_again_is_ended_before_it_is_tried_anew(house: House) -> None:
    house.start(house.builder(Users(command=["make"])))
    house.force()
    (old,) = house.worker.spawned
    house.crash_and_restart()
    house.reconnect()

    assert house.worker.forgotten == [old]
    (first, reason), (second, _) = states(house)
    assert (first, second) == (RETRY, None)
    assert "does not say that it can be entered again" in reason


def test_steps_that_changed_while_the_master_was_down_are_tried_anew(house: House) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.force()
    (old,) = house.worker.spawned
    house.config = house.changed_config(house.builder(Run(command=["make", "more"])))
    house.crash_and_restart()
    house.reconnect()

    assert house.worker.forgotten == [old]
    assert states(house)[0][0] == RETRY
    assert "changed while master was down" in states(house)[0][1]


WISH = {0: "one"}


class Fickle(BuildStep):
    """A step that asks for another thing when it is entered again."""

    resumable = True
    name = "fickle"

    async def run(self) -> int:
        command = RemoteCommand("shell", {"command": [WISH[0]], "workdir": "/"}, stdioLogName=None)
        await self.runCommand(command)
        return command.results()


def test_a_step_that_diverges_is_tried_anew_after_its_command_was_ended(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.start(house.builder(Fickle()))
    house.force()
    (old,) = house.worker.spawned
    monkeypatch.setitem(WISH, 0, "two")
    house.crash_and_restart()
    house.reconnect()

    assert house.worker.forgotten == [old]
    assert states(house)[0][1].startswith(
        "retry (step changed while master was down: call 1 is a command now, with other arguments)"
    )


# -- stopping -------------------------------------------------------------------------------------


def stop(house: House, build_id: int = 1) -> None:
    house.result(house.updates.requestBuildStop(build_id, "enough", int(CANCELLED), "somebody"))
    house.turn()


def test_stop_ends_the_command_and_the_build(house: House) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.force()
    stop(house)

    assert len(house.worker.killed) == 1
    assert house.results() == [CANCELLED]


def test_a_stop_while_the_worker_is_away_is_told_when_it_is_back(house: House) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.force()
    house.worker.cut()
    stop(house)
    house.reconnect()

    assert len(house.worker.killed) == 1
    assert house.results() == [CANCELLED]


def test_stop_always_stops_also_when_the_worker_never_comes_back(house: House) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.force()
    house.worker.cut()
    stop(house)
    for _ in range(10):
        house.clock.advance(20)
        house.turn()
    assert house.results() == [CANCELLED]

    house.reconnect()
    assert len(house.worker.forgotten) == 1


def test_a_stop_is_not_forgotten_by_a_restart(house: House) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.force()
    house.worker.obeys = False
    stop(house)
    house.crash_and_restart()
    house.worker.obeys = True
    house.reconnect()

    assert house.results() == [CANCELLED]
    assert len(house.worker.spawned) == 1


def test_what_comes_while_the_master_stops_is_neither_taken_nor_forgotten(house: House) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.force()
    house.result(house.engine.stop(clean=False))
    say(house, "late\n")

    assert house.worker.forgotten == []
    assert not any(isinstance(answer, dict) and answer.get("forget") for answer in house.worker.answers)

    house.crash_and_restart()
    house.reconnect()
    house.worker.end(house.command)
    assert house.results() == [SUCCESS]
    assert stdout(house, house.steps()[0]) == "late\n"


def test_records_that_make_no_sense_are_not_taken(house: House) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.force()
    command = house.command
    house.worker.write(command, "s", b"no map")
    command.records.pop()
    command.sent = 0
    say(house, "sense\n")
    house.worker.end(command)

    assert stdout(house, house.steps()[0]) == "sense\n"


# -- ownership ------------------------------------------------------------------------------------


def test_what_may_be_forgotten_while_a_worker_is_welcomed_is_told_afterwards(house: House) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.force()
    uid = house.command.start.cmd_uid
    house.worker.end(house.command)
    house.advance(SPOOL_HOLD - 1)

    house.worker.cut()
    house.worker.welcomed = Deferred()
    house.worker.connect()
    house.advance(2)
    assert house.worker.forgotten == []
    house.worker.welcomed.callback(None)
    house.turn()

    assert house.worker.forgotten == [uid]


def test_a_worker_may_forget_what_was_committed_after_a_while(house: House) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.force()
    house.worker.end(house.command)
    assert house.worker.forgotten == []
    house.clock.advance(SPOOL_HOLD)
    house.turn()

    assert house.worker.forgotten == house.worker.spawned


def test_commands_that_nobody_knows_are_ended_at_once(house: House) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.force()
    uid = "999.1.1.1.abc"
    command = house.command
    house.worker.cut()
    house.worker.commands[uid] = Spooled(command.start)
    house.reconnect()

    assert house.worker.forgotten == [uid]
    house.worker.end(command)
    assert house.results() == [SUCCESS]


def test_commands_that_the_database_does_not_know_are_told(house: House) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.force()
    command = house.command
    told: list[tuple[Any, Any]] = []
    house.bus.subscribe(("workers", None, "unknown_command"), lambda key, event: told.append((key, event.message)))
    house.worker.cut()
    house.worker.commands["999.1.1.1.abc"] = Spooled(command.start)
    house.reconnect()
    house.worker.end(command)
    house.crash_and_restart()
    house.reconnect()

    ((key, message),) = told
    assert key[0] == "workers"
    assert (message["cmd_uid"], message["state"]) == ("999.1.1.1.abc", "running")
    assert house.worker.forgotten == ["999.1.1.1.abc", command.start.cmd_uid]


def test_a_worker_that_leaves_keeps_its_command_and_gets_no_new_one_until_it_is_back(house: House) -> None:
    house.start(house.builder(Run(command=["a"]), Run(command=["b"])), house.builder(Run(command=["c"]), name="other"))
    house.force()
    house.worker.leave("an upgrade")
    house.force("other")
    house.worker.end(house.command)
    assert len(house.worker.spawned) == 1

    house.worker.cut()
    house.reconnect()

    assert len(house.worker.spawned) == 3
    for command in list(house.worker.commands.values()):
        if command.is_running:
            house.worker.end(command)
    assert house.results() == [SUCCESS, SUCCESS]


def test_a_master_that_stops_says_so(house: House) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.force()
    command = house.command

    house.stop_and_restart()
    house.reconnect()
    house.worker.end(command)

    assert house.worker.drains == ["the master stops"]
    assert house.results() == [SUCCESS]


def test_words_that_are_too_short_to_be_hidden_are_told_in_the_log(house: House) -> None:
    class Login(Run):
        async def run(self) -> int:
            words = ["login", ("obfuscated", "1234", "XXXX"), ("obfuscated", "long enough", "YYYY")]
            command = RemoteShellCommand("build", words)
            command.useLog(await self.addLog("stdio"))
            await self.runCommand(command)
            return command.results()

    house.start(house.builder(Login(command="login")))
    house.force()
    assert house.command.start.mask == ["long enough"]
    house.worker.end(house.command)

    assert "1 of the obfuscated words are shorter than 6 characters" in house.log_text(house.steps()[0])


def test_records_with_an_old_fence_are_refused(house: House) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.force()
    house.crash_and_restart()
    house.reconnect()
    command = house.command
    assert command.start.fence == 1
    command.start = command.start.__class__(**{**_fields(command.start), "fence": 0})
    say(house, "late\n")

    assert "stale: fence 0, it is 1" in str(house.worker.answers[-1])


def test_records_of_a_build_that_another_master_has_taken_are_not_acknowledged(house: House) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.force()
    command = house.command

    def take_away(tx: Transaction) -> None:
        tx.sql.execute(t.builds.update().values(fence=t.builds.c.fence + 1))

    house.result(house.database.write(take_away))
    say(house, "late\n")

    assert "stale" in str(house.worker.answers[-1])
    assert house.rows(sa.select(t.commands.c.acked).where(t.commands.c.uid == command.start.cmd_uid)) == [(0,)]


def _fields(message: Any) -> dict[str, Any]:
    return {name: getattr(message, name) for name in message.__struct_fields__}


def test_an_earlier_connection_that_is_read_late_is_refused(house: House, logged_failures: FailureLog) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.worker.cut()
    house.worker.session = 0
    house.reconnect()

    assert "a later connection of this worker has been taken" in house.worker.closed[-1][1]


def test_a_directory_made_anew_means_that_its_commands_are_lost(house: House) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.force()
    house.worker.cut()
    house.worker.commands.clear()
    house.worker.install_id, house.worker.session = "another", 0
    house.reconnect()

    assert house.results() == [RETRY, None]
    assert "made anew" in states(house)[0][1]


def test_a_gap_in_the_records_is_filled(house: House) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.force()
    command = house.command
    house.worker.loses_data = True
    say(house, "a\n")
    house.worker.loses_data = False
    command.sent = 1
    say(house, "b\n")
    house.worker.end(command)

    assert stdout(house, house.steps()[0]) == "a\nb\n"


def test_records_that_were_changed_on_the_way_break_the_connection(house: House) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.force()
    command = house.command
    assert house.worker._line is not None
    changed = wire.Data(
        cmd_uid=command.start.cmd_uid,
        fence=0,
        first=1,
        records=[("o", b"b\n", 0)],
        crc32=wire.checksum([("o", b"a", 0)]),
    )
    house.worker._line._peer.call(changed).addErrback(house.worker.answers.append)
    house.turn()
    house.reconnect()
    say(house, "a\n")
    house.worker.end(command)

    assert "wrong checksum" in house.worker.closed[0][1]
    assert stdout(house, house.steps()[0]) == "a\n"


def test_a_worker_without_room_is_asked_again(house: House) -> None:
    house.start(house.builder(Run(command=["make"])))
    house.worker.is_full = True
    house.force()
    assert house.worker.spawned == []
    house.worker.is_full = False
    house.clock.advance(5)
    house.turn()
    house.worker.end(house.command)

    assert house.results() == [SUCCESS]


def test_locks_stay_with_a_build_over_a_restart(house: House) -> None:
    lock = MasterLock("disk")
    taken = lock.access("exclusive")
    house.start(
        house.builder(Run(command=["a"], locks=[taken])),
        house.builder(Run(command=["b"], locks=[taken]), name="b2"),
    )
    house.force("b1")
    house.force("b2")
    assert len(house.worker.spawned) == 1
    house.crash_and_restart()
    house.reconnect()
    assert len(house.worker.spawned) == 1

    house.worker.end(house.command)
    assert len(house.worker.spawned) == 2
    house.worker.end(house.command)
    assert house.results() == [SUCCESS, SUCCESS]


def test_a_master_without_its_lease_grants_nothing(house: House) -> None:
    house.start(house.builder(Run(command=["make"])))
    assert house.worker.welcomes[-1].lease_grant == 600
    house.engine.lease.stop()
    house.clock.advance(16)
    house.worker.cut()
    house.reconnect()

    assert house.worker.welcomes[-1].lease_grant == 0


def test_a_plain_worker_never_hears_of_durable_commands(tmp_path: Path) -> None:
    harness = Harness(tmp_path)
    harness.start(harness.builder(Run(command=["make"])))
    harness.force()

    assert harness.results() == [SUCCESS]
    assert not any(command.command_name.startswith("bm_") for command in harness.worker.started)
    harness.close()
