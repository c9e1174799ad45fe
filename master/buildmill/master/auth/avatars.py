"""Pictures of users: the classes of ``www['avatar_methods']``. They check their arguments; no picture is shown yet."""

from __future__ import annotations

from typing import Any

from buildmill.master.auth.arguments import check_words
from buildmill.master.domain.config_errors import config_error, users_place
from buildmill.master.domain.not_delivering import NotDelivering


class AvatarBase(NotDelivering):
    """Base of all."""

    not_delivering = "no pictures of users are shown yet"
    name = "noavatar"

    def __init__(self) -> None:
        self.file, self.line = users_place()

    def getUserAvatar(self, email: Any, username: Any, size: Any, defaultAvatarUrl: Any) -> Any:
        """For subclasses; nobody asks yet."""
        raise NotImplementedError(f"{type(self).__name__} knows no pictures")


class AvatarGravatar(AvatarBase):
    """Pictures of Gravatar."""

    name = "gravatar"


class AvatarGitHub(AvatarBase):
    """Pictures of GitHub's users."""

    name = "github"

    def __init__(
        self,
        github_api_endpoint: str | None = None,
        token: Any = None,
        client_id: Any = None,
        client_secret: Any = None,
        debug: bool = False,
        verify: bool = True,
    ) -> None:
        super().__init__()
        for name, value in (
            ("github_api_endpoint", github_api_endpoint),
            ("token", token),
            ("client_id", client_id),
            ("client_secret", client_secret),
        ):
            if value is not None:
                check_words(self, name, value)
        if (client_id is None) != (client_secret is None):
            config_error("AvatarGitHub: client_id and client_secret belong together")
