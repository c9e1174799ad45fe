"""Steps that the configuration brings along."""

import re

from buildbot.data.resultspec import Filter
from buildbot.interfaces import IRenderable
from buildbot.plugins import steps, util
from buildbot.process import buildstep, logobserver, remotecommand
from buildbot.process.buildstep import BuildStep, ShellMixin
from buildbot.process.results import CANCELLED, EXCEPTION, FAILURE, RETRY, SKIPPED, SUCCESS, WARNINGS
from buildbot.reporters.utils import getDetailsForBuild
from buildbot.steps.shell import ShellCommand
from buildbot.util import bytes2unicode, unicode2bytes
from twisted.internet import defer
from zope.interface import implementer


@implementer(IRenderable)
class Doubled:
    """A renderable of one's own."""

    def __init__(self, word):
        self.word = word

    def getRenderingFor(self, props):
        return self.word * 2


class Counting(BuildStep):
    name = "counting"
    renderables = ["word"]

    def __init__(self, word, **kwargs):
        self.word = Doubled(word)
        super().__init__(**kwargs)

    @defer.inlineCallbacks
    def run(self):
        log = yield self.addLog("count")
        yield log.addStdout("%s\n" % self.word)
        yield log.addStderr(bytes2unicode(unicode2bytes("end\n")))
        yield log.finish()
        yield self.addCompleteLog("all", "text of\ntwo lines\n")
        yield self.addHTMLLog("page", "<b>text</b>")
        yield self.addURL("where", "http://localhost/where")
        self.setProperty("counted", len(self.word), "Counting")
        self.descriptionDone = ["counted", str(len(self.word))]
        return WARNINGS if len(self.word) > 2 else SUCCESS


class Generating(ShellMixin, BuildStep):
    """A step for each line that its command writes."""

    name = "generating"

    def __init__(self, **kwargs):
        kwargs = self.setupShellMixin(kwargs)
        super().__init__(**kwargs)
        self.observer = logobserver.BufferLogObserver()
        self.addLogObserver("stdio", self.observer)

    @defer.inlineCallbacks
    def run(self):
        command = yield self.makeRemoteShellCommand()
        yield self.runCommand(command)
        if command.results() == SUCCESS:
            found = self.observer.getStdout().split()
            self.build.addStepsAfterCurrentStep(
                [ShellCommand(command=["echo", word], name="say " + word) for word in found]
                + [steps.SetProperty(property="said", value=found)]
            )
        return command.results()


class Watching(ShellMixin, BuildStep):
    name = "watching"

    def __init__(self, **kwargs):
        kwargs = self.setupShellMixin(kwargs)
        super().__init__(**kwargs)
        self.tests = 0
        self.addLogObserver("stdio", logobserver.LineConsumerLogObserver(self.consume))

    def consume(self):
        while True:
            stream, line = yield
            if found := re.match(r"tests: (\d+)", line):
                self.tests = int(found.group(1))

    @defer.inlineCallbacks
    def run(self):
        command = yield self.makeRemoteShellCommand(collectStdout=True)
        yield self.runCommand(command)
        self.setProperty("tests", self.tests, self.name)
        self.setProperty("stdout", command.stdout.split("\n")[0], self.name)
        return command.results()

    def getResultSummary(self):
        return {"step": "%d tests" % self.tests, "build": "tests ran"}


class Removing(BuildStep):
    """A command of the worker's, given by its name."""

    name = "removing"

    @defer.inlineCallbacks
    def run(self):
        command = remotecommand.RemoteCommand("rmdir", {"dir": "build/left", "logEnviron": False})
        log = yield self.addLog("stdio")
        command.useLog(log, False, "stdio")
        yield self.runCommand(command)
        return FAILURE if command.didFail() else SUCCESS


class Summing(BuildStep):
    name = "summing"

    def __init__(self, result, **kwargs):
        self.result = result
        super().__init__(**kwargs)

    def run(self):
        return defer.succeed(self.result)

    def getCurrentSummary(self):
        return {"step": "adds"}

    def getResultSummary(self):
        return {"step": "added up"}


class Details(BuildStep):
    """What the build knows about itself over the data API."""

    name = "details"

    @defer.inlineCallbacks
    def run(self):
        build = yield self.master.data.get(("builds", self.build.buildid))
        found = yield self.master.data.get(
            ("builders",), filters=[Filter("builderid", "eq", [build["builderid"]])]
        )
        yield getDetailsForBuild(self.master, build, want_properties=True, want_steps=True)
        stamps = self.build.getAllSourceStamps()
        self.setProperty("details", [found[0]["name"], build["number"] > 0, len(build["properties"]) > 3, len(stamps)], "x")
        names = [step["name"] for step in build["steps"]]
        self.setProperty("steps before", names, "x")
        return SUCCESS


class Raising(BuildStep):
    name = "raising"

    def run(self):
        raise ValueError("on purpose")


class _Observer(logobserver.LogLineObserver):
    def __init__(self):
        super().__init__()
        self.seen = []

    def outLineReceived(self, line):
        self.seen.append(line)

    def errLineReceived(self, line):
        self.seen.append("!" + line)


class Lines(ShellCommand):
    name = "lines"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.observer = _Observer()
        self.addLogObserver("stdio", self.observer)

    @defer.inlineCallbacks
    def run(self):
        result = yield super().run()
        self.setProperty("lines", sorted(self.observer.seen), self.name)
        return WARNINGS if result == SUCCESS else result


assert {CANCELLED, EXCEPTION, RETRY, SKIPPED} == {3, 4, 5, 6}
assert util.LogLineObserver is logobserver.LogLineObserver and buildstep.BuildStep is BuildStep
