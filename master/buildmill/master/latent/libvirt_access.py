"""`Connection`: where libvirt is."""

from __future__ import annotations

from buildmill.master.domain.config_errors import config_error, users_place
from buildmill.master.domain.not_delivering import NotDelivering


class Connection(NotDelivering):
    """An address of libvirt.

    Args:
        uri: as ``qemu:///system``.
    """

    not_delivering = "libvirt is not spoken to yet"

    def __init__(self, uri: str) -> None:
        self.file, self.line = users_place()
        if not isinstance(uri, str) or not uri:
            config_error(f"Connection: uri must be non-empty text, not {uri!r}")
        self.uri = uri
