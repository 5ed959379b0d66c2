"""The one secret: who has it may use the node."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path


def read_or_make_token(data: Path) -> str:
    """The token of this node, made once and readable by its owner alone."""
    path = data / "token"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        token = path.read_text().strip()
        if len(token) >= 16:
            return token
        raise SystemExit(f"{path} holds no token. Delete the file; a new one is made at the next start.") from None
    token = secrets.token_urlsafe(32)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{token}\n")
    return token


def is_token(sent: str | None, token: str) -> bool:
    """Compares the header `Authorization` in a time that does not depend on where the two differ."""
    scheme, _, value = (sent or "").partition(" ")
    same = hmac.compare_digest(value.strip().encode("utf-8", "surrogateescape"), token.encode())
    return same and scheme.lower() == "bearer"
