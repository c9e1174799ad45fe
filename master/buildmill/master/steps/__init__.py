"""The steps that a master.cfg is made of. Each has a home here; `buildmill.plugins.steps` offers all, under the names
that authors know, and imports what is used."""
