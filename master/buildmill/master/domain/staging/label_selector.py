"""Label selectors: which resources a list is about, by their labels.

Requirements are separated by commas, and all of them must hold: ``key``, ``!key``, ``key=v``, ``key==v``, ``key!=v``,
``key in (a,b)``, ``key notin (a,b)``. ``!=`` and ``notin`` hold for resources without the key, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.staging.metadata import key_problems, value_problems
from buildmill.master.domain.staging.requests import LabelRule, LabelTest

MOST_REQUIREMENTS: Final = 50
_SPLIT = re.compile(r",(?![^(]*\))")
_EXISTS = re.compile(r"(!?)\s*([^\s!=(),]+)\Z")
_EQUAL = re.compile(r"([^\s!=(),]+)\s*(==|=|!=)\s*([^\s!=(),]*)\Z")
_SET = re.compile(r"([^\s!=(),]+)\s+(in|notin)\s*\(([^()]*)\)\Z")


def parse(text: str) -> tuple[LabelRule, ...]:
    """The requirements of a selector.

    Raises:
        InvalidInput: it is none.
    """
    if not text.strip():
        raise InvalidInput("label_selector", "Missing label_selector value")
    parts = [part.strip() for part in _SPLIT.split(text)]
    if len(parts) > MOST_REQUIREMENTS:
        raise InvalidInput("label_selector", f"Invalid label_selector value: more than {MOST_REQUIREMENTS}")
    return tuple(map(_requirement, parts))


def holds(rule: LabelRule, labels: Mapping[str, str]) -> bool:
    """Whether a resource with these labels is wanted by it."""
    value = labels.get(rule.key)
    match rule.test:
        case LabelTest.EXISTS:
            return value is not None
        case LabelTest.ABSENT:
            return value is None
        case LabelTest.IN:
            return value in rule.values
        case LabelTest.NOT_IN:
            return value not in rule.values


def _requirement(text: str) -> LabelRule:
    if found := _EXISTS.match(text):
        return _checked(LabelRule(found[2], LabelTest.ABSENT if found[1] else LabelTest.EXISTS))
    if found := _EQUAL.match(text):
        test = LabelTest.NOT_IN if found[2] == "!=" else LabelTest.IN
        return _checked(LabelRule(found[1], test, (found[3],)))
    if found := _SET.match(text):
        values = dict.fromkeys(value.strip() for value in found[3].split(","))
        return _checked(LabelRule(found[1], LabelTest(found[2]), tuple(values)))
    raise InvalidInput("label_selector", "Invalid label_selector value")


def _checked(rule: LabelRule) -> LabelRule:
    if key_problems(rule.key) or any(map(value_problems, rule.values)):
        raise InvalidInput("label_selector", "Invalid label_selector value")
    return rule
