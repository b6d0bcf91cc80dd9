"""The garbage collector, while the service serves: it looks at what requests make, and rarely."""

import gc
from collections.abc import Generator
from contextlib import contextmanager

# Objects that are made and not gone yet before it looks at the young ones; Python's own is 700,
# which thirty requests at a time pass again and again.
YOUNG = 10_000


@contextmanager
def infrequent_collection() -> Generator[None]:
    """What is loaded by now stays: it is not looked at again, and the young ones less often."""
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
