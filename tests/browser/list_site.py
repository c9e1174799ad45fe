"""A master with long lists to see: schedulers of all kinds, changes of several projects, and a queue."""

from __future__ import annotations

from pathlib import Path

from tests.programs import RunningMaster, wait_for

WAITING = 260
"""Requests on the builder without a worker."""
CHANGES = 130

CONFIG = """\
c["title"] = "Example"
c["titleURL"] = "https://example.org/"
ABOUT = '''\\
# About

Builds *everything* of [the site](https://example.org/), as [docs](#/builders/docs) does.

![state](https://example.org/badge.svg)

- `make`
- `make check`

> Ask first.

```sh
make run
```
'''
c["builders"] = [
    builder("app", steps.ShellCommand(name="check", command=["true"]), tags=["linux"],
            description=ABOUT, description_format="markdown"),
    builder("docs", steps.ShellCommand(name="sphinx", command=["true"]), tags=["docs"], project="tools",
            description="Not *Markdown*."),
    builder("broken", steps.ShellCommand(name="make", command=["false"]), tags=["linux"]),
    builder("windows", steps.ShellCommand(command=["true"]), workernames=("w3",), tags=["windows"]),
]
c["workers"].append(worker.Worker("w3", "secret"))
c["schedulers"] = [
    schedulers.Nightly(name="nightly", builderNames=["app", "docs"], dayOfMonth=1, hour=3),
    schedulers.Periodic(name="hourly", builderNames=["docs"], periodicBuildTimer=3600),
    schedulers.SingleBranchScheduler(name="stable", branch="stable", builderNames=["app"], treeStableTimer=3600),
    schedulers.AnyBranchScheduler(
        name="branches", builderNames=["app"], change_filter=util.ChangeFilter(branch_fn=lambda b: b == "main")),
    schedulers.Triggerable(name="triggered", builderNames=["broken"]),
    schedulers.ForceScheduler(name="byhand", label="Build it", builderNames=["app", "windows"]),
]
c["projects"] = [util.Project(name="tools", description="## For\\n\\n**everybody**", description_format="markdown")]
c["collapseRequests"] = False
"""


class ListSite(RunningMaster):
    """The master, with its worker."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder / "master", CONFIG)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}/"

    def fill(self) -> None:
        """Add what there is to see."""
        self.start_worker("w1")
        for number in range(CHANGES - 2):
            self.add_change(number, "elsewhere")
        self.add_change(CHANGES - 1, "main")
        self.add_change(CHANGES, "stable")
        for _ in range(WAITING):
            self.force("windows")
        wait_for(lambda: len(self.get("builds?complete=true")["builds"]) >= 2, why=self.own_log)

    def add_change(self, number: int, branch: str) -> None:
        self.post(
            "changes",
            "add",
            author=f"{'ada' if number % 2 else 'bob'} <{number}@example.org>",
            comments=f"change number {number}\n\nWith more to say.",
            revision=f"{number:040x}",
            branch=branch,
            category="bugfix" if number % 3 == 0 else "feature",
            project="tools",
            repository="https://example.org/tools.git",
            files=["a.c"],
            properties={"ticket": f"T-{number}"},
        )

    def scheduler(self, name: str) -> int:
        """The id of a scheduler."""
        found = [one for one in self.get("schedulers")["schedulers"] if one["name"] == name]
        return int(found[0]["schedulerid"])
