"""What building and launching with Cloud Native Buildpacks have in common: layers' environment, launch metadata.

A worker builds with it, `buildmill run-droplet` launches with it. Specification: docs/internals/cnb.md.
"""
