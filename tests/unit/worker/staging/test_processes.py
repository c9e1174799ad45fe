"""What buildpacks and apps say about processes, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.worker.staging.classic.plan import Buildpacks, Ready
from buildmill.worker.staging.classic.processes import Processes, Sidecar, of_launch_yml, of_procfile, of_release
from buildmill.worker.staging.classic.yaml_files import BadYaml, parse_yaml_map


def test_later_word_counts_for_each_type() -> None:
    first = of_launch_yml({"processes": [{"type": "web", "command": "a"}, {"type": "worker", "command": "w"}]})

    merged = first.merged(of_release({"default_process_types": {"web": "b"}})).merged(of_procfile({"clock": "c"}))

    assert merged.types == {"web": "b", "worker": "w", "clock": "c"}
    assert merged.listed == {"web": "a", "worker": "w"}


def test_entry_beside_other_types_is_a_sidecar() -> None:
    entry = {
        "type": "agent",
        "command": "run agent",
        "limits": {"memory": 32},
        "platforms": {"cloudfoundry": {"sidecar_for": ["web"]}},
    }

    assert of_launch_yml({"processes": [entry]}) == Processes(
        sidecars=[Sidecar(name="agent", process_types=["web"], command="run agent", memory=32)]
    )


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({"processes": {}}, None),
        ({"processes": "x"}, "processes: expected a list, not str"),
        ({"processes": ["x"]}, "processes[0]: expected a map, not str"),
        ({"processes": [{"command": "x"}]}, "processes[0].type: is missing"),
        ({"processes": [{"type": ["x"]}]}, "processes[0].type: expected text, not list"),
        ({"processes": [{"type": "a", "platforms": "x"}]}, "processes[0].platforms: expected a map, not str"),
        (
            {"processes": [{"type": "a", "platforms": {"cloudfoundry": {"sidecar_for": "web"}}}]},
            "processes[0].platforms.cloudfoundry.sidecar_for: expected a list, not str",
        ),
        (
            {
                "processes": [
                    {"type": "a", "limits": {"memory": "x"}, "platforms": {"cloudfoundry": {"sidecar_for": ["w"]}}}
                ]
            },
            "processes[0].limits.memory: expected MiB",
        ),
    ],
)
def test_mistakes_in_launch_yml_are_named(content: dict[str, Any], named: str | None) -> None:
    if named is None:
        assert of_launch_yml(content) == Processes()
        return
    with pytest.raises(BadYaml) as problem:
        of_launch_yml(content)
    assert named in str(problem.value)


@pytest.mark.parametrize("text", [b"a: [", b"- a", b"text", b"a: b: c", b"\xff", b"!!python/object:os.system {}"])
def test_what_is_no_map_in_yaml_is_refused(text: bytes) -> None:
    with pytest.raises(BadYaml):
        parse_yaml_map(text)


@pytest.mark.parametrize("text", [b"", b"---\n", b"{}"])
def test_nothing_is_an_empty_map(text: bytes) -> None:
    assert parse_yaml_map(text) == {}


@pytest.mark.parametrize(("count", "padded"), [(1, "0"), (9, "0"), (10, "00"), (100, "000")])
def test_index_has_as_many_digits_as_the_number_of_buildpacks(count: int, padded: str) -> None:
    item = Ready(key="k", shown="k", name="n", root="n")

    assert Buildpacks(items=[item] * count).padded(0) == padded
