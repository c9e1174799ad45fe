"""A client of a Buildmill master's data API, in Python, with types: see ``docs/howto/use-the-client.md``.

`Client` waits for its answers; `buildmill.client.asynchronous.AsyncClient` is the same on Twisted. Both carry out what
`api` describes: ``client.list(api.builders["tests"].builds.where(results=2))``.
"""

from buildmill.client.api import api
from buildmill.client.blocking import Client
from buildmill.client.documents import Page
from buildmill.client.events import Event, Progress, Reread

__all__ = ["Client", "Event", "Page", "Progress", "Reread", "api"]
