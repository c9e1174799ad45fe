"""`JanitorConfigurator`: adds a builder that deletes old logs, and old entries of the audit log, every night."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from buildmill.master.domain.audit import AUDIT_HORIZON
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.not_delivering import NotDelivering
from buildmill.master.engine.builder_config import BuilderConfig
from buildmill.master.engine.factory import BuildFactory
from buildmill.master.latent.local_worker import LocalWorker
from buildmill.master.schedulers.forcesched import ForceScheduler
from buildmill.master.schedulers.timed import Nightly
from buildmill.master.steps.janitor import AuditJanitor, LogChunksJanitor, checked_horizons
from buildmill.plugins.original.configuration import ConfiguratorBase

JANITOR_NAME = "__Janitor"


class JanitorConfigurator(NotDelivering, ConfiguratorBase):
    """Adds the builder ``__Janitor``, with a worker, a `Nightly` and a `ForceScheduler` of its own.

    Without any horizon it adds nothing.

    Args:
        logHorizon: how long logs are kept after their step has ended.
        hour: at which hour it works, as for `Nightly`.
        build_data_horizon: taken, so that existing files load; builds have no such data here, and a notice says so.
        log_horizon_of_builders: how long logs of some builders are kept, by name; goes over the others.
        log_horizon_of_tags: how long logs of builders with a tag are kept, by tag; goes over `logHorizon`. Of several
            tags the longest time counts.
        audit_horizon: how long entries of the audit log are kept; a year where the builder is there anyway.
        nightly: further arguments of `Nightly`, as ``dayOfWeek``.
    """

    not_delivering = ""

    def __init__(
        self,
        logHorizon: timedelta | None = None,
        hour: Any = 0,
        build_data_horizon: timedelta | None = None,
        log_horizon_of_builders: Mapping[str, timedelta] | None = None,
        log_horizon_of_tags: Mapping[str, timedelta] | None = None,
        audit_horizon: timedelta | None = None,
        **nightly: Any,
    ) -> None:
        super().__init__()
        for argument, horizon in (
            ("logHorizon", logHorizon),
            ("build_data_horizon", build_data_horizon),
            ("audit_horizon", audit_horizon),
        ):
            if horizon is not None and not isinstance(horizon, timedelta):
                config_error(f"JanitorConfigurator: {argument} must be a timedelta, not {horizon!r}")
        if build_data_horizon is not None:
            text = "build_data_horizon has no effect: data of builds is kept"
            self.not_delivering = text  # of this one only
        self.logHorizon = logHorizon if isinstance(logHorizon, timedelta) else None
        self._audit_horizon = audit_horizon if isinstance(audit_horizon, timedelta) else None
        self._of_builders = checked_horizons("JanitorConfigurator: log_horizon_of_builders", log_horizon_of_builders)
        self._of_tags = checked_horizons("JanitorConfigurator: log_horizon_of_tags", log_horizon_of_tags)
        self.hour = hour
        self.nightly = nightly

    def configure(self, config_dict: dict[str, Any]) -> None:
        super().configure(config_dict)
        if self._audit_horizon is not None:  # the master removes what is too old every day, too
            config_dict.setdefault("auditHorizon", self._audit_horizon)
        if self.logHorizon is None and self._audit_horizon is None and not self._of_builders and not self._of_tags:
            return
        janitors = [
            LogChunksJanitor(self.logHorizon, self._of_builders, self._of_tags),
            AuditJanitor(self._audit_horizon or AUDIT_HORIZON),
        ]
        self.workers.append(LocalWorker(JANITOR_NAME))
        self.schedulers.append(Nightly(JANITOR_NAME, [JANITOR_NAME], hour=self.hour, **self.nightly))
        self.schedulers.append(ForceScheduler(f"{JANITOR_NAME}_force", [JANITOR_NAME], buttonName="Clean up"))
        self.builders.append(BuilderConfig(JANITOR_NAME, JANITOR_NAME, factory=BuildFactory(janitors)))
