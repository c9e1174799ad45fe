"""The daemon's end of the zygote."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping

from buildmill.common.errors import Unavailable
from buildmill.worker.shepherd.answers import GOES_ON, READY, SPAWNED

ANSWER_SECONDS = 30.0


class Zygote:
    """Starts the program that forks shepherds, and starts it again when it has died.

    Args:
        environ: the worker's, without its password: commands may read their shepherd's.

    Its methods may be called from any thread.
    """

    def __init__(self, basedir: str, environ: Mapping[str, str]) -> None:
        self._basedir = basedir
        self._environ = environ
        self._lock = threading.Lock()
        self._program: subprocess.Popen[bytes] | None = None
        self._door: socket.socket | None = None
        self._is_stopped = False

    def ensure_blocking(self) -> None:
        """Have it ready.

        Raises:
            Unavailable: it can't be started.
        """
        with self._lock:
            self._ensure()

    def spawn_blocking(self, directory: str) -> None:
        """Have a shepherd forked for a command's directory. One too many is harmless: it finds the first's pid.

        Raises:
            Unavailable: not now.
        """
        with self._lock:
            for _ in range(2):
                door = self._ensure()
                try:
                    door.send(os.fsencode(directory))
                    answer = door.recv(1024)
                except OSError as problem:
                    answer = b""
                    if isinstance(problem, TimeoutError):
                        self._end()
                        break
                if answer == SPAWNED:
                    return
                if answer:
                    raise Unavailable(answer.decode(errors="replace"))
                self._end()
            raise Unavailable("the program that starts commands has died")

    def stop_blocking(self) -> None:
        """Ask nothing of it any more. Its shepherds go on, and it goes on as long as there are any."""
        with self._lock:
            self._is_stopped = True
            if self._door is None or self._program is None:
                return
            try:
                self._door.shutdown(socket.SHUT_WR)
                goes_on = self._door.recv(1024) == GOES_ON
            except OSError:
                goes_on = False
            if goes_on:
                self._door.close()
                self._door = None
            else:
                self._end()

    def _ensure(self) -> socket.socket:
        if self._door is not None and self._program is not None and self._program.poll() is None:
            return self._door
        if self._is_stopped:
            raise Unavailable("the worker stops")
        self._end()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # Its imports must come from where ours come from; what commands see is in their own files.
        environ = {**self._environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        try:
            self._program = subprocess.Popen(
                [sys.executable, "-m", "buildmill.worker.shepherd.zygote", str(theirs.fileno()), self._basedir],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env=environ,
            )
        except OSError as problem:
            ours.close()
            raise Unavailable(f"the program that starts commands can't run: {problem.strerror}") from problem
        finally:
            theirs.close()
        ours.settimeout(ANSWER_SECONDS)
        self._door = ours
        try:
            ready = ours.recv(1024)
        except OSError:
            ready = b""
        if ready != READY:
            self._end()
            raise Unavailable("the program that starts commands does not begin")
        return ours

    def _end(self) -> None:
        if self._door is not None:
            self._door.close()
            self._door = None
        program, self._program = self._program, None
        if program is not None:
            program.kill()  # if it has not died: it does not answer
            program.wait()
