"""The documents of force forms are those of the foreign master, key by key."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

FORMS = """
FORMS = [
    schedulers.ForceScheduler(name="plain", builderNames=["b"]),
    schedulers.ForceScheduler(
        name="full", builderNames=["b"], buttonName="button", label="label",
        username=util.UserNameParameter(label="who", size=80),
        reason=util.StringParameter(name="reason", label="why", required=True, default="x"),
        codebases=[
            "x",
            util.CodebaseParameter(
                "y", label="Y",
                branch=util.ChoiceStringParameter(name="branch", choices=["a", "b"], default="a"),
                revision=util.FixedParameter(name="revision", default="r"),
                repository=util.StringParameter(name="repository"),
                project=util.FixedParameter(name="project", default="p"),
            ),
        ],
        properties=[
            util.NestedParameter(
                name="opts", label="Opts", layout="vertical", columns=2,
                fields=[util.BooleanParameter(name="flag", default=True, label="f"), util.IntParameter(name="n")],
            ),
            util.NestedParameter(name="", fields=[util.TextParameter(name="t")]),
            util.NestedParameter(name="five", fields=[util.StringParameter(name=n) for n in "abcde"]),
            util.NestedParameter(
                name="tabs", layout="tabs", label="T",
                fields=[util.NestedParameter(name="in", fields=[
                    util.StringParameter(name="z", tablabel="TL", tooltip="tt", hide=True, maxsize=3),
                ])],
            ),
            util.AnyPropertyParameter(name="any"),
            util.WorkerChoiceParameter(),
            util.FileParameter(name="file"),
            util.InheritBuildParameter(name="inherit", label="from", compatible_builds=lambda master, builder: []),
        ],
    ),
    schedulers.ForceScheduler(name="hidden", builderNames=["b"], codebases=[util.CodebaseParameter("", hide=True)]),
    schedulers.ForceScheduler(
        name="named", builderNames=["b"],
        codebases=[
            util.CodebaseParameter(codebase="", label="Main", branch="main", revision=None, name="cb"),
            util.CodebaseParameter(codebase="patched", patch=util.PatchParameter()),
        ],
    ),
    schedulers.ForceScheduler(
        name="unlabelled", builderNames=["b"], codebases=[util.CodebaseParameter(codebase="q", name="cb")]
    ),
]
"""
OURS = (
    "import json\nfrom buildmill.plugins import schedulers, util\n"
    + FORMS
    + "print(json.dumps([form.document().all_fields for form in FORMS]))\n"
)
THEIRS = (
    "import json\nfrom buildbot.plugins import schedulers, util\nfrom twisted.internet import defer\n"
    + FORMS
    + """
async def documents():
    found = []
    for form in FORMS:
        await form.reconfigService(*form._config_args, **form._config_kwargs)
        found.append([field.getSpec() for field in form.all_fields])
    print(json.dumps(found))

defer.ensureDeferred(documents())
"""
)


def test_forms_have_the_same_documents(peer: Path) -> None:
    def documents(python: str, text: str) -> object:
        done = subprocess.run([python, "-c", text], check=True, capture_output=True, timeout=60)
        return json.loads(done.stdout)

    ours = documents(sys.executable, OURS)

    assert ours == documents(str(peer / "bin" / "python"), THEIRS)
