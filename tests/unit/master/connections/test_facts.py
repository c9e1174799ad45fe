"""What of a worker's information is worth comparing between builds."""

from __future__ import annotations

from buildmill.common.protocol import OUTPUT_EXTENSION
from buildmill.common.protocol.durable import DURABLE_EXTENSION
from buildmill.common.staging import STAGING_EXTENSION, STAGING_INFO
from buildmill.master.connections.info import read_info


def test_a_worker_of_buildbot_is_told_by_what_it_sends() -> None:
    info = read_info(
        {
            "basedir": "/srv/w1", "system": "posix", "numcpus": 8, "version": "4.3.0", "environ": {"A": "b"},
            "worker_commands": {"shell": "3.3", "mkdir": "3.3"}, "admin": "Ann\n", "host": "a machine\n",
            "os_name": "Debian GNU/Linux", "os_version_id": "12", "os_id": "debian", "compiler": "gcc 14\n",
        }
    )  # fmt: skip

    assert info.facts == {
        "system": "posix",
        "os": "Debian GNU/Linux 12",
        "version": "4.3.0",
        "cpus": "8",
        "basedir": "/srv/w1",
        "commands": "mkdir shell",
        "info.compiler": "gcc 14",
    }


def test_ours_tells_of_its_machine_and_of_what_it_can_do() -> None:
    extensions = {OUTPUT_EXTENSION: "1", DURABLE_EXTENSION: "1", STAGING_EXTENSION: "1"}
    info = read_info(
        {
            "basedir": "/srv/w1", "worker_commands": {"shell": "3.3", **extensions}, STAGING_INFO: "{}", "cgroups": "2",
            "machine": "x86_64", "memory_bytes": "1024", "os_pretty_name": "Debian GNU/Linux 12 (bookworm)",
        }
    )  # fmt: skip

    facts = info.facts

    assert facts["capabilities"] == "bytes cgroups durable staging"
    assert facts["commands"] == "shell"
    assert (facts["machine"], facts["memory_bytes"]) == ("x86_64", "1024")
    assert facts["os"] == "Debian GNU/Linux 12 (bookworm)"
    assert not any(name.startswith("info.") for name in facts)
