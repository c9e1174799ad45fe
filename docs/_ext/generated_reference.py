"""Writes the parts of the reference that the code knows best, before Sphinx reads the pages.

`reference/generated/resources.md`: every resource type of the data API with its fields.
`reference/generated/{buildmill,buildmill-worker}.md`: every command with its options.
`reference/generated/original-names.md`: every name that Buildbot's configurations import, and whether it is here.
`reference/generated/plugins-<group>.md`: every plugin with its arguments (see `plugin_reference`).
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import click
import plugin_reference
from msgspec import structs
from sphinx.application import Sphinx

from buildmill.master.cli.main import main as master_command
from buildmill.master.domain import commit_resources, page_documents, resources, result_resources
from buildmill.plugins.original.names import modules, names_in
from buildmill.plugins.original.table import GROUPS
from buildmill.worker.cli import main as worker_command


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


def _type(annotation: object) -> str:
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    return f"`{_cell(text)}`".replace(r"\|", "or")


def resource_pages() -> Iterator[str]:
    """A section for each resource type, in the order of the modules."""
    classes = dict.fromkeys(
        kind
        for m in (resources, commit_resources, result_resources, page_documents)
        for kind in vars(m).values()
        if inspect.isclass(kind)
    )
    for kind in classes:
        if not (issubclass(kind, resources.Resource) and kind.type_name):
            continue
        yield f"## {kind.type_name}\n"
        about = inspect.cleandoc(kind.__dict__.get("__doc__") or "")
        yield f"{about}\n" if about else ""
        identified = f", identified by `{kind.id_field}`" if kind.id_field else ""
        yield f"List key `{kind.plural}`{identified}.\n"
        yield "| field | type |\n| --- | --- |"
        for field in structs.fields(kind):
            annotation = kind.__annotations__.get(field.name, field.type)
            yield f"| `{field.encode_name}` | {_type(annotation)} |"
        yield ""


def command_pages(path: str, command: click.Command) -> Iterator[str]:
    """A section for `command` and for each of its sub-commands."""
    context = click.Context(command, info_name=path)
    pieces = " ".join(command.collect_usage_pieces(context))
    yield f"{'#' * (path.count(' ') + 2)} {path}\n"
    yield f"{inspect.cleandoc(command.help or '')}\n"
    yield f"```text\n{path} {pieces}\n```\n"
    options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    if options:
        yield "| option | meaning | default |\n| --- | --- | --- |"
        for option in options:
            names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
            value = "" if option.is_flag else f" {_cell(option.make_metavar(context))}"
            default = option.default if isinstance(option.default, str | int | float) and not option.is_flag else ""
            yield f"| {names}{value} | {_cell(option.help or '')} | {default} |"
        yield ""
    if isinstance(command, click.Group):
        described: dict[click.Command, str] = {}
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is None or found.hidden:
                continue
            if found in described:
                yield f"{'#' * (path.count(' ') + 3)} {path} {name}\n\nAnother name of `{described[found]}`.\n"
                continue
            described[found] = f"{path} {name}"
            yield from command_pages(f"{path} {name}", found)


def original_name_pages() -> Iterator[str]:
    """A section for each group of plugins, then one for the other names, each name with its state."""
    plugins = {f"buildbot.plugins.{group}" for group in (*GROUPS, "www", "webhooks")}
    others = [name for module in sorted(modules() - plugins) for name in names_in(module).values()]
    paths: dict[str, list[str]] = {}
    for name in others:
        paths.setdefault(name.known_as, []).append(name.module)
    for module in sorted(plugins):
        names = names_in(module).values()
        there = sum(name.state == "works" for name in names)
        yield f"### {module.removeprefix('buildbot.plugins.')}\n"
        yield f"{there} of {len(names)} work.\n"
        yield "| name | also in | state | why, and what to do |\n| --- | --- | --- | --- |"
        for name in sorted(names, key=lambda name: name.name.lower()):
            also = ", ".join(f"`{path}`" for path in paths.get(name.known_as, ()))
            yield f"| `{name.name}` | {also} | {name.state} | {_cell(name.note)} |"
        yield ""
    yield "### Other names\n"
    yield "| module | name | state | why, and what to do |\n| --- | --- | --- | --- |"
    for name in others:
        if not name.known_as.startswith("buildbot.plugins."):
            yield f"| `{name.module}` | `{name.name}` | {name.state} | {_cell(name.note)} |"
    yield ""


def write(app: Sphinx) -> None:
    """Write all generated pages; a page that did not change is not touched."""
    folder = Path(app.srcdir) / "reference" / "generated"
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in {
        "resources": resource_pages(),
        "buildmill": command_pages("buildmill", master_command),
        "buildmill-worker": command_pages("buildmill-worker", worker_command),
        "original-names": original_name_pages(),
        **{f"plugins-{group}": plugin_reference.plugin_pages(group) for group in plugin_reference.GROUPS},
    }.items():
        text = "\n".join(lines) + "\n"
        page = folder / f"{name}.md"
        if not page.exists() or page.read_text() != text:
            page.write_text(text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
