"""What the service is started with: one frozen record, handed to every part that needs it."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

MIB = 2**20


@dataclass(frozen=True)
class Settings:
    """All sizes in bytes, all times in seconds."""

    data: Path
    """Files, adapters and checkpoints; shared storage where Ray workers run on other machines."""
    models: tuple[Path, ...]
    """Folders that hold one folder per base model."""
    host: str = "127.0.0.1"
    port: int = 8700
    origins: tuple[str, ...] = ()
    """Web pages that may call: scheme, host and port, exactly."""
    hosts: tuple[str, ...] = ()
    """Names under which the service may be addressed, beside its own and those of loopback."""
    max_file: int = 512 * MIB
    max_body: int = 8 * MIB
    max_line: int = 4 * MIB
    """Longest row of a JSONL file."""
    reserve: int = 256 * MIB
    """Disk space that uploads and checkpoints leave free."""
    requests_per_second: float = 200.0
    """Of one address, over a burst of twice as many."""
    failures_per_minute: int = 30
    """Wrong tokens of one address before it is answered 429."""
    queue: int = 100
    """Jobs that may wait."""
    job_memory: int = 0
    """Most memory a job's process may take beyond what it begins with; 0: as much as there is."""
    ray: str = ""
    """
    'auto', an address or 'local' (starts one here); an address of a dashboard: drivers of jobs run there as well;
    empty: jobs run in a process of this machine.
    """
    ray_workers: int = 1
    ray_shard: bool = False
    """Decoders' weights are spread over a job's workers, each of which otherwise has them all."""
    ray_replicas: int = 0
    """Processes of the cluster that answer with models; 0: one of this machine does."""
    attempts: int = 3
    """Deaths of a job's process without progress in between before the job fails."""
    own: Path | None = None
    """Folder of what only this machine may open; None: the data folder."""

    @property
    def state(self) -> Path:
        """Folder of the database and of the socket that answers come from: never on network storage."""
        return self.own or self.data

    @property
    def database(self) -> Path:
        return self.state / "companion.sqlite"

    @property
    def files(self) -> Path:
        return self.data / "files"

    @property
    def jobs(self) -> Path:
        return self.data / "jobs"

    @property
    def adapters(self) -> Path:
        return self.data / "adapters"

    @property
    def prepared(self) -> Path:
        """Base models in the form that Transformers loads, made of what lies in `models`."""
        return self.data / "prepared"

    def make_folders(self) -> None:
        """Creates the folders, readable by their owner alone."""
        for folder in (self.data, self.state, self.files, self.jobs, self.adapters, self.prepared):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), default=str)

    @staticmethod
    def from_json(text: str) -> Settings:
        values = json.loads(text)
        values["data"] = Path(values["data"])
        values["own"] = Path(values["own"]) if values["own"] else None
        values["models"] = tuple(Path(path) for path in values["models"])
        values["origins"] = tuple(values["origins"])
        values["hosts"] = tuple(values["hosts"])
        return Settings(**values)


def is_dashboard(address: str) -> bool:
    """Whether an address of a cluster is that of its dashboard, which takes drivers of jobs."""
    return address.startswith(("http://", "https://"))
