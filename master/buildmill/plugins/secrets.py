"""Providers of secrets: ``from buildmill.plugins import secrets``."""

from __future__ import annotations

from buildmill.plugins.lazy_names import lazy_names, names

NAMES = {
    **names("secrets.file", "SecretInAFile"),
    **names("secrets.passwordstore", "SecretInPass"),
    **names("secrets.vault", "HashiCorpVaultKvSecretProvider VaultAuthenticatorApprole VaultAuthenticatorToken"),
}
__getattr__, __dir__ = lazy_names("secrets", NAMES)
