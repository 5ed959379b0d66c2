"""`attune-companion`: starts the service and says how to reach it."""

from __future__ import annotations

import argparse
import fcntl
import ipaddress
import logging
import os
import socket
from pathlib import Path
from typing import IO, Any

import uvicorn

from . import __version__
from .announcing import WHEN, announce
from .security.connections import PromptProtocol
from .security.tls import fingerprint, self_made_certificate
from .security.token import read_or_make_token
from .settings import MIB, Settings, is_dashboard
from .store.place import settle
from .watching.logs import set_up_logs

OFF = ("", "0", "false", "no", "off")


class Several(argparse.Action):
    """May be given again. What is given replaces the default, which argparse's own `append` would only add to."""

    def __call__(
        self, parser: Any, namespace: argparse.Namespace, values: Any, option_string: str | None = None
    ) -> None:
        before = getattr(namespace, self.dest)
        setattr(namespace, self.dest, [values] if before is self.default else [*before, values])


def parser() -> argparse.ArgumentParser:
    """All flags; each has an environment variable `ATTUNE_…` for containers."""
    made = argparse.ArgumentParser(prog="attune-companion", description=__doc__)

    def flag(name: str, default: Any, help: str, **more: Any) -> None:
        variable = f"ATTUNE_{name.upper().replace('-', '_')}"
        found = os.environ.get(variable)
        if more.get("action") is Several:
            default = found.split(",") if found else default
        elif more.get("action") == "store_true":
            default = found.lower() not in OFF if found is not None else default
        elif found is not None:
            # As text: argparse reads it as it reads the flag, and says what is wrong with it.
            default = found
        made.add_argument(f"--{name}", default=default, help=help, **more)

    home = Path.home() / ".local/share/attune-companion"
    flag("data", home, "folder of files and adapters; shared between Ray nodes", type=Path)
    flag("state", None, "folder of the database, on a disk of this machine; if not named: that of --data", type=Path)
    flag("models", [], "folder that holds one folder per base model; may be given again", action=Several)
    flag("host", "127.0.0.1", "address to listen on; anything but loopback should have TLS")
    flag("port", 8700, "port; 0 takes a free one", type=int)
    flag("origin", ["http://localhost:4173", "http://127.0.0.1:4173"], "page that may call", action=Several)
    flag("host-name", [], "name under which the node is addressed from elsewhere", action=Several)
    flag("tls-certificate", None, "PEM file", type=Path)
    flag("tls-key", None, "PEM file", type=Path)
    flag("tls-self-made", False, "makes a certificate and shows its fingerprint", action="store_true")
    flag("max-file", 512, "largest upload in MiB", type=int)
    flag("reserve", 256, "disk space in MiB that stays free", type=int)
    flag("queue", 100, "jobs that may wait", type=int)
    flag("job-memory", 0, "most memory of a job in MiB; 0: no limit of its own", type=int)
    flag("requests-per-second", 200.0, "of one address", type=float)
    flag("ray", "", "auto, HOST:PORT or local: jobs run on a Ray cluster; http://HOST:8265: their drivers as well")
    flag("ray-workers", 1, "processes (GPUs) per job on the cluster", type=int)
    flag("ray-shard", False, "spreads an answer model over a job's workers, for one GPU too large", action="store_true")
    flag("ray-replicas", 0, "processes (GPUs) of the cluster that answer with models; 0: this machine does", type=int)
    flag("qr", "auto", "the pairing link as a code: auto draws it where another device can use it", choices=WHEN)
    made.add_argument("--version", action="version", version=__version__)
    return made


def settings_of(options: argparse.Namespace) -> Settings:
    """Flags as settings."""
    return Settings(
        data=options.data.absolute(),
        own=options.state.absolute() if options.state else None,
        models=tuple(Path(folder).absolute() for folder in options.models),
        host=options.host,
        port=options.port,
        origins=tuple(options.origin),
        hosts=tuple(options.host_name),
        max_file=options.max_file * MIB,
        reserve=options.reserve * MIB,
        queue=options.queue,
        job_memory=options.job_memory * MIB,
        requests_per_second=options.requests_per_second,
        ray=options.ray,
        ray_workers=options.ray_workers,
        ray_shard=options.ray_shard,
        ray_replicas=options.ray_replicas,
    )


def main(arguments: list[str] | None = None) -> None:
    """Runs until it is stopped."""
    options = read_options(arguments)
    settings = settings_of(options)
    set_up_logs()
    settings.make_folders()
    held = hold(settings.data)
    settle(settings)
    token = read_or_make_token(settings.data)
    tls: dict[str, Any] = {}
    certificate = options.tls_certificate
    if options.tls_self_made:
        names = tuple(dict.fromkeys(["localhost", "127.0.0.1", "::1", *settings.hosts, *own_address(settings.host)]))
        certificate, key = self_made_certificate(settings.data, names)
        tls = {"ssl_certfile": str(certificate), "ssl_keyfile": str(key)}
    elif options.tls_certificate:
        tls = {"ssl_certfile": str(options.tls_certificate), "ssl_keyfile": str(options.tls_key)}
    # Bound before it is announced: the printed port is the one that is listened on.
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except (OSError, OverflowError) as error:
        raise SystemExit(cannot_listen(settings, error)) from None
    url = address_of(settings, listener.getsockname()[1], certificate is not None)
    announce(settings, token, url, fingerprint(certificate) if certificate else None, options.qr)

    from .app import create_app

    config = uvicorn.Config(
        create_app(settings, token),
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=1000,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=64 * 1024,
        http=PromptProtocol,
        ws="none",
        proxy_headers=False,
        **tls,
    )
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    with held:
        uvicorn.Server(config).run(sockets=[listener])


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    """Flags that go together; others end the program with the reason."""
    made = parser()
    options = made.parse_args(arguments)
    if options.ray_replicas and (options.ray in ("", "local") or is_dashboard(options.ray)):
        made.error("--ray-replicas needs a cluster that this machine belongs to: --ray auto or HOST:PORT")
    if (options.tls_certificate is None) != (options.tls_key is None):
        made.error("--tls-certificate and --tls-key go together: name both files")
    for path in filter(None, (options.tls_certificate, options.tls_key)):
        if not path.is_file():
            made.error(f"there is no file {path}")
    return options


def hold(data: Path) -> IO[bytes]:
    """Two nodes on one folder would take each other's jobs for their own. The lock ends with the process."""
    lock = (data / "lock").open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise SystemExit(
            f"A node that runs uses {data} already. Stop it, or choose another folder by --data."
        ) from None
    return lock


def cannot_listen(settings: Settings, error: Exception) -> str:
    """What to do about it."""
    reason = error.strerror if isinstance(error, OSError) else str(error)
    where = f"{settings.host} port {settings.port}"
    return (
        f"Cannot listen on {where}: {reason}. Does a node run there already? Choose another --port, 0 takes a free one."
    )


def own_address(host: str) -> list[str]:
    """The address that is listened on, where it is one of its own."""
    try:
        return [] if ipaddress.ip_address(host).is_unspecified else [host]
    except ValueError:
        return [host]


def address_of(settings: Settings, port: int, encrypted: bool) -> str:
    """Where the node is reached, by the name that its owner gave it."""
    host = settings.hosts[0] if settings.hosts else settings.host
    host = "localhost" if host in ("0.0.0.0", "::") else host
    return f"{'https' if encrypted else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
