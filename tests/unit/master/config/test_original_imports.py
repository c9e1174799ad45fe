"""Configurations that import from ``buildbot``."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any, cast

import pytest

import buildmill.plugins
from buildmill.common.errors import ConfigError
from buildmill.master.config import original_imports
from buildmill.master.config.loader import load
from buildmill.master.config.master_config import MasterConfig, WorkerPort
from buildmill.master.domain.interpolate import Interpolate
from buildmill.master.engine.step import BuildStep
from buildmill.plugins.original import names as original_names
from buildmill.plugins.original.table import LATER, TABLE

SAMPLE = Path(__file__).with_name("sample_of_buildbot.py.txt")
FRAME = """\
from buildbot.plugins import *
c = BuildmasterConfig = {"protocols": {"pb": {"port": 9989}}, "workers": [worker.Worker("w1", "x")]}
factory = util.BuildFactory()
c["builders"] = [util.BuilderConfig(name="b1", workernames=["w1"], factory=factory)]
c["schedulers"] = [schedulers.ForceScheduler(name="force", builderNames=["b1"])]
"""

Load = Callable[[str], MasterConfig]


@pytest.fixture(autouse=True)
def imports() -> Iterator[None]:
    """What a test imports is forgotten after it."""
    before = dict(sys.modules)
    original_imports.install()
    yield
    original_imports.uninstall()
    for name in [name for name in sys.modules if name == "buildbot" or name.startswith("buildbot.")]:
        if name not in before:
            del sys.modules[name]


@pytest.fixture
def load_text(tmp_path: Path) -> Load:
    """Loads a configuration that consists of the text."""

    def load_it(text: str) -> MasterConfig:
        (tmp_path / "master.cfg").write_text(dedent(text))
        return load(tmp_path)

    return load_it


def problems_of(load_text: Load, text: str) -> list[tuple[int | None, str]]:
    """Line and message of everything that is wrong with a text."""
    with pytest.raises(ConfigError) as error:
        load_text(text)
    return [(problem.line, problem.message) for problem in error.value.problems]


# -- what is there --------------------------------------------------------------------------------


@pytest.mark.parametrize("first_line", ["from buildbot.plugins import *", None])
def test_a_configuration_of_buildbot_loads_unchanged(first_line: str | None, tmp_path: Path) -> None:
    text = SAMPLE.read_text()
    if first_line is not None:
        lines = text.splitlines()
        at = next(n for n, line in enumerate(lines) if line.startswith("from buildbot.plugins import"))
        text = "\n".join([*lines[:at], first_line, *lines[at + 1 :]])
    (tmp_path / "master.cfg").write_text(text)
    (tmp_path / "passwords.py").write_text('from buildbot.process.properties import Interpolate\nWORKER = "secret"\n')

    config = load(tmp_path)

    assert config.worker_ports == (WorkerPort(port=9989),)
    assert [scheduler.name for scheduler in config.schedulers] == ["all", "force", "nightly"]
    assert [source.name for source in config.change_sources] == ["https://git.example.org/pyflakes.git"]
    steps = [recipe.build() for recipe in config.builder("runtests").factory.steps]
    assert [step.name for step in steps] == ["git", "shell", "count tests", "docs"]
    assert all(isinstance(step, BuildStep) for step in steps)
    assert [notice.name for notice in config.notices] == ["protocols", "www"]


def test_the_names_are_ours_by_whatever_path_they_are_imported(load_text: Load) -> None:
    text = """\
    import buildbot
    import buildbot.process.results
    from buildbot.config import BuilderConfig
    from buildbot.process import buildstep, factory as factories, properties
    from buildbot.process.properties import Interpolate
    from buildbot.process.results import SUCCESS, Results, statusToString, worst_status
    from buildbot.schedulers.forcesched import *
    from buildbot.steps.source.git import Git
    assert BuilderConfig is util.BuilderConfig
    assert buildstep.BuildStep is steps.BuildStep
    assert properties.Interpolate is Interpolate is util.Interpolate
    assert ForceScheduler is schedulers.ForceScheduler
    assert Git is steps.Git
    assert factories.BuildFactory is util.BuildFactory
    assert buildbot.process.results.FAILURE == util.FAILURE == 2
    assert statusToString(SUCCESS) == "success" == Results[SUCCESS]
    assert worst_status(SUCCESS, util.FAILURE) == util.FAILURE
    assert buildbot.version.startswith("4.")
    """
    config = load_text(FRAME + dedent(text))

    assert config.builder("b1").name == "b1"
    assert importlib.import_module("buildbot.process.properties").Interpolate is Interpolate
    assert importlib.import_module("buildbot.plugins.util").Interpolate is buildmill.plugins.util.Interpolate


def test_helper_modules_and_code_that_runs_later_import_them_too(load_text: Load, tmp_path: Path) -> None:
    (tmp_path / "helper_of_a_test.py").write_text(
        "from buildbot.plugins import steps\n"
        "class Mine(steps.BuildStep):\n"
        "    name = 'mine'\n"
        "    def later(self):\n"
        "        from buildbot.process.results import SKIPPED\n"
        "        return SKIPPED\n"
    )

    config = load_text(FRAME + "from helper_of_a_test import Mine\nfactory.addStep(Mine())\n")

    (recipe,) = config.builder("b1").factory.steps
    assert recipe.build().later() == 3


def test_a_function_keeps_its_name_beside_the_module_that_is_called_the_same() -> None:
    from_module = importlib.import_module("buildbot.util.giturlparse").giturlparse

    assert importlib.import_module("buildbot.util").giturlparse is from_module


def test_interfaces_are_labels(load_text: Load) -> None:
    text = """\
    from zope.interface import implementer
    from buildbot.interfaces import IRenderable
    @implementer(IRenderable)
    class Mine:
        def getRenderingFor(self, props):
            return "x"
    factory.addStep(steps.ShellCommand(command=Mine()))
    """

    assert load_text(FRAME + dedent(text)).builder("b1").factory.steps


def test_a_list_of_what_is_there_can_be_had() -> None:
    assert {"ShellCommand", "Test"} <= set(dir(importlib.import_module("buildbot.steps.shell")))


# -- what is not there -------------------------------------------------------------------------------


def _forget_names() -> None:
    original_names._modules.cache_clear()
    original_names.names_in.cache_clear()


@pytest.fixture
def gadgets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A module of names that are known, and not made yet."""
    names = "Auth Authz Canceller Gadget IRC Push Reporter Step VCS Worker"
    with monkeypatch.context() as changed:
        changed.setitem(cast("dict[str, Any]", TABLE), "buildbot.gadgets", {LATER: names})
        _forget_names()
        yield
    _forget_names()


@pytest.mark.usefixtures("gadgets")
def test_all_names_that_are_not_there_yet_are_told_at_once_with_their_lines(load_text: Load) -> None:
    text = """\
    from buildbot.plugins import *
    from buildbot import gadgets
    from buildbot.gadgets import Reporter, Step
    from buildbot.steps.shell import ShellMixin
    c = BuildmasterConfig = {"protocols": {"pb": {"port": 9989}}}
    c["workers"] = [gadgets.Worker("w1", "x", docker_host="tcp://h")]
    factory = util.BuildFactory([Step(path=".")])
    class Mine(ShellMixin, gadgets.VCS):
        pass
    factory.addStep(Mine(command=["x"]))
    c["builders"] = [
        util.BuilderConfig(name="b1", workernames=["w1"], factory=factory),
        util.BuilderConfig(name="b2", workernames=["w1"],
                           factory=gadgets.Gadget(None)),
    ]
    class Told(Reporter):
        secrets = Reporter.secrets + ["token"]
    c["services"] = [Told(name="r")]
    c["www"] = {"auth": gadgets.Auth("id", "secret"), "authz": gadgets.Authz(allowRules=[])}
    c["configurators"] = [gadgets.Canceller(hour=12)]
    split = gadgets.IRC.split_file_branches("trunk/x")
    factory.addStep(gadgets.Push)
    c["revlink"] = gadgets.Gadget
    class Worker(gadgets.Worker):
        def __init__(self, name):
            super().__init__(name, self.missing)
    c["workers"].append(Worker("w2"))
    nothing = list(gadgets.IRC), gadgets.IRC[0]
    assert not isinstance(factory, Reporter) and not issubclass(int, Reporter)
    assert issubclass(Told, Reporter)
    """

    told = problems_of(load_text, text)

    names = [
        (6, "Worker"),
        (7, "Step"),
        (8, "VCS"),
        (14, "Gadget"),
        (16, "Reporter"),
        (17, "Reporter.secrets"),
        (19, "Auth"),
        (19, "Authz"),
        (20, "Canceller"),
        (21, "IRC.split_file_branches"),
        (22, "Push"),
        (23, "Gadget"),
        (24, "Worker"),
        (28, "IRC"),
    ]
    assert told == [(line, f"buildbot.gadgets.{name} is not available in Buildmill yet") for line, name in names]


@pytest.mark.usefixtures("gadgets")
def test_importing_what_is_not_there_yet_is_no_mistake(load_text: Load) -> None:
    config = load_text(FRAME + "from buildbot.gadgets import Step, VCS\n")

    assert config.workers


@pytest.mark.usefixtures("gadgets")
def test_what_is_not_there_yet_raises_when_no_configuration_is_read() -> None:
    missing = importlib.import_module("buildbot.gadgets").Step

    assert "not available yet" in repr(missing)
    with pytest.raises(ConfigError, match=r"buildbot\.gadgets\.Step is not available in Buildmill yet"):
        missing()


def test_a_refused_name_can_be_imported_and_its_use_is_told_with_the_reason(load_text: Load) -> None:
    text = """\
    from buildbot.db.base import DBConnectorComponent
    from buildbot.db.migrate_utils import test_unicode
    from buildbot.util import sautils
    class Mine(DBConnectorComponent):
        pass
    sautils.Table("x")
    """

    told = problems_of(load_text, FRAME + dedent(text))

    reason = "is not available in Buildmill: the tables of this master are its own, and reached by its own code only; "
    assert [line for line, _ in told] == [9, 11]
    assert told[0][1].startswith(f"buildbot.db.base.DBConnectorComponent {reason}keep your own data in a database")
    assert told[1][1].startswith(f"buildbot.util.sautils.Table {reason}for tables of your own use sqlalchemy.Table")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("from buildbot.steps.shell import NoSuch", "Buildmill has no 'NoSuch' in the module 'buildbot.steps.shell'"),
        ("from buildbot.plugins import nosuch", "Buildmill has no 'nosuch' in the module 'buildbot.plugins'"),
        ("util.NoSuch", "Buildmill has no 'NoSuch' in the module 'buildbot.plugins.util'"),
        ("import buildbot.status.builder", "Buildmill has no module buildbot.status"),
        ("from buildbot.buildslave import BuildSlave", "Buildmill has no module buildbot.buildslave"),
        ("from buildbot import nosuch", "Buildmill has no module buildbot.nosuch"),
    ],
)
def test_what_nobody_knows_is_an_import_error_that_names_the_page(load_text: Load, line: str, message: str) -> None:
    ((number, told),) = problems_of(load_text, FRAME + line)

    assert number == 6
    assert message in told
    assert told.startswith(("ModuleNotFoundError: ", "AttributeError: "))
    assert "coming-from-buildbot" in told


def test_a_configuration_can_ask_whether_something_is_there(load_text: Load) -> None:
    text = """\
    try:
        from buildbot.status import words
    except ImportError:
        words = None
    assert not hasattr(steps, "NoSuch")
    """

    assert load_text(FRAME + dedent(text)).workers


def test_mistakes_that_the_configuration_itself_finds_are_told(load_text: Load) -> None:
    text = FRAME + "from buildbot import config\nconfig.error('too hot')\nraise config.ConfigErrors(['too cold'])\n"

    assert problems_of(load_text, text) == [(7, "too hot"), (8, "too cold")]


# -- the real one ------------------------------------------------------------------------------------


def test_an_installed_package_loses(tmp_path: Path) -> None:
    (tmp_path / "buildbot" / "plugins").mkdir(parents=True)
    for folder in ("buildbot", "buildbot/plugins"):
        (tmp_path / folder / "__init__.py").write_text("real = True\n")
    (tmp_path / "master.cfg").write_text(FRAME + "import buildbot\nassert not hasattr(buildbot, 'real')\n")
    program = """
import sys, buildbot.plugins
assert buildbot.real and buildbot.plugins.real
from buildmill.master.config.loader import load
load(sys.argv[1])
load(sys.argv[1])
import buildbot.plugins
assert not hasattr(buildbot.plugins, "real")
"""
    path = [str(tmp_path), *(entry for entry in sys.path if entry)]

    subprocess.run([sys.executable, "-c", f"import sys\nsys.path[:0] = {path!r}\n{program}", tmp_path], check=True)


def test_installing_it_again_changes_nothing() -> None:
    module = importlib.import_module("buildbot.plugins")
    finders = list(sys.meta_path)

    original_imports.install()

    assert sys.meta_path == finders
    assert importlib.import_module("buildbot.plugins") is module


def test_it_stays_the_first_and_makes_way_for_nothing_else() -> None:
    sys.meta_path.insert(0, sys.meta_path.pop())
    sys.modules["buildbot.real"] = ModuleType("buildbot.real")

    original_imports.install()

    assert isinstance(sys.meta_path[0], original_imports.OriginalImports)
    assert "buildbot.real" not in sys.modules
    assert importlib.util.find_spec("buildbots_of_other_people") is None


# -- notices ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("protocols", "port", "end"),
    [
        ('{"pb": {"port": 9989}}', WorkerPort(port=9989), "port 9989 is served for that instead"),
        (
            '{"pb": {"port": "tcp:9989:interface=127.0.0.1"}}',
            WorkerPort(port=9989, interface="127.0.0.1"),
            "port 9989 is served for that instead",
        ),
        (
            '{"pb": {"port": 9989}, "msgpack_experimental_v7": {"port": 9990}}',
            WorkerPort(port=9990),
            "for which there is a port of its own; this one is not opened",
        ),
    ],
)
def test_pb_is_taken_with_a_notice(load_text: Load, protocols: str, port: WorkerPort, end: str) -> None:
    config = load_text(FRAME + f'c["protocols"] = {protocols}\n')

    (notice,) = config.notices
    assert config.worker_ports == (port,)
    assert notice.name == "protocols"
    assert notice.text.startswith("pb is not spoken here; workers that use it cannot connect: start them with protocol")
    assert notice.text.endswith(end)
    assert str(notice).startswith(f"{config.file}:6: protocols: pb is not spoken here")


def test_keys_without_effect_are_taken_with_a_notice(load_text: Load) -> None:
    text = """\
    c["protocols"] = {"msgpack_experimental_v7": {"port": 9989}}
    c["buildbotNetUsageData"] = "basic"
    c["metrics"] = {"log_interval": 10}
    c["db"] = {"db_url": "sqlite:///state.sqlite",
               "engine_kwargs": {"pool_size": 4}}
    """
    config = load_text(FRAME + dedent(text))

    assert [(notice.name, notice.line) for notice in config.notices] == [
        ("buildbotNetUsageData", 7), ("metrics", 8), ("db", 10),
    ]  # fmt: skip
    assert all("no effect" in notice.text for notice in config.notices)
    assert load_text(FRAME + 'c["protocols"] = {"null": {}, "msgpack_experimental_v7": {"port": 1}}\n').notices == ()


def test_what_is_used_and_does_not_do_its_work_is_told_with_its_place(load_text: Load) -> None:
    text = """\
    from buildmill.master.domain.not_delivering import NotDelivering
    from buildmill.plugins import changes
    class Pigeons(NotDelivering, changes.ChangeSource):
        not_delivering = "catches no pigeons yet"
        way_out = "use GitPoller"
    unused = Pigeons("roof")
    c["change_source"] = [
        Pigeons("yard"),
        changes.GitPoller("https://git.example.org/doves.git"),
    ]
    """
    config = load_text(FRAME + dedent(text))

    assert [source.name for source in config.change_sources] == ["yard", "https://git.example.org/doves.git"]
    (notice,) = [notice for notice in config.notices if notice.name == "change_source"]
    assert notice.line == 13
    assert notice.text == "Pigeons 'yard' is accepted, but catches no pigeons yet; use GitPoller"


def test_a_reporters_generator_that_tells_nothing_yet_is_told_with_its_place(load_text: Load) -> None:
    text = """\
    from buildmill.master.domain.not_delivering import NotDelivering
    class Quiet(NotDelivering, reporters.BuildStatusGenerator):
        not_delivering = "tells nothing yet"
    c["services"] = [
        reporters.MailNotifier("ci@example.org", generators=[
            reporters.WorkerMissingGenerator(),
            Quiet(),
        ]),
    ]
    """
    config = load_text(FRAME + dedent(text))

    (notice,) = [notice for notice in config.notices if notice.name == "services"]
    assert notice.line == 9
    assert notice.text == "Quiet is accepted, but tells nothing yet"
    (problem,) = problems_of(load_text, FRAME + 'c["services"] = [reporters.MailNotifier("a@b.c", generators=3)]')
    assert problem == (6, "MailNotifier: generators must be a list, not 3")


def test_saying_that_nothing_shall_be_reported_is_worth_no_notice(load_text: Load) -> None:
    config = load_text(FRAME + 'c["buildbotNetUsageData"] = None\nc["metrics"] = None\n')

    assert [notice.name for notice in config.notices] == ["protocols"]


def test_a_pb_port_that_is_none_is_told(load_text: Load) -> None:
    problems = problems_of(load_text, FRAME + 'c["protocols"] = {"pb": {"port": "many"}}\n')

    assert (6, "protocols['pb']['port'] must be a port from 0 to 65535, not 'many'") in problems
