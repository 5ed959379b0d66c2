"""Numbers as callers write them."""

from __future__ import annotations

import re


def natural(text: str) -> int | None:
    """
    Digits as a number, or nothing. `str.isdigit` would let '²' pass, which `int` does not read; beyond 18 digits
    SQLite has no room.
    """
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None
