"""Staging: what is stored, watched and kept of apps, packages and droplets."""
