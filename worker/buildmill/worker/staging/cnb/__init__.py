"""The lifecycle `cnb`: Cloud Native Buildpacks without images. Specification: docs/internals/cnb.md."""
