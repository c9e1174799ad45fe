"""The parts of the command `push`."""
