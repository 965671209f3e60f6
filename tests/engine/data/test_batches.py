import numpy as np
import pytest

from engine.data.batches import BatchStream


def test_every_epoch_is_a_permutation_and_every_batch_is_full():
    stream = BatchStream(seed=0, images=50, batch_size=16)
    batches = [stream.indices(step) for step in range(1, 26)]
    assert {len(batch) for batch in batches} == {16}
    for epoch in np.concatenate(batches).reshape(-1, 50):
        assert sorted(epoch) == list(range(50))


def test_a_batch_is_a_function_of_seed_and_step_alone():
    forwards = BatchStream(3, 50, 16)
    in_order = {step: forwards.indices(step).copy() for step in range(1, 40)}
    jumping = BatchStream(3, 50, 16)
    for step in (39, 1, 20, 2, 38):
        assert np.array_equal(jumping.indices(step), in_order[step])
    assert not np.array_equal(BatchStream(4, 50, 16).indices(1), in_order[1])


def test_epochs_differ():
    stream = BatchStream(0, 64, 64)
    assert not np.array_equal(stream.indices(1), stream.indices(2))


def test_batches_may_be_larger_than_the_set():
    batch = BatchStream(0, 10, 25).indices(1)
    assert np.array_equal(np.bincount(batch[:20]), np.full(10, 2))


def test_the_stream_never_changes_between_versions():
    """Races recorded earlier must stay comparable: these are the first draws of seed 0."""
    assert BatchStream(0, 20_000, 128).indices(1)[:4].tolist() == [2882, 9406, 6741, 11822]
    assert BatchStream(0, 20_000, 128).indices(200)[:4].tolist() == [5964, 13405, 18876, 3157]


@pytest.mark.parametrize("batch_size", [7, 16, 50])
def test_concatenation_does_not_depend_on_batch_size(batch_size):
    whole = BatchStream(1, 50, 350).indices(1)
    stream = BatchStream(1, 50, batch_size)
    pieces = np.concatenate([stream.indices(step) for step in range(1, 350 // batch_size + 1)])
    assert np.array_equal(pieces, whole[: len(pieces)])
