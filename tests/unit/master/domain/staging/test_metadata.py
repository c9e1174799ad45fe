"""Labels and annotations: rules, and how a change is merged."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.master.domain.staging import metadata
from buildmill.master.domain.staging.errors import TooManyAnnotations, TooManyLabels
from buildmill.master.domain.staging.values import Metadata, MetadataChange

LABEL_KEY = "Metadata label key error: "
LABEL_VALUE = "Metadata label value error: "
ANNOTATION = "Metadata annotation value error: "


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ([], "Metadata must be an object"),
        ("x", "Metadata must be an object"),
        ({"others": 1}, "Metadata has unexpected field(s): 'others'"),
        ({"labels": []}, "Metadata 'labels' is not an object"),
        ({"annotations": 5}, "Metadata 'annotations' is not an object"),
    ],
)
def test_the_shape(given: Any, problem: str) -> None:
    assert metadata.problems_of(given) == [problem]


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("", "key cannot be empty string"),
        ("a/b/c", "key has more than one '/'"),
        ("nodot/x", "prefix 'nodot' must be in valid dns format"),
        ("/x", "prefix '' must be in valid dns format"),
        ("-a.b/x", "prefix '-a.b' must be in valid dns format"),
        ("p" * 250 + ".org/x", "prefix 'pppppppp...' is greater than 253 characters"),
        ("cloudfoundry.org/x", "prefix 'cloudfoundry.org' is reserved"),
        ("CloudFoundry.ORG/x", "prefix 'cloudfoundry.org' is reserved"),
        ("a b", "'a b' contains invalid characters"),
        ("x.org/ü", "'ü' contains invalid characters"),
        ("-a", "'-a' starts or ends with invalid characters"),
        ("a.", "'a.' starts or ends with invalid characters"),
        ("n" * 64, "'nnnnnnnn...' is greater than 63 characters"),
    ],
)
def test_keys(key: str, problem: str) -> None:
    assert metadata.problems_of({"labels": {key: "v"}}) == [LABEL_KEY + problem]
    assert metadata.problems_of({"annotations": {key: "v"}}) == [f"Metadata annotation key error: {problem}"]


@pytest.mark.parametrize(
    "key", ["a", "A-b_c.9", "n" * 63, "example.org/a", "sub.cloudfoundry.org/a", "a-b.c/" + "n" * 63]
)
def test_good_keys(key: str) -> None:
    assert metadata.problems_of({"labels": {key: "v"}, "annotations": {key: "any\ntext / ü"}}) == []


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("a b", "'a b' contains invalid characters"),
        ("_a", "'_a' starts or ends with invalid characters"),
        ("v" * 64, "'vvvvvvvv...' is greater than 63 characters"),
        (5, "5 is not a string"),
    ],
)
def test_values_of_labels(value: Any, problem: str) -> None:
    assert metadata.problems_of({"labels": {"a": value}}) == [LABEL_VALUE + problem]


@pytest.mark.parametrize("value", ["", None, "v" * 63, "9", "a.b_c-d"])
def test_good_values_of_labels(value: str | None) -> None:
    assert metadata.problems_of({"labels": {"a": value}}) == []


def test_values_of_annotations() -> None:
    problem = "'yyyyyyyy...' is greater than 5000 characters"

    assert metadata.problems_of({"annotations": {"a": "y" * 5000}}) == []
    assert metadata.problems_of({"annotations": {"a": "y" * 5001}}) == [ANNOTATION + problem]


@pytest.mark.parametrize("value", ["", None])
def test_an_annotation_with_a_bad_key_can_be_taken_away(value: str | None) -> None:
    assert metadata.problems_of({"annotations": {"a/b/c": value}}) == []


def test_a_change_is_merged() -> None:
    present = Metadata(labels={"a": "1", "b": "2"}, annotations={"x": "y"})
    change = metadata.read({"labels": {"a": None, "b": "3", "c": ""}})

    assert change == MetadataChange(labels={"a": None, "b": "3", "c": ""})
    assert metadata.merged(present, change) == Metadata(labels={"b": "3", "c": ""}, annotations={"x": "y"})


def test_no_resource_has_too_many() -> None:
    def many(count: int) -> dict[str, str]:
        return {f"k{number}": "v" for number in range(count)}

    most = MetadataChange(labels=many(50), annotations=many(200))
    assert len(metadata.merged(Metadata(), most).annotations) == 200
    with pytest.raises(TooManyLabels, match="Failed to add 51 labels because it would exceed maximum of 50"):
        metadata.merged(Metadata(), MetadataChange(labels=many(51)))
    with pytest.raises(
        TooManyAnnotations, match="Failed to add 201 annotations because it would exceed maximum of 200"
    ):
        metadata.merged(Metadata(annotations={"one": "more"}), MetadataChange(annotations=many(200)))
