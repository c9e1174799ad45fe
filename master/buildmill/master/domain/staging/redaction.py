"""What is not shown: passwords in URLs, credentials, start commands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

HIDDEN: Final = "***"
PRIVATE: Final = "[PRIVATE DATA HIDDEN]"
"""For readers who may not see secrets."""
PRIVATE_IN_LISTS: Final = "[PRIVATE DATA HIDDEN IN LISTS]"
"""In lists, for all readers."""
_USER_INFORMATION = re.compile(r"\A([A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@")


def without_user_information(url: str) -> str:
    """A URL with ``***:***`` in place of a user's name and password; anything else as it is."""
    return _USER_INFORMATION.sub(rf"\1{HIDDEN}:{HIDDEN}@", url)


def process_types(types: Mapping[str, str], *, may_see: bool, is_in_list: bool) -> dict[str, str]:
    """Start commands of a droplet as they are shown."""
    if is_in_list:
        return {"redacted_message": PRIVATE_IN_LISTS}
    return dict(types) if may_see else {"redacted_message": PRIVATE}


def execution_metadata(text: str, *, may_see: bool, is_in_list: bool) -> str:
    """How a droplet is run, as it is shown."""
    if is_in_list:
        return PRIVATE_IN_LISTS
    return text if may_see else PRIVATE
