"""What can be wrong with a request, by TensorFlow's status codes."""

import re

import tensorflow as tf

# TensorFlow Serving's translation of its codes to HTTP's.
HTTP_STATUS = {
    "OK": 200,
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "INTERNAL": 500,
    "UNKNOWN": 500,
    "DATA_LOSS": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
_CODES = {
    1: "CANCELLED",
    2: "UNKNOWN",
    3: "INVALID_ARGUMENT",
    4: "DEADLINE_EXCEEDED",
    5: "NOT_FOUND",
    6: "ALREADY_EXISTS",
    7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED",
    9: "FAILED_PRECONDITION",
    10: "ABORTED",
    11: "OUT_OF_RANGE",
    12: "UNIMPLEMENTED",
    13: "INTERNAL",
    14: "UNAVAILABLE",
    15: "DATA_LOSS",
    16: "UNAUTHENTICATED",
}


class ServingError(Exception):
    """A request that is answered with an error.

    Args:
        code: A key of `HTTP_STATUS`.
        message: One line for the caller.
        http_status: Where it is not that of the code.
    """

    def __init__(self, code: str, message: str, http_status: int = 0):
        super().__init__(message)
        self.code = code
        self.message = message
        self.http_status = http_status or HTTP_STATUS[code]


def invalid(message: str) -> ServingError:
    """Returns the error of a request that is the caller's mistake."""
    return ServingError("INVALID_ARGUMENT", message)


def from_tensorflow(error: tf.errors.OpError) -> ServingError:
    """Returns the error that a graph's failure is answered with.

    Names of nodes and functions are left out: they say nothing to a caller.
    """
    text = re.sub(r"\{\{.*?\}\}|\[\[.*?\]\]", "", error.message or "")
    text = text.removeprefix("Graph execution error:")
    text = text.split("\nOriginal stack trace")[0].split("\n\t")[0]
    asserted = re.search(r"assertion failed: (.*)", text, re.DOTALL)
    if asserted:
        # A check in the graph prints its parts as [text] [number] [number].
        text = " ".join(re.findall(r"\[(.*?)\]", asserted[1]))
    code = _CODES.get(error.error_code, "UNKNOWN")
    return ServingError(code, " ".join(text.split()) or "the graph failed")
