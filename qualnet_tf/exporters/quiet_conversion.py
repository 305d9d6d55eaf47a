"""Keeps to itself what a converter's C++ code writes."""

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_conversion() -> Iterator[None]:
    """Holds back warnings and standard error, which no log level silences.

    They are shown when the body fails, unless with a ValueError, which says
    what to do by itself. Whatever else the process writes to standard error
    in the meantime is held back as well.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as notes, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        standard_error = os.dup(2)
        os.dup2(notes.fileno(), 2)
        try:
            yield
        except ValueError:
            raise
        except BaseException:
            sys.stderr.flush()
            notes.seek(0)
            os.write(standard_error, notes.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(standard_error, 2)
            os.close(standard_error)
