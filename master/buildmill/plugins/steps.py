"""Steps for the builds of a configuration: ``from buildmill.plugins import steps``."""

from __future__ import annotations

from buildmill.plugins.lazy_names import lazy_names, names

NAMES = {
    **names("engine.step", "BuildStep BuildStepFailed BuildStepCancelled"),
    **names("engine.shell", "CommandMixin ShellMixin"),
    **names("steps.shell", "Configure SetPropertyFromCommand ShellCommand TreeSize"),
    **names("steps.shell_sequence", "ShellSequence"),
    **names("steps.compiling", "Compile Test WarningCountingShellCommand"),
    **names("steps.properties", "Assert LogRenderable SetProperties SetPropertiesFromEnv SetProperty"),
    **names("steps.master_command", "MasterShellCommand"),
    **names("steps.git", "Git GitHub"),
    **names("steps.git_diff_info", "GitDiffInfo"),
    **names("steps.git_changes", "GitCommit GitPush GitTag"),
    **names("steps.downloads", "FileDownload JSONPropertiesDownload JSONStringDownload StringDownload"),
    **names("steps.uploads", "DirectoryUpload FileUpload MultipleFileUpload"),
    **names("steps.worker_files", "CopyDirectory FileExists MakeDirectory RemoveDirectory"),
    **names("steps.configurable", "BuildbotCiSetupSteps BuildbotTestCiTrigger"),
    **names("steps.http_requests", "DELETE GET HEAD HTTPStep OPTIONS POST PUT"),
    **names("steps.trigger", "Trigger"),
    **names("steps.bzr", "Bzr"),
    **names("steps.cvs", "CVS"),
    **names("steps.darcs", "Darcs"),
    **names("steps.mercurial", "Mercurial"),
    **names("steps.monotone", "Monotone"),
    **names("steps.svn", "SVN"),
    **names("steps.cmake", "CMake"),
    **names("steps.cppcheck", "Cppcheck"),
    **names("steps.python_tools", "BuildEPYDoc PyFlakes PyLint Sphinx"),
    **names("steps.trial", "HLint RemovePYCs Trial"),
    **names("steps.debian", "DebCowbuilder DebLintian DebPbuilder UbuCowbuilder UbuPbuilder"),
    **names("steps.git_hosts", "Gerrit GitLab"),
    **names("steps.maxq", "MaxQ"),
    **names("steps.mock", "Mock MockBuildSRPM MockRebuild"),
    **names("steps.p4", "P4"),
    **names("steps.perl_tests", "PerlModuleTest"),
    **names("steps.repo", "Repo"),
    **names("steps.robocopy", "Robocopy"),
    **names("steps.rpm", "RpmBuild RpmLint"),
    **names("steps.subunit", "SubunitShellCommand"),
    **names("steps.junit", "JUnitReports"),
    **names("steps.tap", "TapShellCommand"),
    **names(
        "steps.visual_studio",
        """MsBuild MsBuild12 MsBuild14 MsBuild141 MsBuild15 MsBuild16 MsBuild17 MsBuild4 VC10 VC11 VC12 VC14 VC141 VC6
        VC7 VC8 VC9 VCExpress9 VS2003 VS2005 VS2008 VS2010 VS2012 VS2013 VS2015 VS2017 VS2019 VS2022""",
    ),
}
__getattr__, __dir__ = lazy_names("steps", NAMES)
