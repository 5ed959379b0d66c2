"""What the owner's terminal is told at the start: where the node is, its token, and a link and a code to pair by."""

from __future__ import annotations

import io
import ipaddress
import sys
from urllib.parse import quote, urlsplit

import segno

from . import __version__
from .settings import Settings

WHITE_ON_BLACK, PLAIN = "\x1b[97;40m", "\x1b[0m"
WHEN = ("auto", "always", "never")


def announce(settings: Settings, token: str, url: str, fingerprint: str | None, code: str) -> None:
    """`code`: one of `WHEN`; 'auto' draws one where another device could use it and somebody may look at it."""
    print(f"Attune companion {__version__} at {url}")
    print(f"Token: {token}")
    if settings.origins:
        link = pairing_link(settings.origins[0], url, token)
        print(f"Pairing: {link}")
        if code == "always" or (code == "auto" and sys.stdout.isatty() and is_elsewhere(url, settings.origins[0])):
            print(drawn(link))
    if fingerprint:
        print(f"Fingerprint (SHA-256): {fingerprint}")
    print("", flush=True)


def pairing_link(origin: str, url: str, token: str) -> str:
    """Opens the app with its form filled in. Behind the '#', so that no server of the page ever sees the token."""
    return f"{origin}/#/settings?companion={quote(url, safe='')}&token={token}"


def drawn(text: str) -> str:
    """A QR code of half blocks, in colours of its own: on a light terminal its dark and light would be swapped."""
    out = io.StringIO()
    segno.make(text, micro=False, error="m").terminal(out, border=4, compact=True)
    return "\n".join(f"{WHITE_ON_BLACK}{line}{PLAIN}" for line in out.getvalue().splitlines())


def is_elsewhere(*addresses: str) -> bool:
    """Whether a device that scans it gets to all of them: a loopback address would lead it to itself."""
    return not any(is_loopback(urlsplit(address).hostname or "") for address in addresses)


def is_loopback(host: str) -> bool:
    """By name or number."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
