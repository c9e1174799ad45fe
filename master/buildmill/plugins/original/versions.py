"""The version that configurations see which ask for it: that of the vocabulary, not ours."""

from __future__ import annotations

version = "4.3.0"
