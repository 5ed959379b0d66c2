"""The node's own certificate over the years."""

from __future__ import annotations

from pathlib import Path

import pytest

from attune_companion.security import tls
from attune_companion.security.tls import fingerprint, self_made_certificate

NAMES = ("localhost", "127.0.0.1", "gpu.example.lan")


def made(folder: Path, names: tuple[str, ...] = NAMES) -> str:
    return fingerprint(self_made_certificate(folder, names)[0])


def test_it_stays_the_same_as_long_as_it_is_good(tmp_path: Path) -> None:
    assert made(tmp_path) == made(tmp_path) == made(tmp_path, NAMES[:2])


def test_it_is_made_anew_for_a_new_name(tmp_path: Path) -> None:
    first, renamed = made(tmp_path), (*NAMES, "gpu.elsewhere.lan")
    assert made(tmp_path, renamed) != first
    assert made(tmp_path, renamed) == made(tmp_path)


def test_it_is_made_anew_before_it_runs_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as short:
        short.setattr(tls, "DAYS", tls.DAYS_LEFT)
        old = made(tmp_path)
    renewed = made(tmp_path)
    assert renewed != old
    assert renewed == made(tmp_path)


@pytest.mark.parametrize("name", ["certificate.pem", "key.pem"])
def test_a_half_that_does_not_fit_the_other_is_replaced_with_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "other").mkdir()
    old, _ = made(tmp_path), made(tmp_path / "other")
    (tmp_path / name).write_bytes((tmp_path / "other" / name).read_bytes())
    assert made(tmp_path) != old
