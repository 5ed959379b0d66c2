"""Uploaded files: bytes in one folder under their identifiers, rows in the database. Callers' names are never paths."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from ..problems import Problem, disk_full, not_found
from ..settings import Settings
from .database import Database, Row, new_id

PURPOSES = ("fine-tune", "fine-tune-results", "adapter")
PART = 2**20


class Upload:
    """A file on its way in: written to disk as it comes, hashed on the way, bounded, and kept only when whole."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.id = new_id("file")
        self._partial = settings.files / f"{self.id}.partial"
        self._hash = hashlib.sha256()
        self.bytes = 0
        check_space(settings, 0)
        self._file: BinaryIO = self._partial.open("wb")

    def write(self, part: bytes) -> None:
        """Takes the next bytes. Raises a problem when the file becomes too big or the disk too full."""
        self.bytes += len(part)
        if self.bytes > self._settings.max_file:
            raise too_big(self._settings.max_file)
        check_space(self._settings, len(part))
        self._hash.update(part)
        self._file.write(part)

    def keep(self, database: Database, filename: str, purpose: str) -> dict[str, Any]:
        """Makes it a file: on disk first, then in the database, so that a row always has its bytes."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._partial.rename(self._settings.files / self.id)
        row = {
            "id": self.id,
            "filename": plain_name(filename),
            "purpose": purpose,
            "bytes": self.bytes,
            "sha256": self._hash.hexdigest(),
            "created_at": time.time(),
        }
        database.insert("files", row)
        return row

    def discard(self) -> None:
        """Leaves nothing behind."""
        self._file.close()
        self._partial.unlink(missing_ok=True)


def too_big(limit: int) -> Problem:
    """413."""
    return Problem(
        413, "file_too_large", f"The file is larger than {limit} bytes. Send fewer rows, or raise the limit."
    )


def check_space(settings: Settings, wanted: int) -> None:
    """Raises a problem unless the reserve stays free."""
    if shutil.disk_usage(settings.data).free - wanted < settings.reserve:
        raise disk_full()


def plain_name(filename: str) -> str:
    """A name to show: no folders, no control characters, of bounded length."""
    last = filename.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter for letter in last if letter.isprintable())[:200] or "file"


def find_file(database: Database, file_id: str) -> Row:
    """The row of a file. Raises a problem when there is none."""
    row = database.one("SELECT * FROM files WHERE id = ?", file_id)
    if row is None:
        raise not_found("file", file_id)
    return row


def path_of(settings: Settings, row: Row) -> Path:
    """Where its bytes lie: by the identifier that we made, not by what a caller sent."""
    return settings.files / row["id"]


def read_parts(path: Path) -> Iterator[bytes]:
    """The bytes of a file, a megabyte at a time."""
    with path.open("rb") as file:
        while part := file.read(PART):
            yield part


def delete_file(settings: Settings, database: Database, file_id: str) -> None:
    """Removes row and bytes. Raises a problem while a job that is not over needs it."""
    row = find_file(database, file_id)
    with database.transaction():
        busy = database.one(
            "SELECT id FROM jobs WHERE (training_file = ?1 OR validation_file = ?1)"
            " AND status IN ('queued', 'running', 'paused')",
            file_id,
        )
        if busy is not None:
            raise Problem(409, "file_in_use", f"The job {busy['id']} needs this file. Cancel the job first.")
        database.execute("DELETE FROM files WHERE id = ?", file_id)
    path_of(settings, row).unlink(missing_ok=True)


def sweep(settings: Settings, database: Database) -> None:
    """After a kill: removes what was half written, and bytes and uploaded adapters without a row."""
    known = {row["id"] for row in database.all("SELECT id FROM files")}
    for path in settings.files.iterdir():
        if path.name not in known:
            path.unlink()
    kept = {row["folder"] for row in database.all("SELECT folder FROM adapters")}
    for folder in (*settings.adapters.glob("incoming-*"), *settings.adapters.glob("upload-*")):
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)
    for partial in settings.prepared.glob("*.partial"):
        if partial.is_dir():
            shutil.rmtree(partial)
        else:
            partial.unlink()
