"""Uploads: bytes go to the store while they come, are judged when all are there, and only then belong to something.

What was interrupted leaves nothing behind, and can be sent again. What was refused for its content is so for good.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from twisted.internet.defer import CancelledError
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError, InvalidInput
from buildmill.common.staging import Lifecycle
from buildmill.common.zip_check import UnsafeArchive, check_zip
from buildmill.master.domain.staging.errors import BlobTooLarge
from buildmill.master.domain.staging.ports import BlobWriter
from buildmill.master.domain.staging.values import Checksum, JobError
from buildmill.master.web.cloudfoundry import seeing
from buildmill.master.web.cloudfoundry.acting import act
from buildmill.master.web.cloudfoundry.askers import Permission
from buildmill.master.web.cloudfoundry.errors import ApiError, unprocessable
from buildmill.master.web.cloudfoundry.forms import Form, read_form
from buildmill.master.web.cloudfoundry.operation import Call, Reply

_log = Logger()
_NEITHER: Final = "Upload must include either resources or bits"
_NO_ZIP: Final = "Upload must include a buildpack as bits"
_CANNOT: Final = "internal error"
_CANNOT_WRITE: Final = "the store of packages and buildpacks cannot be written"


async def receive_package(call: Call) -> Any:
    """Upload the bits of a package, a zip archive, as the field `bits` of a form.

    A field `checksum` may say which SHA-256 they have.
    """
    await seeing.package(call, call.guid)
    seeing.require(call, Permission.DEVELOP)
    limit = call.reads.settings().limits.package_bytes
    package = await act(call, lambda updates: updates.beginUpload(call.guid))
    updates = call.data.updates
    try:
        form = await _form_of(call, limit)
        writer = await _checked(form, _package_problem)
    except BlobTooLarge:
        text = f"The app package is invalid: {_too_large(limit)}"
        await updates.failUpload(call.guid, text)
        raise ApiError("CF-AppPackageInvalid", text) from None
    except OSError as error:
        await updates.abandonUpload(call.guid)
        raise _cannot_write(error) from None
    except BaseException:  # also when the client goes away, or the server stops
        await updates.abandonUpload(call.guid)
        raise

    async def keep(bits: Checksum) -> None:
        await updates.finishUpload(call.guid, bits)

    async def fail(problem: str) -> None:
        await updates.failUpload(call.guid, f"The app package is invalid: {problem}")

    call.in_background(_store(call, form, writer, check_zip, keep, fail), f"package {call.guid}")
    return call.documents.package(package)


async def receive_buildpack(call: Call) -> Any:
    """Upload the bits of a buildpack, as the field `bits` of a form."""
    seeing.require(call, Permission.ADMINISTER)
    buildpack = await call.reads.buildpack(call.guid)
    limit = call.reads.settings().limits.buildpack_bytes
    job = await act(call, lambda updates: updates.beginBuildpackUpload(call.guid))
    updates = call.data.updates

    async def fail(problem: str) -> None:
        error = JobError(code=290003, title="CF-BuildpackInvalid", detail=f"Buildpack is invalid: {problem}")
        await updates.failBuildpackUpload(job.guid, error)

    try:
        form = await _form_of(call, limit)
        writer = await _checked(form, _buildpack_problem)
    except BlobTooLarge:
        await fail(_too_large(limit))
        raise ApiError("CF-BuildpackInvalid", f"Buildpack is invalid: {_too_large(limit)}") from None
    except OSError as error:
        await fail(_CANNOT_WRITE)
        raise _cannot_write(error) from None
    except BaseException as error:  # also when the client goes away, or the server stops
        await fail(str(error) if isinstance(error, BuildmillError) else _CANNOT)
        raise

    async def keep(bits: Checksum) -> None:
        await updates.finishBuildpackUpload(job.guid, form.filename, bits)

    check = check_zip if buildpack.lifecycle is Lifecycle.BUILDPACK else _anything
    call.in_background(_store(call, form, writer, check, keep, fail), f"buildpack {call.guid}")
    return Reply(document=call.documents.buildpack(buildpack), location=f"{call.documents.v3}/jobs/{job.guid}")


async def _form_of(call: Call, limit: int) -> Form:
    body = call.body
    assert body is not None, call.operation.name
    body.be_patient()
    return await read_form(body.content_type, body.incoming, lambda: call.reads.blobs.open_write(limit))


async def _checked(form: Form, problem_of: Callable[[Form], str]) -> BlobWriter:
    """The file of a form that makes sense; the file of another one is gone. Raises ApiError."""
    try:
        problem = problem_of(form)
        _ = form.expected_sha256
    except InvalidInput as error:
        problem = str(error)
    if problem or form.writer is None:
        if form.writer is not None:
            await form.writer.discard()
        raise unprocessable(problem)
    return form.writer


def _package_problem(form: Form) -> str:
    given = form.fields.get("resources")
    if given is not None:
        try:
            resources = msgspec.json.decode(given)
        except (ValueError, RecursionError):
            return "Resources must be valid JSON."
        if resources:
            return "Resources are not kept here: upload all files as bits"
    return _NEITHER if form.writer is None else ""


def _buildpack_problem(form: Form) -> str:
    if form.writer is None:
        return _NO_ZIP
    return "" if form.filename else "Upload must name the file of the bits"


def _cannot_write(error: OSError) -> ApiError:
    _log.error("{what}: {error}", what=_CANNOT_WRITE, error=error.strerror or str(error))
    return ApiError(
        "CF-BlobstoreUnavailable", f"Failed to perform operation due to blobstore unavailability: {_CANNOT_WRITE}"
    )


def _too_large(limit: int) -> str:
    return f"bits have more than {limit} bytes"


def _anything(_file: Any) -> None:
    """What only the worker can judge."""


async def _store(
    call: Call,
    form: Form,
    writer: BlobWriter,
    check: Callable[[Any], None],
    keep: Callable[[Checksum], Awaitable[None]],
    fail: Callable[[str], Awaitable[None]],
) -> None:
    """Judge a file that has come, and keep it or not.

    Args:
        check: raises UnsafeArchive; called in a thread.
        keep, fail: say what has become of it.
    """
    try:
        await writer.examine(check)
        bits = await writer.finish(form.expected_sha256)
        await keep(bits)
    except CancelledError:  # the server stops; its next start finds what was being processed
        await writer.discard()
        raise
    except UnsafeArchive as error:
        await _end(writer, fail, error.problem)
    except BuildmillError as error:
        await _end(writer, fail, str(error))
    except OSError as error:
        await _end(writer, fail, _cannot_write(error).detail)
    except Exception:
        _log.failure("an upload to {path} could not be kept", path=call.path)
        await _end(writer, fail, _CANNOT)
    finally:
        call.data.everything_changed()


async def _end(writer: BlobWriter, fail: Callable[[str], Awaitable[None]], problem: str) -> None:
    await writer.discard()
    await fail(problem)
