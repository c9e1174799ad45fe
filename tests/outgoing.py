"""Servers that a master speaks to over HTTP, without sockets."""

from __future__ import annotations

from typing import Any

from treq.testing import RequestTraversalAgent
from twisted.web.iweb import IAgent
from twisted.web.resource import IResource
from zope.interface import implementer


@implementer(IAgent)
class AgentTo:
    """Sends all requests, whatever their host, to one tree of resources; answers come at once."""

    def __init__(self, root: IResource) -> None:
        self._agent: Any = RequestTraversalAgent(root)  # type: ignore[no-untyped-call]  # treq has no types there

    def request(self, method: bytes, uri: bytes, headers: Any = None, bodyProducer: Any = None) -> Any:
        """As real agents do."""
        asked = self._agent.request(method, uri, headers, bodyProducer)
        asked.addCallback(self._flushed)
        self._agent.flush()
        return asked

    def _flushed(self, response: Any) -> Any:
        deliver = response.deliverBody

        def deliver_now(protocol: Any) -> None:
            deliver(protocol)
            self._agent.flush()

        response.deliverBody = deliver_now
        return response
