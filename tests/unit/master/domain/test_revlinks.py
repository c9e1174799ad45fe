"""Links to the page of a revision."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.errors import ConfigError
from buildmill.master.domain.revlinks import GitwebMatch, RevlinkMatch, default_revlink_matcher

MAKE: Any = RevlinkMatch


@pytest.mark.parametrize(
    ("repository", "link"),
    [
        ("https://github.com/o/r.git", "https://github.com/o/r/commit/abc"),
        ("https://token@github.com/o/r", "https://github.com/o/r/commit/abc"),
        ("git@github.com:o/r.git", "https://github.com/o/r/commit/abc"),
        ("ssh://git@github.com/o/r", "https://github.com/o/r/commit/abc"),
        ("git://github.com/o/my.repo.git", "https://github.com/o/my.repo/commit/abc"),
        ("https://bob@bitbucket.org/o/r", "https://bitbucket.org/o/r/commits/abc"),
        ("git@bitbucket.org:o/r.git", "https://bitbucket.org/o/r/commits/abc"),
        (
            "git://proj.git.sourceforge.net/gitroot/proj/code",
            "http://proj.git.sourceforge.net/git/gitweb.cgi?p=proj/code;a=commit;h=abc",
        ),
        ("git://git.code.sf.net/p/proj/code", "https://sourceforge.net/p/proj/code/ci/abc/"),
        ("https://example.org/github.com/o/r", None),
        ("https://github.com.evil.example/o/r", None),
        ("", None),
    ],
)
def test_repositories_of_known_forges_have_links(repository: str, link: str | None) -> None:
    assert default_revlink_matcher("abc", repository) == link


def test_groups_and_the_revision_fill_the_link() -> None:
    match = RevlinkMatch([r"git://a/(.*)", r"git://b/(.*)"], r"http://h/\1/commit/%s")

    assert match("abc", "git://b/x/y") == "http://h/x/y/commit/abc"
    assert match("abc", "git://c/x") is None


def test_gitweb_asks_by_the_name_of_the_repository() -> None:
    match = GitwebMatch(r"git://h/(?P<repo>.*)", "http://h/gitweb")

    assert match("abc", "git://h/r.git") == "http://h/gitweb?p=r.git;a=commit;h=abc"


def test_wrong_arguments_are_errors_of_the_configuration() -> None:
    with pytest.raises(ConfigError, match="repo_urls must be regular expressions"):
        MAKE("(", "x")
    with pytest.raises(ConfigError, match="revlink must be a string, not 3"):
        MAKE("x", 3)
