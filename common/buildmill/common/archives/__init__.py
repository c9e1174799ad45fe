"""Unpacking archives that come from outside: nothing in one gets out of its directory."""
