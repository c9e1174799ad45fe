"""Pages of a configuration's own, and those of Buildbot's plugins: accepted; none of them is served."""

from __future__ import annotations

from typing import Any, Final

from twisted.cred.portal import IRealm
from twisted.web.pages import notFound
from twisted.web.resource import IResource
from twisted.web.resource import Resource as TwistedResource
from zope.interface import implementer

from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.not_delivering import NotDelivering
from buildmill.plugins.original.versions import version

_WAY_OUT = "let another server serve it, with data from the REST API"


class Application(NotDelivering):
    """A plugin of the web side.

    Args:
        package_name: the package whose folder ``static`` it serves.
        description: for people.
        ui: whether it shows something in the browser.

    Attributes:
        resource: what it serves below its address.
        config: what ``www["plugins"]`` says of it.
    """

    not_delivering = "its pages are not served"
    way_out = _WAY_OUT

    def __init__(self, package_name: str, description: str, ui: bool = True) -> None:
        for argument, value in (("package_name", package_name), ("description", description)):
            if not isinstance(value, str):
                config_error(f"Application: {argument} must be text, not {value!r}")
        self.package_name = package_name
        self.description = description
        self.ui = ui
        self.version = version
        self.resource = TwistedResource()
        self.master: Any = None
        self.config: Any = None

    def setMaster(self, master: Any) -> None:
        """For whoever serves it."""
        self.master = master

    def setConfiguration(self, config: Any) -> None:
        """For whoever serves it."""
        self.config = config


class Resource(NotDelivering, TwistedResource):
    """Base of pages.

    Args:
        master: the master.
    """

    not_delivering = "it is not served"
    way_out = _WAY_OUT
    needsReconfig = False

    def __init__(self, master: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self.master = master

    @property
    def base_url(self) -> Any:
        """Where the web side is."""
        return self.master.config.buildbotURL

    def reconfigResource(self, new_config: Any) -> Any:
        """For subclasses: there is a new configuration."""


class AuthRootResource(Resource):
    """What is below ``/auth``."""


class OAuth2LoginResource(Resource):
    """The login with somebody else's account.

    Args:
        auth: how that is done.
    """

    def __init__(self, master: Any, _auth: Any) -> None:
        super().__init__(master)
        self.auth = _auth


@implementer(IRealm)
class AuthRealm(NotDelivering):
    """Says what a user who has logged in may see.

    Args:
        master: the master.
        auth: how users log in.
    """

    not_delivering = "nobody logs in through it"
    way_out = "derive from CustomAuth, whose check_credentials is asked"

    def __init__(self, master: Any, auth: Any) -> None:
        self.master = master
        self.auth = auth

    def requestAvatar(self, avatarId: Any, mind: Any, *interfaces: Any) -> Any:
        """A page that is not there, whoever asks."""
        if IResource not in interfaces:
            raise NotImplementedError("only pages can be asked for")
        return IResource, notFound(), lambda: None


BASE: Final = Application("buildbot_www", "Buildbot's user interface")
CONSOLE_VIEW: Final = Application("buildbot_console_view", "Buildbot's console view")
GRID_VIEW: Final = Application("buildbot_grid_view", "Buildbot's grid view")
WATERFALL_VIEW: Final = Application("buildbot_waterfall_view", "Buildbot's waterfall view")
