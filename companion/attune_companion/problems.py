"""Errors as the protocol reports them: `{"error": {"message", "type", "param", "code"}}` with a status."""

from __future__ import annotations

import errno
from typing import Any


class Problem(Exception):
    """Something that the caller is told: what happened, to which thing, and the way out."""

    def __init__(self, status: int, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param

    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        return {"error": {"message": self.message, "type": kind(self.status), "param": self.param, "code": self.code}}

    def __reduce__(self) -> tuple[Any, ...]:
        return (Problem, (self.status, self.code, self.message, self.param))


def kind(status: int) -> str:
    """OpenAI's name of a class of errors."""
    names = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
    return names.get(status, "server_error" if status >= 500 else "invalid_request_error")


def bad_request(code: str, message: str, param: str | None = None) -> Problem:
    """400."""
    return Problem(400, code, message, param)


def not_found(what: str, name: str) -> Problem:
    """404; the name is cut, since a caller may send anything."""
    return Problem(404, f"{what}_not_found", f"There is no {what} '{name[:100]}'. List what there is and choose one.")


def disk_full() -> Problem:
    """507."""
    return Problem(507, "disk_full", "The node's disk is full. Delete files and adapters, or give it more space.")


def of_os_error(error: OSError) -> Problem | None:
    """The problem behind an error of the system, where it has a way out."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return disk_full()
    return None
