"""Steps that build and check packages: their command lines, and what they make of outputs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from buildmill.common.errors import ConfigError
from buildmill.common.results import FAILURE, SUCCESS, WARNINGS
from buildmill.master.steps.debian import DebCowbuilder, DebLintian, DebPbuilder, UbuCowbuilder, UbuPbuilder
from buildmill.master.steps.mock import Mock, MockBuildSRPM, MockRebuild
from buildmill.master.steps.robocopy import Robocopy
from buildmill.master.steps.rpm import RpmBuild, RpmLint
from tests.unit.master.steps.runs import Runs


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a program on the path that runs a script; calling it again replaces it."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")

    def put(name: str, script: str = "") -> None:
        (directory / name).write_text(f"#!/bin/sh\n{script}\n")
        (directory / name).chmod(0o755)

    return put


DIRECTORIES = " ".join(
    f'--define "_{name} `pwd`"' for name in ("topdir", "builddir", "rpmdir", "sourcedir", "specdir", "srcrpmdir")
)


@pytest.mark.parametrize(
    ("arguments", "definitions"),
    [
        ({}, '--define "dist .el6"'),
        ({"dist": ".el7", "define": {"x": 1, "y": "z"}}, '--define "x 1" --define "y z" --define "dist .el7"'),
        ({"vcsRevision": True}, '--define "_revision r7" --define "dist .el6"'),
        ({"autoRelease": True}, '--define "_release 0" --define "dist .el6"'),
    ],
)
def test_rpmbuild_gets_its_definitions(runs: Runs, programs: Any, arguments: dict[str, Any], definitions: str) -> None:
    programs("rpmbuild", 'echo "Wrote: /x/a.rpm"; echo "+ umask 022"; echo other; echo "error: Bad" >&2; exit 1')
    ran = runs.one(RpmBuild(specfile="pkg/a.spec", **arguments), properties={"got_revision": "r7"})

    assert runs.machine.lines == [f"rpmbuild {DIRECTORIES} {definitions} -ba pkg/a.spec"]
    assert (ran.results, ran.state_string) == (FAILURE, "RPMBUILD (failure)")
    assert runs.log(ran, "RPM Command Log") == "Wrote: /x/a.rpm\n+ umask 022\n"
    assert runs.log(ran, "RPM Errors") == "error: Bad\n"


def test_each_build_has_a_release_number_of_its_own(runs: Runs, programs: Any) -> None:
    programs("rpmbuild")
    runs.start(RpmBuild(specfile="a.spec", autoRelease=True))
    runs.again()
    runs.again()

    assert ['"_release 0"' in line for line in runs.machine.lines] == [True, False]
    assert '"_release 1"' in runs.machine.lines[1]
    assert (runs.basedir / "a.release").read_text() == "2"


def test_a_quote_does_not_leave_its_word(runs: Runs) -> None:
    ran = runs.one(RpmBuild(specfile="a.spec", define={"x": 'a" ; rm -rf "'}))

    assert ran.results == FAILURE
    assert runs.machine.lines == []


def test_rpmlint_is_told_its_configuration(runs: Runs, programs: Any) -> None:
    programs("rpmlint", 'echo "a: W: no-manual-page"')
    plain, configured = runs.run(RpmLint(), RpmLint(fileloc="x.spec", config="cfg"))

    assert runs.machine.lines == ["rpmlint -i .", "rpmlint -i -f cfg x.spec"]
    assert [plain.results, configured.results] == [SUCCESS, SUCCESS]
    assert plain.state_string == "Finished checking RPM/SPEC issues"


@pytest.mark.parametrize(
    ("step", "line", "text"),
    [
        (Mock(root="fed"), "mock --root fed", "'mock --root ...'"),
        (Mock(root="fed", resultdir="res"), "mock --root fed --resultdir res", "'mock --root ...'"),
        (
            MockBuildSRPM(root="fed", spec="a.spec", sources="src"),
            "mock --root fed --buildsrpm --spec a.spec --sources src",
            "mock buildsrpm",
        ),
        (
            MockRebuild(root="fed", srpm="a.srpm", resultdir="res"),
            "mock --root fed --resultdir res --rebuild a.srpm",
            "mock rebuild srpm",
        ),
    ],
    ids=["plain", "resultdir", "srpm", "rebuild"],
)
def test_mock_gets_its_options_and_keeps_its_logs(runs: Runs, programs: Any, step: Any, line: str, text: str) -> None:
    programs("mock")
    old = runs.work / ("res" if "resultdir" in line else ".") / "root.log"
    old.parent.mkdir(exist_ok=True)
    old.write_text("of an earlier build")

    ran = runs.one(step)

    assert runs.machine.lines == [line]
    assert (ran.results, ran.state_string) == (SUCCESS, text)
    assert sorted(runs.logs(ran)) == ["build.log", "root.log", "state.log", "stdio"]
    assert not old.exists()


MIRROR = "--distribution stable --mirror http://deb.debian.org/debian/"
UBUNTU = "--distribution noble --mirror http://archive.ubuntu.com/ubuntu/ --components main universe"
PDEBUILD = "pdebuild --buildresult . --pbuilder"
CACHE = "/srv/w1/cache"


@pytest.mark.parametrize(
    ("step", "create", "build"),
    [
        (
            DebPbuilder(basetgz=f"{CACHE}/b.tgz"),
            f"sudo /usr/sbin/pbuilder --create --basetgz {CACHE}/b.tgz {MIRROR}",
            f"{PDEBUILD} /usr/sbin/pbuilder -- --buildresult . --basetgz {CACHE}/b.tgz",
        ),
        (
            DebCowbuilder(basetgz=f"{CACHE}/%(distribution)s.cow/"),
            f"sudo /usr/sbin/cowbuilder --create --basepath {CACHE}/stable.cow/ {MIRROR}",
            f"{PDEBUILD} /usr/sbin/cowbuilder -- --buildresult . --basepath {CACHE}/stable.cow/",
        ),
        (
            UbuPbuilder(distribution="noble", basetgz=f"{CACHE}/b"),
            f"sudo /usr/sbin/pbuilder --create --basetgz {CACHE}/b {UBUNTU}",
            f"{PDEBUILD} /usr/sbin/pbuilder -- --buildresult . --basetgz {CACHE}/b",
        ),
        (
            UbuCowbuilder(distribution="noble", basetgz=f"{CACHE}/b"),
            f"sudo /usr/sbin/cowbuilder --create --basepath {CACHE}/b {UBUNTU}",
            f"{PDEBUILD} /usr/sbin/cowbuilder -- --buildresult . --basepath {CACHE}/b",
        ),
        (
            DebPbuilder(
                distribution="sid", architecture="amd64", mirror="http://m", othermirror=["http://o", "http://p"],
                extrapackages=["x", "y"], keyring="/k", components="main contrib", basetgz=f"{CACHE}/b",
            ),
            f"sudo /usr/sbin/pbuilder --create --basetgz {CACHE}/b --distribution sid --mirror http://m "
            "--othermirror http://o|http://p --architecture amd64 --extrapackages x y "
            "--debootstrapopts --keyring=/k --components main contrib",
            f"{PDEBUILD} /usr/sbin/pbuilder --architecture amd64 -- --buildresult . --basetgz {CACHE}/b "
            "--extrapackages x y",
        ),
    ],
    ids=["pbuilder", "cowbuilder", "ubuntu", "ubuntu-cow", "all"],
)  # fmt: skip
def test_a_system_is_made_and_packages_are_built_in_it(
    runs: Runs, programs: Any, step: Any, create: str, build: str
) -> None:
    programs("sudo")
    programs("pdebuild", 'echo "dh: warning: old"')
    ran = runs.one(step)

    assert runs.machine.lines == [create, build]
    assert (ran.results, ran.state_string) == (WARNINGS, "built (warnings)")


def test_an_old_system_is_renewed_and_a_broken_one_fails(runs: Runs, programs: Any) -> None:
    programs("sudo")
    programs("pdebuild")
    base = runs.build.parent / "cache" / "b.tgz"
    base.parent.mkdir()
    base.write_text("")
    now = runs.harness.clock.seconds()
    runs.start(DebPbuilder(basetgz="/srv/w1/cache/b.tgz"))
    for age, renewed in ((3600, False), (8 * 24 * 3600, True)):
        os.utime(base, (now - age, now - age))
        runs.machine.lines.clear()
        [ran] = runs.again()
        assert ran.results == SUCCESS
        assert [line.split()[2] for line in runs.machine.lines if line.startswith("sudo")] == ["--update"] * renewed

    programs("sudo", "exit 1")
    [ran] = runs.again()
    assert ran.results == FAILURE


def test_findings_of_lintian_are_weighed(runs: Runs, programs: Any) -> None:
    programs("lintian", 'echo "W: a: x"; echo "N: note"; [ "$2" = good ] || echo "E: a: y"')
    bad, good = runs.run(DebLintian(fileloc="bad"), DebLintian(fileloc="good", suppressTags=["t1", "t2"]))

    assert runs.machine.lines == ["lintian -v bad", "lintian -v good --suppress-tags t1 --suppress-tags t2"]
    assert [bad.results, good.results] == [FAILURE, WARNINGS]
    assert runs.logs(bad) == ["stdio", "1 Warnings", "1 Errors"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({}, "robocopy s d /TEE /NP"),
        (
            {"files": ["a", "b"], "exclude": ["*.obj"], "exclude_files": ["y"], "exclude_dirs": ["x"],
             "recursive": True, "verbose": True, "custom_opts": ["/R:1"]},
            "robocopy s d a b /E /XF *.obj y /XD x /V /TS /FP /R:1 /TEE /NP",
        ),
        ({"mirror": True}, "robocopy s d /MIR /TEE /NP"),
        ({"move": True}, "robocopy s d /MOVE /TEE /NP"),
    ],
    ids=["plain", "all", "mirror", "move"],
)  # fmt: skip
def test_robocopy_gets_its_options(runs: Runs, programs: Any, arguments: dict[str, Any], line: str) -> None:
    programs("robocopy")
    ran = runs.one(Robocopy("s", "d", **arguments))

    assert runs.machine.lines == [line]
    assert (ran.results, ran.state_string) == (SUCCESS, "'robocopy s ...'")


@pytest.mark.parametrize(("code", "result"), [(1, SUCCESS), (2, WARNINGS), (7, WARNINGS), (8, FAILURE), (16, FAILURE)])
def test_the_exit_code_of_robocopy_is_a_set_of_bits(runs: Runs, programs: Any, code: int, result: int) -> None:
    programs("robocopy", f"exit {code}")
    assert runs.one(Robocopy("s", "d")).results == result


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RpmBuild(), "RpmBuild: specfile must be given"),
        (lambda: RpmBuild(specfile="a", define="x"), "RpmBuild: define must be a dict or None"),
        (lambda: RpmLint(command="x"), "RpmLint: the argument command is not taken here"),
        (lambda: Mock(), "Mock: root must be given"),
        (lambda: MockBuildSRPM(root="x"), "MockBuildSRPM: spec must be given"),
        (lambda: MockRebuild(root="x"), "MockRebuild: srpm must be given"),
        (lambda: UbuPbuilder(), "UbuPbuilder: distribution must be given"),
        (lambda: DebPbuilder(extrapackages="x"), "DebPbuilder: extrapackages must be a list"),
        (lambda: DebLintian(), "DebLintian: fileloc must be given"),
        (lambda: Robocopy("", "d"), "Robocopy: source must be given"),
        (lambda: Robocopy("s", "d", files="x"), "Robocopy: files must be a list"),
    ],
)
def test_wrong_arguments_are_named(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
