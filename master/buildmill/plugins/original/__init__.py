"""What stands behind the import paths of Buildbot: a table of names, and the few things that only exist for it."""
