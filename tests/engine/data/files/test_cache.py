import threading
import time

import pytest
from filelock import FileLock

from engine.data.files.cache import data_folder, load_decoded
from engine.data.registry import SOURCES, check_pool
from engine.errors import ConfigError


class Interrupted(Exception):
    pass


def test_whoever_waits_for_another_process_can_be_interrupted(tmp_path):
    folder = data_folder(tmp_path)
    folder.mkdir(parents=True)
    said, began = [], time.monotonic()

    def report(text):
        said.append(text)
        if len(said) == 3:
            raise Interrupted

    with FileLock(folder / ".fashion-mnist-mini.lock"):
        with pytest.raises(Interrupted):
            load_decoded("fashion-mnist-mini", 1, tmp_path, report)
        assert time.monotonic() - began < 3
    assert said == ["waiting for another process that prepares fashion-mnist-mini"] * 3


def test_waiting_ends_when_the_lock_is_free(tmp_path):
    folder = data_folder(tmp_path)
    folder.mkdir(parents=True)
    lock, said = FileLock(folder / ".fashion-mnist-mini.lock", thread_local=False), []
    lock.acquire()
    threading.Timer(0.6, lock.release).start()
    assert len(load_decoded("fashion-mnist-mini", 4, tmp_path, said.append).raw.train_images) == 20_000
    assert "waiting for another process that prepares fashion-mnist-mini" in said


@pytest.mark.parametrize(("name", "choices"), [("fashion-mnist-mini", "1, 2, 4, 7"), ("cifar10", "1, 2, 4, 8")])
def test_pools_that_are_offered_leave_four_pixels(name, choices):
    with pytest.raises(ConfigError, match=f"choose from {choices}$"):
        check_pool(SOURCES[name], 3)
    for pool in choices.split(", "):
        check_pool(SOURCES[name], int(pool))
        assert SOURCES[name].image_size // int(pool) >= 4
