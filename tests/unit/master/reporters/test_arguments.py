"""Arguments of reporters, generators and formatters are checked while the configuration is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from buildmill.master.domain.config_errors import collected_errors
from buildmill.master.domain.not_delivering import what_is_not_delivered
from buildmill.master.reporters.accepted import (
    IRC,
    BitbucketServerStatusPush,
    BitbucketStatusPush,
    PushoverNotifier,
    ZulipStatusPush,
)
from buildmill.master.reporters.generators.build import BuildStatusGenerator
from buildmill.master.reporters.generators.worker import WorkerMissingGenerator
from buildmill.master.reporters.github import GitHubStatusPush
from buildmill.master.reporters.http import HttpStatusPush
from buildmill.master.reporters.mail import Domain, MailNotifier
from buildmill.master.reporters.messages import (
    MessageFormatter,
    MessageFormatterEmpty,
    MessageFormatterFunction,
    MessageFormatterRenderable,
)
from tests.unit.master.engine.test_builds import Give
from tests.unit.master.reporters.conftest import House

WRONG: Any = 3


def problems_of(make: Callable[[], Any]) -> list[str]:
    with collected_errors() as problems:
        make()
    return [problem.message for problem in problems]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: HttpStatusPush(), "HttpStatusPush: serverUrl must be an http or https address, not None"),
        (lambda: HttpStatusPush("ftp://x"), "serverUrl must be an http or https address, not 'ftp://x'"),
        (lambda: HttpStatusPush("http://x", auth="u:p"), "auth must be a pair of user and password"),
        (lambda: HttpStatusPush("http://x", cert="c.pem"), "cert: certificates of the client are not available yet"),
        (lambda: HttpStatusPush("http://x", colour="red"), "HttpStatusPush: unknown arguments: colour"),
        (lambda: HttpStatusPush("http://x", generators=3), "generators must be a list, not 3"),
        (lambda: HttpStatusPush("http://x", generators=[3]), "HttpStatusPush: 3 is no generator of reports"),
        (lambda: GitHubStatusPush(), "GitHubStatusPush: token must be non-empty text or a renderable of it"),
        (lambda: GitHubStatusPush("t", baseURL="x"), "baseURL must be an http or https address, not 'x'"),
        (lambda: MailNotifier(), "MailNotifier: fromaddr must be a mail address, not None"),
        (lambda: MailNotifier("a@b", extraRecipients="c@d"), "extraRecipients must be a list of mail addresses"),
        (lambda: MailNotifier("a@b", extraRecipients=["x"]), "extraRecipients: 'x' is no mail address"),
        (lambda: MailNotifier("a@b", lookup=3), "lookup must be a domain or have a method getAddress, not 3"),
        (lambda: MailNotifier("a@b", smtpPort="x"), "smtpPort must be a port, not 'x'"),
        (lambda: MailNotifier("a@b", useTls=True, useSmtps=True), "only one of useTls and useSmtps can be true"),
        (lambda: Domain("a@b"), "Domain: the domain must be text without @"),
        (lambda: BuildStatusGenerator(mode="always"), "BuildStatusGenerator: unknown mode 'always'"),
        (lambda: BuildStatusGenerator(mode=3), "mode must be 'all' or some of passing"),
        (lambda: BuildStatusGenerator(builders="b1"), "builders must be a list of strings or None, not 'b1'"),
        (lambda: BuildStatusGenerator(builders=[], tags=[]), "only one of builders and tags can be given"),
        (lambda: BuildStatusGenerator(message_formatter=3), "a formatter must be a MessageFormatter..., not 3"),
        (lambda: WorkerMissingGenerator(workers="w1"), "workers must be 'all' or a list of names, not 'w1'"),
        (lambda: MessageFormatter(template="{{ x"), "MessageFormatter: template, line 1: "),
        (lambda: MessageFormatter(template=WRONG), "MessageFormatter: template must be text, not 3"),
        (lambda: MessageFormatter(template_type="rtf"), "template_type must be one of plain, html, json, not 'rtf'"),
        (lambda: MessageFormatter(extra_info_cb=WRONG), "extra_info_cb must be callable, not 3"),
        (lambda: MessageFormatterFunction(WRONG, "plain"), "function must be callable, not 3"),
        (lambda: MessageFormatterRenderable(3), "template must be text or a renderable, not 3"),
        (lambda: MessageFormatterEmpty(ctx=WRONG), "ctx must be a dictionary, not 3"),
        (lambda: ZulipStatusPush("chat", "t"), "ZulipStatusPush: endpoint must be an http or https address"),
        (lambda: BitbucketServerStatusPush("http://b", "u"), "the argument password is missing"),
        (lambda: BitbucketStatusPush(colour="red"), "BitbucketStatusPush: unknown arguments: colour"),
        (lambda: PushoverNotifier(user_key="", api_token="t"), "user_key must be non-empty text"),
        (lambda: IRC("irc.example.org", "ci", "#dev"), "IRC: channels must be a list, not '#dev'"),
    ],
)
def test_a_wrong_argument_is_a_problem_of_the_configuration(make: Callable[[], Any], problem: str) -> None:
    told = problems_of(make)

    assert len(told) == 1
    assert problem in told[0]


def test_no_problem_shows_what_may_be_secret() -> None:
    told = problems_of(lambda: HttpStatusPush("http://x", auth="user:passw0rd"))

    assert "passw0rd" not in "".join(told)


def test_reporters_that_do_not_deliver_yet_say_so_and_stay_silent(house: House) -> None:
    zulip = ZulipStatusPush("http://zulip.example.org", "t")
    house.serve(zulip, builders=(house.builder(Give(0)),))

    house.force()

    assert what_is_not_delivered(zulip) == (
        "ZulipStatusPush is accepted, but sends nothing to Zulip yet; HttpStatusPush, or a class of "
        "your own that derives from ReporterBase, can take its place"
    )
    assert house.receiver.got == []
