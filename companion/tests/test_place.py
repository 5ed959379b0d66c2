"""Where the database lies when the data folder is shared between machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from attune_companion.settings import Settings
from attune_companion.store import place
from attune_companion.store.database import Database
from attune_companion.store.place import network_storage, settle

from .rows import jsonl, pairs
from .service import running
from .test_jobs import QUICK

MOUNTS = [("/", "ext4"), ("/srv", "nfs4"), ("/srv/attune/local", "xfs"), ("/data", "ext4"), ("/data", "fuse.sshfs")]


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/srv/attune", "nfs4"),
        ("/srv", "nfs4"),
        ("/srv/attune/local/state", None),
        ("/srvother", None),
        ("/data/a", "fuse.sshfs"),
    ],
)
def test_network_storage_is_known_by_the_innermost_mount(folder: str, kind: str | None) -> None:
    assert network_storage(Path(folder), MOUNTS) == kind
    assert network_storage(Path(folder), []) is None


def node(data: Path, state: Path | None = None) -> Settings:
    settings = Settings(data, (), own=state)
    settings.make_folders()
    assert Settings.from_json(settings.to_json()) == settings
    return settings


def test_a_database_on_network_storage_is_refused_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "mounts", lambda: [("/", "ext4"), (str(tmp_path / "shared"), "nfs4")])
    with pytest.raises(SystemExit, match=r"nfs4.*--state"):
        settle(node(tmp_path / "shared"))
    settle(node(tmp_path / "shared", tmp_path / "state"))


def test_a_database_that_lies_elsewhere_is_named_before_its_files_are_swept(tmp_path: Path) -> None:
    data, first, second = (tmp_path / name for name in ("data", "first", "second"))
    settle(node(data))
    Database(node(data).database).create()
    with pytest.raises(SystemExit, match=f"--state {data}.*companion.sqlite"):
        settle(node(data, first))
    node(data).database.rename(node(data, first).database)
    settle(node(data, first))
    kept = node(data, first).database.rename(tmp_path / "disk that is away")
    for other in (None, second):
        with pytest.raises(SystemExit, match=f"--state {first}"):
            settle(node(data, other))
    kept.rename(node(data).database)
    settle(node(data))
    settle(node(data))


def test_jobs_and_answers_work_beside_a_state_folder(tmp_path: Path, models: Path) -> None:
    state = tmp_path / "state"
    with running(tmp_path / "data", models, "--state", str(state)) as service:
        job = service.job("embedder", "tiny-bert", service.upload(jsonl(pairs(40))), hyperparameters=QUICK)
        tuned = service.wait(job.id, "succeeded").fine_tuned_model
        assert service.openai.embeddings.create(model=tuned, input="owl").data
        assert (state / "companion.sqlite").exists()
        assert not list(service.data.glob("*.sqlite*"))
        assert (service.data / "jobs" / job.id).exists()
