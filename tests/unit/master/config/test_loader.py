"""From a configuration file to a `MasterConfig`, or to everything that is wrong with it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from textwrap import dedent

import pytest

from buildmill.common.errors import ConfigError
from buildmill.master.config.loader import load
from buildmill.master.config.master_config import MasterConfig, WorkerPort

GOOD = """\
from buildmill.plugins import schedulers, steps, util, worker

c = BuildmasterConfig = {}
c["protocols"] = {"msgpack_experimental_v7": {"port": 9989}}
c["workers"] = [worker.Worker("w1", "secret")]
factory = util.BuildFactory([steps.ShellCommand(command=["true"])])
c["builders"] = [util.BuilderConfig(name="b1", workernames=["w1"], factory=factory)]
c["schedulers"] = [schedulers.ForceScheduler(name="force", builderNames=["b1"])]
"""

Load = Callable[[str], MasterConfig]


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


def test_a_good_file_becomes_a_value(load_text: Load, tmp_path: Path) -> None:
    config = load_text(GOOD)

    assert config.basedir == tmp_path
    assert [builder.name for builder in config.builders] == ["b1"]
    assert config.builder("b1").workernames == ("w1",)
    assert config.worker("w1").password == "secret"
    assert config.scheduler("force").listBuilderNames() == ("b1",)
    assert config.worker_ports == (WorkerPort(port=9989),)
    assert config.collapseRequests is True


def test_the_file_sees_basedir_and_its_own_path_and_runs_in_basedir(load_text: Load, tmp_path: Path) -> None:
    config = load_text(
        GOOD + "import os\nc['title'] = ' '.join([basedir, __file__, os.getcwd()])\nassert __name__ != '__main__'\n"
    )

    assert config.title == f"{tmp_path} {tmp_path / 'master.cfg'} {tmp_path}"
    assert str(tmp_path) not in sys.path


def test_everything_that_is_wrong_is_told_at_once_with_its_line(load_text: Load) -> None:
    problems = problems_of(
        load_text,
        """\
        from buildmill.plugins import schedulers, util, worker
        c = BuildmasterConfig = {}
        c["protocols"] = {"msgpack_experimental_v7": {"port": "many"}}
        c["workers"] = [
            worker.Worker("w 1", "secret"),
            worker.Worker("w2", ""),
        ]
        c["builders"] = [
            util.BuilderConfig(name="b1", workernames=["w2", "w3"], factory=util.BuildFactory(["x"])),
            util.BuilderConfig(name="b1", workernames=[], tags="x", factory=util.BuildFactory()),
        ]
        c["schedulers"] = [
            schedulers.ForceScheduler(name="force", builderNames=["b9"]),
        ]
        c["titel"] = "x"
        c["www"] = {"port": 8010,
                    "prot": 3}
        """,
    )

    assert [line for line, _ in problems] == sorted(line or 0 for line, _ in problems)
    told = {line: [m for n, m in problems if n == line] for line, _ in problems}
    assert "port from 0 to 65535" in told[3][0]
    assert "'w 1'" in told[5][0]
    assert "password" in told[6][0]
    assert any("not 'x'" in m for m in told[9])
    assert any("'w3'" in m for m in told[9])
    assert any("started by no scheduler" in m for m in told[9])
    assert any("at least one of workername" in m for m in told[10])
    assert any("tags" in m for m in told[10])
    assert any("two builders are called 'b1', the first in line 9" in m for m in told[10])
    assert "'b9'" in told[13][0]
    assert told[15] == ["unknown key in BuildmasterConfig: 'titel'"]
    assert told[17] == ["www: unknown key 'prot'"]


def test_an_exception_is_told_with_the_users_line_beside_earlier_mistakes(load_text: Load) -> None:
    problems = problems_of(
        load_text,
        """\
        from buildmill.plugins import util
        util.BuilderConfig(name="_b", workernames=["w"], factory=util.BuildFactory())
        def helper():
            return {}["missing"]
        helper()
        """,
    )

    assert problems == [
        (2, "the name of a builder must not begin with an underscore: '_b'"),
        (4, "KeyError: 'missing'"),
    ]


def test_an_exception_inside_our_code_is_told_with_the_users_line(load_text: Load) -> None:
    ((line, message),) = problems_of(
        load_text,
        """\
        from buildmill.plugins import worker

        worker.Worker("w", "p", max_build=3)
        """,
    )

    assert line == 3
    assert "max_build" in message


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("x = 1\nif x\n", 2, "SyntaxError: expected ':'"),
        ("x = 1\n  y = 2\n", 2, "IndentationError: unexpected indent"),
        ("import sys\nsys.exit(3)\n", 2, "SystemExit: 3"),
        ("x = 1\nraise KeyboardInterrupt\n", 2, "KeyboardInterrupt"),
        ("import asyncio\nraise asyncio.CancelledError\n", 2, "CancelledError"),
        ("import no_such_module_at_all", 1, "ModuleNotFoundError: No module named 'no_such_module_at_all'"),
        ("c = {}", None, "the configuration defines no dictionary BuildmasterConfig"),
        ("BuildmasterConfig = 3", None, "the configuration must define the dictionary BuildmasterConfig"),
    ],
)
def test_a_file_that_cannot_be_run_is_told_with_its_line(
    load_text: Load, text: str, line: int | None, message: str
) -> None:
    assert problems_of(load_text, text) == [(line, message)]


def test_a_configurator_that_exits_is_a_problem_like_others(load_text: Load) -> None:
    text = """\
class Bad:
    def configure(self, c):
        raise SystemExit(1)
BuildmasterConfig = {"configurators": [Bad()]}
"""

    assert (3, "SystemExit: 1") in problems_of(load_text, text)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"master\.cfg: cannot be read: No such file"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("c['title'] = 3", "title must be a string, not 3"),
        ("c['workers'] = {}", "workers must be a list of workers, not {}"),
        ("c['workers'] = [3]", "workers[0] must be a worker, not 3"),
        ("c['schedulers'] = [3]", "schedulers[0] must be a scheduler, not 3"),
        ("c['change_source'] = 3", "change_source must be a list of change sources, not 3"),
        ("c['protocols'] = []", "protocols must be a dictionary, not []"),
        ("c['protocols'] = {'msgpack_experimental_v7': {}}", "the key 'port' is missing"),
        ("c['protocols'] = {'msgpack_experimental_v7': {'port': 1, 'pots': 2}}", "unknown keys pots"),
        ("c['db'] = {'url': 'sqlite://'}", "db: unknown keys url"),
        ("c['db_url'] = 'mysql://x'", "only sqlite and postgresql are supported"),
        ("c['mq'] = {'type': 'wamp'}", "the type 'wamp' (several masters) is not available yet"),
        ("c['mq'] = {'type': 'x'}", "mq: unknown type 'x'"),
        ("c['multiMaster'] = 1", "multiMaster must be True or False, not 1"),
        ("c['services'] = [3]", "services[0] must be a service, not 3"),
        ("c['manhole'] = 3", "manhole must be a manhole, or None, not 3"),
        ("c['user_managers'] = 3", "user_managers must be a list, not 3"),
        ("c['user_managers'] = [3]", "user_managers must be a CommandlineUserManager, not 3"),
        ("c['machines'] = 3", "machines must be a list of Machines, not 3"),
        ("c['machines'] = [3]", "machines[0] must be a Machine, not 3"),
        ("c['projects'] = 3", "projects must be a list of Projects, not 3"),
        ("c['projects'] = [3]", "projects[0] must be a Project, not 3"),
        ("c['codebases'] = 3", "codebases must be a list of Codebases, not 3"),
        ("c['codebases'] = [3]", "codebases[0] must be a Codebase, not 3"),
        ("c['builders'] = 3", "builders must be a list of BuilderConfigs, not 3"),
        ("c['schedulers'] = 3", "schedulers must be a list of schedulers, not 3"),
        ("c['services'] = 3", "services must be a list of services, not 3"),
        ("c['secretsProviders'] = 3", "secretsProviders"),
        ("c['buildbotURL'] = 3", "buildbotURL must be a string, not 3"),
        ("c['select_next_worker'] = 3", "select_next_worker must be callable"),
        ("c['codebaseGenerator'] = 3", "codebaseGenerator must be callable"),
        ("c['revlink'] = 3", "revlink must be callable"),
        ("c['logCompressionLimit'] = 'x'", "logCompressionLimit must be an integer, not 'x'"),
        ("c['logMaxTailSize'] = 'x'", "logMaxTailSize must be an integer, not 'x'"),
        ("c['changeHorizon'] = 'x'", "changeHorizon must be an integer, not 'x'"),
        ("c['auditHorizon'] = 3", "auditHorizon must be a timedelta, or None for ever, not 3"),
        ("c['buildCacheSize'] = 'x'", "buildCacheSize must be an integer, not 'x'"),
        ("c['caches'] = {'Builds': 'x'}", "caches['Builds'] must be an integer, at least 1, not 'x'"),
        ("c['metrics'] = 3", "metrics must be a dictionary, not 3"),
        (
            "c['protocols'] = {'pb': {'port': 9}, 'msgpack_experimental_v7': {'port': 'tcp:9'}}",
            "'pb' and 'msgpack_experimental_v7' are to have the same port, 9",
        ),
        ("c['properties'] = {'x' * 257: 1}", "has at most 256 characters, this has 257"),
        ("c['secretsProviders'] = [3]", "secretsProviders[0] must be a provider of secrets, not 3"),
        ("c['www'] = {'auth': 3}", "www['auth'] must be as util.UserPasswordAuth({...}), not 3"),
        ("c['www'] = {'port': 'x'}", "www['port'] must be a port"),
        ("c['www'] = {'port': 70000}", "www['port'] must be a port"),
        ("c['www'] = {'operations_port': 'x'}", "www['operations_port'] must be a port"),
        ("c['www'] = {'process': 'two'}", "www['process'] must be 'engine' or 'own', not 'two'"),
        ("c['www'] = {'cookie_expiration_time': 3}", "www['cookie_expiration_time'] must be a timedelta"),
        ("c['collapseRequests'] = 3", "collapseRequests must be True, False or callable"),
        ("c['prioritizeBuilders'] = 3", "prioritizeBuilders must be callable"),
        ("c['properties'] = 3", "properties must be a dictionary"),
        ("c['validation'] = {'branch': '('}", "validation['branch'] must be a regular expression"),
        ("c['validation'] = {'x': ''}", "validation: unknown key 'x'"),
        ("c['caches'] = {'Builds': 0}", "caches['Builds'] must be an integer, at least 1, not 0"),
        ("c['logEncoding'] = 'utf-1000'", "logEncoding must be the name of an encoding"),
        ("c['logCompressionMethod'] = 'zip'", "logCompressionMethod must be one of raw, gz, bz2, lz4, zstd, br"),
        ("c['logMaxSize'] = 'x'", "logMaxSize must be an integer, not 'x'"),
        ("c['titleURL'] = 3", "titleURL must be a string, not 3"),
        ("c['protocols'] = {3: {}}", "the name of a protocol must be a string, not 3"),
        ("c['protocols'] = {'wamp': {}}", "unknown protocol 'wamp'"),
        ("c['protocols'] = {'msgpack_experimental_v7': 3}", "must be a dictionary with the key 'port', not 3"),
        ("c['protocols'] = {'msgpack_experimental_v7': {'port': True}}", "must be a port from 0 to 65535, not True"),
        ("c['protocols'] = {'msgpack_experimental_v7': {'port': 1, 'interface': 3}}", "must be an address, not 3"),
        ("c['protocols'] = {'msgpack_experimental_v7': {'port': 1, 'certificate': 3}}", "the name of a file, not 3"),
        ("c['protocols'] = {'msgpack_experimental_v7': {'port': 1, 'certificate': 'x'}}", "TLS needs both"),
        ("c['db'] = 3", "db must be a dictionary with the key 'db_url', not 3"),
        ("c['db_url'] = util.Secret('x')", "an address that is rendered (with secrets) is not available yet"),
        ("c['db_url'] = 'x'", "must be the URL of a database, not 'x'"),
        ("c['mq'] = 3", "mq must be a dictionary with the key 'type', not 3"),
        ("c['mq'] = {'realm': 3}", "mq: unknown keys realm"),
        ("c['www'] = 3", "www must be a dictionary, not 3"),
        ("c['www'] = {'json_cache_seconds': -1}", "must be an integer, at least 0, not -1"),
        ("c['www'] = {'allowed_origins': 'x'}", "www['allowed_origins'] must be a list of patterns"),
        ("c['www'] = {'logfileName': 3}", "www['logfileName'] must be the name of a file"),
        ("c['www'] = {'plugins': {'base_react': {}}}", "'base_react' is no plugin of its own any more"),
        ("c['validation'] = 3", "validation must be a dictionary"),
        ("c['caches'] = 3", "caches must be a dictionary"),
        ("c['configurators'] = 3", "configurators must be a list"),
        ("c['configurators'] = [3]", "configurators must have a method configure"),
        ("c['codebases'] = [util.Codebase('c', 'p')]", "codebase 'c' names a project that is not configured: 'p'"),
        ("c['caches'] = {}; c['buildCacheSize'] = 1", "caches cannot be given together with buildCacheSize"),
        ("c['slaves'] = []", "unknown key in BuildmasterConfig: 'slaves'"),
        ("c['builders'][0] = 3", "builders[0] must be a BuilderConfig, not 3"),
    ],
)
def test_a_wrong_value_of_a_key_is_told_with_the_line_of_the_key(load_text: Load, line: str, message: str) -> None:
    problems = problems_of(load_text, GOOD + line + "\n")

    assert any(message in told for _, told in problems), problems
    if "[0]" not in line:
        assert {number for number, told in problems if message in told} == {9}


def test_every_key_is_accepted_with_its_usual_value(load_text: Load) -> None:
    config = load_text(
        GOOD
        + """\
from datetime import timedelta
from buildmill.plugins import changes
c.update(
    title="T", titleURL="http://t", buildbotURL="http://b", projects=[util.Project("p")],
    codebases=[util.Codebase("c", "p")], db={"db_url": "postgresql:///x"}, mq={"type": "simple"}, multiMaster=False,
    services=[], secretsProviders=[], configurators=[], machines=[], user_managers=[], properties={"a": 1},
    collapseRequests=False, prioritizeBuilders=lambda m, b: b, select_next_worker=lambda b, w, r: w[0],
    codebaseGenerator=lambda c: "", revlink=lambda r, p: "", validation={"branch": "x"}, caches={"Builds": 3},
    logEncoding="latin-1", logCompressionMethod="gz", logCompressionLimit=10, logMaxSize=10, logMaxTailSize=10,
    changeHorizon=3, auditHorizon=None, metrics=None, manhole=None, buildbotNetUsageData=None,
    www={
        "port": "tcp:8010:interface=127.0.0.1", "plugins": {"waterfall_view": {}}, "logfileName": "", "debug": True,
        "allowed_origins": ["*"], "cookie_expiration_time": timedelta(days=1), "json_cache_seconds": 3,
        "rest_minimum_version": 2, "ws_ping_interval": 5, "versions": [], "theme": {}, "ui_default_config": {},
    },
)
"""
    )

    assert (config.title, config.titleURL, config.buildbotURL) == ("T", "http://t/", "http://b/")
    assert config.db_url == "postgresql:///x"
    assert config.collapseRequests is False
    assert config.validation["branch"].pattern == "x"
    assert config.www.port == "tcp:8010:interface=127.0.0.1"
    assert config.www.log_file is None
    assert config.www.ws_ping_interval == 5
    assert config.www.cookie_expiration_time == timedelta(days=1)
    assert set(config.www.ui) == {"plugins", "versions", "theme", "ui_default_config"}


@pytest.mark.parametrize(("port", "expected"), [("9989", (9989, "")), ("tcp:77:interface=::1", (77, "::1"))])
def test_a_worker_port_may_be_a_string(load_text: Load, port: str, expected: tuple[int, str]) -> None:
    config = load_text(GOOD + f"c['protocols'] = {{'msgpack_experimental_v7': {{'port': {port!r}}}}}\n")

    assert [(p.port, p.interface) for p in config.worker_ports] == [expected]


def test_local_workers_need_no_port(load_text: Load) -> None:
    config = load_text(GOOD + "c['workers'] = [worker.LocalWorker('w1')]\nc['protocols'] = {'null': {}}\n")

    assert config.worker_ports == ()
    assert config.worker("w1").is_local


def test_remote_workers_need_a_port(load_text: Load) -> None:
    problems = problems_of(load_text, GOOD + "del c['protocols']\n")

    assert problems == [(5, "workers are configured, but 'protocols' names no port where they can connect")]


def test_different_locks_of_one_name_are_refused(load_text: Load) -> None:
    problems = problems_of(
        load_text,
        GOOD
        + "for i, lock in enumerate([util.MasterLock('l'), util.MasterLock('l'), util.MasterLock('l', maxCount=2)]):\n"
        + "    c['builders'].append(util.BuilderConfig(name=f'x{i}', workername='w1', locks=[lock], factory=factory))\n"
        + "    c['schedulers'].append(schedulers.ForceScheduler(name=f's{i}', builderNames=[f'x{i}']))\n",
    )

    assert problems == [(10, "two different locks are called 'l'")]


def test_different_locks_of_one_name_are_refused_in_steps_too(load_text: Load) -> None:
    problems = problems_of(
        load_text,
        GOOD
        + "factory.addStep(steps.ShellCommand(command=['a'], locks=[util.MasterLock('l')]))\n"
        + "factory.addStep(steps.ShellCommand(command=['b'], locks=[util.MasterLock('l', maxCount=2)]))\n",
    )

    assert problems == [(10, "two different locks are called 'l'")]


@pytest.mark.parametrize(
    ("of_builder", "of_step", "waits"),
    [
        ("lock.access('exclusive')", "lock.access('counting')", True),
        ("lock", "lock.access('exclusive')", True),
        ("lock.access('counting', count=2)", "lock", True),
        ("lock", "lock", False),
        ("lock.access('exclusive')", "util.WorkerLock('l', maxCount=2).access('counting', count=0)", False),
        ("lock.access('exclusive')", "util.MasterLock('other')", False),
    ],
)
def test_a_step_that_would_wait_for_its_own_build_is_told(
    load_text: Load, of_builder: str, of_step: str, waits: bool
) -> None:
    text = (
        GOOD
        + "lock = util.WorkerLock('l', maxCount=2)\n"
        + f"factory.addStep(steps.ShellCommand(command=['a'], locks=[{of_step}]))\n"
        + f"c['builders'] = [util.BuilderConfig('b1', workername='w1', factory=factory, locks=[{of_builder}])]\n"
    )

    if waits:
        expected = "builder 'b1' holds lock 'l' already: a step would wait for ever"
        assert problems_of(load_text, text) == [(10, expected)]
    else:
        load_text(text)


def test_a_builder_may_be_a_dictionary(load_text: Load) -> None:
    config = load_text(GOOD + "c['builders'] = [dict(name='b1', workername='w1', factory=factory)]\n")

    assert config.builder("b1").builddir == "b1"


def test_multi_master_turns_off_the_checks_of_one_master(load_text: Load) -> None:
    config = load_text("BuildmasterConfig = {'multiMaster': True}")

    assert config.builders == ()


def test_helper_modules_are_read_anew_each_time(load_text: Load, tmp_path: Path) -> None:
    helper = tmp_path / "helper_module_a.py"
    text = GOOD + "import helper_module_a\nc['title'] = helper_module_a.TITLE\n"
    helper.write_text("TITLE = 'one'")
    first = load_text(text)
    helper.write_text("TITLE = 'two'")

    second = load_text(text)

    assert (first.title, second.title) == ("one", "two")


def test_a_refused_file_leaves_the_modules_of_the_one_in_force(load_text: Load, tmp_path: Path) -> None:
    helper = tmp_path / "helper_module_b.py"
    text = GOOD + "import helper_module_b\n"
    helper.write_text("TITLE = 'one'")
    load_text(text)
    in_force = sys.modules["helper_module_b"]
    helper.write_text("TITLE = 'two'")

    problems_of(load_text, text + "c['title'] = 3\n")
    problems_of(load_text, text + "raise ValueError\n")

    assert sys.modules["helper_module_b"] is in_force


def test_a_mistake_in_a_helper_module_is_told_with_its_file(load_text: Load, tmp_path: Path) -> None:
    (tmp_path / "helper_module_c.py").write_text("from buildmill.plugins import util\n\nutil.MasterLock(3)\n")

    with pytest.raises(ConfigError) as error:
        load_text(GOOD + "import helper_module_c\n")

    (problem,) = error.value.problems
    assert (problem.file, problem.line) == (str(tmp_path / "helper_module_c.py"), 3)


def test_a_configurator_that_fails_is_told_with_its_line(load_text: Load) -> None:
    problems = problems_of(
        load_text,
        GOOD
        + "class Fail:\n    def configure(self, config):\n        raise ValueError('no')\n"
        + "class Wrong:\n    def configure(self, config):\n        util.MasterLock(3)\n"
        + "c['configurators'] = [Fail(), Wrong()]\n",
    )

    assert problems == [
        (11, "ValueError: no"),
        (14, "the name of a lock must be a non-empty string, not 3"),
    ]


def test_builders_of_one_directory_and_unknown_projects_are_told(load_text: Load) -> None:
    problems = problems_of(
        load_text,
        GOOD
        + "more = dict(workername='w1', factory=factory, builddir='b1', project='p'); "
        + "c['builders'] += [util.BuilderConfig(name='b 1', **more)]\n"
        + "c['schedulers'] += [schedulers.ForceScheduler(name='f2', builderNames=['b 1'])]\n",
    )

    assert problems == [
        (9, "builders 'b1' and 'b 1' have the same builddir 'b1'"),
        (9, "builder 'b 1' names a project that is not configured: 'p'"),
    ]


def test_rendered_names_of_builders_drive_any_builder(load_text: Load) -> None:
    config = load_text(
        GOOD + "c['schedulers'] = [schedulers.AnyBranchScheduler('s', builderNames=[util.Property('b')])]\n"
    )

    assert config.scheduler("s").listBuilderNames() == ()


def test_configurators_change_the_dictionary_before_it_is_checked(load_text: Load) -> None:
    config = load_text(
        GOOD
        + "class Set:\n    def configure(self, config):\n        config['title'] = 'set'\n"
        + "c['configurators'] = [Set()]\n"
    )

    assert config.title == "set"


@pytest.mark.parametrize(
    ("addition", "message"),
    [
        ("c['machines'] = [Machine('m'), Machine('m')]", "two machines are called 'm'"),
        ("c['workers'].append(worker.Worker('w2', 'x', machine_name='m'))", "names a machine that is not configured"),
        ("c['workers'].append(worker.Worker('w1', 'x'))", "two workers are called 'w1'"),
        ("c['workers'].append(worker.Worker('change', 'x'))", "a worker cannot be called 'change'"),
        ("c['workers'].append(worker.Worker('x' * 51, 'x'))", "at most 50 characters"),
        ("c['workers'].append(worker.Worker('', 'x'))", "the name of a worker has letters"),
        ("c['schedulers'] *= 2", None),
        (
            "c['schedulers'].append(schedulers.ForceScheduler('force', builderNames=['b1']))",
            "two schedulers are called",
        ),
        ("c['projects'] = [util.Project('p'), util.Project('p')]", "two projects are called 'p'"),
        ("c['builders'].append(builder())", "the name of a builder is missing"),
        ("c['builders'].append(builder(name='_b'))", "must not begin with an underscore"),
        ("c['builders'].append(builder(name=b'\\xff'))", "the name of a builder must be a string"),
        ("c['builders'].append(builder(name='b2', workernames=3))", "workernames must be a list of names"),
        ("c['builders'].append(builder(name='b2', workername=3))", "the name of a worker must be a string"),
        ("c['builders'].append(builder(name='b2', workernames=['w9']))", "names workers that are not configured: 'w9'"),
        ("c['builders'].append(util.BuilderConfig('b2', 'w1'))", "factory is missing"),
        ("c['builders'].append(builder(name='b2', factory=3))", "factory must be a BuildFactory, not 3"),
        ("c['builders'].append(builder(name='b2', tags='x'))", "tags must be a list of strings"),
        ("c['builders'].append(builder(name='b2', tags=[3]))", "tags must be strings"),
        ("c['builders'].append(builder(name='b2', tags=['x', 'x']))", "tags stand there twice: x"),
        ("c['builders'].append(builder(name='b2', nextWorker=3))", "nextWorker must be callable"),
        ("c['builders'].append(builder(name='b2', nextBuild=3))", "nextBuild must be callable"),
        ("c['builders'].append(builder(name='b2', canStartBuild=3))", "canStartBuild must be callable"),
        ("c['builders'].append(builder(name='b2', env=3))", "env must be a dictionary"),
        ("c['builders'].append(builder(name='b2', properties={'x' * 257: 1}))", "has at most 256 characters"),
        ("c['builders'].append(builder(name='b2', description_format='rst'))", "description_format must be None or"),
        ("c['builders'].append(builder(name='b2', project=3))", "project must be a string or None"),
        ("c['builders'].append(builder(name='b2', project='p'))", "names a project that is not configured: 'p'"),
        ("c['builders'].append(builder(name='b2', collapseRequests=3))", "collapseRequests must be True, False or"),
        ("c['builders'].append(builder(name='b2'))", "builder 'b2' is started by no scheduler"),
        ("c['builders'].append(builder(name='b1'))", "two builders are called 'b1'"),
        ("c['schedulers'][0].builderNames = ('b9',)", "names builders that are not configured: 'b9'"),
        ("c['workers'] = []", "no workers are configured"),
        ("c['builders'] = []", "no builders are configured"),
    ],
)
def test_what_does_not_fit_together_is_told(load_text: Load, addition: str, message: str | None) -> None:
    helper = """
from buildbot.machine.base import Machine
def builder(**arguments):
    return util.BuilderConfig(**{"workernames": ["w1"], "factory": factory, **arguments})
"""
    if message is None:
        # one object twice is the same scheduler
        assert load_text(GOOD + helper + addition + "\n").scheduler("force")
        return

    problems = problems_of(load_text, GOOD + helper + addition + "\n")

    assert any(message in told for _, told in problems), problems


def test_what_is_taken_without_its_effect_gives_a_notice(load_text: Load) -> None:
    text = """
from buildbot.machine.base import Machine
c["title"] = "a title that is rather long"
c["machines"] = [Machine("m")]
c["workers"].append(worker.Worker("w2", "x", machine_name="m"))
c["builders"].append(
    util.BuilderConfig("b2", "w2", factory=factory, builddir="/srv/b2", properties={"virtual_builder_name": "b"})
)
c["schedulers"].append(schedulers.ForceScheduler("other", builderNames=["b2"]))
c["manhole"] = util.PasswordManhole("tcp:1234:interface=127.0.0.1", "admin", "secret", ssh_hostkey_dir="keys")
c["user_managers"] = [util.CommandlineUserManager(username="u", passwd="p", port=9990)]
"""

    config = load_text(GOOD + text)

    assert [machine.name for machine in config.machines] == ["m"]
    assert [(notice.line, notice.text.partition(",")[0]) for notice in config.notices] == [
        (11, "title has more than 18 characters; pages may cut it"),
        (15, "builder 'b2' has an absolute builddir"),
        (18, "PasswordManhole is accepted"),
        (19, "CommandlineUserManager is accepted"),
    ]
