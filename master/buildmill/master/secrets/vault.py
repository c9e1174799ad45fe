"""`HashiCorpVaultKvSecretProvider`: the key-value store of HashiCorp's Vault, or of a server that speaks as it does."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from buildmill.common.errors import InvalidInput, Unavailable
from buildmill.master.domain.config_errors import config_error
from buildmill.master.engine.http_client import HTTPSession
from buildmill.master.secrets.base import SecretProviderBase

_FORBIDDEN, _NOT_FOUND = 403, 404


class VaultAuthenticator:
    """How to get a token of Vault."""

    async def token(self, vault: HTTPSession) -> str:
        """A token that is good now.

        Raises:
            Unavailable: Vault gives none.
        """
        raise NotImplementedError


class VaultAuthenticatorToken(VaultAuthenticator):
    """A token that somebody else has got.

    Args:
        token: the token.
    """

    def __init__(self, token: str) -> None:
        if not isinstance(token, str) or not token:
            config_error("VaultAuthenticatorToken: token must be a non-empty string")
        self._token = token

    async def token(self, vault: HTTPSession) -> str:
        """The token."""
        return self._token


class VaultAuthenticatorApprole(VaultAuthenticator):
    """Log in as a program.

    Args:
        roleId: the role's id.
        secretId: its secret.
    """

    def __init__(self, roleId: str, secretId: str) -> None:
        for name, value in (("roleId", roleId), ("secretId", secretId)):
            if not isinstance(value, str) or not value:
                config_error(f"VaultAuthenticatorApprole: {name} must be a non-empty string")
        self._role_id = roleId
        self._secret_id = secretId

    async def token(self, vault: HTTPSession) -> str:
        """Log in."""
        answer = await vault.post(
            "/v1/auth/approle/login", json={"role_id": self._role_id, "secret_id": self._secret_id}
        )
        if answer.code != 200:
            raise Unavailable(f"Vault refuses the role: {answer.code}")
        try:
            return str((await answer.json())["auth"]["client_token"])
        except (ValueError, KeyError, TypeError):
            raise Unavailable("Vault's answer to the login has no token") from None


class HashiCorpVaultKvSecretProvider(SecretProviderBase):
    """Secrets of a key-value store, asked for as ``path|key``.

    Args:
        vault_server: its address.
        authenticator: how to get a token.
        secrets_mount: where the store is mounted; ``secret`` if not given.
        api_version: of the store, 1 or 2.
        path_delimiter: between path and key, one character.
        path_escape: takes the meaning from a delimiter or escape behind it, one character.
    """

    name = "SecretInVaultKv"

    def checkConfig(
        self,
        vault_server: str | None = None,
        authenticator: Any = None,
        secrets_mount: str | None = None,
        api_version: int = 2,
        path_delimiter: str = "|",
        path_escape: str = "\\",
    ) -> None:
        """Check the arguments; Vault is not asked."""
        who = type(self).__name__
        if not isinstance(vault_server, str) or not vault_server.startswith(("http://", "https://")):
            config_error(f"{who}: vault_server must be an http or https address, not {vault_server!r}")
        if not isinstance(authenticator, VaultAuthenticator):
            config_error(
                f"{who}: authenticator must be a VaultAuthenticatorToken or VaultAuthenticatorApprole, "
                f"not {type(authenticator).__name__}"
            )
        if secrets_mount is not None and (not isinstance(secrets_mount, str) or not secrets_mount.strip("/")):
            config_error(f"{who}: secrets_mount must be a path or None, not {secrets_mount!r}")
        if api_version not in (1, 2) or isinstance(api_version, bool):
            config_error(f"{who}: api_version must be 1 or 2, not {api_version!r}")
        for name, value in (("path_delimiter", path_delimiter), ("path_escape", path_escape)):
            if not isinstance(value, str) or len(value) != 1:
                config_error(f"{who}: {name} must be one character, not {value!r}")

    def reconfigService(
        self,
        vault_server: str = "",
        authenticator: Any = None,
        secrets_mount: str | None = None,
        api_version: int = 2,
        path_delimiter: str = "|",
        path_escape: str = "\\",
    ) -> None:
        """Take the arguments."""
        self._vault = HTTPSession(self.master.httpservice, vault_server)
        self._authenticator: VaultAuthenticator = authenticator
        self._mount = (secrets_mount or "secret").strip("/")
        self._version = api_version
        self._delimiter, self._escape = path_delimiter, path_escape
        self._token: str | None = None

    async def get(self, entry: str) -> str | None:
        """The value of a key at a path; None if Vault has no such path, or no such key there."""
        path, key = self.split(entry)
        where = f"{self._mount}/data/{path}" if self._version == 2 else f"{self._mount}/{path}"
        endpoint = f"/v1/{quote(where)}"
        known = self._token
        answer = await self._read(endpoint)
        if answer.code == _FORBIDDEN and known is not None:
            self._token = None  # it may have expired
            answer = await self._read(endpoint)
        if answer.code == _NOT_FOUND:
            return None
        if answer.code != 200:
            raise Unavailable(f"Vault answers {answer.code}")
        try:
            data = (await answer.json())["data"]
            if self._version == 2:
                data = data["data"]
            return None if key not in data else str(data[key])
        except (ValueError, KeyError, TypeError):
            raise Unavailable("Vault's answer makes no sense") from None

    async def _read(self, endpoint: str) -> Any:
        if self._token is None:
            self._token = await self._authenticator.token(self._vault)
        return await self._vault.get(endpoint, headers={"X-Vault-Token": self._token})

    def split(self, entry: str) -> tuple[str, str]:
        """Path and key of a secret's name.

        Raises:
            InvalidInput: they are not exactly two.
        """
        parts, escaped = [""], False
        for character in entry:
            if escaped:
                parts[-1] += character
                escaped = False
            elif character == self._escape:
                escaped = True
            elif character == self._delimiter:
                parts.append("")
            else:
                parts[-1] += character
        path = parts[0].strip("/")
        if len(parts) != 2 or not path or not parts[1] or ".." in path.split("/"):
            raise InvalidInput("name", f"must be a path and a key as 'path{self._delimiter}key'")
        return path, parts[1]
