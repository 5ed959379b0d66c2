"""What the terminal shows at the start: a link that pairs, also as a code that a camera reads."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
import zxingcpp

from attune_companion.announcing import announce
from attune_companion.cli import address_of
from attune_companion.settings import Settings

TOKEN = "t" * 43
BLOCKS = {"█": (1, 1), "▀": (1, 0), "▄": (0, 1), " ": (0, 0)}
SCALE = 4


def settings(tmp_path: Path, page: str = "https://attune.example.lan", host: str = "gpu.example.lan") -> Settings:
    return Settings(tmp_path, (), host="0.0.0.0", origins=(page,), hosts=(host,))


def shown(settings: Settings, code: str, capsys: pytest.CaptureFixture[str]) -> str:
    announce(settings, TOKEN, address_of(settings, 8700, True), "AB:CD", code)
    return capsys.readouterr().out


def read(text: str) -> str | None:
    """What a camera would read: each character is two modules above each other, light where it is filled."""
    lines = re.sub(r"\x1b\[[\d;]*m", "", text).splitlines()
    halves = [[BLOCKS[letter] for letter in line] for line in lines if line and set(line) <= set(BLOCKS)]
    if not halves:
        return None
    light = np.array(halves, np.uint8).transpose(0, 2, 1).reshape(2 * len(halves), -1)
    found = zxingcpp.read_barcode(np.kron(light * 255, np.ones((SCALE, SCALE), np.uint8)))
    return found.text if found else None


def test_the_code_reads_as_the_link_beside_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(settings(tmp_path), "always", capsys)
    link = re.search(r"Pairing: (\S+)", text)
    assert link is not None
    assert "companion=https%3A%2F%2Fgpu.example.lan%3A8700&token=ttt" in link[1]
    assert read(text) == link[1]


@pytest.mark.parametrize(
    ("terminal", "page", "host", "drawn"),
    [
        (True, "https://attune.example.lan", "gpu.example.lan", True),
        (False, "https://attune.example.lan", "gpu.example.lan", False),
        (True, "http://localhost:4173", "gpu.example.lan", False),
        (True, "https://attune.example.lan", "127.0.0.1", False),
    ],
    ids=["terminal", "log", "page on loopback", "node on loopback"],
)
def test_it_is_drawn_where_another_device_can_use_it(
    terminal: bool,
    page: str,
    host: str,
    drawn: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    assert (read(shown(settings(tmp_path, page, host), "auto", capsys)) is not None) == drawn
    assert read(shown(settings(tmp_path, page, host), "never", capsys)) is None
