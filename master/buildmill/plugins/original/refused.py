"""Names of Buildbot that are known and will not be here, each with its reason and what to do instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_TABLES = "the tables of this master are its own, and reached by its own code only"
_READ = "read with master.data.get, change with master.data.updates"
_OWN_TABLES = "keep your own data in a database of your own, or small values with StateMixin"
_ENDPOINTS = "the data API has the resources that it has, and takes no further ones"
_GONE = "Buildbot 4 has no such name any more"

REFUSED: Final[Mapping[str, tuple[str, str]]] = {
    "buildbot.data.base.Endpoint": (_ENDPOINTS, _READ),
    "buildbot.data.base.EndpointKind": (_ENDPOINTS, _READ),
    "buildbot.data.base.ResourceType": (_ENDPOINTS, _READ),
    "buildbot.data.resultspec.OrderBy": (_GONE, "give names of fields as order, with '-' in front to turn it round"),
    "buildbot.db.base.DBConnectorComponent": (_TABLES, _OWN_TABLES),
    "buildbot.db.connector.DBConnector": (_TABLES, _READ),
    "buildbot.db.enginestrategy.create_engine": (_TABLES, "for a database of your own use sqlalchemy.create_engine"),
    "buildbot.db.migrate_utils.test_unicode": (_TABLES, "'buildmill upgrade-master' brings the tables up to date"),
    "buildbot.db.pool.DBThreadPool": (_TABLES, "for a database of your own use twisted.enterprise.adbapi"),
    "buildbot.schedulers.basic.ChangesetScheduler": (_GONE, "use SingleBranchScheduler or AnyBranchScheduler"),
    "buildbot.util.misc.SingletonMixin": (_GONE, "use SharedService, or a variable of a module"),
    "buildbot.util.sautils.Table": (_TABLES, "for tables of your own use sqlalchemy.Table"),
    "buildbot.util.sautils.hash_columns": (_TABLES, "for tables of your own use hashlib"),
    "buildbot.util.sautils.insert_from_select": (
        _TABLES,
        "for tables of your own use Insert.from_select of SQLAlchemy",
    ),
    "buildbot.util.sautils.sa_version": (_TABLES, "use sqlalchemy.__version__"),
}
"""By the name's usual full name: why it is refused, and the way out."""
