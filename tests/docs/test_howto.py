"""The samples of the how-to pages load as a configuration, and the steps in them do what the pages say."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from buildmill.common.protocol import StartCommand
from buildmill.common.results import FAILURE, SKIPPED, SUCCESS, WARNINGS
from buildmill.master.config.loader import load
from buildmill.master.config.master_config import MasterConfig
from buildmill.master.db import tables as t
from buildmill.master.schedulers.triggerable import Triggerable
from tests.harness import Harness
from tests.unit.master.steps.machine import Machine
from tests.unit.master.steps.runs import Runs

PAGES = Path(__file__).parents[2] / "docs" / "howto"

BEFORE = """\
from buildmill.plugins import changes, reporters, schedulers, secrets, steps, util, worker

c = BuildmasterConfig = {}
c["protocols"] = {"msgpack_experimental_v7": {"port": 9989}}
c["db"] = {"db_url": "sqlite:///state.sqlite"}
c["workers"] = [worker.Worker("w1", "secret-1"), worker.Worker("w2", "secret-2")]
factory = util.BuildFactory()
c["builders"] = [
    util.BuilderConfig(name=name, workernames=["w1", "w2"], factory=factory) for name in ("linux", "package")
]
c["schedulers"] = []
"""
"""What the pages take as given."""

AFTER = """
c["schedulers"] = [
    *c["schedulers"],
    schedulers.ForceScheduler("anything", builderNames=[b.name for b in c["builders"]]),
]
"""
"""A builder that nothing starts is a mistake, and most samples show no scheduler."""


@dataclass(frozen=True)
class Sample:
    """A block of Python on a page.

    Attributes:
        file: the module that it is; empty for a piece of ``master.cfg``.
    """

    page: str
    line: int
    file: str
    text: str


def samples_of(page: Path) -> list[Sample]:
    """All that is not marked ``not-tested``, in order."""
    text = page.read_text()
    found = []
    for block in re.finditer(r"^```(?:\{code-block\} )?python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        options = dict(re.findall(r"^:(\w+): (.*)\n", block[1], re.MULTILINE))
        if options.get("class") != "not-tested":
            code = re.sub(r"\A(?::\w+: .*\n)*\n?", "", block[1])
            file = options.get("caption", "master.cfg")
            line = text.count("\n", 0, block.start()) + 1
            found.append(Sample(page.stem, line, "" if file == "master.cfg" else file, code))
    return found


SAMPLES = {page.stem: found for page in sorted(PAGES.glob("*.md")) if (found := samples_of(page))}


def loaded(page: str, folder: Path) -> list[MasterConfig]:
    """The configuration after each of a page's samples; each has those before it, too."""
    secrets = folder / "secrets"
    secrets.mkdir()
    config, found = BEFORE, []
    for sample in SAMPLES[page]:
        if sample.file:
            (folder / sample.file).write_text(sample.text)
            config += f"import {Path(sample.file).stem}\n"
        else:
            config += f"\n# {page}.md, line {sample.line}\n{sample.text}"
        text = (config + AFTER).replace("/etc/buildmill/secrets", str(secrets))  # must be there
        (folder / "master.cfg").write_text(text)
        found.append(load(folder))
    return found


@pytest.mark.parametrize("page", SAMPLES)
def test_the_samples_of_a_page_load_one_after_another(page: str, tmp_path: Path) -> None:
    notices = [str(notice) for config in loaded(page, tmp_path) for notice in config.notices]

    assert notices == []


# -- samples that run ------------------------------------------------------------------------------


def names_of(page: str) -> dict[str, Any]:
    """What the samples of a page define."""
    names: dict[str, Any] = {"__name__": page}
    exec(compile("".join([BEFORE, *(sample.text for sample in SAMPLES[page])]), page, "exec"), names)
    return names


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """Builds on a worker whose machine is a directory."""
    (tmp_path / "master").mkdir()
    (tmp_path / "worker").mkdir()
    return Runs(Harness(tmp_path / "master"), tmp_path / "worker", Machine)


def program(runs: Runs, name: str, text: str) -> None:
    """A shell script among the sources."""
    (runs.work / name).write_text(f"#!/bin/sh\n{text}\n")
    (runs.work / name).chmod(0o755)


@pytest.mark.parametrize(
    ("minimum", "tests", "result", "text"),
    [
        (2, "echo ok 1; echo no; echo ok 2", SUCCESS, "suite: 2 passed"),
        (3, "echo ok 1; echo no; echo ok 2", WARNINGS, "suite: 2 passed"),
        (1, "echo ok 1; exit 1", FAILURE, "suite: 1 passed"),
    ],
)
def test_the_step_with_commands_counts_and_decides(
    runs: Runs, minimum: int, tests: str, result: int, text: str
) -> None:
    suite = names_of("write-a-step")["Suite"]
    program(runs, "suite", f"case $1 in --version) echo 7.1;; *) {tests};; esac")

    ran = runs.one(
        suite(command=["./suite", "all"], minimum=names_of("write-a-step")["util"].Property("minimum"), timeout=300),
        properties={"minimum": minimum},
    )

    assert (ran.results, ran.state_string) == (result, text)
    failed = result == FAILURE
    assert runs.logs(ran) == (["stdio"] if failed else ["stdio", "version"])
    assert runs.properties.get("suite_version") == (None if failed else "7.1")
    [(urls,)] = runs.harness.rows(sa.select(t.steps.c.urls).where(t.steps.c.id == ran.stepid))
    assert [link["url"] for link in json.loads(urls)] == ([] if failed else ["https://reports.example.org/1"])
    assert (text in runs.harness.build().state_string) is (result != SUCCESS)


def test_the_step_that_handles_files_keeps_the_newest(runs: Runs) -> None:
    runs.start(names_of("write-a-step")["KeepNewest"]())
    [nothing] = runs.again()
    for number in (1, 2, 3):
        (runs.build / "archives" / f"{number}.tar.gz").touch()

    [removed] = runs.again()

    assert (nothing.results, removed.results) == (SKIPPED, SUCCESS)
    assert [path.name for path in (runs.build / "archives").iterdir()] == ["3.tar.gz"]
    assert "1.tar.gz\no/srv/w1/b1/archives/2.tar.gz" in runs.log(removed, "removed")


def test_the_step_that_was_changed_goes_by_what_it_counted(runs: Runs) -> None:
    names = names_of("write-a-step")
    odd = [
        names["OddTests"](command=f"seq -f 'not ok %g' {count}; exit 3", warningPattern="^not ok") for count in (10, 11)
    ]

    assert [ran.results for ran in runs.run(*odd)] == [SUCCESS, FAILURE]


def test_the_step_that_adds_steps_makes_one_for_each_line(runs: Runs) -> None:
    program(runs, "list-tests", "echo parser; echo printer")
    program(runs, "test", "echo testing $1")

    ran = runs.run(names_of("describe-a-build")["AddTests"](command=["./list-tests"]))

    assert [step.name for step in ran] == ["find tests", "test parser", "test printer"]
    assert "otesting printer\n" in runs.log(ran[2])


@pytest.mark.parametrize(
    ("branch", "archive", "options", "published"),
    [
        ("main", "tool-1.2-main.tar.gz", "--release --strip", SUCCESS),
        ("dev", "tool-1.2-dev.tar.gz", "--debug", SKIPPED),
        (None, "tool-1.2-main.tar.gz", "--debug", SKIPPED),
    ],
)
def test_steps_differ_from_build_to_build(
    runs: Runs, branch: str | None, archive: str, options: str, published: int
) -> None:
    names = names_of("describe-a-build")
    recipes = names["tool"].factory.steps
    chosen = [recipe for recipe in recipes if recipe.cls.__name__ in ("SetProperty", "ShellCommand")]
    program(runs, "package", "echo $*")
    for name, text in (("lint", "exit 1"), ("publish", "")):
        program(runs, name, text)
    (runs.work / "Makefile").write_text("clean:\n")

    ran = runs.run(
        names["steps"].SetProperty(property="version", value="1.2"), *chosen, source_stamps=[{"branch": branch}]
    )

    assert runs.properties["archive"] == archive
    by_name = {step.name: step for step in ran}
    assert f"o{options} {archive}\n" in runs.log(by_name["shell"])
    assert {name: by_name[name].results for name in ("lint", "publish", "clean")} == {
        "lint": FAILURE, "publish": published, "clean": SUCCESS,
    }  # fmt: skip
    assert [name for name, step in by_name.items() if step.hidden] == ["clean"]
    assert runs.harness.build().results == WARNINGS


def test_the_functions_that_choose_are_asked(tmp_path: Path) -> None:
    config = loaded("share-machines", tmp_path)[-1]
    house = Harness(tmp_path)
    house.start(*config.builders, workers=config.workers, prioritizeBuilders=config.prioritizeBuilders)
    for worker in house.workers.values():
        worker.scripts["shell"] = lambda _command: None

    first = house.force("release", {"memory_needed": 32})
    second = house.force("release", {"memory_needed": 32})
    third = house.force("release")

    assert house.build_properties(1)["workername"] == "w1"  # the one with more memory
    assert house.build_properties(2)["workername"] == "w2"  # the newest goes first, and has room there
    assert [house.request(request).claimed for request in (first, second, third)] == [True, False, True]
    reasons = house.result(house.data.get(("buildrequests", second, "explain")))
    assert {reason["code"] for reason in reasons} == {"worker_busy"}
    house.close()


def on_machines(config: MasterConfig, folder: Path) -> tuple[Harness, dict[str, Machine]]:
    """A master with this configuration, its triggerable schedulers at work, and a machine for each worker."""
    house = Harness(folder)
    house.start(*config.builders, workers=config.workers)
    machines = {}
    for name, worker in house.workers.items():
        (folder / "machines" / name).mkdir(parents=True)
        machines[name] = Machine(worker, folder / "machines" / name)
    triggerable = [scheduler for scheduler in config.schedulers if isinstance(scheduler, Triggerable)]
    for scheduler in triggerable:
        house.result(scheduler.activate(house.master))
    house.master.schedulers = {scheduler.name: scheduler for scheduler in triggerable}
    return house, machines


def make_what_it_names(machine: Machine, fails: str) -> Any:
    """Commands that write the files that the samples expect of them; those with the word `fails` in them fail."""

    def run(command: StartCommand) -> list[Any]:
        folder = machine.path(command.args["workdir"])
        (folder / "dist").mkdir(parents=True, exist_ok=True)
        (folder / "dist" / "tool.tar.gz").write_text("package")
        (folder / "report.xml").write_text(" ".join(command.args["command"]))
        return [["rc", 1 if fails in command.args["command"] else 0]]

    return run


@pytest.mark.parametrize(("fails", "result"), [("nothing", SUCCESS), ("3.15-dev", SUCCESS), ("3.12", FAILURE)])
def test_builds_are_triggered_and_what_they_made_is_gathered(tmp_path: Path, fails: str, result: int) -> None:
    house, machines = on_machines(loaded("trigger-and-gather", tmp_path)[-1], tmp_path)
    for name, machine in machines.items():
        house.workers[name].scripts["shell"] = make_what_it_names(machine, fails)

    house.force("all")

    assert house.build(1).results == result
    assert house.processes.runs == [["./merge-reports", "exchange/1"]]
    reports = {path.name: path.read_text() for path in (tmp_path / "exchange" / "1").glob("report-*")}
    assert reports == {f"report-{python}.xml": f"./run-tests {python}" for python in ("3.11", "3.12", "3.15-dev")}
    shown = [house.result(house.data.get(("builders", house.build(build).builderid)))["name"] for build in (2, 3, 4)]
    assert sorted(shown) == ["python 3.11", "python 3.12", "python 3.15-dev"]
    assert len(house.result(house.data.get(("builds", 1, "triggered_builds")))) == 3
    house.close()


def test_a_build_waits_for_all_and_hands_properties_on(tmp_path: Path) -> None:
    house, machines = on_machines(loaded("trigger-and-gather", tmp_path)[0], tmp_path)
    for name, machine in machines.items():
        house.workers[name].scripts["shell"] = make_what_it_names(machine, "nothing")

    house.force("tool", {"ticket": 17})

    assert house.results() == [SUCCESS, SUCCESS, SUCCESS]
    passed = [house.build_properties(build) for build in (2, 3)]
    assert [(found["exchange"], found["ticket"]) for found in passed] == [("exchange/1", 17)] * 2
    assert (tmp_path / "exchange" / "1" / "tool.tar.gz").read_text() == "package"
    house.close()


def test_a_request_for_a_whole_lock_stands_in_line(tmp_path: Path) -> None:
    names = names_of("share-machines")
    house = Harness(tmp_path)
    counting, alone = ([names["licence"].access(mode)] for mode in ("counting", "exclusive"))
    command = names["steps"].ShellCommand(command="true")
    house.start(house.builder(command, locks=counting), house.builder(command, name="audit", locks=alone))
    house.worker.scripts["shell"] = lambda _command: None

    house.force("b1")
    audit = house.force("audit")
    later = house.force("b1")
    [running] = house.worker.running.values()
    house.worker.complete(running, ["rc", 0])

    assert [command.builder_name for command in house.worker.running.values()] == ["audit"]
    assert house.request(audit).claimed
    assert not house.request(later).claimed
    house.close()


def test_changes_get_their_codebase_and_are_built_by_who_names_it(tmp_path: Path) -> None:
    config = loaded("learn-of-changes", tmp_path)[-1]
    house = Harness(tmp_path)
    house.start(*config.builders, workers=config.workers)
    house.updates.context.codebase_of = config.codebaseGenerator
    house.updates.context.revlink_of = config.revlink
    for name in ("both", "site"):
        house.result(config.scheduler(name).activate(house.master))
    house.turn()

    def change(repository: str, **what: Any) -> dict[str, Any]:
        added = house.updates.addChange(author="Ann", repository=repository, branch="main", revision="4f2a", **what)
        number = house.result(added)
        house.turn()
        kept: dict[str, Any] = house.result(house.data.get(("changes", number)))
        return kept

    of_tool = change("https://git.example.org/tool.git")
    change("https://git.example.org/site.git", category="code")
    of_site = change("https://git.example.org/site.git", category="docs")

    assert (of_tool["codebase"], of_tool["revlink"]) == ("tool", "https://git.example.org/tool/commit/4f2a")
    assert of_site["codebase"] == ""
    sets = house.result(house.data.get(("buildsets",)))
    built = [sorted((s["codebase"], s["revision"]) for s in one["sourcestamps"]) for one in sets]
    assert built == [[("lib", None), ("tool", "4f2a")], [("", "4f2a")]]
    house.close()


def test_the_parts_of_a_configuration_come_together(tmp_path: Path) -> None:
    config = loaded("split-a-configuration", tmp_path)[-1]

    assert [step.cls.__name__ for step in config.builder("tool-x86_64-linux").factory.steps][-1] == "ShellCommand"
    assert [step.cls.__name__ for step in config.builder("tool-aarch64-linux").factory.steps][-1] == "Test"
    assert config.scheduler("nightly").listBuilderNames() == ("tool-x86_64-linux",)
    assert [type(service).__name__ for service in config.services] == ["MailNotifier"]
