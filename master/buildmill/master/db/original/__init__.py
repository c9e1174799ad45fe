"""The database of a Buildbot 4 master, read to be carried over: see ``docs/howto/carry-a-buildbot-master-over.md``."""
