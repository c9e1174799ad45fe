"""The lifecycle `docker`: what an image says of itself. Specification: docs/internals/cnb.md."""
