"""The lifecycle `cnb` from package to droplet, with buildpacks written to the contract."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import tarfile
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from buildmill.common.cnb.launching import prepare_launch_blocking, read_launch_metadata
from buildmill.common.cnb.places import Home
from buildmill.common.staging import Buildpack, Cache, Cause, Lifecycle, Limits, Outcome, Phase
from tests.buildpacks import PLAIN_BUILD, buildpack, composite, rooted
from tests.registry import Registry, image, layer, layout, running_registry, tar
from tests.staging_area import PhaseRun, StagingArea, zip_of
from tests.staging_zygote import QuickArea, running_zygote

PHASES = (Phase.PREPARE, Phase.DETECT, Phase.RESTORE, Phase.BUILD, Phase.EXPORT)
APP = {"app.txt": "hello\n"}


NewArea = Callable[..., QuickArea]


@pytest.fixture(scope="module")
def area() -> Iterator[NewArea]:
    """Makes work areas with a package and buildpacks."""
    with running_zygote() as zygote:

        def new(root: Path, *buildpacks: Mapping[str, str]) -> QuickArea:
            root.mkdir(exist_ok=True)
            made = QuickArea(root=root, lifecycle=Lifecycle.CNB, zygote=zygote)
            made.with_package(APP)
            for number, files in enumerate(buildpacks):
                give(made, zip_of(files), f"buildpack-{number}")
            return made

        yield new


def give(made: StagingArea, content: bytes, key: str) -> None:
    made.buildpacks.append(Buildpack(key=key, shown=key, archive=made.give(content)))


def stage(made: StagingArea) -> list[PhaseRun]:
    """All phases, up to the first that fails."""
    runs: list[PhaseRun] = []
    for phase in PHASES:
        runs.append(made.run(phase))
        if runs[-1].outcome.error:
            break
    return runs


def good(made: StagingArea) -> PhaseRun:
    """The export of a staging that succeeds."""
    runs = stage(made)
    assert runs[-1].outcome.error == "", runs[-1].outcome.message + "\n" + runs[-1].log
    assert runs[-1].outcome.phase is Phase.EXPORT
    return runs[-1]


def failed(made: StagingArea) -> Outcome:
    """The outcome of the phase that failed."""
    last = stage(made)[-1]
    assert last.outcome.error, last.log
    assert last.exit_code == last.outcome.exit_code
    return last.outcome


def droplet_files(made: StagingArea, run: PhaseRun) -> dict[str, bytes | None]:
    """What the droplet holds; None for what is no file."""
    assert run.outcome.droplet is not None
    assert run.outcome.droplet.file is not None
    with tarfile.open(made.root / run.outcome.droplet.file.path) as archive:
        found: dict[str, bytes | None] = {}
        for member in archive:
            file = archive.extractfile(member) if member.isreg() else None
            found[member.name] = file.read() if file else None
        return found


def unpack_droplet(made: StagingArea, run: PhaseRun, target: Path) -> Home:
    assert run.outcome.droplet is not None
    assert run.outcome.droplet.file is not None
    with tarfile.open(made.root / run.outcome.droplet.file.path) as archive:
        archive.extractall(target, filter="data")
    return Home(target)


def give_caches(made: StagingArea, before: StagingArea, run: PhaseRun) -> None:
    """Only the cache is carried over, as to another machine."""
    assert run.outcome.droplet is not None
    for cache in run.outcome.droplet.caches:
        content = (before.root / cache.file.path).read_bytes()
        made.caches.append(Cache(key=cache.key, file=made.give(content)))


# -- the straight path ---------------------------------------------------------------------

RUNTIME = buildpack(
    "acme/runtime",
    detect='printf \'[[provides]]\\nname = "runtime"\\n\' > "$CNB_BUILD_PLAN_PATH"',
    build="""
cp "$CNB_BP_PLAN_PATH" "$L/seen-plan"
cat "$L/seen-plan"
mkdir -p "$L/rt/bin" "$L/rt/env" "$L/rt/env.build" "$L/rt/env.launch/web" "$L/rt/exec.d" "$L/tool/bin"
printf '#!/bin/sh\\necho "runs $* with $RT_HOME $ONLY_WEB $SECRET"\\n' > "$L/rt/bin/rt"
printf '#!/bin/sh\\necho built-with-tool\\n' > "$L/tool/bin/tool"
printf '#!/bin/sh\\necho "SECRET = \\"from exec.d\\"" >&3\\necho chatter\\n' > "$L/rt/exec.d/secret"
chmod +x "$L/rt/bin/rt" "$L/tool/bin/tool" "$L/rt/exec.d/secret"
printf "%s/rt" "$L" > "$L/rt/env/RT_HOME"
printf ":" > "$L/rt/env.build/FLAGS.delim"
printf "b" > "$L/rt/env.build/FLAGS.append"
printf "only-web" > "$L/rt/env.launch/web/ONLY_WEB"
ln -s "$L/rt/bin/rt" "$L/rt/absolute-link"
printf '[types]\\nlaunch = true\\nbuild = true\\n[metadata]\\nversion = "3"\\n' > "$L/rt.toml"
printf '[types]\\nbuild = true\\n' > "$L/tool.toml"
printf '{"bomFormat": "CycloneDX"}' > "$L/rt.sbom.cdx.json"
""",
)
WEB = buildpack(
    "acme/web",
    detect='printf \'[[requires]]\\nname = "runtime"\\n[requires.metadata]\\nversion = ">=3"\\n\' > "$2"',
    build="""
tool
echo "FLAGS=$FLAGS HOME=$RT_HOME MINE=$MINE"
echo made > made.txt
printf '[[processes]]\\ntype = "web"\\ncommand = ["rt"]\\ndefault = true\\n' > "$L/launch.toml"
printf 'args = ["serve", "%s/rt"]\\n' "$L" >> "$L/launch.toml"
printf '[[processes]]\\ntype = "task"\\ncommand = ["rt", "once"]\\n' >> "$L/launch.toml"
printf '[[labels]]\\nkey = "a"\\nvalue = "b"\\n' >> "$L/launch.toml"
""",
)


@dataclass(frozen=True)
class Scene:
    """A staging that has succeeded, and its runs."""

    area: StagingArea
    runs: list[PhaseRun]

    @property
    def export(self) -> PhaseRun:
        return self.runs[-1]


@pytest.fixture(scope="module")
def scene(area: NewArea, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    made = area(tmp_path_factory.mktemp("cnb") / "area", RUNTIME, WEB)
    made.environment = {"FLAGS": "a", "MINE": "mine"}
    runs = stage(made)
    assert [run.outcome.error for run in runs] == [""] * len(PHASES), runs[-1].log
    return Scene(made, runs)


def test_buildpacks_see_the_plan_and_what_earlier_ones_have_made(scene: Scene) -> None:
    log = scene.runs[PHASES.index(Phase.BUILD)].log

    assert "-----> acme/runtime@1.0" in log
    assert '[entries.metadata]\nversion = ">=3"' in log
    assert "built-with-tool" in log
    assert f"FLAGS=a HOME={scene.area.root}/home/layers/acme_runtime/rt MINE=mine" in log


def test_the_droplet_holds_what_is_for_launch_and_nothing_else(scene: Scene) -> None:
    files = droplet_files(scene.area, scene.export)

    assert {name.split("/")[0] for name in files} == {"layers", "workspace"}
    assert files["workspace/app.txt"] == b"hello\n"
    assert files["workspace/made.txt"] == b"made\n"
    assert "layers/acme_runtime/rt/bin/rt" in files
    assert not any("tool" in name or name.endswith("seen-plan") for name in files)


def test_paths_of_the_work_area_are_not_in_the_droplet(scene: Scene) -> None:
    files = droplet_files(scene.area, scene.export)

    assert files["layers/acme_runtime/rt/env/RT_HOME"] == b"/home/vcap/layers/acme_runtime/rt"
    assert not any(os.fsencode(scene.area.root) in content for content in files.values() if content)


def test_the_launch_metadata_say_buildpacks_and_processes(scene: Scene) -> None:
    content = droplet_files(scene.area, scene.export)["layers/config/metadata.toml"]
    assert content is not None

    metadata = tomllib.loads(content.decode())

    assert [one["id"] for one in metadata["buildpacks"]] == ["acme/runtime", "acme/web"]
    assert [(one["type"], one["command"], one.get("args")) for one in metadata["processes"]] == [
        ("task", ["rt", "once"], None),
        ("web", ["rt"], ["serve", "/home/vcap/layers/acme_web/rt"]),
    ]
    assert metadata["buildpack-default-process-type"] == "web"
    assert metadata["labels"] == [{"key": "a", "value": "b"}]


def test_the_result_document_is_the_contracts(scene: Scene) -> None:
    assert scene.export.outcome.droplet is not None
    archives = [one.archive.sha256 for one in scene.area.buildpacks if one.archive is not None]
    assert scene.export.outcome.droplet.result == {
        "lifecycle_type": "cnb",
        "lifecycle_metadata": {
            "buildpacks": [
                {"key": "acme/runtime", "name": "acme/runtime@1.0", "version": "1.0", "sha256": archives[0]},
                {"key": "acme/web", "name": "acme/web@1.0", "version": "1.0", "sha256": archives[1]},
            ]
        },
        "process_types": {"web": "rt serve /home/vcap/layers/acme_web/rt", "task": "rt once"},
        "execution_metadata": "",
    }


def test_bills_of_materials_are_given_to_the_master(scene: Scene) -> None:
    assert scene.export.outcome.droplet is not None
    [bill] = scene.export.outcome.droplet.sbom

    assert bill.path == "output/sbom/acme_runtime/rt.sbom.cdx.json"
    assert json.loads((scene.area.root / bill.path).read_text()) == {"bomFormat": "CycloneDX"}


def test_the_droplet_runs_where_it_is_unpacked(scene: Scene, tmp_path: Path) -> None:
    home = unpack_droplet(scene.area, scene.export, tmp_path / "elsewhere")

    launch = prepare_launch_blocking(home, read_launch_metadata(home), inherited={"PATH": "/usr/bin:/bin"})
    said = subprocess.check_output(launch.arguments, env=launch.environment, cwd=launch.directory, text=True)

    layers = home.layers / "acme_runtime"
    assert said == f"runs serve {home.layers}/acme_web/rt with {layers}/rt only-web from exec.d\n"
    assert (layers / "rt" / "absolute-link").resolve() == (layers / "rt" / "bin" / "rt").resolve()


def test_another_process_has_no_variables_of_web(scene: Scene, tmp_path: Path) -> None:
    home = unpack_droplet(scene.area, scene.export, tmp_path / "elsewhere")

    launch = prepare_launch_blocking(
        home, read_launch_metadata(home), process="task", arguments=["extra"], inherited={"PATH": "/usr/bin:/bin"}
    )

    assert launch.arguments == ["rt", "once", "extra"]
    assert "ONLY_WEB" not in launch.environment


def test_two_builds_of_one_package_give_the_same_bytes(area: NewArea, scene: Scene, tmp_path: Path) -> None:
    again = area(tmp_path / "a-much-longer-name", RUNTIME, WEB)
    again.environment = scene.area.environment

    assert good(again).outcome.droplet == scene.export.outcome.droplet


# -- what one build leaves to the next -----------------------------------------------------

CACHING = buildpack(
    "acme/cache",
    build="""
for layer in cached launched; do
    if [ -f "$L/$layer.toml" ]; then echo "metadata of $layer: $(cat "$L/$layer.toml" | tr '\\n' ' ')"; fi
    if [ -d "$L/$layer" ]; then echo "contents of $layer: $(cat "$L/$layer/file")"; fi
done
if [ -f "$L/store.toml" ]; then cat "$L/store.toml"; fi
printf '[metadata]\\nbuilds = 1\\n' > "$L/store.toml"
if [ ! -f "$L/launched.toml" ]; then mkdir "$L/launched"; echo first > "$L/launched/file"; fi
mkdir -p "$L/cached/env"; echo first > "$L/cached/file"; printf "%s" "$L" > "$L/cached/env/WHERE"
printf '[types]\\ncache = true\\nbuild = true\\n[metadata]\\nv = 1\\n' > "$L/cached.toml"
printf '[types]\\nlaunch = true\\n[metadata]\\nv = 2\\n' > "$L/launched.toml"
printf '[[processes]]\\ntype = "web"\\ncommand = ["true"]\\n' > "$L/launch.toml"
""",
)


def test_the_next_build_gets_what_was_kept(area: NewArea, tmp_path: Path) -> None:
    first = area(tmp_path / "first", CACHING)
    export = good(first)
    second = area(tmp_path / "second", CACHING)
    give_caches(second, first, export)

    runs = stage(second)

    restore, build = runs[PHASES.index(Phase.RESTORE)].log, runs[PHASES.index(Phase.BUILD)].log
    assert "Restoring the layer cached of acme/cache@1.0 from the cache" in restore
    assert "metadata of cached: [metadata] v = 1" in build
    assert "contents of cached: first" in build
    assert "metadata of launched: [metadata] v = 2" in build
    assert "contents of launched" not in build
    assert "builds = 1" in build
    files = droplet_files(second, runs[-1])
    assert files["layers/acme_cache/launched/file"] == b"first\n"
    assert not any("cached" in name for name in files)
    assert (runs[-1].outcome.droplet, export.outcome.droplet)[0] == export.outcome.droplet


def test_a_cache_that_is_damaged_only_costs_time(area: NewArea, tmp_path: Path) -> None:
    made = area(tmp_path / "area", CACHING)
    made.caches.append(Cache(key="layers", file=made.give(gzip.compress(b"no tar"))))

    runs = stage(made)

    assert runs[-1].outcome.error == ""
    assert "The cache is not used: the cache is no proper tar archive" in runs[0].log


# -- detection -----------------------------------------------------------------------------


def test_of_several_the_first_that_fits_is_detected(area: NewArea, tmp_path: Path) -> None:
    made = area(
        tmp_path / "area",
        buildpack("no", "exit 100", PLAIN_BUILD),
        buildpack(
            "yes", 'test -f app.txt; test "$1" = "$CNB_PLATFORM_DIR"; test "$(cat "$1/env/MINE")" = mine', PLAIN_BUILD
        ),
        buildpack("never", "echo asked-too-many", PLAIN_BUILD),
    )
    made.is_detecting, made.environment = True, {"MINE": "mine"}

    runs = stage(made)

    assert runs[-1].outcome.error == ""
    assert runs[1].outcome.detected == ["yes@1.0"]
    assert "asked-too-many" not in runs[1].log


@pytest.mark.parametrize(
    ("detect", "cause", "script_exit", "message"),
    [
        ("exit 100", Cause.NOT_DETECTED, None, "no group of buildpacks fits; tried: x@1.0"),
        ("exit 3", Cause.SCRIPT, 3, "x@1.0: bin/detect exited with 3, which is an error"),
        ("echo '[[[' > $2", Cause.MALFORMED, None, "its build plan is faulty: x-1.0.plan.toml: is malformed"),
        ("printf '[[requires]]\\nname = \"y\"\\n' > $2", Cause.NOT_DETECTED, None, "no group of buildpacks fits"),
    ],
)
def test_a_failed_detection_says_why(
    area: NewArea, tmp_path: Path, detect: str, cause: Cause, script_exit: int | None, message: str
) -> None:
    outcome = failed(area(tmp_path / "area", buildpack("x", detect)))

    assert (outcome.error, outcome.exit_code, outcome.phase) == ("CNBDetectFailed", 233, Phase.DETECT)
    assert (outcome.cause, outcome.script_exit) == (cause, script_exit)
    assert message in outcome.message


def test_who_clears_its_environment_has_the_users_variables_as_files_only(area: NewArea, tmp_path: Path) -> None:
    build = 'echo "env=<$MINE> file=<$(cat "$CNB_PLATFORM_DIR/env/MINE")>"\n' + PLAIN_BUILD
    made = area(tmp_path / "area", buildpack("x", build=build, more="clear-env = true"))
    made.environment = {"MINE": "mine"}

    assert "env=<> file=<mine>" in stage(made)[PHASES.index(Phase.BUILD)].log


def test_nothing_of_the_workers_own_environment_passes(area: NewArea, tmp_path: Path) -> None:
    made = area(tmp_path / "area", buildpack("x", build="env\n" + PLAIN_BUILD))
    made.worker_environ = {"OF_THE_WORKER": "secret"}

    log = stage(made)[PHASES.index(Phase.BUILD)].log

    assert "OF_THE_WORKER" not in log
    assert "CNB_TARGET_OS=linux" in log
    assert "CNB_STACK_ID=cflinuxfs4" in log


# -- where buildpacks come from ------------------------------------------------------------


@pytest.fixture
def registry() -> Iterator[Registry]:
    with running_registry() as running:
        yield running
        assert running.complaints == []


def of_key(made: StagingArea, registry: Registry, key: str) -> StagingArea:
    made.buildpacks.append(Buildpack(key=key, shown=key))
    made.more = {"insecure_registries": [registry.address]}
    return made


def test_buildpacks_come_from_registries_and_web_servers(area: NewArea, tmp_path: Path, registry: Registry) -> None:
    registry.push("bp/all", "1", image({}, [layer(rooted(composite()))]))
    registry.files["/all.cnb"] = layout(image({}, [layer(rooted(composite()))]))

    image_area = of_key(area(tmp_path / "image"), registry, f"docker://{registry.address}/bp/all:1")
    url_area = of_key(area(tmp_path / "url"), registry, f"http://{registry.address}/all.cnb")

    assert good(image_area).outcome.detected == ["a/part@1.0"]
    assert good(url_area).outcome.detected == ["a/part@1.0"]


# -- what goes wrong has a name ------------------------------------------------------------


FAULTS: dict[str, tuple[Sequence[Mapping[str, str]], str, int, Cause, str]] = {
    "build fails": (
        [buildpack("x", build="exit 7")],
        "CNBBuildFailed",
        234,
        Cause.SCRIPT,
        "bin/build of x@1.0 exited with 7",
    ),
    "bad layer": (
        [buildpack("x", build='echo "[types]\nlaunch = 1" > "$L/l.toml"')],
        "CNBBuildFailed",
        234,
        Cause.MALFORMED,
        "l.toml of x@1.0: is malformed",
    ),
    "reserved layer": (
        [buildpack("x", build='mkdir "$L/store"')],
        "CNBBuildFailed",
        234,
        Cause.MALFORMED,
        "store of x@1.0: no layer may be called so",
    ),
    "bad process": (
        [buildpack("x", build="printf \"[[processes]]\ntype = 'a b'\ncommand = ['x']\n\" > \"$L/launch.toml\"")],
        "CNBBuildFailed",
        234,
        Cause.MALFORMED,
        "launch.toml of x@1.0: is malformed",
    ),
    "no command": (
        [buildpack("x", build='printf "[[processes]]\ntype = \'web\'\ncommand = []\n" > "$L/launch.toml"')],
        "CNBBuildFailed",
        234,
        Cause.MALFORMED,
        "launch.toml of x@1.0: the process 'web' has no command",
    ),
    "two defaults": (
        [
            buildpack(
                "x",
                build='for t in a b; do printf \'[[processes]]\ntype = "%s"\ncommand = ["x"]\ndefault = true\n\' $t;'
                ' done > "$L/launch.toml"',
            )
        ],
        "CNBBuildFailed",
        234,
        Cause.MALFORMED,
        "launch.toml of x@1.0: only one process may be the default",
    ),
    "unmet that nobody asked for": (
        [buildpack("x", build='printf "[[unmet]]\nname = \'y\'\n" > "$L/build.toml"')],
        "CNBBuildFailed",
        234,
        Cause.MALFORMED,
        "unmet: nobody asked it for y",
    ),
    "launch without contents": (
        [buildpack("x", build='printf "[types]\nlaunch = true\n" > "$L/l.toml"')],
        "CNBExportFailed",
        235,
        Cause.MALFORMED,
        "l of x@1.0: the layer is for launch, has no contents",
    ),
    "order of what is not there": (
        [
            {
                "buildpack.toml": 'api = "0.10"\n[buildpack]\nid = "x"\nversion = "1.0"\n'
                '[[order]]\n[[order.group]]\nid = "y"\nversion = "2"\n'
            }
        ],
        "CNBDetectFailed",
        233,
        Cause.MALFORMED,
        "y@2: an order names this buildpack, and nobody brought it",
    ),
    "for another machine": (
        [buildpack("x", more='[[targets]]\nos = "plan9"\n')],
        "CNBDetectFailed",
        233,
        Cause.MALFORMED,
        "x@1.0: it is not for linux",
    ),
}


@pytest.mark.parametrize("name", list(FAULTS))
def test_a_fault_has_its_cause(area: NewArea, tmp_path: Path, name: str) -> None:
    buildpacks, error, exit_code, cause, message = FAULTS[name]

    outcome = failed(area(tmp_path / "area", *buildpacks))

    assert (outcome.error, outcome.exit_code, outcome.cause) == (error, exit_code, cause)
    assert message in outcome.message


def test_a_bad_archive_fails_the_preparation(area: NewArea, tmp_path: Path) -> None:
    made = area(tmp_path / "area")
    give(made, tar({"../out": "x"}), "the-buildpack")

    outcome = failed(made)

    assert (outcome.error, outcome.exit_code) == ("CNBDownloadBuildpackFailed", 232)
    assert outcome.message == "the-buildpack: '../out' is refused: the name leaves the directory"


def test_a_download_that_fails_names_the_buildpack(area: NewArea, tmp_path: Path, registry: Registry) -> None:
    for key, message in (
        (f"docker://{registry.address}/none:1", f"the manifest of {registry.address}/none:1: there is none"),
        (f"http://{registry.address}/none.cnb", "the server answered with 404"),
        ("ftp://x/y", "is neither a buildpack of the master nor a URL"),
    ):
        outcome = failed(of_key(area(tmp_path / "area"), registry, key))

        assert (outcome.error, outcome.exit_code, outcome.cause) == ("CNBDownloadBuildpackFailed", 232, Cause.DOWNLOAD)
        assert message in outcome.message


def test_a_package_that_is_another_is_refused(area: NewArea, tmp_path: Path) -> None:
    made = area(tmp_path / "area", buildpack("x"))
    assert made.package is not None
    (made.root / made.package.path).write_bytes(io.BytesIO(zip_of({"other": "x"})).getvalue())

    outcome = failed(made)

    assert (outcome.error, outcome.exit_code, outcome.cause) == ("CNBGenericBuildFailed", 231, Cause.CHECKSUM)


def test_a_cache_with_a_malformed_description_fails_the_restore(area: NewArea, tmp_path: Path) -> None:
    made = area(tmp_path / "area", buildpack("x", build=PLAIN_BUILD))
    made.caches.append(Cache(key="layers", file=made.give(gzip.compress(tar({"x/l.toml": "types = 1"})))))

    outcome = failed(made)

    assert (outcome.error, outcome.exit_code) == ("CNBRestoreFailed", 237)
    assert "l.toml of x@1.0: is malformed" in outcome.message


def test_a_build_that_fills_the_disk_is_stopped(area: NewArea, tmp_path: Path) -> None:
    filling = 'dd if=/dev/zero of="$L/large" bs=1M count=64; sleep 300'
    made = area(tmp_path / "area", buildpack("x", build=filling))
    made.limits = Limits(memory_mb=512, disk_mb=32)

    outcome = failed(made)

    assert (outcome.error, outcome.exit_code, outcome.cause) == ("CNBBuildFailed", 234, Cause.DISK)
    assert outcome.script == "bin/build of x@1.0"


def test_a_build_whose_time_is_over_is_stopped(area: NewArea, tmp_path: Path) -> None:
    made = area(tmp_path / "area", buildpack("x", build="sleep 300"))
    for phase in PHASES[:3]:
        assert made.run(phase).outcome.error == ""

    outcome = made.run(Phase.BUILD, seconds=1.0).outcome

    assert (outcome.error, outcome.cause) == ("StagingError", Cause.TIME)


# -- a machine that was started anew -------------------------------------------------------


def test_phases_that_were_cut_off_are_repeated(area: NewArea, tmp_path: Path) -> None:
    first = area(tmp_path / "first", CACHING)
    expected = good(first).outcome.droplet
    made = area(tmp_path / "made", CACHING)
    give_caches(made, first, first.run(Phase.EXPORT))  # as good as before
    for phase in (Phase.PREPARE, Phase.PREPARE, Phase.DETECT, Phase.DETECT, Phase.RESTORE, Phase.RESTORE):
        assert made.run(phase).outcome.error == ""
    left = made.root / "home" / "layers" / "acme_cache"
    (left / "half").mkdir()
    (left / "half.toml").write_text("[types]\nlaunch = true\n")
    made.run(Phase.BUILD)
    (left / "cached" / "file").write_text("spoiled")

    build = made.run(Phase.BUILD)
    made.run(Phase.EXPORT)
    export = made.run(Phase.EXPORT)

    assert "An earlier attempt was cut off: the layers begin anew" in build.log
    assert "contents of cached: first" in build.log
    assert export.outcome.droplet == expected
