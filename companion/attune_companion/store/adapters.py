"""Adapters by the names under which they are asked for."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from io import RawIOBase
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

from ..numbers import natural
from ..problems import not_found
from ..settings import Settings
from ..training.folders import checkpoint_folder
from ..training.options import role_of
from .database import Database, Row
from .jobs import forget_work, model_name

FILES = ("adapter_config.json", "adapter_model.safetensors", "attune.json")


def add_adapter(settings: Settings, database: Database, source: Path, job: Row) -> str:
    """Moves a job's adapter to the others. Returns its name."""
    card = json.loads((source / "attune.json").read_text())
    name = model_name(job)
    keep(settings, database, source, name, card, job["id"])
    return name


def keep(settings: Settings, database: Database, source: Path, name: str, card: dict[str, Any], job: str | None) -> Row:
    """Puts a checked PEFT folder among the adapters, under a folder name of ours."""
    folder = settings.adapters / (job or f"upload-{time.time_ns()}")
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(source, folder)
    database.execute("DELETE FROM adapters WHERE name = ?", name)
    row = {
        "name": name,
        "folder": folder.name,
        "base": card["base"]["id"],
        "base_sha256": card["base"]["sha256"],
        "role": card["role"],
        "job": job,
        "bytes": sum(path.stat().st_size for path in folder.iterdir()),
        "created_at": time.time(),
    }
    database.insert("adapters", row)
    return find_adapter(database, name)


def find_adapter(database: Database, name: str) -> Row:
    """The row of an adapter. Raises a problem when there is none."""
    row = database.one("SELECT * FROM adapters WHERE name = ?", name)
    if row is None:
        raise not_found("model", name)
    return row


def folder_of(settings: Settings, database: Database, name: str) -> tuple[Path, str, str]:
    """Folder, base and role of an adapter, or of a checkpoint of a job (`…:ckpt-step-20`)."""
    row = database.one("SELECT * FROM adapters WHERE name = ?", name)
    if row is not None:
        return settings.adapters / row["folder"], row["base"], row["role"]
    stem, mark, step = name.rpartition(":ckpt-step-")
    job = database.one("SELECT * FROM jobs WHERE substr(id, -8) = ?", stem.rpartition(":")[2]) if mark else None
    number = natural(step)
    folder = checkpoint_folder(settings.jobs / job["id"], number) if job is not None and number is not None else None
    if job is None or folder is None:
        raise not_found("model", name)
    return folder, job["model"], role_of(job["method"])


def delete_adapter(settings: Settings, database: Database, name: str) -> None:
    """
    Removes row and files, and the checkpoints of its job. Of a job that failed there are checkpoints alone, below the
    name that its model would have had.
    """
    job = database.one("SELECT * FROM jobs WHERE status = 'failed' AND substr(id, -8) = ?", name.rpartition(":")[2])
    if job is not None and name == model_name(job):
        forget_work(settings, database, job["id"])
        return
    row = find_adapter(database, name)
    database.execute("DELETE FROM adapters WHERE name = ?", name)
    shutil.rmtree(settings.adapters / row["folder"], ignore_errors=True)
    if row["job"]:
        forget_work(settings, database, row["job"])


def zip_parts(folder: Path) -> Iterator[bytes]:
    """A PEFT folder as a zip, made while it is sent: weights do not compress, so they are stored."""
    sink = Sink()
    with ZipFile(sink, "w", ZIP_STORED) as archive:
        for name in FILES:
            if not (folder / name).is_file():
                continue
            with archive.open(name, "w", force_zip64=False) as entry, (folder / name).open("rb") as file:
                while part := file.read(2**20):
                    entry.write(part)
                    yield sink.take()
    yield sink.take()


class Sink(RawIOBase):
    """Collects what a zip writer writes until it is taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        self._parts.append(bytes(part))
        return len(part)

    def take(self) -> bytes:
        """What was written since."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
