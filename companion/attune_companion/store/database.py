"""SQLite with a write-ahead log: what is committed survives a kill, and the job's process writes beside the service."""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

Row = sqlite3.Row


class Database:
    """One connection per thread, opened when first used. Safe to create before a fork, not to use before one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = sqlite3.connect(self.path, timeout=30, isolation_level=None)
            found.row_factory = sqlite3.Row
            found.execute("PRAGMA journal_mode = WAL")
            # FULL syncs the log at every commit: an answered request is never lost, not even to a power cut.
            found.execute("PRAGMA synchronous = FULL")
            found.execute("PRAGMA foreign_keys = ON")
            self._local.connection = found
        return found

    def create(self) -> None:
        """Creates the tables that are missing."""
        self.connection.executescript(files("attune_companion.store").joinpath("schema.sql").read_text())

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All statements or none. The lock for writing is taken at once, so that what is read is not outdated."""
        connection = self.connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def one(self, query: str, *values: Any) -> Row | None:
        return self.connection.execute(query, values).fetchone()

    def all(self, query: str, *values: Any) -> list[Row]:
        return self.connection.execute(query, values).fetchall()

    def execute(self, query: str, *values: Any) -> int:
        """Runs one statement. Returns how many rows it changed."""
        return self.connection.execute(query, values).rowcount

    def insert(self, table: str, values: dict[str, Any]) -> None:
        """Inserts a row; dictionaries become JSON. Table and columns are names of ours, never of a caller."""
        plain = {key: json.dumps(value) if isinstance(value, dict) else value for key, value in values.items()}
        marks = ", ".join(f":{key}" for key in plain)
        self.connection.execute(f"INSERT INTO {table} ({', '.join(plain)}) VALUES ({marks})", plain)  # noqa: S608

    def data_version(self) -> int:
        """Changes when another connection has committed."""
        return int(self.connection.execute("PRAGMA data_version").fetchone()[0])


def new_id(prefix: str) -> str:
    """Such as `file-3f…`: random, so that it cannot be guessed, and safe as a name of a file."""
    return f"{prefix}-{uuid.uuid4().hex}"
