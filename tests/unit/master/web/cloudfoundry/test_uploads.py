"""Uploads and downloads: nothing is in memory as a whole, nothing is left of what went wrong."""

from __future__ import annotations

import hashlib
import random
import stat
import zipfile

import pytest

from buildmill.master.web.incoming import HIGH_BYTES
from tests.unit.master.web.cloudfoundry.house import BOUNDARY, House, form, refusal, to_one, zip_of
from tests.unit.master.web.conftest import read_answer

BITS = zip_of(("hello.txt", b"hello"), ("bin/run", b"#!/bin/sh\n"))
DIGEST = hashlib.sha256(BITS).hexdigest()


def upload_path(package: dict[str, str]) -> str:
    return f"/v3/packages/{package['guid']}/upload"


def test_bits_are_kept_as_they_came(house: House) -> None:
    package = house.package(house.app())

    answer = house.upload(package, BITS)

    assert (answer.status, answer.json["state"]) == (200, "PROCESSING_UPLOAD")
    ready = house.ok("GET", f"/v3/packages/{package['guid']}")
    assert ready["state"] == "READY"
    assert ready["data"] == {"error": None, "checksum": {"type": "sha256", "value": DIGEST}}
    assert house.ask("GET", ready["links"]["download"]["href"]).body == BITS
    assert house.files() == [DIGEST]


def test_the_client_may_say_which_checksum_the_bits_have(house: House) -> None:
    right, wrong = (house.package(house.app(name)) for name in ("a", "b"))

    for package, digest in ((right, DIGEST), (wrong, "0" * 64)):
        body = form(("checksum", "", digest.encode()), ("bits", "x.zip", BITS), ("resources", "", b"[]"))
        assert house.send_form(upload_path(package), body).status == 200

    assert house.ok("GET", f"/v3/packages/{right['guid']}")["state"] == "READY"
    lied = house.ok("GET", f"/v3/packages/{wrong['guid']}")
    assert (lied["state"], lied["data"]["checksum"]["value"]) == ("FAILED", None)
    assert lied["data"]["error"].endswith(f"checksum: expected sha256 {'0' * 64}, found {DIGEST}")
    assert house.files() == [DIGEST]


def test_a_package_has_one_upload(house: House) -> None:
    package = house.ready_package(house.app())

    assert refusal(house.upload(package, BITS))[:3] == (400, 150004, "CF-PackageBitsAlreadyUploaded")


def test_a_docker_package_has_none(house: House) -> None:
    app = house.app(lifecycle={"type": "docker", "data": {}})
    data = {"image": "registry/image"}
    package = house.ok(
        "POST", "/v3/packages", {"type": "docker", "data": data, "relationships": {"app": to_one(app["guid"])}}
    )

    assert refusal(house.send_form(upload_path(package), form(("bits", "x", BITS))))[:2] == (422, 10008)
    assert house.refused("GET", f"/v3/packages/{package['guid']}/download")[3] == "Package type must be bits."


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ([], "Upload must include either resources or bits"),
        ([("other", "", b"x")], "Upload must include either resources or bits"),
        ([("resources", "", b"[]")], "Upload must include either resources or bits"),
        ([("resources", "", b"{"), ("bits", "x.zip", BITS)], "Resources must be valid JSON."),
        (
            [("resources", "", b'[{"path": "a"}]'), ("bits", "x.zip", BITS)],
            "Resources are not kept here: upload all files as bits",
        ),
        (
            [("checksum", "", b"abc"), ("bits", "x.zip", BITS)],
            "body: checksum: expected 64 hexadecimal digits of SHA-256",
        ),
        ([("bits", "x.zip", BITS), ("bits", "y.zip", BITS)], "body: the field 'bits' is there twice"),
    ],
)
def test_forms_that_make_no_sense_leave_nothing_and_can_be_sent_again(
    house: House, fields: list[tuple[str, str, bytes]], problem: str
) -> None:
    package = house.package(house.app())

    refused = refusal(house.send_form(upload_path(package), form(*fields)))

    assert refused == (422, 10008, "CF-UnprocessableEntity", problem)
    assert house.files() == []
    assert house.ok("GET", f"/v3/packages/{package['guid']}")["state"] == "AWAITING_UPLOAD"
    assert house.upload(package, BITS).status == 200


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data", "multipart/mixed; boundary=x", ""])
def test_what_is_no_form_is_refused(house: House, kind: str) -> None:
    package = house.package(house.app())

    assert house.refused("POST", upload_path(package), BITS, Content_Type=kind)[:2] == (422, 10008)
    assert house.ok("GET", f"/v3/packages/{package['guid']}")["state"] == "AWAITING_UPLOAD"


def test_a_form_that_ends_too_early_leaves_nothing(house: House) -> None:
    package = house.package(house.app())

    assert refusal(house.send_form(upload_path(package), form(("bits", "x.zip", BITS))[:-8]))[0] == 422
    assert house.files() == []


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9])
def test_a_client_that_goes_away_leaves_nothing(house: House, part: float) -> None:
    package, body = house.package(house.app()), form(("bits", "x.zip", BITS))
    connection = house.half_a_request(upload_path(package), body[: int(len(body) * part)], len(body))
    assert house.ok("GET", f"/v3/packages/{package['guid']}")["state"] == "PROCESSING_UPLOAD"

    connection.close()
    house.stage.turn()

    assert house.files() == []
    assert house.ok("GET", f"/v3/packages/{package['guid']}")["state"] == "AWAITING_UPLOAD"
    assert house.upload(package, BITS).status == 200


def test_a_second_client_waits_for_nothing(house: House) -> None:
    package, body = house.package(house.app()), form(("bits", "x.zip", BITS))
    house.half_a_request(upload_path(package), body[:100], len(body))

    assert refusal(house.upload(package, BITS))[:2] == (400, 150004)


def test_bits_that_are_too_long_fail_the_package(house: House) -> None:
    package = house.package(house.app())

    refused = refusal(house.upload(package, bytes(500_001)))

    assert refused[:3] == (400, 150001, "CF-AppPackageInvalid")
    failed = house.ok("GET", f"/v3/packages/{package['guid']}")
    assert (failed["state"], failed["data"]["error"]) == ("FAILED", refused[3])
    assert house.files() == []


def test_a_full_disk_leaves_nothing_and_the_client_can_come_again(house: House) -> None:
    package = house.package(house.app())
    house.disk_is_full = True

    refused = refusal(house.upload(package, zip_of(("a", random.Random(1).randbytes(400_000)))))

    assert refused[:3] == (502, 150006, "CF-BlobstoreUnavailable")
    assert house.files() == []
    house.disk_is_full = False
    assert house.upload(package, BITS).status == 200


def test_a_disk_that_is_full_when_all_has_come_fails_the_package(house: House) -> None:
    package = house.package(house.app())
    house.disk_is_full = True

    assert house.upload(package, BITS).json["state"] == "PROCESSING_UPLOAD"

    failed = house.ok("GET", f"/v3/packages/{package['guid']}")
    assert (failed["state"], house.files()) == ("FAILED", [])
    assert failed["data"]["error"].endswith("the store of packages and buildpacks cannot be written")


def test_a_refusal_before_the_end_is_read_by_the_client(house: House) -> None:
    package, body = house.package(house.app()), form(("bits", "x.zip", bytes(3_000_000)))
    connection = house.half_a_request(upload_path(package), body[:700_000], len(body))

    answer, rest = read_answer(connection.received())

    assert (refusal(answer)[:2], rest) == ((400, 150001), b"")
    assert answer.headers["connection"] == "close"
    assert "x-vcap-request-id" in answer.headers
    connection.send(body[700_000:])
    assert connection.received() == b""
    assert connection.wire.disconnecting


def test_who_may_not_is_told_before_anything_is_sent(house: House) -> None:
    package = house.package(house.app())

    connection = house.half_a_request(upload_path(package), b"", 10**12, by="auditor")

    answer, _ = read_answer(connection.received())
    assert refusal(answer)[:2] == (403, 10003)
    assert house.files() == []


def test_a_client_that_is_too_quick_is_held_up(house: House) -> None:
    package = house.package(house.app())
    body = form(("bits", "x.zip", zip_of(("a", random.Random(1).randbytes(400_000)))))
    connection = house.face.connect()
    head = f"POST {upload_path(package)} HTTP/1.1\r\nHost: x\r\nAuthorization: bearer token-of-developer\r\n"
    head += f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {len(body)}\r\n\r\n"

    connection.wire.protocol.dataReceived(head.encode() + body[: HIGH_BYTES + 1])  # before anything else happens

    assert connection.wire.producerState == "paused"
    house.stage.turn()
    assert connection.wire.producerState == "producing"
    connection.send(body[HIGH_BYTES + 1 :])
    assert read_answer(connection.received())[0].status == 200
    assert house.ok("GET", f"/v3/packages/{package['guid']}")["state"] == "READY"


def test_an_upload_may_take_its_time_as_long_as_something_comes(house: House) -> None:
    package, body = house.package(house.app()), form(("bits", "x.zip", BITS))
    connection = house.half_a_request(upload_path(package), body[:1], len(body))

    for at in range(1, 21):
        house.stage.advance(50)
        connection.send(body[at : at + 1])
    assert not connection.wire.is_aborted
    house.stage.advance(61)

    assert connection.wire.disconnecting
    assert house.files() == []


def test_a_connection_serves_the_next_request_after_an_upload(house: House) -> None:
    package, body = house.package(house.app()), form(("bits", "x.zip", BITS))
    connection = house.half_a_request(upload_path(package), body, len(body))
    assert read_answer(connection.received())[0].status == 200

    connection.send(b"GET /v3/info HTTP/1.1\r\nHost: x\r\n\r\n")

    assert read_answer(connection.received())[0].json["name"] == "Buildmill"


def test_chunked_uploads(house: House) -> None:
    package, body = house.package(house.app()), form(("bits", "x.zip", BITS))
    pieces = [body[at : at + 50] for at in range(0, len(body), 50)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    head = (
        f"POST {upload_path(package)} HTTP/1.1\r\nHost: x\r\nAuthorization: bearer token-of-developer\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    connection = house.face.connect()

    connection.send(head.encode() + chunks)

    assert read_answer(connection.received())[0].status == 200
    assert house.ok("GET", f"/v3/packages/{package['guid']}")["data"]["checksum"]["value"] == DIGEST


def link_out() -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo("l")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info, b"../../etc"


@pytest.mark.parametrize(
    ("bits", "problem"),
    [
        (b"no zip", "it is no zip archive: it has no directory"),
        (zip_of(("../evil", b"")), "'../evil' leads out of the tree"),
        (zip_of(("/etc/passwd", b"")), "'/etc/passwd' is an absolute name"),
        (zip_of(link_out()), "'l' is a link out of the tree, to '../../etc'"),  # type: ignore[arg-type]
    ],
)
def test_archives_that_must_not_be_unpacked_fail_the_package_by_name(house: House, bits: bytes, problem: str) -> None:
    package = house.package(house.app())

    assert house.upload(package, bits).status == 200

    failed = house.ok("GET", f"/v3/packages/{package['guid']}")
    assert failed["state"] == "FAILED"
    assert failed["data"]["error"] == f"The app package is invalid: {problem}"
    assert house.files() == []
    assert house.refused("POST", "/v3/builds", {"package": {"guid": package["guid"]}}) == (
        400, 1004, "CF-BadRequest", "Bad request: Cannot stage package whose state is not ready.",
    )  # fmt: skip


# -- buildpacks ----------------------------------------------------------------------------


def test_a_buildpack_is_uploaded_by_a_job(house: House) -> None:
    made = house.ok("POST", "/v3/buildpacks", {"name": "ruby"}, by="admin")
    assert made["state"] == "AWAITING_UPLOAD"

    answer = house.send_form(
        f"/v3/buildpacks/{made['guid']}/upload", form(("bits", "C:\\x\\ruby-1.zip", BITS)), by="admin"
    )

    assert answer.status == 202
    job = house.ok("GET", answer.headers["location"])
    assert (job["state"], job["operation"]) == ("COMPLETE", "buildpack.upload")
    ready = house.ok("GET", f"/v3/buildpacks/{made['guid']}")
    assert (ready["state"], ready["filename"]) == ("READY", "ruby-1.zip")


def test_a_bad_buildpack_fails_its_job(house: House) -> None:
    made = house.ok("POST", "/v3/buildpacks", {"name": "ruby"}, by="admin")

    answer = house.upload(made, zip_of(("../x", b"")), by="admin")

    job = house.ok("GET", answer.headers["location"])
    assert job["state"] == "FAILED"
    assert job["errors"] == [
        {
            "code": 290003,
            "title": "CF-BuildpackInvalid",
            "detail": "Buildpack is invalid: '../x' leads out of the tree",
        }
    ]
    assert house.ok("GET", f"/v3/buildpacks/{made['guid']}")["state"] == "AWAITING_UPLOAD"
    assert house.files() == []


def test_positions_are_the_order_of_detection(house: House) -> None:
    for name in ("a", "b", "c"):
        house.ok("POST", "/v3/buildpacks", {"name": name}, by="admin")
    first = house.ok("POST", "/v3/buildpacks", {"name": "first", "position": 1}, by="admin")

    def names() -> list[str]:
        return [each["name"] for each in house.ok("GET", "/v3/buildpacks")["resources"]]

    assert names() == ["first", "a", "b", "c"]
    house.ok("PATCH", f"/v3/buildpacks/{first['guid']}", {"position": 3}, by="admin")
    assert names() == ["a", "b", "first", "c"]
    house.ok("DELETE", f"/v3/buildpacks/{first['guid']}", by="admin")
    assert names() == ["a", "b", "c"]


# -- downloads -----------------------------------------------------------------------------


def test_parts_of_a_download(house: House) -> None:
    package = house.package(house.app())
    house.upload(package, BITS)
    path = f"/v3/packages/{package['guid']}/download"

    whole = house.ask("GET", path)
    part = house.ask("GET", path, Range="bytes=10-19")
    same = house.ask("GET", path, If_None_Match=whole.headers["etag"])
    behind = house.ask("GET", path, Range=f"bytes={len(BITS)}-")

    assert (whole.headers["etag"], whole.headers["accept-ranges"]) == (f'"{DIGEST}"', "bytes")
    assert whole.headers["content-disposition"] == f"attachment; filename=package-{package['guid']}.zip"
    assert (part.status, part.body) == (206, BITS[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(BITS)}"
    assert (same.status, same.body) == (304, b"")
    assert (behind.status, behind.headers["content-range"]) == (416, f"bytes */{len(BITS)}")
    assert house.ask("HEAD", path).headers["content-length"] == str(len(BITS))


def test_there_is_nothing_to_download_before_an_upload(house: House) -> None:
    package = house.package(house.app())

    refused = house.refused("GET", f"/v3/packages/{package['guid']}/download")
    assert refused[3] == "Package has no bits to download."


def test_a_copy_has_the_same_bits(house: House) -> None:
    source = house.ready_package(house.app())
    other = house.app("other")

    copy = house.ok(
        "POST", f"/v3/packages?source_guid={source['guid']}", {"relationships": {"app": to_one(other["guid"])}}
    )

    assert (copy["state"], copy["data"]) == ("READY", source["data"])
    assert copy["relationships"]["app"] == to_one(other["guid"])
    assert len(house.files()) == 1
