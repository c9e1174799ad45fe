"""Secret providers. None is available yet."""

from __future__ import annotations

from buildmill.plugins.lazy_names import lazy_names, words

NAMES: dict[str, str] = {}
LATER = words("""HashiCorpVaultKvSecretProvider SecretInAFile SecretInPass VaultAuthenticatorApprole
    VaultAuthenticatorToken""")
__getattr__, __dir__ = lazy_names("secrets", NAMES, LATER)
