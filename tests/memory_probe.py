"""Live bytes of this process's allocator, watched while a function runs.

glibc's own account (`mallinfo2`), which TensorFlow's and JAX's CPU allocators
and oneDNN's scratch memory all end in; read every half millisecond by a thread.
What the allocator keeps for later is not in it, so it needs no fresh process.

On CPUs for which TensorFlow turns its oneDNN kernels on, it keeps tensors in a
pool of its own, which hides them; the environment variable
`TF_ENABLE_ONEDNN_OPTS=0` turns both off before TensorFlow is imported.
"""

import ctypes
import threading
import time

from keras import ops

_PROBE_BYTES = 2**23


class _MallInfo2(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        )
    ]


def _load_mallinfo2():
    try:
        function = ctypes.CDLL("libc.so.6").mallinfo2
    except (OSError, AttributeError) as error:
        raise ValueError(
            "expected a Linux with glibc 2.33 or newer, which counts live "
            "bytes; run this benchmark there"
        ) from error
    function.restype = _MallInfo2
    return function


class LiveBytes:
    """Reads and watches the bytes that are allocated and not yet freed."""

    def __init__(self):
        self._mallinfo2 = _load_mallinfo2()
        start = self.now()
        seen = ops.zeros((_PROBE_BYTES // 4,), "float32")
        # Half of it: other threads may free something meanwhile.
        if self.now() - start < _PROBE_BYTES / 2:
            raise ValueError(
                "expected tensors in glibc's memory, received a pool that "
                "hides them; set TF_ENABLE_ONEDNN_OPTS=0"
            )
        del seen

    def now(self) -> int:
        """Returns the live bytes of this moment."""
        info = self._mallinfo2()
        return info.uordblks + info.hblkhd

    def peak_over_start(self, function) -> int:
        """Returns the most bytes live during a call, over those before it.

        Args:
            function: Called once, without arguments.
        """
        start = peak = self.now()
        finished = threading.Event()

        def watch():
            nonlocal peak
            while not finished.is_set():
                peak = max(peak, self.now())
                time.sleep(0.0005)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            function()
        finally:
            finished.set()
            watcher.join()
        return max(peak, self.now()) - start
