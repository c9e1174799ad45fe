"""A small LDAP server on a real socket: binds, searches and StartTLS, for one directory in memory (RFC 4511).

It keeps to the protocol where a client could notice: filters are evaluated as they are sent, a bind without a password
succeeds as nobody, a name that is no entry's is refused.
"""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ldap3.protocol import rfc4511 as p
from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import SubstrateUnderrunError

SUCCESS, OPERATIONS_ERROR, NO_SUCH_OBJECT, INVALID_CREDENTIALS, INSUFFICIENT_RIGHTS = 0, 1, 32, 49, 50
START_TLS = "1.3.6.1.4.1.1466.20037"

Entry = Mapping[str, Sequence[str]]


@dataclass
class Tree:
    """What a server serves.

    Attributes:
        entries: attributes by distinguished name.
        passwords: by distinguished name.
        binds: names that clients have bound as; `filters`: what they have searched for, decoded.
        encrypted: of each bind, whether it came by TLS.
        is_silent: requests are not answered.
        refusal: the result of each search instead of the right one.
    """

    entries: dict[str, Entry]
    passwords: dict[str, str]
    binds: list[str] = field(default_factory=list)
    filters: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    is_silent: bool = False
    refusal: int | None = None


class Server(socketserver.ThreadingTCPServer):
    """Serves on a free port of this machine.

    Args:
        certificate: a PEM file with key and certificate, for TLS.
        at_once: TLS begins with the connection.
    """

    allow_reuse_address = True
    daemon_threads = False

    def __init__(self, tree: Tree, certificate: Path, *, at_once: bool = False) -> None:
        self.tree = tree
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.at_once = at_once
        super().__init__(("127.0.0.1", 0), _Session)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, name="ldap server")
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, *_: Any) -> None:
        """A client that goes away is no error."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Session(socketserver.BaseRequestHandler):
    server: Server

    def handle(self) -> None:
        try:
            self._serve()
        except OSError:  # the client has left, or does not like our certificate
            return
        finally:
            self.request.close()

    def _serve(self) -> None:
        self.user = ""
        self.is_encrypted = False
        if self.server.at_once:
            self._begin_tls()
        data = b""
        while chunk := self.request.recv(65536):
            data += chunk
            while data:
                try:
                    message, data = decoder.decode(data, asn1Spec=p.LDAPMessage())
                except SubstrateUnderrunError:
                    break
                if not self.server.tree.is_silent:
                    self._obey(int(message["messageID"]), message["protocolOp"])

    def _begin_tls(self) -> None:
        self.request = self.server.context.wrap_socket(self.request, server_side=True, do_handshake_on_connect=False)
        self.request.do_handshake()
        self.is_encrypted = True

    def _obey(self, number: int, operation: Any) -> None:
        name, body = operation.getName(), operation.getComponent()
        if name == "bindRequest":
            self._bind(number, str(body["name"]), str(body["authentication"].getComponent()))
        elif name == "searchRequest":
            self._search(number, body)
        elif name == "extendedReq":
            is_tls = str(body["requestName"]) == START_TLS
            self._send(number, "extendedResp", _result(p.ExtendedResponse(), SUCCESS if is_tls else OPERATIONS_ERROR))
            if is_tls:
                self._begin_tls()

    def _bind(self, number: int, name: str, password: str) -> None:
        tree = self.server.tree
        tree.binds.append(name)
        tree.encrypted.append(self.is_encrypted)
        is_right = not password or tree.passwords.get(name) == password
        self.user = name if is_right and password else ""
        self._send(number, "bindResponse", _result(p.BindResponse(), SUCCESS if is_right else INVALID_CREDENTIALS))

    def _search(self, number: int, body: Any) -> None:
        tree = self.server.tree
        base, limit = str(body["baseObject"]), int(body["sizeLimit"])
        tree.filters.append(_shown(body["filter"]))
        code = SUCCESS if self.user else INSUFFICIENT_RIGHTS
        found = [dn for dn, entry in tree.entries.items() if dn.endswith(base) and _matches(body["filter"], entry)]
        if tree.refusal is not None:
            code = tree.refusal
        wanted = {str(name).lower() for name in body["attributes"]}
        for dn in found[: limit or None] if code == SUCCESS else ():
            self._send(number, "searchResEntry", _entry(dn, tree.entries[dn], wanted))
        self._send(number, "searchResDone", _result(p.SearchResultDone(), code))

    def _send(self, number: int, name: str, body: Any) -> None:
        message = p.LDAPMessage()
        message["messageID"] = p.MessageID(number)
        message["protocolOp"] = p.ProtocolOp().setComponentByName(name, body)
        self.request.sendall(encoder.encode(message))


def _result(response: Any, code: int) -> Any:
    response["resultCode"] = p.ResultCode(code)
    response["matchedDN"] = p.LDAPDN("")
    response["diagnosticMessage"] = p.LDAPString("")
    return response


def _entry(dn: str, entry: Entry, wanted: set[str]) -> Any:
    found = p.SearchResultEntry()
    found["object"] = p.LDAPDN(dn)
    attributes = p.PartialAttributeList()
    for name, values in entry.items():
        if name.lower() not in wanted:
            continue
        attribute = p.PartialAttribute()
        attribute["type"] = p.AttributeDescription(name)
        attribute["vals"] = p.Vals()
        for place, value in enumerate(values):
            attribute["vals"].setComponentByPosition(place, p.AttributeValue(value.encode()))
        attributes.setComponentByPosition(len(attributes), attribute)
    found["attributes"] = attributes
    return found


def _values(entry: Entry, name: str) -> list[str]:
    return [value for key, values in entry.items() if key.lower() == name.lower() for value in values]


def _matches(given: Any, entry: Entry) -> bool:
    name, body = given.getName(), given.getComponent()
    match name:
        case "and":
            return all(_matches(each, entry) for each in body)
        case "or":
            return any(_matches(each, entry) for each in body)
        case "notFilter":
            return not _matches(body["innerNotFilter"], entry)
        case "present":
            return bool(_values(entry, str(body)))
        case "equalityMatch":
            return _text(body["assertionValue"]).lower() in [
                value.lower() for value in _values(entry, str(body["attributeDesc"]))
            ]
        case "substringFilter":
            return bool(_values(entry, str(body["type"])))  # more than any caller should get by a name
        case _:
            raise ValueError(name)


def _text(value: Any) -> str:
    return bytes(value).decode()


def _shown(given: Any) -> str:
    def parts() -> Iterator[str]:
        name, body = given.getName(), given.getComponent()
        if name in ("and", "or"):
            yield from map(_shown, body)
        elif name == "equalityMatch":
            yield f"{body['attributeDesc']}={_text(body['assertionValue'])}"
        else:
            yield name

    return " ".join(parts())
