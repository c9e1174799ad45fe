"""Steps on the master that look at properties or set them."""

from __future__ import annotations

import pprint
from collections.abc import Mapping
from typing import Any

from buildmill.common.results import FAILURE, SUCCESS
from buildmill.master.domain.config_errors import config_error
from buildmill.master.engine.step import BuildStep
from buildmill.master.steps.arguments import check_type, label, require


class SetProperty(BuildStep):
    """Sets one property.

    Args:
        property: its name.
        value: its value; anything JSON can hold.
    """

    name: Any = "SetProperty"
    description: Any = ["Setting"]
    descriptionDone: Any = ["Set"]
    renderables: Any = (*BuildStep.renderables, "property", "value")

    def __init__(self, property: Any, value: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.property = property
        self.value = value
        require(self, "property", property)
        check_type(self, "property", property, str)

    async def run(self) -> int:
        """Set it."""
        self.setProperty(self.property, self.value, self.name)
        return SUCCESS


class SetProperties(BuildStep):
    """Sets several properties.

    Args:
        properties: a dictionary, or a renderable of one.
    """

    name: Any = "SetProperties"
    description: Any = ["Setting Properties.."]
    descriptionDone: Any = ["Properties Set"]
    renderables: Any = (*BuildStep.renderables, "properties")

    def __init__(self, properties: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.properties = {} if properties is None else properties
        check_type(self, "properties", self.properties, dict)

    async def run(self) -> int:
        """Set them."""
        if not isinstance(self.properties, Mapping):
            raise TypeError(f"SetProperties: properties must give a dictionary, not {self.properties!r}")
        for name, value in self.properties.items():
            self.setProperty(name, value, self.name)
        return SUCCESS


class SetPropertiesFromEnv(BuildStep):
    """Makes properties of variables in the worker's environment; those that are not there are left out.

    Args:
        variables: names; one alone may be a string.
        source: shown as the properties' source.
    """

    name: Any = "SetPropertiesFromEnv"
    description: Any = ["Setting"]
    descriptionDone: Any = ["Set"]

    def __init__(self, variables: Any, source: str = "WorkerEnvironment", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.variables = [variables] if isinstance(variables, str) else variables
        self.source = source
        if not isinstance(self.variables, list | tuple | set) or not all(isinstance(v, str) for v in self.variables):
            config_error(f"{label(self)}: variables must be names, not {variables!r}")
            self.variables = []
        check_type(self, "source", source, str)

    async def run(self) -> int:
        """Set them and list them in the log ``properties``."""
        info = self.build.connection.info
        environment = dict(info.environ)
        if info.system == "nt":  # names of variables have no case there
            environment = {name.upper(): value for name, value in environment.items()}
        lines = []
        for variable in self.variables:
            value = environment.get(variable.upper() if info.system == "nt" else variable)
            if value is not None:
                self.setProperty(variable, value, self.source)
                lines.append(f"{variable} = {value!r}")
        await self.addCompleteLog("properties", "\n".join(lines))
        return SUCCESS


class Assert(BuildStep):
    """Fails unless a renderable gives something true.

    Args:
        check: a renderable, as ``Property("branch") == "main"``.
    """

    name: Any = "Assert"
    description: Any = ["Checking.."]
    descriptionDone: Any = ["checked"]
    renderables: Any = (*BuildStep.renderables, "check")

    def __init__(self, check: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.check = check
        if "descriptionDone" not in kwargs:
            self.descriptionDone = [f"checked {check!r}"]

    async def run(self) -> int:
        """Look."""
        return SUCCESS if self.check else FAILURE


class LogRenderable(BuildStep):
    """Writes a rendered value to the log ``Output``, for those who debug a configuration.

    Args:
        content: anything.
    """

    name: Any = "LogRenderable"
    description: Any = ["Logging"]
    descriptionDone: Any = ["Logged"]
    renderables: Any = (*BuildStep.renderables, "content")

    def __init__(self, content: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.content = content

    async def run(self) -> int:
        """Write it."""
        await self.addCompleteLog("Output", pprint.pformat(self.content))
        return SUCCESS
