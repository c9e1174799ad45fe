"""Where in a configuration file a key of the dictionary is set."""

from __future__ import annotations

import ast


class SourceLines:
    """Line numbers of keys, found in the text of a file. Keys that are made at run time are not found."""

    def __init__(self, text: str, file: str) -> None:
        self._lines: dict[str, list[int]] = {}
        self._inner: dict[tuple[str, str], list[int]] = {}
        try:
            tree = ast.parse(text, file)
        except (SyntaxError, ValueError):
            return
        for node in ast.walk(tree):
            for key, value in _keys_set_by(node):
                self._lines.setdefault(key.value, []).append(key.lineno)
                for inner in ast.walk(value) if value is not None else ():
                    for inner_key, _ in _keys_set_by(inner):
                        self._inner.setdefault((key.value, inner_key.value), []).append(inner_key.lineno)
            if (
                isinstance(node, ast.Subscript)
                and (outer := _constant_key(node.value))
                and (own := _constant_key(node))
            ):
                self._inner.setdefault((outer.value, own.value), []).append(own.lineno)

    def line_of(self, key: str, inner: str | None = None) -> int | None:
        """The line that sets `key` (or `inner` in the dictionary that is its value); None if not found.

        When a key is set several times, the last one counts.
        """
        found = self._inner.get((key, inner)) if inner is not None else None
        found = found or self._lines.get(key)
        return max(found) if found else None


class _Key(ast.Constant):
    value: str


def _keys_set_by(node: ast.AST) -> list[tuple[_Key, ast.AST | None]]:
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return [(key, node.value) for target in targets if (key := _constant_key(target))]
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return [(key, value) for key, value in pairs if _is_text(key)]  # type: ignore[misc]  # a text constant, checked
    return []


def _constant_key(node: ast.AST) -> _Key | None:
    if isinstance(node, ast.Subscript) and _is_text(node.slice):
        return node.slice  # type: ignore[return-value]  # a text constant, checked
    return None


def _is_text(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
