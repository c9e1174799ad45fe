"""One small process per durable command, which outlives the daemon: holds its pipes, keeps its limits, ends it.

`zygote` forks them, `core` decides, `loop` acts, `tree` kills. Nothing here may import Twisted: each process would pay.
"""
