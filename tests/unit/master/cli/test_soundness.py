"""`buildmill check`: what it says about a master's directory."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlalchemy.engine import make_url

from buildmill.master.cli.main import main
from buildmill.master.db import tables as t
from buildmill.master.db.engine import create_engine
from tests.harness import Harness, text
from tests.unit.master.engine.test_builds import Run


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["check", *map(str, arguments)])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A master's directory, with a build that has printed much."""
    made = CliRunner().invoke(main, ["create-master", "--quiet", str(tmp_path)])
    assert made.exit_code == 0, made.output
    harness = Harness(tmp_path, f"sqlite:///{tmp_path}/state.sqlite")
    harness.start(harness.builder(Run(command=["make"])))
    lines = "".join(f"line {number} {number * 7919 % 1000003}\n" for number in range(20_000))
    harness.worker.scripts["shell"] = lambda _: [text("stdout", lines), ["rc", 0]]
    harness.force()
    harness.clock.advance(1)
    harness.turn()
    harness.close()
    return tmp_path


def frames_file(home: Path) -> Path:
    (path,) = (home / "logs").rglob("*.frames")
    return path


def test_sound_records(home: Path) -> None:
    done = run(home, "--contents")

    assert (done.exit_code, done.output) == (0, f"the records in {home}/state.sqlite are sound\n")


def test_a_quiet_check_of_sound_records_says_nothing(home: Path) -> None:
    assert (run(home, "-q").exit_code, run(home, "-q").output) == (0, "")


def test_each_problem_is_a_line_and_the_code_is_1(home: Path) -> None:
    engine = create_engine(make_url(f"sqlite:///{home}/state.sqlite"))
    with engine.begin() as connection:
        connection.execute(t.build_requests.update().values(results=None))
        connection.execute(t.logs.update().where(t.logs.c.num_lines > 9).values(num_lines=sa.text("7")))
    engine.dispose()

    done = run(home)

    assert done.exit_code == 1
    lines = done.output.splitlines()
    assert lines[0] == "request 1 is complete without a result"
    assert "has 7 lines, its frames have 2" in lines[1]
    assert lines[-1] == "2 problems"


def test_a_file_that_is_too_short_is_a_problem(home: Path) -> None:
    size = frames_file(home).stat().st_size
    with open(frames_file(home), "r+b") as file:
        file.truncate(size - 1)

    done = run(home)

    assert done.exit_code == 1
    assert f"has {size - 1} bytes, {size} are recorded" in done.output


def test_a_file_that_is_gone_is_a_problem(home: Path) -> None:
    frames_file(home).unlink()

    assert "is gone" in run(home).output


def test_damage_within_a_file_is_found_when_it_is_read(home: Path) -> None:
    content = bytearray(frames_file(home).read_bytes())
    content[100] ^= 0xFF
    frames_file(home).write_bytes(content)

    assert run(home).exit_code == 0
    done = run(home, "--contents")
    assert done.exit_code == 1
    assert "is damaged" in done.output


def test_nothing_is_changed(home: Path) -> None:
    before = (home / "state.sqlite").read_bytes()
    run(home, "--contents")

    assert (home / "state.sqlite").read_bytes() == before


def test_a_directory_that_is_no_masters_is_told(tmp_path: Path) -> None:
    assert "create-master" in run(tmp_path).output
