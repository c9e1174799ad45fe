"""The steps of a build that stages: one for each phase, then the droplet comes to the master."""
