"""Flags and their environment variables, without a service."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from attune_companion.cli import hold, main, parser, read_options, settings_of

LOCAL = ("http://localhost:4173", "http://127.0.0.1:4173")
PAGES = ("https://attune.example.lan", "https://other.example.lan")


def origins(*flags: str) -> tuple[str, ...]:
    return settings_of(parser().parse_args(flags)).origins


def test_pages_that_are_named_take_the_place_of_those_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert origins() == LOCAL
    assert origins("--origin", PAGES[0], "--origin", PAGES[1]) == PAGES
    monkeypatch.setenv("ATTUNE_ORIGIN", ",".join(PAGES))
    assert origins() == PAGES
    assert origins("--origin", LOCAL[0]) == LOCAL[:1]


@pytest.mark.parametrize(("value", "on"), [("1", True), ("true", True), ("0", False), ("false", False), ("", False)])
def test_a_switch_can_be_set_and_not_by_the_environment(value: str, on: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_TLS_SELF_MADE", value)
    assert read_options([]).tls_self_made is on
    assert read_options(["--tls-self-made"]).tls_self_made


@pytest.mark.parametrize(
    ("flags", "environment", "reason"),
    [
        ([], {"ATTUNE_PORT": "many"}, "--port: invalid int value: 'many'"),
        (["--tls-certificate", __file__], {}, "go together"),
        (["--tls-key", __file__], {}, "go together"),
        (["--tls-key", __file__, "--tls-certificate", "/nowhere.pem"], {}, "there is no file /nowhere.pem"),
        (["--ray-replicas", "2"], {}, "needs a cluster"),
        (["--ray-replicas", "2", "--ray", "http://127.0.0.1:8265"], {}, "needs a cluster"),
    ],
)
def test_what_does_not_fit_is_said_in_a_line(
    flags: list[str],
    environment: dict[str, str],
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        read_options(flags)
    assert reason in capsys.readouterr().err


def test_a_folder_is_of_one_node_at_a_time(tmp_path: Path) -> None:
    with hold(tmp_path), pytest.raises(SystemExit, match="--data"):
        hold(tmp_path)
    hold(tmp_path).close()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SystemExit, match=f"port {port}.*--port"):
            main(["--data", str(tmp_path / "data"), "--port", str(port)])
