"""The garbage collector is configured for serving, and restored afterwards."""

import gc

from app.server.collector import YOUNG_THRESHOLD, infrequent_collection


def test_loaded_objects_are_frozen_while_serving():
    """Collections are rarer inside the block; afterwards everything is as before."""
    before = gc.get_threshold()
    with infrequent_collection():
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold() == (YOUNG_THRESHOLD, *before[1:])
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == before
