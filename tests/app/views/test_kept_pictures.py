"""Pictures that a page has replaced stay readable for a while."""

from types import SimpleNamespace
from typing import Any

import pytest
from streamlit import runtime
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileStorageError
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from app.views import kept_pictures
from app.views.kept_pictures import KEPT_S, MAX_KEPT, KeptPictures

SESSION = "dontcare"  # of Streamlit's, outside of a script


def test_a_picture_is_deleted_some_time_after_it_was_given_up() -> None:
    now, deleted = [0.0], list[str]()
    kept = KeptPictures(deleted.append, lambda: now[0])
    kept.give_up("first")
    now[0] = KEPT_S - 1
    kept.give_up("second")
    assert deleted == []
    now[0] = KEPT_S
    kept.give_up("third")
    assert deleted == ["first"]


def test_a_picture_that_is_shown_again_is_not_deleted() -> None:
    now, deleted = [0.0], list[str]()
    kept = KeptPictures(deleted.append, lambda: now[0])
    kept.give_up("first")
    kept.take_back("first")
    now[0] = 2 * KEPT_S
    kept.give_up("second")
    assert deleted == []


def test_no_more_than_some_pictures_are_kept() -> None:
    deleted = list[str]()
    kept = KeptPictures(deleted.append, lambda: 0.0)
    for number in range(MAX_KEPT + 2):
        kept.give_up(str(number))
    assert deleted == ["0", "1"]


def test_streamlit_serves_a_picture_that_a_rerun_has_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = MemoryMediaFileStorage("/media")
    manager = MediaFileManager(storage)
    server: Any = SimpleNamespace(media_file_mgr=manager)
    monkeypatch.setattr(runtime, "exists", lambda: True)
    monkeypatch.setattr(runtime, "get_instance", lambda: server)

    def rerun_without_it() -> None:
        manager.clear_session_refs(SESSION)
        manager.remove_orphaned_files()

    def shown() -> str:
        return manager.add(b"<svg/>", "image/svg+xml", "1.0").rpartition("/")[2]

    file = shown()
    rerun_without_it()
    with pytest.raises(MediaFileStorageError):
        storage.get_file(file)
    kept_pictures.keep()
    assert shown() == file
    rerun_without_it()
    assert storage.get_file(file).content == b"<svg/>"
    assert shown() == file
