"""Groups of functions inside of `util`: ``util.svn.split_file_branches``."""

from __future__ import annotations

from buildmill.master.changes import svn_paths as svn

__all__ = ["svn"]
