"""The steps that a master.cfg is made of. Each class stands here under the name that authors know."""

from buildmill.master.engine.step import BuildStep
from buildmill.master.steps.bzr import Bzr
from buildmill.master.steps.cmake import CMake
from buildmill.master.steps.compiling import Compile, Test, WarningCountingShellCommand
from buildmill.master.steps.composite import CompositeStepMixin, WorkerBuildStep
from buildmill.master.steps.configurable import BuildbotCiSetupSteps, BuildbotTestCiTrigger
from buildmill.master.steps.cppcheck import Cppcheck
from buildmill.master.steps.cvs import CVS
from buildmill.master.steps.darcs import Darcs
from buildmill.master.steps.debian import DebCowbuilder, DebLintian, DebPbuilder, UbuCowbuilder, UbuPbuilder
from buildmill.master.steps.downloads import FileDownload, JSONPropertiesDownload, JSONStringDownload, StringDownload
from buildmill.master.steps.git import Git, GitHub
from buildmill.master.steps.git_changes import GitCommit, GitPush, GitTag
from buildmill.master.steps.git_diff_info import GitDiffInfo
from buildmill.master.steps.git_hosts import Gerrit, GitLab
from buildmill.master.steps.http_requests import DELETE, GET, HEAD, OPTIONS, POST, PUT, HTTPStep
from buildmill.master.steps.junit import JUnitReports
from buildmill.master.steps.master_command import MasterShellCommand
from buildmill.master.steps.maxq import MaxQ
from buildmill.master.steps.mercurial import Mercurial
from buildmill.master.steps.mock import Mock, MockBuildSRPM, MockRebuild
from buildmill.master.steps.monotone import Monotone
from buildmill.master.steps.p4 import P4
from buildmill.master.steps.perl_tests import PerlModuleTest
from buildmill.master.steps.properties import (
    Assert,
    LogRenderable,
    SetProperties,
    SetPropertiesFromEnv,
    SetProperty,
)
from buildmill.master.steps.python_tools import BuildEPYDoc, PyFlakes, PyLint, Sphinx
from buildmill.master.steps.repo import Repo
from buildmill.master.steps.robocopy import Robocopy
from buildmill.master.steps.rpm import RpmBuild, RpmLint
from buildmill.master.steps.shell import Configure, SetPropertyFromCommand, ShellCommand, TreeSize
from buildmill.master.steps.shell_sequence import ShellArg, ShellSequence
from buildmill.master.steps.source import Source
from buildmill.master.steps.subunit import SubunitShellCommand
from buildmill.master.steps.svn import SVN
from buildmill.master.steps.tap import TapShellCommand
from buildmill.master.steps.trial import HLint, RemovePYCs, Trial
from buildmill.master.steps.trigger import Trigger
from buildmill.master.steps.uploads import DirectoryUpload, FileUpload, MultipleFileUpload
from buildmill.master.steps.visual_studio import (
    VC6,
    VC7,
    VC8,
    VC9,
    VC10,
    VC11,
    VC12,
    VC14,
    VC141,
    VS2003,
    VS2005,
    VS2008,
    VS2010,
    VS2012,
    VS2013,
    VS2015,
    VS2017,
    VS2019,
    VS2022,
    MsBuild,
    MsBuild4,
    MsBuild12,
    MsBuild14,
    MsBuild15,
    MsBuild16,
    MsBuild17,
    MsBuild141,
    VCExpress9,
)
from buildmill.master.steps.worker_files import CopyDirectory, FileExists, MakeDirectory, RemoveDirectory

__all__ = [
    "CVS",
    "DELETE",
    "GET",
    "HEAD",
    "OPTIONS",
    "P4",
    "POST",
    "PUT",
    "SVN",
    "VC6",
    "VC7",
    "VC8",
    "VC9",
    "VC10",
    "VC11",
    "VC12",
    "VC14",
    "VC141",
    "VS2003",
    "VS2005",
    "VS2008",
    "VS2010",
    "VS2012",
    "VS2013",
    "VS2015",
    "VS2017",
    "VS2019",
    "VS2022",
    "Assert",
    "BuildEPYDoc",
    "BuildStep",
    "BuildbotCiSetupSteps",
    "BuildbotTestCiTrigger",
    "Bzr",
    "CMake",
    "Compile",
    "CompositeStepMixin",
    "Configure",
    "CopyDirectory",
    "Cppcheck",
    "Darcs",
    "DebCowbuilder",
    "DebLintian",
    "DebPbuilder",
    "DirectoryUpload",
    "FileDownload",
    "FileExists",
    "FileUpload",
    "Gerrit",
    "Git",
    "GitCommit",
    "GitDiffInfo",
    "GitHub",
    "GitLab",
    "GitPush",
    "GitTag",
    "HLint",
    "HTTPStep",
    "JSONPropertiesDownload",
    "JSONStringDownload",
    "JUnitReports",
    "LogRenderable",
    "MakeDirectory",
    "MasterShellCommand",
    "MaxQ",
    "Mercurial",
    "Mock",
    "MockBuildSRPM",
    "MockRebuild",
    "Monotone",
    "MsBuild",
    "MsBuild4",
    "MsBuild12",
    "MsBuild14",
    "MsBuild15",
    "MsBuild16",
    "MsBuild17",
    "MsBuild141",
    "MultipleFileUpload",
    "PerlModuleTest",
    "PyFlakes",
    "PyLint",
    "RemoveDirectory",
    "RemovePYCs",
    "Repo",
    "Robocopy",
    "RpmBuild",
    "RpmLint",
    "SetProperties",
    "SetPropertiesFromEnv",
    "SetProperty",
    "SetPropertyFromCommand",
    "ShellArg",
    "ShellCommand",
    "ShellSequence",
    "Source",
    "Sphinx",
    "StringDownload",
    "SubunitShellCommand",
    "TapShellCommand",
    "Test",
    "TreeSize",
    "Trial",
    "Trigger",
    "UbuCowbuilder",
    "UbuPbuilder",
    "VCExpress9",
    "WarningCountingShellCommand",
    "WorkerBuildStep",
]
