"""The garbage collector is set for serving, and put back afterwards."""

import gc

from app.kit.collector import YOUNG, infrequent_collection


def test_what_is_loaded_is_left_alone_while_it_serves():
    """Frozen and rarer inside; as it was before outside."""
    before = gc.get_threshold()
    with infrequent_collection():
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold() == (YOUNG, *before[1:])
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == before
