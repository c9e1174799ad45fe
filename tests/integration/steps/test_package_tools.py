"""Steps that build and check packages and run Perl's tests, with the real programs."""

from __future__ import annotations

import os
import sys

import pytest

from buildmill.common.results import FAILURE, SUCCESS, WARNINGS
from buildmill.master.steps.debian import DebLintian
from buildmill.master.steps.perl_tests import PerlModuleTest
from buildmill.master.steps.rpm import RpmBuild, RpmLint
from buildmill.master.steps.subunit import SubunitShellCommand
from tests.integration.steps.programs import need
from tests.unit.master.steps.runs import Runs

SPEC = """\
Name: hello
Version: 1
Release: 1%{?dist}
Summary: A greeting
License: MIT
BuildArch: noarch
%description
Greets.
%install
mkdir -p %{buildroot}/usr/share/hello
echo hi > %{buildroot}/usr/share/hello/text
%files
/usr/share/hello/text
"""


def test_rpmbuild_builds_a_package_and_rpmlint_checks_it(runs: Runs) -> None:
    need("rpmbuild", "rpmlint")
    (runs.work / "hello.spec").write_text(SPEC)
    built, checked = runs.run(
        RpmBuild(specfile="hello.spec", dist=".x"),
        RpmLint(fileloc="hello.spec", flunkOnFailure=False),
    )

    assert (built.results, built.state_string) == (SUCCESS, "RPMBUILD")
    assert (runs.work / "noarch" / "hello-1-1.x.noarch.rpm").exists()
    assert "Wrote: " in runs.log(built, "RPM Command Log")
    assert "specfiles checked" in runs.log(checked)


def test_lintian_finds_what_is_wrong(runs: Runs) -> None:
    need("lintian", "dpkg-deb")
    control = runs.work / "pkg" / "DEBIAN" / "control"
    control.parent.mkdir(parents=True)
    control.write_text(
        "Package: hello\nVersion: 1\nArchitecture: all\nMaintainer: Ann <ann@example.org>\nDescription: Greets\n"
    )
    assert os.system(f"dpkg-deb -b {runs.work}/pkg {runs.work}/hello.deb >/dev/null") == 0

    ran = runs.one(DebLintian(fileloc="hello.deb"))

    assert ran.results == FAILURE
    assert any(name.endswith(" Errors") for name in runs.logs(ran))


def test_prove_tells_how_many_tests_failed(runs: Runs) -> None:
    need("prove")
    for name in ("lib", "t"):
        (runs.work / name).mkdir()
    (runs.work / "t" / "a.t").write_text("use Test::More tests => 3; ok(1); ok(1); ok(1);\n")
    good, bad = runs.run(
        PerlModuleTest(),
        PerlModuleTest(
            command="printf 'use Test::More tests => 2; ok(1); ok(0);' > t/b.t && prove -r t", flunkOnFailure=False
        ),
    )

    assert (good.results, good.state_string) == (SUCCESS, "test 3 tests 3 passed")
    assert (bad.results, bad.state_string) == (FAILURE, "test 5 tests 4 passed 1 failed (failure)")


def test_the_stream_of_a_real_subunit_writer_is_understood(runs: Runs) -> None:
    pytest.importorskip("subunit")
    (runs.work / "test_it.py").write_text(
        "import unittest\n"
        "class T(unittest.TestCase):\n"
        "    def test_good(self): pass\n"
        "    def test_bad(self): self.assertEqual(1, 2)\n"
        "    def test_left_out(self): self.skipTest('why')\n"
        "import subunit, sys\n"
        "suite = unittest.defaultTestLoader.loadTestsFromTestCase(T)\n"
        "suite.run(subunit.TestProtocolClient(sys.stdout.buffer))\n"
    )
    ran = runs.one(SubunitShellCommand(command=[sys.executable, "test_it.py"]))

    assert (ran.results, ran.state_string) == (FAILURE, "shell 3 tests 1 failure 1 skip (failure)")
    assert "1 != 2" in runs.log(ran, "problems")


def test_a_warning_of_a_perl_test_counts(runs: Runs) -> None:
    need("prove")
    for name in ("lib", "t"):
        (runs.work / name).mkdir()
    (runs.work / "t" / "a.t").write_text('use Test::More tests => 1; ok(1); warn "warning: old\\n";\n')
    ran = runs.one(PerlModuleTest())

    assert (ran.results, ran.state_string) == (WARNINGS, "test 1 tests 1 passed (warnings)")
