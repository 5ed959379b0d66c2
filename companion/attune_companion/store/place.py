"""Where the database may lie: on a disk of this machine, and where it lay before."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import psutil

from ..settings import Settings

NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "lustre", "beegfs", "gpfs", "afs"}
NETWORK |= {f"fuse.{name}" for name in ("sshfs", "glusterfs", "ceph", "s3fs", "rclone", "juicefs")}
NOTE = "state-folder"
"""In the data folder: where its database lies, if elsewhere."""


def settle(settings: Settings) -> None:
    """
    Ends the program with the way out where SQLite would lie on network storage, whose locks and shared memory its log
    cannot rely on; and where it does not lie in the folder that is named, since a node with a new database takes the
    files of the old one for leftovers.
    """
    kind = network_storage(settings.state, mounts())
    if kind is not None:
        raise SystemExit(
            f"{settings.state} lies on network storage ({kind}), where SQLite may lose rows. Name a folder on a disk of"
            " this machine by --state; what is shared stays in --data."
        )
    note = settings.data / NOTE
    known = Path(note.read_text()) if note.exists() else settings.data
    before = known / settings.database.name
    is_elsewhere = known != settings.state and (note.exists() or before.exists())
    if is_elsewhere and not settings.database.exists():
        raise SystemExit(
            f"The database of {settings.data} lies in {known}. Start with --state {known}, or move"
            f" {before.name}* from there to {settings.state}."
        )
    if settings.state == settings.data:
        note.unlink(missing_ok=True)
    else:
        note.write_text(str(settings.state))


def mounts() -> list[tuple[str, str]]:
    """Where file systems are mounted, and their kinds."""
    return [(mount.mountpoint, mount.fstype) for mount in psutil.disk_partitions(all=True)]


def network_storage(folder: Path, mounted: Iterable[tuple[str, str]]) -> str | None:
    """The kind of network storage that a folder lies on; None: it lies on a disk of this machine."""
    whole = folder.resolve()
    above = [
        (len(Path(place).parts), i, kind) for i, (place, kind) in enumerate(mounted) if whole.is_relative_to(place)
    ]
    # The innermost counts, and of several in one place the last.
    kind = max(above)[2] if above else ""
    return kind if kind in NETWORK else None
