"""`/v1/models`, with adapters to be downloaded and deleted."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from ..problems import Problem
from ..serving.catalogue import BaseModel, list_models, sha256_of
from ..store.adapters import delete_adapter, find_adapter, folder_of, zip_parts
from .context import Context, context_of

router = APIRouter()


def base_object(context: Context, model: BaseModel) -> dict[str, Any]:
    """With role and hash of the weights, which an adapter has to fit."""
    return {
        "id": model.id,
        "object": "model",
        "created": int(model.created_at),
        "owned_by": "local",
        "role": model.role,
        "format": model.format,
        "bytes": model.bytes,
        "sha256": sha256_of(model, context.settings),
        "base": None,
    }


def adapter_object(row: Any) -> dict[str, Any]:
    """A tuned model."""
    return {
        "id": row["name"],
        "object": "model",
        "created": int(row["created_at"]),
        "owned_by": "local",
        "role": row["role"],
        "bytes": row["bytes"],
        "base": row["base"],
        "base_sha256": row["base_sha256"],
        "job": row["job"],
    }


@router.get("/v1/models")
def models(request: Request) -> dict[str, Any]:
    """Bases and adapters."""
    context = context_of(request)
    adapters = context.database.all("SELECT * FROM adapters ORDER BY created_at DESC")
    bases = [base_object(context, model) for model in list_models(context.settings).values()]
    return {"object": "list", "data": [*bases, *map(adapter_object, adapters)]}


@router.get("/v1/models/{name:path}/adapter")
def adapter_zip(request: Request, name: str) -> StreamingResponse:
    """The adapter as a zip of a PEFT folder, with its card `attune.json`."""
    context = context_of(request)
    folder, _, _ = folder_of(context.settings, context.database, name)
    headers = {"content-disposition": 'attachment; filename="adapter.zip"'}
    return StreamingResponse(zip_parts(folder), media_type="application/zip", headers=headers)


@router.get("/v1/models/{name:path}")
def model(request: Request, name: str) -> dict[str, Any]:
    """One of them."""
    context = context_of(request)
    base = list_models(context.settings).get(name)
    return base_object(context, base) if base else adapter_object(find_adapter(context.database, name))


@router.delete("/v1/models/{name:path}")
def remove_model(request: Request, name: str) -> dict[str, Any]:
    """Deletes an adapter with its checkpoints. Base models are files of the machine's owner and stay."""
    context = context_of(request)
    if name in list_models(context.settings):
        raise Problem(403, "base_model", "Base models are deleted on the node itself.", "model")
    delete_adapter(context.settings, context.database, name)
    return {"id": name, "object": "model", "deleted": True}
