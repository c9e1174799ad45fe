"""What of a configuration is weaker than it could be: for ``checkconfig --security``.

Each finding says what is open to whom, where that is set, and the way out. Nothing here is wrong: a master on a desk
may be as open as its owner likes.
"""

from __future__ import annotations

import ipaddress
import stat
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from buildmill.master.auth.access import is_loopback_endpoint, is_loopback_url
from buildmill.master.auth.backends import HTPasswdAuth, NoAuth, UserPasswordAuth
from buildmill.master.auth.ldap import LDAPAuth, LdapUserInfo
from buildmill.master.auth.oauth2 import OAuth2Auth
from buildmill.master.auth.oidc import OIDCAuth
from buildmill.master.auth.passwords import is_hash
from buildmill.master.config.master_config import MasterConfig, WorkerPort
from buildmill.master.config.rehearsal import ReportedProblem
from buildmill.master.config.source_lines import SourceLines
from buildmill.master.secrets.file import SecretInAFile

LEAST_LENGTH: Final = 12
"""Characters that a password must have that programs use."""
LEAST_OF_PEOPLE: Final = 10
GUESSED: Final = frozenset(
    {
        "pass", "password", "passwd", "secret", "changeme", "change-me", "admin", "root", "test", "worker", "buildbot",
        "buildmill", "example", "letmein", "qwerty", "123456", "12345678", "bot-pass", "slave", "workerpassword",
    }
)  # fmt: skip
"""What stands in examples, and what everybody tries first."""
_WIDE_PREFIX: Final = {4: 8, 6: 32}


class _Findings:
    """Collects what is found, with its place.

    Args:
        config: that is looked at.
    """

    def __init__(self, config: MasterConfig) -> None:
        self.config = config
        self.found: list[ReportedProblem] = []
        self._file = str(config.file)
        try:
            self._lines = SourceLines(config.file.read_text(encoding="utf-8", errors="replace"), self._file)
        except OSError:
            self._lines = SourceLines("", self._file)

    def at(self, key: str, inner: str | None, message: str, way_out: str) -> None:
        """Something that a key (or one within its dictionary) sets, or would."""
        line = self._lines.line_of(key, inner)
        self.found.append(ReportedProblem(message=message, file=self._file, line=line, hint=way_out))

    def of(self, thing: Any, message: str, way_out: str) -> None:
        """Something that an object of the configuration sets, which knows its place."""
        file, line = getattr(thing, "file", None) or self._file, getattr(thing, "line", None)
        self.found.append(ReportedProblem(message=message, file=file, line=line, hint=way_out))


def weaknesses_blocking(config: MasterConfig) -> tuple[ReportedProblem, ...]:
    """All that is found, in the order of the file. Looks at the permissions of files."""
    findings = _Findings(config)
    if config.www.port is not None:
        _look_at_access(findings)
        _look_at_transport(findings)
        _look_at_login(findings)
    _look_at_workers(findings)
    _look_at_files(findings)
    return tuple(sorted(findings.found, key=lambda one: (one.file or "", one.line or 0, one.message)))


def _is_at_home(config: MasterConfig) -> bool:
    """Nobody but its own machine reaches the web side."""
    port = config.www.port
    return port is not None and is_loopback_endpoint(port) and is_loopback_url(config.buildbotURL)


# -- the web side ------------------------------------------------------------------------------


def _look_at_access(findings: _Findings) -> None:
    config, www = findings.config, findings.config.www
    if isinstance(www.auth, NoAuth) and (www.authz is None or not www.authz.allowRules):
        findings.of(
            www.auth, "everybody who reaches the web port may stop and force builds, and pause workers",
            "let people log in, see `auth`; or give `authz` rules",
        )  # fmt: skip
    if _is_at_home(config):
        return
    rules = None if www.authz is None else www.authz.projectRules
    is_closed_by_projects = rules is not None and any(
        rule.projects is None and rule.readers is not None for rule in rules.rules
    )
    is_closed_by_rules = www.authz is not None and www.authz.is_about_reading
    if www.public_read and not is_closed_by_projects and not is_closed_by_rules:
        findings.at(
            "www", "public_read", "everybody who reaches the web port reads builds, logs, changes and /metrics",
            "www['public_read'] = False, or projectRules in authz for what is not for everybody",
        )  # fmt: skip
    if www.auth is not None and not isinstance(www.auth, NoAuth) and (www.authz is None or not www.authz.allowRules):
        findings.of(
            www.auth, "whoever can log in may do everything, since no rules say who may do what",
            "www['authz'] = util.Authz(allowRules=[...], roleMatchers=[...])",
        )  # fmt: skip
    if www.allowed_origins and any(origin.strip() in ("*", "http://*", "https://*") for origin in www.allowed_origins):
        findings.at(
            "www", "allowed_origins", "pages of every place may read with the eyes of whoever visits them",
            "name the places in allowed_origins",
        )  # fmt: skip


def _look_at_transport(findings: _Findings) -> None:
    config, www = findings.config, findings.config.www
    port = str(www.port)
    if config.buildbotURL.startswith("http:") and not is_loopback_url(config.buildbotURL):
        findings.at(
            "buildbotURL", None,
            "passwords, cookies and logs go over the network as they are, and cookies are not Secure",
            "put a proxy with TLS in front, and its https address into buildbotURL",
        )  # fmt: skip
    if not is_loopback_endpoint(port) and port.partition(":")[0] in ("tcp", "tcp4", "tcp6"):
        is_behind = config.buildbotURL.startswith("https:")
        what = (
            "the web port listens on all interfaces: the proxy can be gone round, without TLS"
            if is_behind
            else "the web port listens on all interfaces, without TLS"
        )
        findings.at("www", "port", what, "'tcp:8010:interface=127.0.0.1', with a proxy with TLS in front")
    for network in www.trusted_proxies:
        if network.prefixlen < _WIDE_PREFIX[network.version]:
            findings.at(
                "www", "trusted_proxies", f"{network} may say who its users are, and where they come from",
                "name the addresses of the proxies alone",
            )  # fmt: skip


def _look_at_login(findings: _Findings) -> None:
    auth = findings.config.www.auth
    if isinstance(auth, UserPasswordAuth):
        for name, kept in auth.users.items():
            text = kept.decode("utf-8", "replace") if isinstance(kept, bytes) else kept
            if isinstance(text, str) and not is_hash(text):
                _look_at_password(findings, auth, f"user {name!r}", name, text, LEAST_OF_PEOPLE)
    if isinstance(auth, HTPasswdAuth) and (problem := _open_to_others(Path(auth.passwdFile))):
        findings.of(auth, f"the file of passwords {problem}", f"chmod 600 {auth.passwdFile}")
    if isinstance(auth, OAuth2Auth):
        _look_at_service(findings, auth)
    directory = auth.directory if isinstance(auth, LDAPAuth) else getattr(auth, "userInfoProvider", None)
    if isinstance(directory, LdapUserInfo):
        if not directory.is_encrypted:
            findings.of(
                directory, "passwords go to the directory as they are", "an 'ldaps://' address, or startTls=True"
            )
        if isinstance(directory.bindPw, str):
            findings.of(directory, "bindPw stands in the configuration", "util.Secret(...)")


def _look_at_service(findings: _Findings, auth: OAuth2Auth) -> None:
    if not auth.ssl_verify:
        findings.of(auth, "ssl_verify=False: whoever is on the way may say who somebody is", "leave ssl_verify out")
    address = auth.issuer if isinstance(auth, OIDCAuth) else auth.authUri
    if address.startswith("http:") and not is_loopback_url(address):
        findings.of(auth, f"{address} is asked without TLS who somebody is", "an https address")
    if isinstance(auth.clientSecret, str):
        findings.of(auth, "clientSecret stands in the configuration", "util.Secret(...)")


# -- passwords and workers ---------------------------------------------------------------------


def _look_at_password(findings: _Findings, thing: Any, whose: str, name: str, text: str, least: int) -> None:
    """Report a password that is easily guessed; it is not shown."""
    if text.lower() in GUESSED or text.lower() in (name.lower(), f"{name.lower()}-pass", f"{name.lower()}pass"):
        findings.of(thing, f"{whose} has a password that is tried first", "a random one, by util.Secret(...)")
    elif len(text) < least:
        findings.of(thing, f"{whose} has a password of {len(text)} characters", f"{least} or more, by util.Secret(...)")


def _look_at_workers(findings: _Findings) -> None:
    owners: dict[str, list[Any]] = defaultdict(list)
    for worker in findings.config.workers:
        password = worker.given_password
        if worker.is_local or not isinstance(password, str):
            continue
        _look_at_password(findings, worker, f"worker {worker.name!r}", worker.name, password, LEAST_LENGTH)
        owners[password].append(worker)
    for workers in owners.values():
        for worker in workers[1:]:
            findings.of(
                worker,
                f"worker {worker.name!r} has the password of {workers[0].name!r}: each can be taken for the other",
                "one password for each",
            )  # fmt: skip
    for port in findings.config.worker_ports:
        if not _is_own_interface(port) and port.certificate is None:
            what = f"workers connect to port {port.port} on {port.interface or 'all interfaces'} without TLS"
            findings.at(
                "protocols", None, f"{what}: passwords and results can be read and changed",
                "certificate and private_key; or an interface that only the workers reach",
            )  # fmt: skip


def _is_own_interface(port: WorkerPort) -> bool:
    if port.interface == "localhost":
        return True
    try:
        return ipaddress.ip_address(port.interface).is_loopback
    except ValueError:
        return False


# -- files -------------------------------------------------------------------------------------


def _open_to_others(path: Path, *, for_group: bool = True) -> str | None:
    """What others may do with a file or directory; None if nothing, or if there is none."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return None
    if mode & stat.S_IWOTH:
        return "can be changed by everybody on the machine"
    if mode & stat.S_IROTH:
        return "can be read by everybody on the machine"
    if for_group and mode & (stat.S_IRGRP | stat.S_IWGRP):
        return "can be read by its group"
    return None


def _look_at_files(findings: _Findings) -> None:
    config = findings.config
    for what, path in (("the master's directory", config.basedir), ("the configuration", config.file)):
        if problem := _open_to_others(path, for_group=False):
            way_out = f"chmod o-rwx {path}"
            findings.found.append(ReportedProblem(message=f"{what} {problem}", file=str(path), hint=way_out))
    for name in ("state.sqlite", "master.log", "logs"):
        path = config.basedir / name
        # within a directory that is closed, nobody gets there
        if _open_to_others(config.basedir, for_group=False) and (problem := _open_to_others(path, for_group=False)):
            findings.found.append(
                ReportedProblem(message=f"{name} {problem}", file=str(path), hint=f"chmod -R o-rwx {path}")
            )
    for provider in config.secretsProviders:
        if isinstance(provider, SecretInAFile):
            folder = Path(config.basedir, _argument(provider, "dirname"))
            if problem := _open_to_others(folder):
                findings.at("secretsProviders", None, f"the directory of secrets {problem}", f"chmod 700 {folder}")


def _argument(service: Any, name: str) -> str:
    """An argument that a service was made with."""
    arguments, named = service._config_args, service._config_kwargs
    return str(named.get(name, arguments[0] if arguments else ""))
