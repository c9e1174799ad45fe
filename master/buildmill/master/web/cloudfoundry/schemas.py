"""Shapes of the v3 API's documents, for the published description (JSON Schema)."""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]


def _object(required: str = "", /, **properties: Schema) -> Schema:
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": required.split()} if required else found


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _text(shortest: int = 0, longest: int = 0) -> Schema:
    return {
        "type": "string",
        **({"minLength": shortest} if shortest else {}),
        **({"maxLength": longest} if longest else {}),
    }


_ANY_TEXTS: Final[Schema] = {"type": "object", "additionalProperties": {"type": "string"}}
_NULLABLE_TEXTS: Final[Schema] = {"type": "object", "additionalProperties": {"type": ["string", "null"]}}
_GUID: Final = _text(1, 200)
_ONE: Final = _object("guid", guid=_GUID)
TO_ONE: Final = _object("data", data=_ONE)
ANY_OBJECT: Final[Schema] = {"type": "object"}
METADATA: Final = _object(labels=_NULLABLE_TEXTS, annotations=_NULLABLE_TEXTS)
METADATA_ONLY: Final = _object(metadata=METADATA)
VARIABLES: Final = _object("var", var=_NULLABLE_TEXTS)
_LIFECYCLE: Final = _object(
    "type data",
    type={"enum": ["buildpack", "docker", "cnb"]},
    data=_object(
        buildpacks=_nullable({"type": "array", "items": _text(1, 4096)}),
        stack=_nullable(_text(1, 4096)),
        credentials=_nullable({"type": "object", "additionalProperties": {"type": "object"}}),
    ),
)
_COUNT: Final[Schema] = {"type": ["integer", "null"], "minimum": 1}

NEW_BUILD: Final = _object(
    "package",
    package=_ONE,
    lifecycle=_LIFECYCLE,
    staging_memory_in_mb=_COUNT,
    staging_disk_in_mb=_COUNT,
    staging_log_rate_limit_bytes_per_second={"type": ["integer", "null"], "minimum": -1},
    environment_variables=_ANY_TEXTS,
    metadata=METADATA,
)
BUILD_CHANGE: Final = _object(
    metadata=METADATA,
    state={"enum": ["STAGED", "FAILED"]},
    error=_nullable(_text()),
    lifecycle={
        "type": "object",
        "properties": {
            "data": {
                "type": "object",
                "properties": {"image": _nullable(_text()), "processTypes": _ANY_TEXTS},
            }
        },
    },
)
NEW_PACKAGE: Final = _object(
    "relationships",
    type={"enum": ["bits", "docker"]},
    relationships=_object("app", app=TO_ONE),
    data=_object(image=_text(1), username=_nullable(_text()), password=_nullable(_text())),
    metadata=METADATA,
)
NEW_APP: Final = _object(
    "name relationships",
    name=_text(1, 255),
    relationships=_object("space", space=TO_ONE),
    environment_variables=_ANY_TEXTS,
    lifecycle=_LIFECYCLE,
    metadata=METADATA,
)
APP_CHANGE: Final = _object(name=_text(1, 255), lifecycle=_LIFECYCLE, metadata=METADATA)
_OF_BUILDPACKS: Final[dict[str, Schema]] = {
    "name": {**_text(1, 250), "pattern": r"^[-\w]+$"},
    "stack": _nullable(_text(1, 250)),
    "position": _COUNT,
    "enabled": {"type": ["boolean", "null"]},
    "locked": {"type": ["boolean", "null"]},
    "metadata": METADATA,
}
NEW_BUILDPACK: Final = _object("name", **_OF_BUILDPACKS, lifecycle={"enum": ["buildpack", "cnb"]})
BUILDPACK_CHANGE: Final = _object("", **_OF_BUILDPACKS)
FILE_FORM: Final = _object(
    bits={"type": "string", "format": "binary"},
    resources={"type": "string", "description": "JSON of an empty list."},
    checksum={"type": "string", "pattern": "^[0-9a-fA-F]{64}$", "description": "SHA-256 of the bits, if it is known."},
)

# -- answers ---------------------------------------------------------------------------

_TIME: Final[Schema] = {"type": "string", "format": "date-time"}
_LINK: Final = _object("href", href=_text(), method=_text())
_LINKS: Final[Schema] = {"type": "object", "additionalProperties": _LINK}
_RELATED: Final = _object("data", data=_nullable(_object("guid", guid=_text())))
_CHECKSUM: Final = _object("type value", type={"const": "sha256"}, value={"type": ["string", "null"]})
_SHOWN_METADATA: Final = _object("labels annotations", labels=_ANY_TEXTS, annotations=_ANY_TEXTS)
_SHOWN_LIFECYCLE: Final = _object("type data", type={"enum": ["buildpack", "docker", "cnb"]}, data=ANY_OBJECT)
_MAYBE_TEXT: Final[Schema] = {"type": ["string", "null"]}


def _resource(**properties: Schema) -> Schema:
    """Of which all members are always there, and sometimes what was to be brought."""
    members = {"guid": _text(), "created_at": _TIME, "updated_at": _TIME, **properties, "links": _LINKS}
    return _object(" ".join(members), **members, included=ANY_OBJECT)


ANSWERS: Final[dict[str, Schema]] = {
    "App": _resource(
        name=_text(),
        state={"enum": ["STARTED", "STOPPED"]},
        lifecycle=_SHOWN_LIFECYCLE,
        relationships=_object("space current_droplet", space=_RELATED, current_droplet=_RELATED),
        metadata=_SHOWN_METADATA,
    ),
    "Package": _resource(
        type={"enum": ["bits", "docker"]},
        data=ANY_OBJECT,
        state=_text(),
        relationships=_object("app", app=_RELATED),
        metadata=_SHOWN_METADATA,
    ),
    "Build": _resource(
        state={"enum": ["STAGING", "STAGED", "FAILED"]},
        staging_memory_in_mb={"type": "integer"},
        staging_disk_in_mb={"type": "integer"},
        staging_log_rate_limit_bytes_per_second={"type": "integer"},
        error=_MAYBE_TEXT,
        lifecycle=_SHOWN_LIFECYCLE,
        package=_object("guid", guid=_text()),
        droplet=_nullable(_object("guid", guid=_text())),
        checksum=_nullable(_CHECKSUM),
        created_by=_object("guid name email", guid=_MAYBE_TEXT, name=_MAYBE_TEXT, email=_MAYBE_TEXT),
        relationships=_object("app", app=_RELATED),
        metadata=_SHOWN_METADATA,
    ),
    "Droplet": _resource(
        state=_text(),
        error=_MAYBE_TEXT,
        lifecycle=_SHOWN_LIFECYCLE,
        checksum=_nullable(_CHECKSUM),
        buildpacks=_nullable({"type": "array", "items": ANY_OBJECT}),
        stack=_MAYBE_TEXT,
        image=_MAYBE_TEXT,
        execution_metadata=_text(),
        process_types=_ANY_TEXTS,
        relationships=_object("app", app=_RELATED),
        metadata=_SHOWN_METADATA,
    ),
    "Buildpack": _resource(
        name=_text(),
        stack=_MAYBE_TEXT,
        state={"enum": ["AWAITING_UPLOAD", "READY"]},
        lifecycle={"enum": ["buildpack", "cnb"]},
        filename=_MAYBE_TEXT,
        position={"type": "integer"},
        enabled={"type": "boolean"},
        locked={"type": "boolean"},
        metadata=_SHOWN_METADATA,
    ),
    "Stack": _resource(
        name=_text(),
        description=_text(),
        state=_text(),
        default={"type": "boolean"},
        build_rootfs_image=_text(),
        run_rootfs_image=_text(),
        metadata=_SHOWN_METADATA,
    ),
    "Space": _resource(name=_text(), relationships=ANY_OBJECT, metadata=_SHOWN_METADATA),
    "Organization": _resource(
        name=_text(), suspended={"type": "boolean"}, relationships=ANY_OBJECT, metadata=_SHOWN_METADATA
    ),
    "Job": _resource(
        operation=_text(),
        state={"enum": ["PROCESSING", "POLLING", "COMPLETE", "FAILED"]},
        errors={"type": "array", "items": ANY_OBJECT},
        warnings={"type": "array", "items": ANY_OBJECT},
    ),
    "Relationship": _object("data links", data=_object("guid", guid=_text()), links=_LINKS),
    "Variables": _object("var links", var=ANY_OBJECT, links=_LINKS),
    "Attestation": ANY_OBJECT,
    "Matches": _object("resources", resources={"type": "array", "maxItems": 0}),
    "Errors": _object(
        "errors",
        errors={
            "type": "array",
            "items": _object("detail title code", detail=_text(), title=_text(), code={"type": "integer"}),
        },
    ),
    "Pagination": _object(
        "total_results total_pages first last next previous",
        total_results={"type": "integer"},
        total_pages={"type": "integer"},
        first=_LINK,
        last=_LINK,
        next=_nullable(_LINK),
        previous=_nullable(_LINK),
    ),
}
"""Documents that are answered, by their names."""
