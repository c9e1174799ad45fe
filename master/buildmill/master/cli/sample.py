"""The configuration that `create-master` writes for people to begin with."""

from __future__ import annotations

from string import Template

SAMPLE = Template("""\
# A master in one file: a builder, a worker of its own, a way to start builds by hand.
# Copy it to master.cfg, change it, look at it with `buildmill checkconfig`, then `buildmill start`.

from buildmill.plugins import schedulers, steps, util, worker

c = BuildmasterConfig = {}

c["title"] = "My builds"
c["buildbotURL"] = "http://127.0.0.1:8010/"
c["db"] = {"db_url": $db_url}

# Where people and programs find this master. Without "interface" it listens on every address.
c["www"] = {"port": "tcp:8010:interface=127.0.0.1"}

# A local worker is started and stopped with the master. For other machines: worker.Worker(name, password) here, a
# port in c["protocols"], and there `buildmill-worker create DIR HOST:9989 NAME PASSWORD`.
c["workers"] = [worker.LocalWorker("local")]
# c["protocols"] = {"msgpack_experimental_v7": {"port": 9989}}

factory = util.BuildFactory()
# factory.addStep(steps.Git(repourl="https://example.org/project.git", mode="incremental"))
factory.addStep(steps.ShellCommand(name="hello", command=["echo", "hello from", util.Property("workername")]))

c["builders"] = [util.BuilderConfig(name="hello", workernames=["local"], factory=factory)]

c["schedulers"] = [schedulers.ForceScheduler(name="force", builderNames=["hello"])]
""")
