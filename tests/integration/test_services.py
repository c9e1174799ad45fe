"""Services of a configuration in a real master."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.programs import RunningMaster, wait_for

SERVICES = """
from buildbot.util.service import BuildbotService

class Noting(BuildbotService):
    def checkConfig(self, text):
        pass

    async def reconfigService(self, text):
        self.text = text
        self.note("takes")

    async def startService(self):
        await super().startService()
        self.note("starts")

    async def stopService(self):
        await super().stopService()
        self.note("stops")

    def note(self, what):
        with open(self.master.pathTo("notes"), "a") as file:
            file.write(f"{what} {self.text} {self.master.name.split(':')[0] != ''}\\n")

c["services"] = [
    Noting("TEXT", name="noting"),
    util.OldBuildCanceller("old", [("b1", util.SourceStampFilter())]),
    util.FailingBuildsetCanceller("failing", [("b1", None, util.SourceStampFilter())]),
]
"""
BUILDERS = 'c["builders"] = [builder("b1")]'


def configure(master: RunningMaster, text: str) -> None:
    master.configure(BUILDERS)
    with (master.basedir / "master.cfg").open("a") as file:
        file.write(SERVICES.replace("TEXT", text))


def test_a_service_lives_with_the_master_and_takes_other_arguments(tmp_path: Path) -> None:
    master = RunningMaster(tmp_path / "master", BUILDERS)
    notes = master.basedir / "notes"
    try:
        configure(master, "one")
        master.start()
        assert notes.read_text().splitlines() == ["takes one True", "starts one True"]

        configure(master, "two")
        assert master.process is not None
        master.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "takes two" in notes.read_text(), why=master.own_log)
        master.end()
    finally:
        master.stop()

    assert notes.read_text().splitlines()[2:] == ["takes two True", "stops two True"]
