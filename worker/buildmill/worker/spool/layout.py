"""Which file of `<basedir>/.bm` is where, and how small files are replaced."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import struct

DIRECTORY = ".bm"
BOOT_ID = "/proc/sys/kernel/random/boot_id"
_DEADLINE = struct.Struct("<d")


class Layout:
    """The files that all commands of a worker share, and each command's directory.

    Attributes:
        root: `<basedir>/.bm`.
        commands: holds one directory per command.
        lease: 8 bytes, the monotonic time at which commands must be gone; overwritten in place.
        full: exists while the spools together are larger than allowed.
        bell: a socket that shepherds ring.
    """

    def __init__(self, basedir: str) -> None:
        self.root = os.path.join(basedir, DIRECTORY)
        self.commands = os.path.join(self.root, "c")
        self.lease = os.path.join(self.root, "lease")
        self.full = os.path.join(self.root, "full")
        self.bell = os.path.join(self.root, "bell")
        self.tombs = os.path.join(self.root, "tomb.log")
        self._session = os.path.join(self.root, "session")
        self._install_id = os.path.join(self.root, "install_id")
        self._place = os.path.join(self.root, "place")

    def create_blocking(self) -> None:
        """Make what is missing; only the worker's account may look inside."""
        for directory in (self.root, self.commands):
            os.makedirs(directory, mode=0o700, exist_ok=True)
            os.chmod(directory, 0o700)
        sync_directory(self.root)

    def command(self, uid: str) -> str:
        """The directory of a command."""
        return os.path.join(self.commands, directory_name(uid))

    def install_id_blocking(self) -> str:
        """What tells this directory from every other one, for ever."""
        with contextlib.suppress(FileNotFoundError):
            return read_file(self._install_id).decode()
        replace_file(self._install_id, secrets.token_hex(16).encode())
        return read_file(self._install_id).decode()

    def is_copy_blocking(self, boot: str) -> bool:
        """Whether this directory is a copy of another one, which may be in use.

        A directory that was moved within its file system is none. The number of the file system counts only within one
        run of the machine, `boot`: the next one may give it another.
        """
        try:
            known_boot, device, inode = read_file(self._place).decode().split()
        except (FileNotFoundError, ValueError):
            return False  # it was made before this was written down
        status = os.stat(self.root)
        return inode != str(status.st_ino) or (known_boot == boot and device != str(status.st_dev))

    def note_place_blocking(self, boot: str) -> None:
        """Remember where this directory is; the last step of becoming a worker's own."""
        status = os.stat(self.root)
        place = f"{boot} {status.st_dev} {status.st_ino}".encode()
        with contextlib.suppress(FileNotFoundError):
            if read_file(self._place) == place:
                return
        replace_file(self._place, place)

    def forget_install_id_blocking(self) -> None:
        """The next one is another."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._install_id)
            sync_directory(self.root)

    def next_session_blocking(self) -> int:
        """A number larger than every earlier one; on disk before it is used."""
        try:
            number = int(read_file(self._session)) + 1
        except (FileNotFoundError, ValueError):  # empty: a crash in the very first write
            number = 1
        overwrite_number(self._session, number)
        return number

    def write_lease_blocking(self, deadline: float) -> None:
        """Prolong the commands' time."""
        fd = os.open(self.lease, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(fd, _DEADLINE.pack(deadline), 0)
        finally:
            os.close(fd)


def directory_name(uid: str) -> str:
    """The name of a command's directory."""
    return hashlib.blake2b(uid.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def read_lease(path: str) -> float:
    """The deadline; 0.0 if none was ever set."""
    try:
        data = read_file(path)
    except FileNotFoundError:
        return 0.0
    return float(_DEADLINE.unpack(data)[0]) if len(data) == _DEADLINE.size else 0.0


def machine_boot() -> str:
    """The kernel's name for this run of the machine."""
    return read_file(BOOT_ID).decode().strip()


def read_file(path: str) -> bytes:
    """All of a small file."""
    with open(path, "rb") as file:
        return file.read()


def replace_file(path: str, data: bytes, *, is_durable: bool = True) -> None:
    """Put a file in place as a whole: readers see the old one or the new one.

    Args:
        is_durable: it is on the disk when this returns, its name too.
    """
    part = f"{path}.part"
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        write_all(fd, data)
        if is_durable:
            os.fsync(fd)
    finally:
        os.close(fd)
    os.rename(part, path)
    if is_durable:
        sync_directory(os.path.dirname(path))


def overwrite_number(path: str, number: int, *, is_durable: bool = True) -> None:
    """Replace a number in place: that needs no room, so that a full disk can't hinder it.

    Args:
        is_durable: it is on the disk when this returns.
    """
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.pwrite(fd, f"{number:020}".encode(), 0)
        if is_durable:
            os.fsync(fd)
    finally:
        os.close(fd)


def sync_directory(path: str) -> None:
    """Have the names in a directory on the disk."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_all(fd: int, data: bytes) -> None:
    """Write everything, or raise what the system says."""
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]
