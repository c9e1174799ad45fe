"""Badges: small SVG pictures that show how the newest build of a builder went, for pages of other places."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from xml.sax.saxutils import escape

from buildmill.common.errors import InvalidInput, NotSupported

COLORS: Mapping[str, str] = {
    "success": "#3a9f32",
    "warnings": "#d29c12",
    "failure": "#cf4436",
    "exception": "#8f3bb0",
    "retry": "#b36fc9",
    "cancelled": "#8a7f99",
    "skipped": "#6f9bb8",
    "running": "#2f7fc1",
    "unknown": "#8f8f8f",
}
STYLES = ("plastic", "flat", "flat-square", "badgeio")
_COLOR = re.compile(r"#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?\Z|[a-zA-Z]{1,30}\Z")
_FONT = re.compile(r"[A-Za-z0-9 ,'-]{1,100}\Z")
_NARROW = frozenset("fijlrtI.,:;'|!()[] ")
_WIDE = frozenset("mwMWQO@%")


@dataclass(frozen=True)
class Look:
    """How a badge looks; lengths in pixels.

    Attributes:
        left_text: what stands before the result.
        color_scheme: colours by result, instead of ours.
    """

    left_pad: int = 5
    left_text: str = "Build Status"
    left_color: str = "#555"
    right_pad: int = 5
    border_radius: int = 5
    style: str = "plastic"
    font_face: str = "DejaVu Sans"
    font_size: int = 11
    color_scheme: Mapping[str, str] | None = None


def _integer(least: int, most: int) -> Callable[[str, Any], int]:
    def read(name: str, value: Any) -> int:
        text = str(value)
        if not (text.isascii() and text.isdigit()) or len(text) > 6 or not least <= int(text) <= most:
            raise InvalidInput(name, f"{name} must be a number from {least} to {most}")
        return int(text)

    return read


def _text(name: str, value: Any) -> str:
    text = str(value)
    if len(text) > 100 or not text.isprintable():
        raise InvalidInput(name, f"{name} must be a text of at most 100 characters")
    return text


def _like(pattern: re.Pattern[str], expected: str) -> Callable[[str, Any], str]:
    def read(name: str, value: Any) -> str:
        if not pattern.match(str(value)):
            raise InvalidInput(name, f"{name} must be {expected}")
        return str(value)

    return read


_color = _like(_COLOR, "a colour, as #4c1 or a name")


def _style(name: str, value: Any) -> str:
    if value not in STYLES:
        raise InvalidInput(name, f"{name} must be one of {', '.join(STYLES)}")
    return str(value)


def _scheme(name: str, value: Any) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise InvalidInput(name, f"{name} must be a dictionary of colours; it is set in the configuration")
    return {str(status): _color(name, color) for status, color in value.items()}


_READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "left_pad": _integer(0, 100),
    "left_text": _text,
    "left_color": _color,
    "right_pad": _integer(0, 100),
    "border_radius": _integer(0, 50),
    "style": _style,
    "font_face": _like(_FONT, "the name of a font"),
    "font_size": _integer(6, 40),
    "color_scheme": _scheme,
}


def look_of(options: Sequence[tuple[str, Any]], look: Look | None = None) -> Look:
    """A look with some options changed.

    Raises:
        InvalidInput: names the option that is not known or cannot be taken.
        NotSupported: templates of one's own.
    """
    changes = {}
    for name, value in options:
        if name in ("template_name", "svg_template"):
            raise NotSupported(f"{name}: badges of one's own shape are not there")
        if name not in _READERS:
            raise InvalidInput(name, f"unknown option {name!r}; known are {', '.join(_READERS)}")
        changes[name] = _READERS[name](name, value)
    return replace(look or Look(), **changes)


def _width(text: str, size: int) -> int:
    # no font can be measured here; the text is then fitted into this by the browser
    units = sum(0.38 if letter in _NARROW else 0.95 if letter in _WIDE else 0.63 for letter in text)
    return max(1, round(units * size))


def render(status: str, look: Look) -> str:
    """The picture as SVG.

    Args:
        status: a key of `COLORS`.
    """
    size = look.font_size
    height = size + 9
    left_text, right_text = _width(look.left_text, size), _width(status, size)
    left, right = left_text + 2 * look.left_pad, right_text + 2 * look.right_pad
    width = left + right
    color = (look.color_scheme or {}).get(status) or COLORS[status]
    radius = 0 if look.style == "flat-square" else look.border_radius
    middle = size + 3
    gloss = ""
    if look.style in ("plastic", "badgeio"):
        strength = 0.7 if look.style == "plastic" else 0.25
        gloss = (
            f'<linearGradient id="g" x2="0" y2="100%"><stop offset="0" stop-color="#fff" stop-opacity="{strength}"/>'
            '<stop offset=".15" stop-color="#aaa" stop-opacity=".1"/>'
            '<stop offset="1" stop-color="#000" stop-opacity=".3"/></linearGradient>'
        )
    cover = f'<rect width="{width}" height="{height}" fill="url(#g)"/>' if gloss else ""
    label = escape(look.left_text)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(look.left_text, {chr(34): "&quot;"})}: {status}"><title>{label}: {status}</title>{gloss}'
        f'<clipPath id="c"><rect width="{width}" height="{height}" rx="{radius}"/></clipPath><g clip-path="url(#c)">'
        f'<rect width="{left}" height="{height}" fill="{look.left_color}"/>'
        f'<rect x="{left}" width="{right}" height="{height}" fill="{color}"/>{cover}</g>'
        f'<g fill="#fff" font-family="{escape(look.font_face)},Verdana,sans-serif" font-size="{size}">'
        f'<text x="{look.left_pad}" y="{middle}" textLength="{left_text}">{label}</text>'
        f'<text x="{left + look.right_pad}" y="{middle}" textLength="{right_text}">{status}</text></g></svg>\n'
    )
