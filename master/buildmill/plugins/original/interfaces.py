"""Interfaces and errors under the names that configurations import.

The interfaces are labels: a class may say that it implements one, and nothing here asks for it. What makes a
renderable is its method ``getRenderingFor``.
"""

from __future__ import annotations

from zope.interface import Interface

from buildmill.common.errors import BuildmillError


class IRenderable(Interface):
    """Has ``getRenderingFor(props)``."""


class IProperties(Interface):
    """Has properties."""


class IConfigured(Interface):
    """Can tell its configuration."""


class IConfigurator(Interface):
    """Has ``configure(config_dict)``."""


class IConfigLoader(Interface):
    """Loads a configuration."""


class IBuildStep(Interface):
    """A step of a build."""


class IBuildStepFactory(Interface):
    """Makes a step."""


class IBuilder(Interface):
    """A builder that runs."""


class IBuilderControl(Interface):
    """Controls a builder."""


class IChangeSource(Interface):
    """Makes changes."""


class IScheduler(Interface):
    """Asks for builds."""


class ITriggerableScheduler(IScheduler):
    """Asks for builds when a step wants them."""


class ISourceStamp(Interface):
    """What is to be built."""


class IWorker(Interface):
    """A worker of the configuration."""


class ILatentWorker(IWorker):
    """A worker that is started when it is needed."""


class IMachine(Interface):
    """What several workers stand on."""


class ILatentMachine(IMachine):
    """A machine that is started when it is needed."""


class IMachineAction(Interface):
    """Does something to a machine."""


class ILogObserver(Interface):
    """Reads a log while it is written."""


class IReportGenerator(Interface):
    """Makes reports of events."""


class IHttpResponse(Interface):
    """The answer to an HTTP request."""


class BuilderInUseError(BuildmillError):
    """A builder cannot be taken away."""


class WorkerSetupError(BuildmillError):
    """A worker cannot do what a step needs."""


class WorkerTooOldError(WorkerSetupError):
    """A worker lacks a command that a step needs."""


class ParameterError(BuildmillError):
    """An argument that does not fit."""
