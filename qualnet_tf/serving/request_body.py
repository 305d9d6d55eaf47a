"""Reads the body of a request within its limits."""

import asyncio
import zlib

from starlette.requests import Request

from qualnet_tf.serving.statuses import ServingError, invalid

_TOO_LARGE = 413
# A client that is still sending would not see the answer; so much more of its
# body is read and thrown away first.
_DRAINED = 8


async def read_body(request: Request, max_bytes: int) -> bytes:
    """Returns the whole body, inflated where it came as gzip.

    Args:
        request: Whose body was not read.
        max_bytes: At most so many, inflated.

    Raises:
        ServingError: If it is larger (413), or no gzip although it says so.
    """
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= max_bytes:
            chunks.append(chunk)
        elif size > _DRAINED * max_bytes:
            break
        else:
            chunks.clear()
    if size > max_bytes:
        raise _too_large(max_bytes)
    body = b"".join(chunks)
    if request.headers.get("content-encoding", "").lower() == "gzip":
        body = await asyncio.to_thread(_inflate, body, max_bytes)
    return body


def _inflate(body: bytes, max_bytes: int) -> bytes:
    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        found = inflater.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise invalid("Failed to uncompress gzip body") from error
    if len(found) > max_bytes:
        raise _too_large(max_bytes)
    if not inflater.eof:
        raise invalid("Failed to uncompress gzip body")
    return found


def _too_large(max_bytes: int) -> ServingError:
    return ServingError(
        "INVALID_ARGUMENT",
        f"request body: expected at most {max_bytes / 1e6:g} MB, received "
        "more; send fewer pictures at a time",
        _TOO_LARGE,
    )
