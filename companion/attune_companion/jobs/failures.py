"""What the processes of jobs make of what goes wrong in them."""

from __future__ import annotations

import resource
import traceback
from pathlib import Path

import psutil


def limit_memory(extra: int) -> None:
    """What is allocated beyond fails as an error that can be told, where the kernel would kill without a word."""
    held = psutil.Process().memory_info().data
    resource.setrlimit(resource.RLIMIT_DATA, (held + extra, held + extra))


def is_out_of_memory(error: BaseException) -> bool:
    """PyTorch says it in several ways."""
    text = str(error).lower()
    words = ("out of memory", "can't allocate memory", "cannot allocate memory", "std::bad_alloc", "bad allocation")
    return isinstance(error, MemoryError) or any(word in text for word in words)


def place_of(error: BaseException) -> str:
    """File and line. The text of an error may quote rows, so logs and answers get its kind and place alone."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"
