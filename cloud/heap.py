"""Keeps Python's garbage collection from stopping the cloud.

A full collection looks at everything that was ever imported and built, some 130 000 objects. That took 80 to
100 ms every hundred requests or so (measured on two cores that others shared), and nobody is answered meanwhile.
What is there when the cloud has started stays until it ends: set apart, it is looked at no more. To look through it
once more before that took as long, and found nothing.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def set_apart() -> Iterator[None]:
    """What is there now, while the block runs; enter it when everything has started."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
