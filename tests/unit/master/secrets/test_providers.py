"""Where secrets come from."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.web.resource import Resource

from buildmill.common.errors import BuildmillError, InvalidInput, Unavailable
from buildmill.master.domain.config_errors import collected_errors
from buildmill.master.engine.http_client import HttpService
from buildmill.master.secrets.base import SecretProviderBase
from buildmill.master.secrets.file import SecretInAFile
from buildmill.master.secrets.manager import SecretManager
from buildmill.master.secrets.passwordstore import SecretInPass
from buildmill.master.secrets.secret import SecretDetails
from buildmill.master.secrets.vault import (
    HashiCorpVaultKvSecretProvider,
    VaultAuthenticatorApprole,
    VaultAuthenticatorToken,
)
from tests.leftovers import FailureLog
from tests.outgoing import AgentTo
from tests.support import async_test


async def at_once(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)


def problems_of(make: Callable[[], Any]) -> list[str]:
    with collected_errors() as problems:
        make()
    return [problem.message for problem in problems]


async def configured(provider: SecretProviderBase, **facade: Any) -> Any:
    """The provider as part of a master."""
    provider.parent = SimpleNamespace(master=SimpleNamespace(**facade))
    await provider.configureService()
    return provider


# -- files -------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "token").write_text(" s3cret\n")
    (folder / "key.pem").write_text("-----\n")
    for file in folder.iterdir():
        file.chmod(0o600)
    return folder


@async_test
async def test_a_file_gives_its_contents_of_the_moment(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # as it is while a configuration is read
    provider = await configured(SecretInAFile(dirname="secrets"), basedir=str(tmp_path), in_thread=at_once)

    assert await provider.get("token") == "s3cret"
    assert await provider.get("other") is None
    (folder / "token").write_text("changed")
    assert await provider.get("token") == "changed"


@async_test
async def test_suffixes_and_white_space_are_as_asked(tmp_path: Path, folder: Path) -> None:
    provider = SecretInAFile(dirname=str(folder), suffixes=[".txt", ".pem"], strip=False)
    await configured(provider, basedir=str(tmp_path), in_thread=at_once)

    assert await provider.get("key") == "-----\n"
    assert await provider.get("token") is None


@pytest.mark.parametrize("name", ["../outside", "", ".", "..", "a/b", "x\0y"])
@async_test
async def test_names_that_lead_elsewhere_are_unknown(tmp_path: Path, folder: Path, name: str) -> None:
    (tmp_path / "outside").write_text("not for builds")
    (tmp_path / "outside").chmod(0o600)
    provider = await configured(SecretInAFile(dirname=str(folder)), basedir=str(tmp_path), in_thread=at_once)

    assert await provider.get(name) is None


@async_test
async def test_a_file_that_others_may_read_is_refused_in_the_check_and_later(tmp_path: Path, folder: Path) -> None:
    provider = await configured(SecretInAFile(dirname=str(folder)), basedir=str(tmp_path), in_thread=at_once)
    (folder / "token").chmod(0o640)

    (problem,) = problems_of(lambda: SecretInAFile(dirname=str(folder)))
    assert problem == f"SecretInAFile: {folder / 'token'} may be read or written by others (mode 0640): chmod go= it"
    assert problems_of(lambda: SecretInAFile(dirname=str(folder), suffixes=[".pem"])) == []
    with pytest.raises(Unavailable, match="mode 0640"):
        await provider.get("token")


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: SecretInAFile(), "dirname must be the path of a directory, not ''"),
        (lambda: SecretInAFile(dirname="/nowhere"), "there is no directory '/nowhere'"),
        (lambda: SecretInAFile(dirname="/", suffixes=".txt"), "suffixes must be a list of strings, not '.txt'"),
        (lambda: SecretInPass(dirname="/nowhere"), "there is no directory '/nowhere'"),
        (lambda: SecretInPass(dirname="/tmp", gpgPassphrase=3), "gpgPassphrase must be a string or None"),
        (
            lambda: HashiCorpVaultKvSecretProvider(authenticator=VaultAuthenticatorToken("t")),
            "vault_server must be an http or https address, not None",
        ),
        (lambda: HashiCorpVaultKvSecretProvider(vault_server="http://v"), "authenticator must be a VaultAuthenticator"),
        (
            lambda: HashiCorpVaultKvSecretProvider("http://v", VaultAuthenticatorToken("t"), api_version=3),
            "api_version must be 1 or 2, not 3",
        ),
        (
            lambda: HashiCorpVaultKvSecretProvider("http://v", VaultAuthenticatorToken("t"), path_delimiter="::"),
            "path_delimiter must be one character, not '::'",
        ),
        (lambda: VaultAuthenticatorToken(""), "token must be a non-empty string"),
        (lambda: VaultAuthenticatorApprole("r", ""), "secretId must be a non-empty string"),
    ],
)
def test_wrong_arguments_are_problems_of_the_configuration(make: Callable[[], Any], problem: str) -> None:
    assert problem in "\n".join(problems_of(make))


# -- pass --------------------------------------------------------------------------------------------------


class Programs:
    """Stands in for the programs of the machine: the store has one entry."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], dict[str, str]]] = []

    async def run(self, argv: list[str], *, env: dict[str, str], output: Callable[[str, bytes], None]) -> int:
        self.asked.append((argv, env))
        if argv[-1] == "ci/token":
            output("o", b"s3cret\n")
            return 0
        output("e", b"Error: x is not in the password store.\n" if argv[-1] == "x" else b"gpg: no key\n")
        return 1


@async_test
async def test_pass_is_asked_and_its_errors_are_told_apart(tmp_path: Path) -> None:
    programs = Programs()
    with collected_errors():  # the program may not be installed here
        provider = SecretInPass(gpgPassphrase="open", dirname=str(tmp_path))
    await configured(provider, basedir="/", processes=programs)

    assert await provider.get("ci/token") == "s3cret"
    assert await provider.get("x") is None
    assert await provider.get("--help") is None
    with pytest.raises(Unavailable, match="pass ended with 1: gpg: no key"):
        await provider.get("broken")
    argv, env = programs.asked[0]
    assert argv == ["pass", "show", "ci/token"]
    assert env["PASSWORD_STORE_DIR"] == str(tmp_path)
    assert env["PASSWORD_STORE_GPG_OPTS"].endswith("--passphrase open")


# -- vault -------------------------------------------------------------------------------------------------


class Vault(Resource):
    """A Vault whose tokens may be revoked; it counts logins."""

    isLeaf = True  # noqa: N815  # Twisted's name

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self.logins = 0
        self.tokens = {"fixed"}
        self.is_broken = False

    def render_POST(self, request: Any) -> bytes:
        wanted = {"role_id": "ci", "secret_id": "pw"}
        if request.path != b"/v1/auth/approle/login" or json.loads(request.content.read()) != wanted:
            request.setResponseCode(400)
            return b"{}"
        self.logins += 1
        self.tokens.add(f"t{self.logins}")
        return json.dumps({"auth": {"client_token": f"t{self.logins}"}}).encode()

    def render_GET(self, request: Any) -> bytes:
        if self.is_broken:
            request.setResponseCode(503)
            return b"sealed"
        if (request.getHeader("X-Vault-Token") or "") not in self.tokens:
            request.setResponseCode(403)
            return b'{"errors": ["permission denied"]}'
        answers = {
            b"/v1/secret/data/ci/git": {"data": {"data": {"token": "s3cret", "a|b": "odd"}}},
            b"/v1/kv/old": {"data": {"token": "first version"}},
        }
        if request.path not in answers:
            request.setResponseCode(404)
            return b'{"errors": []}'
        return json.dumps(answers[request.path]).encode()


@pytest.fixture
def vault() -> Vault:
    return Vault()


@pytest.fixture
def connect(vault: Vault) -> Callable[..., Awaitable[Any]]:
    """Gives a provider that is part of a master and speaks to the vault."""

    async def connected(authenticator: Any, **options: Any) -> Any:
        provider = HashiCorpVaultKvSecretProvider("http://vault:8200/", authenticator, **options)
        return await configured(provider, httpservice=HttpService(Clock(), AgentTo(vault)))

    return connected


@async_test
async def test_vault_gives_a_key_at_a_path(connect: Any) -> None:
    provider = await connect(VaultAuthenticatorToken("fixed"))
    old = await connect(VaultAuthenticatorToken("fixed"), secrets_mount="kv", api_version=1, path_delimiter="/")

    assert await provider.get("ci/git|token") == "s3cret"
    assert await provider.get("ci/git|a\\|b") == "odd"
    assert await provider.get("ci/git|other") is None
    assert await provider.get("ci/none|token") is None
    assert await old.get("old/token") == "first version"


@pytest.mark.parametrize("name", ["token", "a|b|c", "|key", "path|", "a/../b|key"])
@async_test
async def test_names_without_one_path_and_one_key_are_refused(connect: Any, name: str) -> None:
    provider = await connect(VaultAuthenticatorToken("fixed"))

    with pytest.raises(InvalidInput, match="must be a path and a key as"):
        await provider.get(name)


@async_test
async def test_a_login_is_kept_and_repeated_when_its_token_has_expired(vault: Vault, connect: Any) -> None:
    provider = await connect(VaultAuthenticatorApprole("ci", "pw"))

    assert [await provider.get("ci/git|token") for _ in range(2)] == ["s3cret"] * 2
    assert vault.logins == 1
    vault.tokens.clear()
    assert await provider.get("ci/git|token") == "s3cret"
    assert vault.logins == 2


@async_test
async def test_what_vault_refuses_is_told_without_what_it_was_told(vault: Vault, connect: Any) -> None:
    with pytest.raises(Unavailable, match=r"^Vault answers 403$"):
        await (await connect(VaultAuthenticatorToken("stolen"))).get("ci/git|token")
    with pytest.raises(Unavailable, match=r"^Vault refuses the role: 400$"):
        await (await connect(VaultAuthenticatorApprole("ci", "wrong"))).get("ci/git|token")
    vault.is_broken = True
    with pytest.raises(Unavailable, match=r"^Vault answers 503$"):
        await (await connect(VaultAuthenticatorToken("fixed"))).get("ci/git|token")


# -- the manager -------------------------------------------------------------------------------------------


class Fixed(SecretProviderBase):
    def reconfigService(self, **values: Any) -> None:
        self._values = values

    def get(self, entry: str) -> Any:
        value = self._values.get(entry)
        if isinstance(value, Exception):
            raise value
        return value


async def manager_of(*providers: SecretProviderBase) -> SecretManager:
    manager = SecretManager()
    await manager.reconfigServiceWithBuildbotConfig(SimpleNamespace(secretsProviders=providers))
    return manager


@async_test
async def test_the_first_provider_that_knows_a_secret_gives_it() -> None:
    manager = await manager_of(Fixed(name="one", a="1"), Fixed(name="two", a="2", b="3"))

    assert await manager.get("a") == SecretDetails("Fixed", "a", "1")
    assert await manager.get("b") == SecretDetails("Fixed", "b", "3")
    assert await manager.get("c") is None
    assert manager.has_providers
    assert not SecretManager().has_providers


@async_test
async def test_a_provider_that_cannot_be_asked_ends_the_search(logged_failures: FailureLog) -> None:
    manager = await manager_of(
        Fixed(name="one", a=Unavailable("sealed"), b=KeyError("s3cret")), Fixed(name="two", a="2", b="2")
    )

    with pytest.raises(Unavailable, match=r"^sealed$"):
        await manager.get("a")
    with pytest.raises(BuildmillError, match=r"^Fixed failed \(KeyError\); see the log$"):
        await manager.get("b")
    logged_failures.flush()


def test_nobody_sees_a_secret_by_printing_it() -> None:
    assert repr(SecretDetails("Fixed", "a", "s3cret")) == "Fixed a: ***"
