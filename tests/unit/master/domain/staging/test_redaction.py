"""What is not shown."""

from __future__ import annotations

import pytest

from buildmill.master.domain.staging import redaction


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ann:secret@host/x.git", "https://***:***@host/x.git"),
        ("https://token@host:8443/x?y=a@b", "https://***:***@host:8443/x?y=a@b"),
        ("https://ann:p@ss@host/x", "https://***:***@host/x"),
        ("https://host/x@1.2", "https://host/x@1.2"),
        ("docker://ann:secret@registry/image", "docker://***:***@registry/image"),
        ("git@host:path.git", "git@host:path.git"),
        ("ruby_buildpack", "ruby_buildpack"),
    ],
)
def test_user_information_in_urls(url: str, shown: str) -> None:
    assert redaction.without_user_information(url) == shown


def test_start_commands_are_for_those_who_may_see_secrets_and_never_in_lists() -> None:
    types = {"web": "run me"}

    assert redaction.process_types(types, may_see=True, is_in_list=False) == types
    assert redaction.process_types(types, may_see=False, is_in_list=False) == {
        "redacted_message": "[PRIVATE DATA HIDDEN]"
    }
    assert redaction.process_types(types, may_see=True, is_in_list=True) == {
        "redacted_message": "[PRIVATE DATA HIDDEN IN LISTS]"
    }


def test_so_is_how_a_droplet_is_run() -> None:
    assert redaction.execution_metadata("{}", may_see=True, is_in_list=False) == "{}"
    assert redaction.execution_metadata("{}", may_see=False, is_in_list=False) == "[PRIVATE DATA HIDDEN]"
    assert redaction.execution_metadata("{}", may_see=True, is_in_list=True) == "[PRIVATE DATA HIDDEN IN LISTS]"
