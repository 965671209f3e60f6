"""The table of image files against pillow's own, and what is left out."""

import os

from PIL import Image

from engine.data.files.image_files import BY_SUFFIX, FORMATS, REFUSED, LeftOut, files_below, is_image, is_system
from engine.paths import PROJECT
from tests.engine.data.pictures import put


def test_every_suffix_that_pillow_reads_is_taken_or_refused():
    Image.init()
    for suffix, name in Image.registered_extensions().items():
        if name in Image.OPEN:
            taken = name in FORMATS or BY_SUFFIX.get(suffix) == name
            assert taken != (name in REFUSED), (suffix, name)
            assert is_image(f"x{suffix}") is taken, suffix


def test_every_format_that_pillow_reads_is_taken_or_refused_and_the_document_names_those_without_an_ending():
    Image.init()
    assert {*FORMATS, *BY_SUFFIX.values(), *REFUSED} >= Image.OPEN.keys()
    page = (PROJECT / "assets/docs/data.md").read_text(encoding="utf-8")
    endings = {name for name in Image.registered_extensions().values()}
    named = [name for name in REFUSED if name in Image.OPEN and name not in endings]
    assert named
    assert [name for name in named if name not in page.replace("XV thumbnails", "XVTHUMB")] == []
    only = [line for line in page.split("\n- ") if line.startswith("**Columns of Parquet**")]
    assert [name for name in {*BY_SUFFIX.values()} if name not in only[0]] == []


def test_decoders_that_start_programs_are_never_tried():
    assert not {"EPS", "WMF"} & {*FORMATS, *BY_SUFFIX.values()}


def test_files_of_systems_are_known_in_any_case():
    for name in ("@eaDir", "__MACOSX", "lost+found", "$RECYCLE.BIN", ".ipynb_checkpoints", "Thumbs.db", "._x.png"):
        assert is_system(name)
        assert is_system(name.upper())
    assert not any(map(is_system, ("cats", "lost", "found", "@home", "$100", "thumbs")))


def test_what_is_left_out_is_counted_and_named():
    left_out = LeftOut()
    for i in range(5):
        left_out.add_file(f"{i}.dcm")
        left_out.add("images in other folders", f"f{i}", 10)
    left_out.add_file("LICENSE")
    left_out.add_file("a\nb.x\ny")
    assert left_out.lines() == (
        "7 files that are no images (.dcm, LICENSE, .x?y)", "50 images in other folders (f0, f1, f2, ...)",
    )  # fmt: skip
    assert LeftOut().lines() == ()


def test_a_folder_of_a_system_counts_by_its_files_and_need_not_be_readable(tmp_path):
    put(tmp_path / "@eaDir" / "a.png" / "thumb.jpg", b"")
    put(tmp_path / "@eaDir" / "b.txt", b"")
    (tmp_path / "@eaDir" / "loop").symlink_to(tmp_path)
    assert files_below(tmp_path / "@eaDir", only_images=True) == 1
    assert files_below(tmp_path / "nothing") == 0
    left_out = LeftOut()
    with os.scandir(tmp_path) as entries:
        for entry in entries:
            left_out.add_entry(entry)
    assert left_out.lines() == ("2 files of the system (@eaDir)",)
