"""What talks to others: reporters, log-in, hooks, cancellers. Plugged in only where nobody builds."""

import os

from buildbot.master import BuildMaster
from buildbot.plugins import changes, reporters, schedulers, secrets, steps, util, worker
from buildbot.process.build import Build
from buildbot.process.buildrequest import BuildRequest
from buildbot.reporters.base import ReporterBase
from buildbot.reporters.generators.build import BuildStartEndStatusGenerator, BuildStatusGenerator
from buildbot.reporters.github import GitHubStatusPush
from buildbot.reporters.message import MessageFormatter, MessageFormatterBase, MessageFormatterRenderable
from buildbot.schedulers.canceller import OldBuildCanceller
from buildbot.secrets.providers.base import SecretProviderBase
from buildbot.util import httpclientservice, service
from buildbot.util.ssfilter import SourceStampFilter
from buildbot.www.authz import Authz
from buildbot.www.authz.endpointmatchers import EndpointMatcherBase, Match
from buildbot.www.hooks.github import GitHubEventHandler
from buildbot.www.oauth2 import GitHubAuth
from twisted.internet import defer


class Board(ReporterBase):
    """A reporter of one's own."""

    name = "Board"

    def checkConfig(self, board, **kwargs):
        super().checkConfig(generators=[BuildStatusGenerator(builders=["nothing"])], **kwargs)

    @defer.inlineCallbacks
    def reconfigService(self, board, **kwargs):
        yield super().reconfigService(generators=[BuildStatusGenerator(builders=["nothing"])], **kwargs)
        self.board = board

    def sendMessage(self, reports):
        return defer.succeed(None)


class Clock(service.BuildbotService):
    name = "clock"

    def checkConfig(self, seconds):
        if seconds <= 0:
            raise ValueError("seconds")

    def reconfigService(self, seconds):
        self.seconds = seconds
        return defer.succeed(None)


class Wording(MessageFormatter):
    def buildAdditionalContext(self, master, ctx):
        ctx["extra"] = "more"


class Bare(MessageFormatterBase):
    template_type = "plain"


class Vault(SecretProviderBase):
    name = "vault"

    def checkConfig(self, shelf):
        pass

    def reconfigService(self, shelf):
        self.shelf = shelf
        return defer.succeed(None)

    def get(self, entry):
        return defer.succeed({"shelf": self.shelf}.get(entry))


class Careful(GitHubEventHandler):
    def handle_push(self, payload, event):
        return super().handle_push(payload, event)


class OnlyMine(EndpointMatcherBase):
    def match_BuildEndpoint_stop(self, epobject, epdict, options):
        return defer.succeed(Match(self.master))


def kinds():
    """Names that are only looked at."""
    return [BuildMaster, Build, BuildRequest, httpclientservice, worker.DockerLatentWorker, changes.GitPoller,
            schedulers.Nightly, steps.Git, secrets.SecretInAFile]


def plug_in(c):
    assert all(kinds())
    c["services"] += [
        Board(board="wall"),
        Clock(seconds=5),
        reporters.MailNotifier(fromaddr="farm@localhost", sendToInterestedUsers=False, extraRecipients=["all@example.org"],
            generators=[reporters.BuildStatusGenerator(mode=("failing", "change"), message_formatter=Wording(
                template="{{ build.number }} {{ extra }}", subject="{{ buildername }}", want_steps=True))]),
        GitHubStatusPush(token=util.Secret("token"), context=util.Interpolate("farm/%(prop:buildername)s"), verbose=True,
            generators=[BuildStartEndStatusGenerator(builders=["nothing"], start_formatter=MessageFormatterRenderable("begun"),
                                                     end_formatter=reporters.MessageFormatterRenderable("done"))]),
        reporters.HttpStatusPush(serverUrl="http://127.0.0.1:9/", generators=[BuildStatusGenerator(builders=["nothing"])]),
        OldBuildCanceller("canceller", [(["shell"], SourceStampFilter(branch_re="main|x", project_eq=["farm"]))]),
    ]
    c["secretsProviders"] += [Vault(shelf="top")]
    c["www"]["auth"] = util.UserPasswordAuth({"farmer": "seed"})
    if os.environ.get("FARM_OAUTH"):
        c["www"]["auth"] = GitHubAuth("id", "secret", apiVersion=4, getTeamsMembership=True)
    c["www"]["authz"] = Authz(
        allowRules=[
            util.StopBuildEndpointMatcher(role="owner", defaultDeny=False),
            util.ForceBuildEndpointMatcher(role="admins", builder="shell"),
            util.RebuildBuildEndpointMatcher(role="admins"),
            OnlyMine(role="admins"),
            util.AnyEndpointMatcher(role="anyone", defaultDeny=False),
            util.AnyControlEndpointMatcher(role="admins"),
        ],
        roleMatchers=[
            util.RolesFromUsername(roles=["admins"], usernames=["farmer"]),
            util.RolesFromGroups(groupPrefix="farm/"),
            util.RolesFromOwner(role="owner"),
        ],
    )
    c["www"]["change_hook_dialects"] = {"github": {"secret": "s", "strict": True, "class": Careful}, "base": True}
