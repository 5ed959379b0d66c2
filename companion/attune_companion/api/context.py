"""What every endpoint works with."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from ..jobs.supervisor import Supervisor
from ..settings import Settings
from ..store.database import Database


@dataclass(frozen=True)
class Context:
    """One per service."""

    settings: Settings
    database: Database
    supervisor: Supervisor


def context_of(request: Request) -> Context:
    """The service's context."""
    context = request.app.state.context
    assert isinstance(context, Context)
    return context
