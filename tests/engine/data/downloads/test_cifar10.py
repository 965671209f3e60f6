import hashlib
import http.server
import io
import pickle
import tarfile
import threading
import time
import urllib.error
from dataclasses import replace

import numpy as np
import pytest

from engine.config import DataConfig
from engine.data.downloads import archives, cifar
from engine.data.images import load_images
from engine.data.presence import present
from engine.errors import DataError

ARCHIVE = "cifar-10-python.tar.gz"


def publish(monkeypatch, **changes) -> None:
    """Let the authors' file have another checksum or place."""
    files = (replace(cifar.CIFAR10.files[0], **changes),)
    monkeypatch.setattr(cifar, "CIFAR10", replace(cifar.CIFAR10, files=files))


def member(archive: tarfile.TarFile, name: str, content: object) -> str:
    data = pickle.dumps(content, protocol=2)
    info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))
    return hashlib.md5(data).hexdigest()


@pytest.fixture
def archive(monkeypatch) -> bytes:
    """A file of the authors' format with 30 images instead of 60,000; torchvision expects its checksums."""
    from torchvision.datasets import CIFAR10

    content = io.BytesIO()
    generator = np.random.default_rng(0)
    with tarfile.open(fileobj=content, mode="w:gz") as file:
        names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
        batch = lambda: {"data": generator.integers(0, 256, (5, 3072), dtype=np.uint8), "labels": [0, 1, 2, 3, 9]}  # noqa: E731
        sums = [[name, member(file, name, batch())] for name in names]
        meta = member(file, "batches.meta", {"label_names": list("abcdefghij")})
    md5 = hashlib.md5(content.getvalue()).hexdigest()
    monkeypatch.setattr(CIFAR10, "train_list", sums[:5])
    monkeypatch.setattr(CIFAR10, "test_list", sums[5:])
    monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": meta})
    monkeypatch.setattr(CIFAR10, "tgz_md5", md5)
    publish(monkeypatch, md5=md5)
    return content.getvalue()


@pytest.fixture
def serve(monkeypatch):
    """Serve bytes as the authors' site would; ``stall`` seconds pass after the first half."""
    servers = []

    def start(content: bytes, stall: float = 0.0):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2])
                self.wfile.flush()
                if stall:
                    time.sleep(stall)
                    return
                self.wfile.write(content[len(content) // 2 :])

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        publish(monkeypatch, url=f"http://127.0.0.1:{server.server_port}/{ARCHIVE}")

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def left(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_archive_put_there_by_hand(archive, tmp_path):
    (tmp_path / ARCHIVE).write_bytes(archive)
    raw = cifar.CIFAR10.load(tmp_path, lambda text: None)
    assert raw.train_images.shape == (25, 3, 32, 32)
    assert raw.test_images.shape == (5, 3, 32, 32)
    assert raw.train_labels.tolist() == [0, 1, 2, 3, 9] * 5
    with tarfile.open(fileobj=io.BytesIO(archive)) as file:
        first = pickle.load(file.extractfile("cifar-10-batches-py/data_batch_1"))
    assert np.array_equal(raw.train_images[:5], first["data"].reshape(5, 3, 32, 32))
    assert left(tmp_path) == [ARCHIVE]


def test_download_with_progress(archive, tmp_path, serve):
    serve(archive)
    said = []
    assert len(cifar.CIFAR10.load(tmp_path, said.append).train_images) == 25
    assert any(text.startswith("downloading cifar10: 0 of") for text in said)
    assert (tmp_path / ARCHIVE).read_bytes() == archive
    assert left(tmp_path) == [ARCHIVE]


def test_offline_is_one_line_that_names_folder_and_alternative(tmp_path, monkeypatch):
    def offline(*_, **__):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(archives.urllib.request, "urlopen", offline)
    with pytest.raises(DataError) as caught:
        load_images(DataConfig(name="cifar10"), tmp_path)
    message = str(caught.value)
    assert "\n" not in message
    assert "Name or service not known" in message
    assert f"put cifar-10-python.tar.gz into {tmp_path / 'data'}" in message
    assert "fashion-mnist-mini" in message
    assert left(tmp_path / "data") == []
    assert not present("cifar10", tmp_path)


def test_a_stalled_download_is_given_up(archive, tmp_path, serve, monkeypatch):
    monkeypatch.setattr(archives, "TIMEOUT_S", 0.2)
    serve(archive, stall=0.6)
    with pytest.raises(DataError, match="could not be downloaded"):
        cifar.CIFAR10.load(tmp_path, lambda text: None)
    assert left(tmp_path) == []


def test_a_wrong_download_leaves_nothing(archive, tmp_path, serve):
    serve(archive[:-10])
    with pytest.raises(DataError, match="the download is incomplete"):
        cifar.CIFAR10.load(tmp_path, lambda text: None)
    assert left(tmp_path) == []


def test_a_damaged_archive_is_named_and_left_where_it_is(archive, tmp_path):
    path = tmp_path / "data" / ARCHIVE
    path.parent.mkdir()
    path.write_bytes(archive[:-10])
    assert present("cifar10", tmp_path)
    with pytest.raises(DataError, match="is damaged or incomplete; delete it"):
        load_images(DataConfig(name="cifar10"), tmp_path)
    assert left(tmp_path / "data") == [ARCHIVE]
