"""Classic buildpacks: every path of the contract, with the real program and scripts written to it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import msgspec
from xxhash import xxh64_hexdigest

from buildmill.common.staging import Cache, Cause, Droplet, Limits, Phase
from tests.staging_area import StagingArea
from tests.staging_zygote import QuickArea, Zygote

DETECTED = {
    "bin/detect": 'test -f "$1/app.txt"; echo "text app"; echo thinking >&2',
    "bin/compile": 'echo compiling; echo compiled > "$1/out.txt"; echo cached > "$2/c.txt"',
    "bin/release": 'echo "default_process_types: {web: run web}"',
}
MODERN = {
    "bin/supply": 'mkdir "$3/$4/bin"; echo "supply $4" >> "$1/order"; echo x > "$2/x"',
    "bin/finalize": 'echo "finalize $4 $(basename "$5")" >> "$1/order"; echo script > "$5/a.sh"',
    "bin/release": "exit 9",
}


def an_area(zygote: Zygote, root: Path) -> StagingArea:
    root.mkdir(exist_ok=True)
    area = QuickArea(root=root, zygote=zygote)
    return area.with_package({"app.txt": "hello", "bin/start": "#!/bin/sh\n"})


def droplet_of(area: StagingArea) -> tuple[Droplet, dict[str, bytes]]:
    """Stage it; what came out, and the files of the droplet."""
    runs = area.stage()
    assert not runs[-1].outcome.error, runs[-1].log
    droplet = runs[-1].outcome.droplet
    assert droplet is not None
    assert droplet.file is not None
    content = (area.root / droplet.file.path).read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (droplet.file.size_bytes, droplet.file.sha256)
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for entry in archive:
            inner = archive.extractfile(entry)
            files[entry.name] = inner.read() if inner is not None else b""
    return droplet, files


def test_survey_tells_what_is_missing_and_forgets_the_rest(tmp_path: Path, zygote: Zygote) -> None:
    area = an_area(zygote, tmp_path).with_buildpack("text", DETECTED)
    assert area.package is not None
    (tmp_path / area.package.path).write_bytes(b"half of i")
    area.give(b"of an earlier staging")

    outcome = area.run(Phase.SURVEY).outcome

    assert outcome.missing == [area.package.sha256]
    assert area.buildpacks[0].archive is not None
    assert os.listdir(tmp_path / "input") == [area.buildpacks[0].archive.sha256]


def test_archive_of_a_buildpack_is_found_again_on_the_shelf(tmp_path: Path, zygote: Zygote) -> None:
    options = ("--shelf", str(tmp_path / "shelf"))
    first = QuickArea(zygote=zygote, root=tmp_path / "one", options=options).with_package({"app.txt": ""})
    first.with_buildpack("text", DETECTED).run(Phase.PREPARE)
    second = QuickArea(
        zygote=zygote, root=tmp_path / "two", options=options, package=first.package, buildpacks=first.buildpacks
    )
    second.root.mkdir()
    assert first.package is not None

    assert second.run(Phase.SURVEY).outcome.missing == [first.package.sha256]
    [kept] = (tmp_path / "shelf").iterdir()
    kept.write_bytes(bytes(kept.stat().st_size))  # somebody has written into it
    second.run(Phase.SURVEY)
    assert second.run(Phase.SURVEY).outcome.missing == sorted([first.package.sha256, kept.name])
    assert not kept.exists()


def test_detected_buildpack_compiles_and_releases(tmp_path: Path, zygote: Zygote) -> None:
    area = an_area(zygote, tmp_path).with_buildpack("never", {**DETECTED, "bin/detect": "echo no; exit 1"})
    area.with_buildpack("text", DETECTED).with_buildpack("late", DETECTED)
    area.is_detecting = True

    droplet, files = droplet_of(area)

    assert files["./app/out.txt"] == b"compiled\n"
    assert droplet.result == {
        "lifecycle_type": "buildpack",
        "lifecycle_metadata": {
            "buildpack_key": "text",
            "detected_buildpack": "text app",
            "buildpacks": [{"key": "text", "name": "text app"}],
        },
        "process_types": {"web": "run web"},
        "execution_metadata": "",
    }
    assert json.loads(files["./staging_info.yml"]) == {"detected_buildpack": "text app", "start_command": "run web"}
    assert {"./app", "./deps", "./logs", "./profile.d", "./tmp", "./app/bin/start"} <= files.keys()
    assert not [name for name in files if name.startswith("./deps/")]


def test_what_detect_prints_is_no_part_of_the_log(tmp_path: Path, zygote: Zygote) -> None:
    area = an_area(zygote, tmp_path).with_buildpack("text", DETECTED)
    area.is_detecting = True
    area.run(Phase.PREPARE)

    run = area.run(Phase.DETECT)

    assert run.outcome.detected == ["text app"]
    assert run.outcome.suppliers == 0
    assert run.log == "thinking\ntext is the buildpack for this app\n"


def test_log_rate_leaves_alone_what_is_no_log(tmp_path: Path, zygote: Zygote) -> None:
    area = an_area(zygote, tmp_path).with_buildpack("text", DETECTED)
    area.is_detecting = True
    area.limits = Limits(memory_mb=64, disk_mb=64, log_rate_bytes_per_second=0)

    runs = area.stage()

    assert runs[-1].outcome.droplet is not None
    assert runs[-1].outcome.droplet.result["process_types"] == {"web": "run web"}
    assert runs[1].outcome.detected == ["text app"]
    assert "compiling" not in runs[2].log
    assert runs[2].outcome.dropped_log_bytes == len("compiling\n")


def test_unusable_buildpacks_are_left_out_of_detection(tmp_path: Path, zygote: Zygote) -> None:
    area = an_area(zygote, tmp_path).with_buildpack("no bin", {"a/x": "", "b/x": ""})
    area.with_buildpack("no detect", {"bin/compile": ""})
    area.with_buildpack("not executable", {"bin/detect": ""}, {"bin/detect": 0o100644})
    area.with_buildpack("text", DETECTED)
    area.is_detecting = True
    area.run(Phase.PREPARE)

    run = area.run(Phase.DETECT)

    assert run.outcome.detected == ["text app"]
    assert [line.partition(" is left out")[0] for line in run.log.splitlines()[:3]] == [
        "no bin",
        "no detect",
        "not executable",
    ]


def test_named_buildpacks_supply_in_order_and_the_last_finalizes(tmp_path: Path, zygote: Zygote) -> None:
    area = an_area(zygote, tmp_path).with_buildpack("first", {"bin/supply": MODERN["bin/supply"]})
    area.with_buildpack(
        "second",
        {
            "bin/supply": MODERN["bin/supply"]
            + """
cat > "$3/$4/config.yml" <<END
name: Second
version: 1.2
config: {entrypoint_prefix: /run, other: x}
END
cat > "$3/$4/launch.yml" <<END
processes: [{type: web, command: second web}, {type: job, command: second job}]
END"""
        },
    )
    area.with_buildpack(
        "last",
        {
            **MODERN,
            "bin/finalize": MODERN["bin/finalize"]
            + """
cat > "$3/$4/launch.yml" <<END
processes:
- {type: web, command: last web}
- {type: side, command: run, platforms: {cloudfoundry: {sidecar_for: [web]}}}
END""",
        },
    )

    droplet, files = droplet_of(area)

    assert files["./app/order"] == b"supply 0\nsupply 1\nsupply 2\nfinalize 2 profile.d\n"
    assert files["./profile.d/a.sh"] == b"script\n"
    assert {"./deps/0/bin", "./deps/1/bin", "./deps/2/bin"} <= files.keys()
    assert droplet.result["lifecycle_metadata"]["buildpacks"] == [
        {"key": "first", "name": ""},
        {"key": "second", "name": "Second", "version": "1.2", "config": {"entrypoint_prefix": "/run"}},
        {"key": "last", "name": ""},
    ]
    assert droplet.result["process_types"] == {"web": "last web", "job": "second job"}
    assert droplet.result["sidecars"] == [{"name": "side", "process_types": ["web"], "command": "run"}]
    name = xxh64_hexdigest(b"first")
    assert sorted(cache.key for cache in droplet.caches) == sorted([name, xxh64_hexdigest(b"second"), "final"])


def test_final_buildpack_without_finalize_compiles_after_a_warning(tmp_path: Path, zygote: Zygote) -> None:
    area = an_area(zygote, tmp_path).with_buildpack("first", {"bin/supply": MODERN["bin/supply"]})
    area.with_buildpack("text", {**DETECTED, "bin/detect": "exit 1", "bin/supply": "exit 1"})

    runs = area.stage()

    assert runs[-1].outcome.droplet is not None
    assert any("WARNING: text has no bin/finalize" in run.log for run in runs)
    assert not (tmp_path / "home/deps/1").exists()


def test_ten_buildpacks_count_with_two_digits(tmp_path: Path, zygote: Zygote) -> None:
    area = an_area(zygote, tmp_path)
    for number in range(9):
        area.with_buildpack(f"supplier {number}", {"bin/supply": 'echo "$4" > "$3/$4/index"'})
    launch = 'cat > "$3/$4/launch.yml" <<END\nprocesses: [{type: web, command: found}]\nEND'
    area.with_buildpack("last", {"bin/finalize": launch})

    droplet, files = droplet_of(area)

    assert files["./deps/08/index"] == b"08\n"
    assert droplet.result["process_types"] == {"web": "found"}


def test_procfile_has_the_last_word(tmp_path: Path, zygote: Zygote) -> None:
    area = QuickArea(zygote=zygote, root=tmp_path).with_package({"Procfile": "web: mine\nclock: tick"})
    area.with_buildpack("text", DETECTED)

    droplet, _ = droplet_of(area)

    assert droplet.result["process_types"] == {"web": "mine", "clock": "tick"}


def test_app_without_web_is_staged_with_a_warning(tmp_path: Path, zygote: Zygote) -> None:
    area = an_area(zygote, tmp_path).with_buildpack("text", {**DETECTED, "bin/release": "echo '{}'"})

    runs = area.stage()

    assert any("WARNING: there is no process called web" in run.log for run in runs)
    assert runs[-1].outcome.droplet is not None
    assert runs[-1].outcome.droplet.result["process_types"] == {}


def test_buildpack_may_lie_in_the_only_directory_of_its_archive(tmp_path: Path, zygote: Zygote) -> None:
    area = an_area(zygote, tmp_path).with_buildpack(
        "nested", {f"inner/{name}": text for name, text in DETECTED.items()}
    )

    assert droplet_of(area)[0].result["process_types"] == {"web": "run web"}


def test_disk_of_the_admin_buildpacks_is_not_the_apps(tmp_path: Path, zygote: Zygote) -> None:
    ballast = os.urandom(2 << 20)
    area = an_area(zygote, tmp_path).with_buildpack("first", {"bin/supply": "true", "ballast": ballast})
    area.with_buildpack("text", {**DETECTED, "ballast": ballast})
    area.limits = Limits(memory_mb=64, disk_mb=1)

    runs = area.stage()

    assert runs[-1].outcome.droplet is not None, runs[-1].log
    assert {run.outcome.peak_disk_mb for run in runs} == {1}


def test_two_stagings_of_one_package_give_the_same_bytes(tmp_path: Path, zygote: Zygote) -> None:
    droplets = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        area = QuickArea(zygote=zygote, root=tmp_path / name).with_package({"app.txt": "hello", "lib/a": "a"})
        area.with_buildpack("first", {"bin/supply": MODERN["bin/supply"]}).with_buildpack("text", DETECTED)
        droplets.append(droplet_of(area)[0])

    assert droplets[0] == droplets[1]


def test_caches_come_back_to_the_buildpacks_that_are_used(tmp_path: Path, zygote: Zygote) -> None:
    count = 'cat "$2/count" 2>/dev/null || true; echo again >> "$2/count"'
    cold = an_area(zygote, tmp_path / "cold").with_buildpack("supplier", {"bin/supply": count})
    cold.with_buildpack("text", {**DETECTED, "bin/compile": count})
    caches = droplet_of(cold)[0].caches
    warm = an_area(zygote, tmp_path / "warm").with_buildpack("other", {"bin/supply": count})
    warm.with_buildpack("text", {**DETECTED, "bin/compile": count})
    given = [Cache(key=cache.key, file=warm.give((cold.root / cache.file.path).read_bytes())) for cache in caches]
    warm.caches = given

    prepare, supply, finalize, *_ = warm.stage()

    assert supply.log == ""  # another supplier begins anew
    assert finalize.log.endswith("\nagain\n")
    assert prepare.outcome.suppliers == 1


def test_cache_that_cannot_be_had_only_costs_time(tmp_path: Path, zygote: Zygote) -> None:
    area = an_area(zygote, tmp_path).with_buildpack("text", DETECTED)
    area.caches = [Cache(key="final", file=area.give(gzip.compress(b"no tar")))]

    runs = area.stage()

    assert "the cache 'final' is left out" in runs[0].log
    assert runs[-1].outcome.droplet is not None


def test_scripts_see_the_contracts_environment_and_nothing_of_the_workers(tmp_path: Path, zygote: Zygote) -> None:
    area = an_area(zygote, tmp_path).with_buildpack(
        "text", {**DETECTED, "bin/compile": 'env | sort > "$1/env"; umask >> "$1/env"'}
    )
    services = {"db": [{"credentials": {"uri": "mysql://u:p@h/d"}}]}
    area.environment = {"MEMORY_LIMIT": "1024m", "VCAP_SERVICES": json.dumps(services)}

    _, files = droplet_of(area)

    lines = files["./app/env"].decode().splitlines()
    found = {line.partition("=")[0] for line in lines}
    assert found - {"_", "PWD", "OLDPWD", "SHLVL", "0022"} == {
        *("CF_INSTANCE_ADDR", "CF_INSTANCE_INTERNAL_IP", "CF_INSTANCE_IP", "CF_INSTANCE_PORT", "CF_INSTANCE_PORTS"),
        *("CF_STACK", "DATABASE_URL", "HOME", "LANG", "MEMORY_LIMIT", "PATH", "TMPDIR", "USER", "VCAP_SERVICES"),
    }
    assert "DATABASE_URL=mysql2://u:p@h/d" in lines
    assert "CF_STACK=cflinuxfs4" in lines


def test_failed_staging_leaves_a_document_with_the_buildpacks(tmp_path: Path, zygote: Zygote) -> None:
    area = an_area(zygote, tmp_path).with_buildpack("text", {"bin/compile": "exit 1"})

    last = area.stage()[-1]

    assert last.outcome.cause is Cause.SCRIPT
    document = msgspec.json.decode((tmp_path / "output/result.json").read_bytes())
    assert document["lifecycle_metadata"]["buildpacks"] == [{"key": "text", "name": ""}]
    assert document["process_types"] == {}


def test_sbom_beside_what_is_supplied_is_handed_back(tmp_path: Path, zygote: Zygote) -> None:
    area = an_area(zygote, tmp_path).with_buildpack("first", {"bin/supply": "echo '{}' > \"$3/$4/x.sbom.cdx.json\""})
    area.with_buildpack("text", DETECTED)

    droplet, _ = droplet_of(area)

    assert [file.path for file in droplet.sbom] == ["home/deps/0/x.sbom.cdx.json"]
