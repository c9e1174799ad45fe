"""Schedulers, which ask for builds: ``from buildmill.plugins import schedulers``."""

from __future__ import annotations

from buildmill.plugins.lazy_names import lazy_names, names

NAMES = {
    **names("schedulers.basic", "AnyBranchScheduler SingleBranchScheduler"),
    **names("schedulers.timed", "Nightly NightlyTriggerable Periodic"),
    **names("schedulers.dependent", "Dependent"),
    **names("schedulers.triggerable", "Triggerable"),
    **names("schedulers.trysched", "Try_Jobdir Try_Userpass"),
    **names("schedulers.forcesched", "ForceScheduler"),
}
__getattr__, __dir__ = lazy_names("schedulers", NAMES)
