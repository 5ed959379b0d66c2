"""Multipart uploads, streamed: the file goes to disk as it comes and is never whole in memory."""

from __future__ import annotations

from typing import Any

import anyio.to_thread
from fastapi import Request
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from ..problems import bad_request
from ..store.files import Upload

LONGEST_FIELD = 4096
MOST_PARTS = 20


class FormReader:
    """Collects small fields; the bytes of the part `file` are handed on."""

    def __init__(self, boundary: bytes, upload: Upload) -> None:
        self.fields: dict[str, str] = {}
        self.filename: str | None = None
        self._upload = upload
        self._name = ""
        self._is_file = False
        self._value = bytearray()
        self._header = (bytearray(), bytearray())
        self._parts = 0
        callbacks: Any = {
            "on_part_begin": self._part_begin,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._header_end,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }
        self._parser = MultipartParser(boundary, callbacks)
        self.ended = False

    def write(self, part: bytes) -> None:
        """Takes the next bytes of the body."""
        self._parser.write(part)

    def _part_begin(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise bad_request("invalid_form", "The form has too many parts.")
        self._name, self._is_file, self._value, self._header = "", False, bytearray(), (bytearray(), bytearray())

    def _header_end(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            _, options = parse_options_header(bytes(value))
            self._name = options.get(b"name", b"").decode("utf-8", "replace")
            if b"filename" in options or self._name == "file":
                if self.filename is not None or self._name != "file":
                    raise bad_request("invalid_form", "The form has to hold one file, in the field 'file'.", "file")
                self._is_file = True
                self.filename = options.get(b"filename", b"file").decode("utf-8", "replace")
        self._header = (bytearray(), bytearray())

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._upload.write(data[start:end])
            return
        self._value += data[start:end]
        if len(self._value) > LONGEST_FIELD:
            raise bad_request("invalid_form", f"A field is longer than {LONGEST_FIELD} bytes.", self._name[:100])

    def _part_end(self) -> None:
        if not self._is_file:
            self.fields[self._name[:100]] = self._value.decode("utf-8", "replace")

    def _end(self) -> None:
        self.ended = True


async def read_form(request: Request, upload: Upload) -> FormReader:
    """Reads the body into `upload`. Raises a problem unless it is a form with one file, complete."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise bad_request("invalid_form", "Send the file as multipart/form-data.")
    reader = FormReader(options[b"boundary"], upload)
    try:
        async for part in request.stream():
            if part:
                # Disks are slow: other requests go on meanwhile.
                await anyio.to_thread.run_sync(reader.write, part)
    except MultipartParseError:
        raise bad_request("invalid_form", "The form is malformed.") from None
    if not reader.ended or reader.filename is None:
        raise bad_request("invalid_form", "The form is incomplete, or has no file.", "file")
    return reader
