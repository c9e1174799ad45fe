"""Labels and annotations: what their keys and values may be, and how a change is merged into them.

Every problem is a text as clients of the v3 API know it. Specification: docs/reference/cloudfoundry.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from buildmill.master.domain.staging.errors import TooManyAnnotations, TooManyLabels
from buildmill.master.domain.staging.values import Metadata, MetadataChange

MOST_LABELS: Final = 50
MOST_ANNOTATIONS: Final = 200
_LONGEST_NAME: Final = 63
_LONGEST_PREFIX: Final = 253
_LONGEST_ANNOTATION: Final = 5000
_RESERVED: Final = "cloudfoundry.org"
_SHOWN: Final = 8

_CHARACTERS = re.compile(r"[A-Za-z0-9_.-]*\Z")
_ENDS = re.compile(r"[A-Za-z0-9](?:.*[A-Za-z0-9])?\Z", re.DOTALL)
_DNS_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DNS = re.compile(rf"{_DNS_LABEL}(?:\.{_DNS_LABEL})+\Z")


def problems_of(given: Any) -> list[str]:
    """What is wrong with the metadata of a request, in the order of what is given; empty for nothing."""
    if not isinstance(given, dict):
        return ["Metadata must be an object"]
    problems = []
    if unknown := [name for name in given if name not in ("labels", "annotations")]:
        problems.append(f"Metadata has unexpected field(s): {' '.join(repr(name) for name in unknown)}")
    problems.extend(_label_problems(given["labels"]) if "labels" in given else ())
    problems.extend(_annotation_problems(given["annotations"]) if "annotations" in given else ())
    return problems


def read(given: Any) -> MetadataChange:
    """The metadata of a request that `problems_of` finds nothing wrong with."""
    return MetadataChange(labels=dict(given.get("labels") or {}), annotations=dict(given.get("annotations") or {}))


def merged(present: Metadata, change: MetadataChange) -> Metadata:
    """What comes of a change: what it names is replaced, or taken away where it says None; the rest stays.

    Raises:
        TooManyLabels, TooManyAnnotations: more than a resource may have.
    """
    labels, annotations = _merged(present.labels, change.labels), _merged(present.annotations, change.annotations)
    if len(labels) > MOST_LABELS:
        raise TooManyLabels(_too_many(len(labels), "labels", MOST_LABELS))
    if len(annotations) > MOST_ANNOTATIONS:
        raise TooManyAnnotations(_too_many(len(annotations), "annotations", MOST_ANNOTATIONS))
    return Metadata(labels=labels, annotations=annotations)


def _merged(present: Mapping[str, str], change: Mapping[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in {**present, **change}.items() if value is not None}


def _too_many(count: int, what: str, most: int) -> str:
    return f"Failed to add {count} {what} because it would exceed maximum of {most}"


# -- rules -----------------------------------------------------------------------------


def _label_problems(labels: Any) -> Iterable[str]:
    if not isinstance(labels, dict):
        return ["Metadata 'labels' is not an object"]
    problems: list[str] = []
    for key, value in labels.items():
        problems.extend(f"Metadata label key error: {problem}" for problem in key_problems(key))
        problems.extend(f"Metadata label value error: {problem}" for problem in value_problems(value))
    return problems


def _annotation_problems(annotations: Any) -> Iterable[str]:
    if not isinstance(annotations, dict):
        return ["Metadata 'annotations' is not an object"]
    problems: list[str] = []
    for key, value in annotations.items():
        if value in (None, ""):  # so that a key that is no good can be taken away
            continue
        problems.extend(f"Metadata annotation key error: {problem}" for problem in key_problems(key))
        if not isinstance(value, str):
            problems.append(f"Metadata annotation value error: {value!r} is not a string")
        elif len(value) > _LONGEST_ANNOTATION:
            text = f"'{value[:_SHOWN]}...' is greater than {_LONGEST_ANNOTATION} characters"
            problems.append(f"Metadata annotation value error: {text}")
    return problems


def key_problems(key: str) -> list[str]:
    """What is wrong with a key: the first problem of its prefix, and the first of its name."""
    if not key:
        return ["key cannot be empty string"]
    if key.count("/") > 1:
        return ["key has more than one '/'"]
    prefix, slash, name = key.rpartition("/")
    problems = [_prefix_problem(prefix) if slash else "", _name_problem(name)]
    return [problem for problem in problems if problem]


def value_problems(value: Any) -> list[str]:
    """What is wrong with the value of a label."""
    if value is None or value == "":
        return []
    if not isinstance(value, str):
        return [f"{value!r} is not a string"]
    problem = _text_problem(value)
    return [problem] if problem else []


def _prefix_problem(prefix: str) -> str:
    if len(prefix) > _LONGEST_PREFIX:
        return f"prefix '{prefix[:_SHOWN]}...' is greater than {_LONGEST_PREFIX} characters"
    if not _DNS.match(prefix):
        return f"prefix '{prefix}' must be in valid dns format"
    if prefix.lower() == _RESERVED:
        return f"prefix '{_RESERVED}' is reserved"
    return ""


def _name_problem(name: str) -> str:
    return _text_problem(name) if name else "key cannot be empty string"


def _text_problem(text: str) -> str:
    if not _CHARACTERS.match(text):
        return f"'{text}' contains invalid characters"
    if not _ENDS.match(text):
        return f"'{text}' starts or ends with invalid characters"
    if len(text) > _LONGEST_NAME:
        return f"'{text[:_SHOWN]}...' is greater than {_LONGEST_NAME} characters"
    return ""
