"""Users of a directory service, over real connections to a small server."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from buildmill.common.errors import Unavailable
from buildmill.master.auth import directory
from buildmill.master.auth.ldap import LDAPAuth, LdapUserInfo
from buildmill.master.engine.pools import Pools
from tests.ldap_server import INSUFFICIENT_RIGHTS, Server, Tree
from tests.reactors import Reactor
from tests.support import async_test

PEOPLE, GROUPS = "ou=people,dc=example,dc=org", "ou=groups,dc=example,dc=org"
ANN, BOB, READER = f"uid=ann,{PEOPLE}", f"uid=bob,{PEOPLE}", "cn=reader,dc=example,dc=org"


def tree() -> Tree:
    return Tree(
        {
            ANN: {"uid": ["ann"], "cn": ["Ann Ä"], "mail": ["ann@example.org", "a@example.org"], "phone": ["3"]},
            BOB: {"uid": ["bob"], "cn": ["Bob"]},
            f"uid=a*(b),{PEOPLE}": {"uid": ["a*(b)"], "cn": ["Odd"], "mail": ["odd@example.org"]},
            f"cn=devs,{GROUPS}": {"cn": ["devs"], "member": [ANN, BOB]},
            f"cn=admins,{GROUPS}": {"cn": ["admins"], "member": [ANN], "memberUid": ["ann"]},
        },
        {ANN: "ann's password", BOB: "", READER: "reads"},
    )


def write_certificate(path: Path, *names: x509.GeneralName) -> None:
    """Key and self-signed certificate for some names."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)  # noqa: TID251  # certificates go by the host's clock
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + certificate.public_bytes(pem))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``right.pem``, for this machine, and ``wrong.pem``, for another."""
    folder = tmp_path_factory.mktemp("certificates")
    here = ipaddress.ip_address("127.0.0.1")
    write_certificate(folder / "right.pem", x509.IPAddress(here), x509.DNSName("localhost"))
    write_certificate(folder / "wrong.pem", x509.DNSName("elsewhere.example.org"))
    return folder


@pytest.fixture
def server(certificates: Path) -> Iterator[Server]:
    server = Server(tree(), certificates / "right.pem")
    yield server
    server.close()


@pytest.fixture
def pools(reactor: Reactor) -> Iterator[Pools]:
    pools = Pools(reactor)
    yield pools
    pools.stop_blocking()


def info(server: Server, pools: Pools, **arguments: Any) -> LdapUserInfo:
    given: dict[str, Any] = {
        "uri": f"ldap://localhost:{server.port}", "bindUser": READER, "bindPw": "reads", "accountBase": PEOPLE,
        "accountPattern": "(uid=%(username)s)", "accountFullName": "cn", "accountEmail": "mail", "groupBase": GROUPS,
        "groupMemberPattern": "(member=%(dn)s)", "groupName": "cn", **arguments,
    }  # fmt: skip
    found = LdapUserInfo(**given)
    found.reconfigAuth(SimpleNamespace(in_pool=pools.run, secrets=None), None)
    return found


ALL_OF_ANN = {"full_name": "Ann Ä", "email": "ann@example.org", "groups": ["devs", "admins"]}


@async_test
async def test_a_directory_tells_of_a_user(server: Server, pools: Pools) -> None:
    assert await info(server, pools).getUserInfo("ann") == ALL_OF_ANN
    assert await info(server, pools).getUserInfo("nobody") == {}
    assert await info(server, pools).getUserInfo("bob") == {"full_name": "Bob", "groups": ["devs"]}


@async_test
async def test_more_attributes_and_groups_by_name(server: Server, pools: Pools) -> None:
    more = info(server, pools, accountExtraFields=["phone"], groupMemberPattern="(memberUid=%(username)s)")

    assert await more.getUserInfo("ann") == {**ALL_OF_ANN, "phone": "3", "groups": ["admins"]}


@async_test
async def test_what_a_user_types_is_a_name_and_no_filter(server: Server, pools: Pools) -> None:
    here = info(server, pools)

    for name in ("*", "a*", "*)(uid=*", "ann)(|(uid=*", "ann\\2a", "(", "\\", "ann\0"):
        assert await here.account(name) is None
    odd = await here.account("a*(b)")

    assert odd is not None
    assert odd.values["mail"] == "odd@example.org"
    assert server.tree.filters[1] == "uid=a*"


@async_test
async def test_a_password_is_right_if_its_entry_can_bind_with_it(server: Server, pools: Pools) -> None:
    auth = LDAPAuth(info(server, pools))
    auth.reconfigAuth(SimpleNamespace(in_pool=pools.run, secrets=None), None)

    assert await auth.user_of("ann", "ann's password") == {"username": "ann", **ALL_OF_ANN}
    for name, password in [
        ("ann", "wrong"), ("ann", ""), ("bob", ""), ("nobody", "x"), ("", "x"), ("ann", "\0"), ("*", "ann's password"),
        (ANN, "ann's password"), ("ann", "x" * 100_000),
    ]:  # fmt: skip
        assert await auth.user_of(name, password) is None, (name, password)


@async_test
async def test_two_entries_of_one_name_are_nobodys(server: Server, pools: Pools) -> None:
    server.tree.entries[f"uid=ann,ou=more,{PEOPLE}"] = {"uid": ["ann"]}

    assert await info(server, pools).getUserInfo("ann") == {}


@async_test
async def test_passwords_go_by_tls_where_that_is_wanted(server: Server, pools: Pools, certificates: Path) -> None:
    at_once = Server(tree(), certificates / "right.pem", at_once=True)
    authority = str(certificates / "right.pem")
    try:
        started = info(server, pools, startTls=True, caFile=authority)
        begun = info(at_once, pools, uri=f"ldaps://localhost:{at_once.port}", caFile=authority)

        assert await started.getUserInfo("ann") == await begun.getUserInfo("ann") == ALL_OF_ANN
        assert set(server.tree.encrypted) == set(at_once.tree.encrypted) == {True}
    finally:
        at_once.close()


@pytest.mark.parametrize("at_once", [True, False], ids=["ldaps", "starttls"])
@pytest.mark.parametrize("served", ["wrong", "right"], ids=["another name", "an unknown authority"])
@async_test
async def test_a_server_that_cannot_prove_who_it_is_is_told_nothing(
    pools: Pools, certificates: Path, served: str, at_once: bool
) -> None:
    server = Server(tree(), certificates / f"{served}.pem", at_once=at_once)
    known = {"caFile": str(certificates / "wrong.pem")} if served == "wrong" else {}
    try:
        scheme = "ldaps" if at_once else "ldap"
        here = info(server, pools, uri=f"{scheme}://localhost:{server.port}", startTls=not at_once, **known)

        with pytest.raises(Unavailable):
            await here.getUserInfo("ann")

        assert server.tree.binds == []
    finally:
        server.close()


@async_test
async def test_a_directory_that_cannot_be_asked(server: Server, pools: Pools, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = info(server, pools, bindPw="wrong")
    with pytest.raises(Unavailable, match="cannot be asked"):
        await refusing.getUserInfo("ann")

    server.tree.refusal = INSUFFICIENT_RIGHTS
    with pytest.raises(Unavailable):
        await info(server, pools).getUserInfo("ann")

    server.tree.is_silent = True
    monkeypatch.setattr(directory, "SECONDS", 1)
    with pytest.raises(Unavailable):
        await info(server, pools).getUserInfo("ann")
    with pytest.raises(Unavailable):
        await info(server, pools, uri="ldap://127.0.0.1:1").getUserInfo("ann")
