"""`shell` with real processes: one test per promise."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred

from buildmill.common.errors import InvalidInput
from tests.integration.worker.harness import Bench
from tests.support import async_test

ALL_BYTES = "import sys; sys.stdout.buffer.write(bytes(range(256)) * 64)"


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@async_test
async def test_streams_and_exit_code_are_passed_on(bench: Bench) -> None:
    said = await bench.shell("echo out; echo err >&2; exit 3")

    assert said.bytes_of("stdout") == b"out\n"
    assert said.bytes_of("stderr") == b"err\n"
    assert said.value_of("rc") == 3


@async_test
async def test_headers_are_those_that_readers_know(bench: Bench) -> None:
    said = await bench.shell(["echo", "a b"], timeout=1200, maxTime=1, initial_stdin="xy")

    lines = said.bytes_of("header").decode().splitlines()
    assert lines[:6] == [
        "echo 'a b'",
        f" in dir {bench.basedir} (timeout 1200 secs) (maxTime 1 sec)",
        " watching logfiles {}",
        " argv: [b'echo', b'a b']",
        " writing 2 bytes to stdin",
        " using PTY: False",
    ]
    assert lines[-1].startswith("elapsedTime=")


@async_test
async def test_environment_is_shown_only_when_asked_for(bench: Bench) -> None:
    said = await bench.shell("true", env={"SHOWN": "yes"}, logEnviron=True)

    assert b" environment:\n" in said.bytes_of("header")
    assert b"  SHOWN=yes\n" in said.bytes_of("header")


@async_test
async def test_environment_is_merged(bench: Bench) -> None:
    bench.environ.update({"HOME": "/h", "GONE": "x", "PYTHONPATH": "/own"})
    env = {"A": "${HOME}/a${NONE}", "GONE": None, "L": ["x", "y"], "PYTHONPATH": "/new", "BUILDMILL_CMD_UID": "1.2$x"}

    said = await bench.shell("echo $A; echo ${GONE-unset}; echo $L; echo $PYTHONPATH; echo $BUILDMILL_CMD_UID", env=env)

    assert said.bytes_of("stdout") == b"/h/a\nunset\nx:y\n/new:/own\n1.2$x\n"


@async_test
async def test_working_directory_is_made(bench: Bench) -> None:
    said = await bench.shell("pwd; echo $PWD", workdir=str(bench.basedir / "a" / "b"))

    assert said.bytes_of("stdout") == f"{bench.basedir}/a/b\n".encode() * 2


@async_test
async def test_working_directory_that_cannot_be_made_fails_the_command(bench: Bench) -> None:
    (bench.basedir / "file").write_text("")

    said = await bench.shell("echo never", workdir=str(bench.basedir / "file" / "b"))

    assert said.value_of("rc") != 0
    assert b"working directory" in said.bytes_of("stderr")


@async_test
async def test_every_byte_value_arrives(bench: Bench) -> None:
    said = await bench.shell(["python3", "-c", ALL_BYTES])

    assert said.bytes_of("stdout") == bytes(range(256)) * 64


@async_test
async def test_twenty_megabytes_without_a_newline_arrive(bench: Bench) -> None:
    program = "import sys; sys.stdout.write(''.join(f'{i:08d}' for i in range(2500000)))"

    said = await bench.shell(["python3", "-c", program])

    assert said.bytes_of("stdout") == "".join(f"{i:08d}" for i in range(2500000)).encode()


@async_test
async def test_a_program_that_does_not_exist_is_named(bench: Bench) -> None:
    said = await bench.shell(["no-such-program-here"])

    assert said.value_of("rc") == 127
    assert b"no-such-program-here" in said.bytes_of("stderr")


@async_test
async def test_initial_stdin_is_given_and_closed(bench: Bench) -> None:
    text = "0123456789" * 100_000

    said = await bench.shell("wc -c", initial_stdin=text)

    assert said.bytes_of("stdout").strip() == b"1000000"


@async_test
async def test_stdin_that_nobody_reads_does_no_harm(bench: Bench) -> None:
    said = await bench.shell("exec 0<&-; echo fine", initial_stdin="x" * 1_000_000)

    assert said.value_of("rc") == 0


@async_test
async def test_without_stdin_it_is_at_its_end(bench: Bench) -> None:
    assert (await bench.shell("cat; echo done")).bytes_of("stdout") == b"done\n"


@async_test
async def test_pty_is_a_terminal(bench: Bench) -> None:
    said = await bench.shell("test -t 0 && test -t 1 && test -t 2 && echo terminal; tty >/dev/tty", usePTY=True)

    assert b"terminal\r\n" in said.bytes_of("stdout")
    assert b"/dev/pts" in said.bytes_of("stdout")
    assert b" using PTY: True\n" in said.bytes_of("header")
    assert said.value_of("rc") == 0


@async_test
async def test_initial_stdin_disables_the_pty(bench: Bench) -> None:
    said = await bench.shell("test -t 1 || echo plain; cat", usePTY=True, initial_stdin="in")

    assert said.bytes_of("stdout") == b"plain\nin"


@async_test
async def test_command_leads_a_session_of_its_own(bench: Bench) -> None:
    said = await bench.shell(["python3", "-c", "import os; print(os.getsid(0) == os.getpgid(0) == os.getpid())"])

    assert said.bytes_of("stdout") == b"True\n"


@async_test
async def test_unwanted_streams_are_left_out(bench: Bench) -> None:
    said = await bench.shell("echo out; echo err >&2", want_stdout=False, want_stderr=False)

    assert said.bytes_of("stdout") == b""
    assert said.bytes_of("stderr") == b""


@async_test
async def test_obfuscated_words_are_shown_otherwise(bench: Bench) -> None:
    said = await bench.shell(["echo", ["obfuscated", "secret", "XXX"]])

    assert said.bytes_of("stdout") == b"secret\n"
    assert b"secret" not in said.bytes_of("header")
    assert b"echo XXX\n" in said.bytes_of("header")


@async_test
async def test_silence_is_timed_out(bench: Bench) -> None:
    said = await bench.shell("echo begin; sleep 100", timeout=0.3)

    assert said.value_of("failure_reason") == "timeout_without_output"
    assert said.value_of("rc") == -1
    header = said.bytes_of("header").decode()
    assert (
        "\ncommand timed out: 0.3 seconds without output running b'echo begin; sleep 100', attempting to kill\n"
        in header
    )
    assert "process killed by signal 9\n" in header


@async_test
async def test_output_keeps_the_timeout_away(bench: Bench) -> None:
    said = await bench.shell("for i in 1 2 3 4 5 6 7 8; do sleep 0.1; echo $i; done", timeout=0.5)

    assert said.value_of("rc") == 0


@async_test
async def test_a_followed_log_file_keeps_the_timeout_away(bench: Bench) -> None:
    said = await bench.shell("for i in 1 2 3 4 5 6; do sleep 0.5; echo $i >> l; done", timeout=2, logfiles={"l": "l"})

    assert said.value_of("rc") == 0


@async_test
async def test_total_time_is_limited(bench: Bench) -> None:
    said = await bench.shell("while :; do echo x; sleep 0.05; done", maxTime=0.4, timeout=100)

    assert said.value_of("failure_reason") == "timeout"
    assert said.value_of("rc") == -1
    assert b"command timed out: 0.4 seconds elapsed running" in said.bytes_of("header")


@async_test
async def test_lines_are_limited(bench: Bench) -> None:
    said = await bench.shell("seq 1 100; sleep 100", max_lines=5)

    assert said.value_of("failure_reason") == "max_lines_failure"
    assert said.value_of("rc") == -1
    assert b"command exceeds max lines: 100/5 written/allowed running" in said.bytes_of("header")


@async_test
async def test_interrupt_kills_the_whole_group(bench: Bench) -> None:
    command = bench.command("shell", command="sleep 1000 & echo $!; wait", workdir=str(bench.basedir))
    ended = Deferred.fromCoroutine(command.run())
    await bench.within(bench.output.until(lambda: bench.output.bytes_of("stdout").endswith(b"\n")))
    child = int(bench.output.bytes_of("stdout"))

    command.interrupt()
    await bench.within(ended)

    assert bench.output.value_of("rc") == -1
    assert b"\ncommand interrupted, attempting to kill\nprocess killed by signal 9\n" in bench.output.bytes_of("header")
    await bench.until(lambda: not _alive(child))


@async_test
async def test_sigterm_comes_first_and_gets_its_time(bench: Bench) -> None:
    program = "trap 'echo cleaned; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
    command = bench.command("shell", command=program, workdir=str(bench.basedir), sigtermTime=30)
    ended = Deferred.fromCoroutine(command.run())
    await bench.within(bench.output.until(lambda: bench.output.bytes_of("stdout") == b"ready\n"))

    command.interrupt()
    await bench.within(ended, 10)

    assert bench.output.bytes_of("stdout") == b"ready\ncleaned\n"
    assert bench.output.value_of("rc") == -1  # it was stopped, whatever it says


@async_test
async def test_interrupt_signal_follows_a_sigterm_that_was_ignored(bench: Bench) -> None:
    # no shell: one that is interrupted while it starts a program does not always take its trap
    program = (
        "import os, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "signal.signal(signal.SIGINT, lambda *_: os._exit(9)); print('ready', flush=True)\n"
        "while True: signal.pause()"
    )
    command = bench.command(
        "shell",
        command=[sys.executable, "-c", program],
        workdir=str(bench.basedir),
        sigtermTime=0.3,
        interruptSignal="INT",
    )
    ended = Deferred.fromCoroutine(command.run())
    await bench.within(bench.output.until(lambda: bench.output.bytes_of("stdout") == b"ready\n"))

    command.interrupt()
    await bench.within(ended, 10)

    assert bench.output.value_of("rc") == 9


@async_test
async def test_kill_follows_a_signal_that_was_ignored(bench: Bench) -> None:
    program = "trap '' INT; echo ready; while :; do sleep 0.05; done"
    command = bench.command("shell", command=program, workdir=str(bench.basedir), interruptSignal="INT")
    ended = Deferred.fromCoroutine(command.run())
    await bench.within(bench.output.until(lambda: bench.output.bytes_of("stdout") == b"ready\n"))

    command.interrupt()
    await bench.within(ended, 15)

    assert b"process killed by signal 9\n" in bench.output.bytes_of("header")


@async_test
async def test_what_ignores_a_gentle_signal_in_the_background_goes_too(bench: Bench) -> None:
    program = "(trap '' TERM; exec sleep 1000 >/dev/null 2>&1) & echo $!; exec sleep 1000"
    command = bench.command("shell", command=program, workdir=str(bench.basedir), sigtermTime=30)
    ended = Deferred.fromCoroutine(command.run())
    await bench.within(bench.output.until(lambda: bench.output.bytes_of("stdout").endswith(b"\n")))
    child = int(bench.output.bytes_of("stdout"))

    command.interrupt()
    await bench.within(ended, 10)

    await bench.until(lambda: not _alive(child))


@async_test
async def test_a_process_group_of_its_own_does_not_escape(bench: Bench) -> None:
    program = "import os, time; os.setpgid(0, 0); print(os.getpid(), flush=True); time.sleep(1000)"
    command = bench.command("shell", command=["sh", "-c", f'python3 -c "{program}" & wait'], workdir=str(bench.basedir))
    ended = Deferred.fromCoroutine(command.run())
    await bench.within(bench.output.until(lambda: bench.output.bytes_of("stdout").endswith(b"\n")))
    child = int(bench.output.bytes_of("stdout"))

    command.interrupt()
    await bench.within(ended, 10)

    await bench.until(lambda: not _alive(child))


@async_test
async def test_what_holds_the_output_after_the_kill_is_waited_for_five_seconds(bench: Bench) -> None:
    program = "setsid sh -c 'echo $$; exec sleep 1000' & wait"
    command = bench.command("shell", command=program, workdir=str(bench.basedir))
    ended = Deferred.fromCoroutine(command.run())
    await bench.within(bench.output.until(lambda: bench.output.bytes_of("stdout").endswith(b"\n")))
    escaped = int(bench.output.bytes_of("stdout"))
    before = bench.reactor.seconds()

    command.interrupt()
    await bench.within(ended, 10)

    assert bench.reactor.seconds() - before >= 4.5
    assert bench.output.value_of("rc") == -1
    assert b"using fake rc=-1\n" in bench.output.bytes_of("header")
    os.kill(escaped, signal.SIGKILL)


@async_test
async def test_interrupt_before_the_start_starts_nothing(bench: Bench) -> None:
    command = bench.command("shell", command="touch started", workdir=str(bench.basedir))

    command.interrupt()
    await bench.within(command.run())

    assert bench.output.value_of("rc") == -1
    assert not (bench.basedir / "started").exists()


@async_test
async def test_a_slow_master_stops_the_reading_and_loses_nothing(bench: Bench) -> None:
    command = bench.command("shell", command="head -c 3000000 /dev/zero", workdir=str(bench.basedir), timeout=0.4)
    ended = Deferred.fromCoroutine(command.run())
    await bench.within(bench.output.until(lambda: len(bench.output.bytes_of("stdout")) > 0))
    bench.output.fill()
    taken = len(bench.output.bytes_of("stdout"))

    await bench.within(bench.threads.run(time.sleep, 1.0))  # longer than the time-out: silence is ours
    assert len(bench.output.bytes_of("stdout")) == taken
    bench.output.drain()
    await bench.within(ended)

    assert bench.output.value_of("rc") == 0
    assert len(bench.output.bytes_of("stdout")) == 3000000


@async_test
async def test_log_file_is_followed_while_it_grows(bench: Bench) -> None:
    command = bench.command(
        "shell",
        command="echo one > l; until test -e go; do sleep 0.05; done; echo two >> l",
        workdir=str(bench.basedir),
        logfiles={"mylog": "l"},
    )
    ended = Deferred.fromCoroutine(command.run())

    await bench.within(bench.output.until(lambda: bench.output.bytes_of("log mylog") == b"one\n"))
    (bench.basedir / "go").touch()
    await bench.within(ended)

    assert bench.output.bytes_of("log mylog") == b"one\ntwo\n"


@async_test
async def test_log_file_left_by_an_earlier_build_is_not_sent(bench: Bench) -> None:
    (bench.basedir / "l").write_text("old\n")

    assert (await bench.shell("true", logfiles={"l": "l"})).bytes_of("log l") == b""


@async_test
async def test_followed_log_file_gives_only_what_is_new(bench: Bench) -> None:
    (bench.basedir / "l").write_text("old\n")

    said = await bench.shell("echo new >> l", logfiles={"l": {"filename": "l", "follow": True}})

    assert said.bytes_of("log l") == b"new\n"


@async_test
async def test_log_file_that_is_cut_is_read_from_its_start(bench: Bench) -> None:
    command = bench.command(
        "shell",
        command="echo longer line > l; until test -e go; do sleep 0.05; done; echo short > l",
        workdir=str(bench.basedir),
        logfiles={"l": "l"},
    )
    ended = Deferred.fromCoroutine(command.run())

    await bench.within(bench.output.until(lambda: bench.output.bytes_of("log l") == b"longer line\n"))
    (bench.basedir / "go").touch()
    await bench.within(ended)

    assert bench.output.bytes_of("log l") == b"longer line\nshort\n"


@async_test
async def test_log_file_that_is_replaced_is_read_from_its_start(bench: Bench) -> None:
    command = bench.command(
        "shell",
        command="echo one > l; until test -e go; do sleep 0.05; done; echo more >> l; echo next > n; mv n l",
        workdir=str(bench.basedir),
        logfiles={"l": "l"},
    )
    ended = Deferred.fromCoroutine(command.run())

    await bench.within(bench.output.until(lambda: bench.output.bytes_of("log l") == b"one\n"))
    (bench.basedir / "go").touch()
    await bench.within(ended)

    assert bench.output.bytes_of("log l") == b"one\nmore\nnext\n"


@pytest.mark.parametrize(
    ("args", "field"),
    [
        ({"workdir": "/"}, "command"),
        ({"command": "x"}, "workdir"),
        ({"command": "x", "workdir": "/", "usePTY": 1}, "usePTY"),
        ({"command": "x", "workdir": "/", "usePTY": "slave-config"}, "usePTY"),
        ({"command": [], "workdir": "/"}, "command"),
        ({"command": ["a", ["b", "c"]], "workdir": "/"}, "command"),
        ({"command": "a\0b", "workdir": "/"}, "command"),
        ({"command": "x", "workdir": "/", "interruptSignal": "NONE"}, "interruptSignal"),
        ({"command": "x", "workdir": "/", "env": {"A": 1}}, "env"),
        ({"command": "x", "workdir": "/", "initial_stdin": 5}, "initial_stdin"),
        ({"command": "x", "workdir": "/", "logfiles": {"": "x"}}, "logfiles"),
    ],
)
def test_wrong_arguments_are_named(bench: Bench, args: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        bench.command("shell", **args)

    assert error.value.field.startswith(field)
