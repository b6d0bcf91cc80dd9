"""The garbage collector while the service serves: only objects of requests, and rarely."""

import gc
from collections.abc import Generator
from contextlib import contextmanager

# New objects that trigger a collection of the youngest generation. Python's default is 700, which
# thirty concurrent requests exceed again and again.
YOUNG_THRESHOLD = 10_000


@contextmanager
def infrequent_collection() -> Generator[None]:
    """Exclude everything loaded so far from collections, and collect new objects less often."""
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_THRESHOLD, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
