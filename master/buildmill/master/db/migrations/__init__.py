"""The steps from one schema to the next: forward only, applied by `buildmill.master.db.schema`."""
