from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .service import Service, running
from .tiny_models import tiny_bert, tiny_llama


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tiny base models."""
    folder = tmp_path_factory.mktemp("models")
    tiny_bert(folder / "tiny-bert")
    tiny_bert(folder / "no-pooler", pooler=False)
    tiny_llama(folder / "tiny-llama")
    return folder


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Service]:
    """One node for all tests that do not kill it."""
    with running(tmp_path_factory.mktemp("node") / "data", models, "--max-file", "4") as service:
        yield service
