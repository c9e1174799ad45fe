"""A thousand workers in the database of a master that does not run, 200 of them busy, all at another master."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from buildmill.master.db import environments, masters
from buildmill.master.db import tables as t
from buildmill.master.domain.environments import EnvironmentMaker
from tests.database import Stage
from tests.programs import RunningMaster

WORKERS, RUNNING, PAUSED, AWAY = 1000, 200, 30, 25
BUILDERS = 'c["builders"] = [builder("nightly", steps.ShellCommand(name="wait", command=["true"]))]'
_MAKER = EnvironmentMaker(b"key")


def add_workers(master: RunningMaster) -> None:
    """Add them, with builds that have ended and builds that run."""
    stage = Stage(f"sqlite:///{master.basedir / 'state.sqlite'}")
    stage.result(stage.database.write(_fill))
    stage.close()


def _fill(tx: Any) -> None:
    # the other master has given a sign of life when this one did
    now = tx.sql.execute(sa.select(sa.func.max(t.masters.c.last_active))).scalar_one()
    builder = tx.sql.execute(sa.select(t.builders.c.id).where(t.builders.c.name == "nightly")).scalar_one()
    request = tx.sql.execute(sa.select(sa.func.min(t.build_requests.c.id))).scalar_one()
    other = masters.find(tx, "elsewhere")
    tx.sql.execute(t.masters.update().where(t.masters.c.id == other).values(active=1, last_active=now))
    systems = ("Debian GNU/Linux 12 (bookworm)", "Ubuntu 24.04.2 LTS", "Fedora Linux 42")
    known = [environments.find(tx, _MAKER.of_worker({"os": system, "version": "1.0"}, {})) for system in systems]
    names = [f"machine-{number:04}" for number in range(WORKERS)]
    tx.sql.execute(
        t.workers.insert(),
        [
            {
                "name": name, "info": '{"version":"1.0"}', "connected_at": now - 3600, "paused": int(place < PAUSED),
                "pause_reason": "its disk is replaced" if place < PAUSED else None,
            }
            for place, name in enumerate(names)
        ],
    )  # fmt: skip
    ids = list(
        tx.sql.execute(sa.select(t.workers.c.id).where(t.workers.c.name.in_(names)).order_by(t.workers.c.id)).scalars()
    )
    where = [{"worker_id": worker, "master_id": other} for worker in ids]
    tx.sql.execute(t.configured_workers.insert(), [{**one, "builder_id": builder} for one in where])
    tx.sql.execute(t.connected_workers.insert(), where[:-AWAY])
    tx.sql.execute(
        t.worker_environments.insert(),
        [{"worker_id": worker, "environment_id": known[place % len(known)]} for place, worker in enumerate(ids)],
    )
    number = 1000
    builds = []
    for place, worker in enumerate(ids):
        for back in range(6, 0 if PAUSED <= place < PAUSED + RUNNING else 1, -1):
            number += 1
            ends = back > 1
            builds.append(
                {
                    "number": number, "builder_id": builder, "build_request_id": request, "worker_id": worker,
                    "master_id": other, "started_at": now - 600 * back, "state_string": "",
                    "complete_at": now - 600 * back + 300 if ends else None,
                    "results": (2 if number % 17 == 0 else 0) if ends else None,
                }
            )  # fmt: skip
    tx.sql.execute(t.builds.insert(), builds)
    tx.sql.execute(t.builders.update().where(t.builders.c.id == builder).values(last_build_number=number))
