"""`/v1/files`."""

from __future__ import annotations

from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from ..problems import bad_request
from ..serving.adapter_upload import keep_uploaded
from ..store.files import PURPOSES, Upload, delete_file, find_file, path_of, read_parts
from .context import Context, context_of
from .lists import page

router = APIRouter()


def file_object(row: Any) -> dict[str, Any]:
    """As the protocol has it, with the hash, so that a client can check what lies here."""
    return {
        "id": row["id"],
        "object": "file",
        "bytes": row["bytes"],
        "created_at": int(row["created_at"]),
        "filename": row["filename"],
        "purpose": row["purpose"],
        "status": "processed",
        "sha256": row["sha256"],
    }


@router.post("/v1/files")
async def upload(request: Request) -> dict[str, Any]:
    """Streams a file to disk. Purpose `fine-tune`: JSONL; `adapter`: a PEFT folder as a zip, checked and served."""
    context: Context = context_of(request)
    incoming = await anyio.to_thread.run_sync(Upload, context.settings)
    try:
        form = await read_form_of(request, incoming)
        purpose = form.fields.get("purpose", "")
        if purpose not in PURPOSES[::2]:
            raise bad_request("invalid_purpose", "'purpose' has to be fine-tune or adapter.", "purpose")
        name = form.filename or "file"
        row = await anyio.to_thread.run_sync(incoming.keep, context.database, name, purpose)
    except BaseException:
        incoming.discard()
        raise
    if purpose == "adapter":
        return await anyio.to_thread.run_sync(add_adapter, context, row)
    return file_object(row)


async def read_form_of(request: Request, incoming: Upload) -> Any:
    """Imported late: the parser is needed here alone."""
    from .multipart import read_form

    return await read_form(request, incoming)


def add_adapter(context: Context, row: dict[str, Any]) -> dict[str, Any]:
    """Makes a model of an uploaded adapter; a zip that is none leaves nothing behind."""
    try:
        name = keep_uploaded(context.settings, context.database, row)
    except BaseException:
        delete_file(context.settings, context.database, row["id"])
        raise
    return {**file_object(row), "model": name}


@router.get("/v1/files")
def list_files(request: Request, purpose: str | None = None, limit: int = 100, after: str | None = None) -> Any:
    """Newest first."""
    rows = context_of(request).database.all(
        "SELECT * FROM files WHERE ?1 IS NULL OR purpose = ?1 ORDER BY created_at DESC, id", purpose
    )
    return page([file_object(row) for row in rows], limit, after)


@router.get("/v1/files/{file_id}")
def retrieve_file(request: Request, file_id: str) -> dict[str, Any]:
    """What is known of a file."""
    return file_object(find_file(context_of(request).database, file_id))


@router.get("/v1/files/{file_id}/content")
def file_content(request: Request, file_id: str) -> StreamingResponse:
    """Its bytes."""
    context = context_of(request)
    row = find_file(context.database, file_id)
    headers = {"content-length": str(row["bytes"]), "content-disposition": "attachment"}
    parts = read_parts(path_of(context.settings, row))
    return StreamingResponse(parts, media_type="application/octet-stream", headers=headers)


@router.delete("/v1/files/{file_id}")
def remove_file(request: Request, file_id: str) -> dict[str, Any]:
    """Removes it from the disk; asked for again, it is not found."""
    context = context_of(request)
    delete_file(context.settings, context.database, file_id)
    return {"id": file_id, "object": "file", "deleted": True}
