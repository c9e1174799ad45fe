"""What another reading of a configuration would change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from buildmill.master.config.inventory import inventory_of
from buildmill.master.config.loader import load
from buildmill.master.config.master_config import MasterConfig
from buildmill.master.config.plan import Difference, ReconfigPlan, keep_unchanged, plan_between

BASE = """\
from buildmill.plugins import changes, schedulers, steps, util, worker
import helper_for_plans

LIMIT = 3

@util.renderer
def command(props):
    return ["make", str(LIMIT), props.getProperty("x")]

def important(change):
    return any(file.endswith(".py") for file in change.files)

class Own(steps.ShellCommand):
    name = "own"

    def getResultSummary(self):
        return {"step": "own"}

c = BuildmasterConfig = {}
c["protocols"] = {"msgpack_experimental_v7": {"port": 9989}}
c["workers"] = [worker.Worker("w1", "secret"), worker.Worker("w2", "secret")]
lock = util.MasterLock("lock")
c["builders"] = [
    util.BuilderConfig(
        name=name, workernames=["w1"], locks=[lock.access("counting")], properties={"a": 1},
        factory=util.BuildFactory([
            steps.ShellCommand(command=command, env={"A": util.Property("a")}),
            steps.ShellCommand(command=["x", util.Interpolate("%(prop:a)s")]),
            Own(command=["y"], doStepIf=lambda step: step.getProperty("a") == 1),
            helper_for_plans.make_step(),
        ]),
    )
    for name in ("b1", "b2")
]
c["schedulers"] = [
    schedulers.AnyBranchScheduler("any", builderNames=["b1", "b2"], fileIsImportant=important, treeStableTimer=60),
    schedulers.ForceScheduler("force", builderNames=["b1"], properties=[util.StringParameter("s")]),
]
c["change_source"] = changes.GitPoller("https://example.org/r.git", branches=lambda ref: True)
"""
HELPER = """\
from buildmill.plugins import steps

WORD = "z"

def make_step():
    return steps.ShellCommand(command=["z"], hideStepIf=lambda result, step: WORD == "q")
"""


Read = Callable[..., MasterConfig]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read_it(text: str = BASE, helper: str = HELPER) -> MasterConfig:
        (tmp_path / "helper_for_plans.py").write_text(helper)
        (tmp_path / "master.cfg").write_text(text)
        return load(tmp_path)

    return read_it


def plan_of(old: MasterConfig, new: MasterConfig) -> ReconfigPlan:
    return plan_between(inventory_of(old), inventory_of(new))


def replaced(old: str, new: str) -> str:
    assert old in BASE
    return BASE.replace(old, new)


def test_the_same_file_read_twice_changes_nothing(read: Read) -> None:
    plan = plan_of(read(), read("\n\n" + BASE))

    assert not plan
    assert plan.builders.unchanged == ("b1", "b2")
    assert plan.describe() == []


@pytest.mark.parametrize(
    ("text", "kind", "difference"),
    [
        (replaced('"b1", "b2")\n', '"b1", "b3")\n').replace('["b1", "b2"]', '["b1", "b3"]'), "builders",
         Difference(added=("b3",), removed=("b2",), unchanged=("b1",))),
        (replaced('"a": 1', '"a": 2'), "builders", Difference(changed=("b1", "b2"))),
        (replaced("LIMIT = 3", "LIMIT = 4"), "builders", Difference(changed=("b1", "b2"))),
        (replaced('"%(prop:a)s"', '"%(prop:b)s"'), "builders", Difference(changed=("b1", "b2"))),
        (replaced("== 1)", "== 2)"), "builders", Difference(changed=("b1", "b2"))),
        (replaced('{"step": "own"}', '{"step": "mine"}'), "builders", Difference(changed=("b1", "b2"))),
        (replaced('"lock")', '"lock", 2)'), "builders", Difference(changed=("b1", "b2"))),
        (replaced('"w2", "secret"', '"w2", "other"'), "workers", Difference(changed=("w2",), unchanged=("w1",))),
        (replaced('".py"', '".c"'), "schedulers", Difference(changed=("any",), unchanged=("force",))),
        (replaced('Parameter("s")', 'Parameter("t")'), "schedulers",
         Difference(changed=("force",), unchanged=("any",))),
        (replaced("ref: True", "ref: False"), "change_sources",
         Difference(changed=("https://example.org/r.git",))),
    ],
)  # fmt: skip
def test_what_differs_is_found(read: Read, text: str, kind: str, difference: Difference) -> None:
    plan = plan_of(read(), read(text))

    assert plan.of_kind(kind) == difference
    assert plan


def test_a_change_in_a_helper_module_is_found(read: Read) -> None:
    plan = plan_of(read(), read(helper=HELPER.replace('WORD = "z"', 'WORD = "q"')))

    assert plan.builders.changed == ("b1", "b2")


def test_settings_are_named_and_fixed_ones_refused(read: Read) -> None:
    plan = plan_of(read(), read(BASE + "c['title'] = 'x'\nc['db_url'] = 'sqlite:///other.sqlite'\n"))

    assert (plan.settings, plan.refused) == (("title",), ("db_url",))
    assert plan.describe() == ["settings changed: title", "need a restart: db_url"]


def test_unchanged_services_are_kept_as_they_are(read: Read) -> None:
    old, new = read(), read(replaced('".py"', '".c"') + "c['title'] = 'x'\n")

    kept = keep_unchanged(old, new, plan_of(old, new))

    assert kept.title == "x"
    assert kept.scheduler("force") is old.scheduler("force")
    assert kept.scheduler("any") is new.scheduler("any")
    assert kept.change_sources == old.change_sources
    assert kept.worker("w1") is old.worker("w1")


def test_another_horizon_of_a_janitor_is_found(read: Read) -> None:
    janitor = "\nfrom datetime import timedelta\nc['configurators'] = [util.JanitorConfigurator(timedelta({}))]\n"

    plan = plan_of(read(BASE + janitor.format(7)), read(BASE + janitor.format(1)))

    assert plan.builders == Difference(changed=("__Janitor",), unchanged=("b1", "b2"))
