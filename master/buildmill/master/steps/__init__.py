"""The steps that a master.cfg is made of. Each class stands here under the name that authors know."""

from buildmill.master.engine.step import BuildStep
from buildmill.master.steps.bzr import Bzr
from buildmill.master.steps.cmake import CMake
from buildmill.master.steps.compiling import Compile, Test, WarningCountingShellCommand
from buildmill.master.steps.cppcheck import Cppcheck
from buildmill.master.steps.cvs import CVS
from buildmill.master.steps.darcs import Darcs
from buildmill.master.steps.downloads import FileDownload, JSONPropertiesDownload, JSONStringDownload, StringDownload
from buildmill.master.steps.git import Git, GitHub
from buildmill.master.steps.git_changes import GitCommit, GitPush, GitTag
from buildmill.master.steps.master_command import MasterShellCommand
from buildmill.master.steps.mercurial import Mercurial
from buildmill.master.steps.monotone import Monotone
from buildmill.master.steps.properties import (
    Assert,
    LogRenderable,
    SetProperties,
    SetPropertiesFromEnv,
    SetProperty,
)
from buildmill.master.steps.python_tools import BuildEPYDoc, PyFlakes, PyLint, Sphinx
from buildmill.master.steps.shell import Configure, SetPropertyFromCommand, ShellCommand, TreeSize
from buildmill.master.steps.shell_sequence import ShellArg, ShellSequence
from buildmill.master.steps.source import Source
from buildmill.master.steps.svn import SVN
from buildmill.master.steps.trial import HLint, RemovePYCs, Trial
from buildmill.master.steps.trigger import Trigger
from buildmill.master.steps.uploads import DirectoryUpload, FileUpload, MultipleFileUpload
from buildmill.master.steps.worker_files import CopyDirectory, FileExists, MakeDirectory, RemoveDirectory

__all__ = [
    "CVS",
    "SVN",
    "Assert",
    "BuildEPYDoc",
    "BuildStep",
    "Bzr",
    "CMake",
    "Compile",
    "Configure",
    "CopyDirectory",
    "Cppcheck",
    "Darcs",
    "DirectoryUpload",
    "FileDownload",
    "FileExists",
    "FileUpload",
    "Git",
    "GitCommit",
    "GitHub",
    "GitPush",
    "GitTag",
    "HLint",
    "JSONPropertiesDownload",
    "JSONStringDownload",
    "LogRenderable",
    "MakeDirectory",
    "MasterShellCommand",
    "Mercurial",
    "Monotone",
    "MultipleFileUpload",
    "PyFlakes",
    "PyLint",
    "RemoveDirectory",
    "RemovePYCs",
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
    "Test",
    "TreeSize",
    "Trial",
    "Trigger",
    "WarningCountingShellCommand",
]
