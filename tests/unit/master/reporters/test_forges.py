"""Statuses and comments at forges."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.results import FAILURE, SUCCESS
from buildmill.master.domain.interpolate import Interpolate
from buildmill.master.domain.renderables import Secret
from buildmill.master.reporters.generators.build import BuildStatusGenerator
from buildmill.master.reporters.git_address import path_of
from buildmill.master.reporters.github import GitHubCommentPush, GitHubStatusPush
from buildmill.master.reporters.gitlab import GitLabStatusPush
from buildmill.master.reporters.messages import MessageFormatterRenderable
from tests.unit.master.engine.test_builds import Give
from tests.unit.master.engine.test_secrets import Vault
from tests.unit.master.reporters.conftest import House

SHA = "d34db33fd34db33fd34db33fd34db33fd34db33f"


def stamp(**fields: Any) -> dict[str, Any]:
    return {"repository": "https://github.com/alice/doves.git", "revision": SHA, "branch": "main", **fields}


def test_github_is_told_of_request_beginning_and_end(house: House) -> None:
    house.serve(GitHubStatusPush("t0ken"), builders=(house.builder(Give(FAILURE)),))

    house.force(source_stamps=[stamp()])

    assert {path for path, _ in house.receiver.got} == {f"/repos/alice/doves/statuses/{SHA}"}
    bodies = [body for _, body in house.receiver.got]
    assert [(body["state"], body["description"]) for body in bodies] == [
        ("pending", "Build pending."), ("pending", "Build started."), ("failure", "Build done."),
    ]  # fmt: skip
    assert {body["context"] for body in bodies} == {"buildbot/b1"}
    assert bodies[0]["target_url"] == "http://localhost:8080/#/buildrequests/1"
    assert bodies[2]["target_url"] == "http://localhost:8080/#/builders/1/builds/1"
    assert house.receiver.headers["authorization"] == "token t0ken"


def test_the_token_may_be_a_secret_and_context_and_text_renderables(house: House) -> None:
    house.master.secrets = Vault()
    text = MessageFormatterRenderable(Interpolate("build %(prop:buildnumber)s"))
    push = GitHubStatusPush(
        Secret("deploy"),
        context=Interpolate("ci/%(prop:workername)s"),
        baseURL="http://ghe/api/v3",
        generators=[BuildStatusGenerator(mode="all", message_formatter=text)],
    )
    house.serve(push, builders=(house.builder(Give(SUCCESS)),))

    house.force(source_stamps=[stamp(project="bob/crows")])

    ((path, body),) = house.receiver.got
    assert path == f"/api/v3/repos/bob/crows/statuses/{SHA}"
    assert (body["state"], body["context"], body["description"]) == ("success", "ci/w1", "build 1")
    assert house.receiver.headers["authorization"] == "token hunter2-correct-horse"


def test_each_codebase_has_its_status_and_what_has_no_commit_has_none(house: House) -> None:
    only_end = [BuildStatusGenerator(mode="all", message_formatter=MessageFormatterRenderable("x"))]
    house.serve(GitHubStatusPush("t", generators=only_end), builders=(house.builder(Give(SUCCESS)),))

    house.force(
        source_stamps=[
            stamp(codebase="a"),
            stamp(codebase="b", repository="git@github.com:carol/hens.git"),
            stamp(codebase="c", revision=None),
            stamp(codebase="d", repository=""),
        ]
    )

    assert [path for path, _ in house.receiver.got] == [
        f"/repos/alice/doves/statuses/{SHA}", f"/repos/carol/hens/statuses/{SHA}",
    ]  # fmt: skip


def test_only_builds_of_pull_requests_are_commented_on(house: House) -> None:
    house.serve(GitHubCommentPush("t"), builders=(house.builder(Give(SUCCESS)),))

    house.force(source_stamps=[stamp()])
    house.force(source_stamps=[stamp(branch="refs/pull/42/merge")])

    assert house.receiver.got == [("/repos/alice/doves/issues/42/comments", {"body": "Build done."})]


def test_gitlab_is_told_of_request_beginning_and_end(house: House) -> None:
    push = GitLabStatusPush("t0ken", baseURL="http://gitlab.example.org")
    house.serve(push, builders=(house.builder(Give(SUCCESS)),))

    house.force(source_stamps=[stamp(repository="git@gitlab.example.org:group/sub/doves.git")])

    assert {path for path, _ in house.receiver.got} == {f"/api/v4/projects/group%2Fsub%2Fdoves/statuses/{SHA}"}
    bodies = [body for _, body in house.receiver.got]
    assert [body["state"] for body in bodies] == ["pending", "running", "success"]
    assert (bodies[2]["name"], bodies[2]["ref"], bodies[2]["description"]) == ("buildbot/b1", "main", "Build done.")
    assert house.receiver.headers["private-token"] == "t0ken"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://github.com/a/b.git", "a/b"),
        ("https://user@host:8443/a/b/c/", "a/b/c"),
        ("git@github.com:a/b.git", "a/b"),
        ("ssh://git@host:22/a/b", "a/b"),
        ("https://github.com/alone", None),
        ("https://[broken/a/b", None),
        ("/srv/a/b", None),
        ("", None),
    ],
)
def test_the_place_on_the_forge_is_read_off_the_address(url: str, path: str | None) -> None:
    assert path_of(url) == path
