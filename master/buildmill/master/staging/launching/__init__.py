"""Droplets of either kind, started on this machine as their launcher would."""
