"""Why something about staging is refused; each kind has the code and the title of the v3 API.

StagingRefused                    nothing was changed
├── Unprocessable                 10008 CF-UnprocessableEntity
├── BadRequest                    1004 CF-BadRequest
├── NotUnique                     10016 CF-UniquenessError
├── OrganizationSuspended         10017 CF-OrgSuspended
├── SpaceSuspended                10019 CF-SpaceSuspended
├── FeatureDisabled               330002 CF-FeatureDisabled
├── StackInvalid                  250004 CF-StackValidationFailed
├── StagingInProgress             170017 CF-StagingInProgress
├── StagerUnavailable             170010 CF-StagerUnavailable
├── BuildpackInvalid              290003 CF-BuildpackInvalid
├── CustomBuildpacksDisabled      290004 CF-CustomBuildpacksDisabled
├── BuildpackLocked               290006 CF-BuildpackLocked
├── AlreadyUploaded               150004 CF-PackageBitsAlreadyUploaded
├── InvalidResult                 10004 CF-InvalidRequest
├── TooManyLabels                 390020 CF-LabelLimitExceeded
└── TooManyAnnotations            390023 CF-AnnotationLimitExceeded

All are a `Conflict`. What is not there is a StagingNotFound, a `NotFound`. ChecksumMismatch is about bytes that came.
"""

from __future__ import annotations

from buildmill.common.errors import BuildmillError, Conflict, NotFound


class StagingRefused(Conflict):
    """A request that cannot be carried out.

    Attributes:
        code, title: of the v3 API.
        detail: for people, as the v3 API has it.
    """

    code = 10008
    title = "CF-UnprocessableEntity"
    text = "{}"

    def __init__(self, detail: str = "") -> None:
        self.detail = self.text.format(detail)
        super().__init__(self.detail)


class Unprocessable(StagingRefused):
    """What is asked for is not there, out of bounds, or does not fit together."""


class BadRequest(StagingRefused):
    code = 1004
    title = "CF-BadRequest"
    text = "Bad request: {}"


class NotUnique(StagingRefused):
    code = 10016
    title = "CF-UniquenessError"


class OrganizationSuspended(StagingRefused):
    code = 10017
    title = "CF-OrgSuspended"
    text = "The organization is suspended"


class SpaceSuspended(StagingRefused):
    code = 10019
    title = "CF-SpaceSuspended"
    text = "The space is suspended"


class FeatureDisabled(StagingRefused):
    """`detail` is the flag: ``diego_docker`` or ``diego_cnb``."""

    code = 330002
    title = "CF-FeatureDisabled"
    text = "Feature Disabled: {}"


class StackInvalid(StagingRefused):
    code = 250004
    title = "CF-StackValidationFailed"


class StagingInProgress(StagingRefused):
    code = 170017
    title = "CF-StagingInProgress"
    text = "Only one build can be STAGING at a time per application."


class StagerUnavailable(StagingRefused):
    code = 170010
    title = "CF-StagerUnavailable"
    text = "Stager is unavailable: {}"


class BuildpackInvalid(StagingRefused):
    code = 290003
    title = "CF-BuildpackInvalid"
    text = "Buildpack is invalid: {}"


class CustomBuildpacksDisabled(StagingRefused):
    code = 290004
    title = "CF-CustomBuildpacksDisabled"
    text = "Custom buildpacks are disabled"


class BuildpackLocked(StagingRefused):
    """Nobody may upload to it, or it belongs to the configuration."""

    code = 290006
    title = "CF-BuildpackLocked"
    text = "The buildpack is locked{}"


class AlreadyUploaded(StagingRefused):
    code = 150004
    title = "CF-PackageBitsAlreadyUploaded"
    text = "Bits may be uploaded only once. Create a new package to upload different bits."


class InvalidResult(StagingRefused):
    """A result for a build that has ended already."""

    code = 10004
    title = "CF-InvalidRequest"
    text = "The request is invalid: {}"


class TooManyLabels(StagingRefused):
    code = 390020
    title = "CF-LabelLimitExceeded"


class TooManyAnnotations(StagingRefused):
    code = 390023
    title = "CF-AnnotationLimitExceeded"


class StagingNotFound(NotFound):
    """There is no such thing.

    Attributes:
        kind: in words: ``App``, ``Package``, ``Build``, ``Droplet``, ``Buildpack``, ``Stack``, ``Space``,
            ``Organization``, ``Job``.
    """

    code = 10010
    title = "CF-ResourceNotFound"

    def __init__(self, kind: str) -> None:
        super().__init__(f"{kind} not found")
        self.kind = kind


class ChecksumMismatch(BuildmillError):
    """Bytes are not those that were announced.

    Attributes:
        expected, found: SHA-256, hexadecimal.
    """

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"checksum: expected sha256 {expected}, found {found}")
        self.expected = expected
        self.found = found


class BlobMissing(BuildmillError):
    """The bytes that a row speaks of are gone from the store.

    Attributes:
        sha256: whose.
    """

    def __init__(self, sha256: str) -> None:
        super().__init__(f"no blob {sha256}")
        self.sha256 = sha256


class BlobTooLarge(BuildmillError):
    """More bytes came than may be stored.

    Attributes:
        limit_bytes: the most that may.
    """

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"more than {limit_bytes} bytes")
        self.limit_bytes = limit_bytes
