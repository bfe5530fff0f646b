"""A server on this machine that answers as the tests tell it to, and IDX files to serve."""

import gzip
import hashlib
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest


class Answers(BaseHTTPRequestHandler):
    """Serve ``server.files``: bytes, a status code, or ``(bytes, length promised)``."""

    timeout = 5

    def do_GET(self):
        self.server.asked.append(self.path)
        answer = self.server.files.get(self.path, 404)
        if isinstance(answer, int):
            self.send_error(answer)
            return
        body, promised = answer if isinstance(answer, tuple) else (answer, len(answer))
        self.send_response(200)
        self.send_header("Content-Length", str(promised))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Keep the test's output clean."""


@pytest.fixture
def web(monkeypatch):
    """Give ``files`` (path to answer), ``url`` and the paths ``asked`` for."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.files, server.asked = {}, []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield SimpleNamespace(
            files=server.files, asked=server.asked, url=f"http://127.0.0.1:{server.server_port}/"
        )
        server.shutdown()
        thread.join(timeout=5)


@pytest.fixture
def data(monkeypatch, tmp_path):
    """Make an empty folder the data root."""
    root = tmp_path / "data"
    root.mkdir()
    monkeypatch.setenv("LABKIT_DATA", str(root))
    return root


@pytest.fixture
def idx():
    """Give ``idx(array)``, the bytes of an IDX file of unsigned bytes."""

    def encode(array):
        array = np.asarray(array, dtype=np.uint8)
        header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
        return header + array.tobytes()

    return encode


@pytest.fixture
def mnist_files(idx):
    """Small sets in MNIST's format: 30 images to train, 10 to test, unpacked."""
    random = np.random.default_rng(0)
    files = {}
    for prefix, count in (("train", 30), ("t10k", 10)):
        files[f"{prefix}-images-idx3-ubyte"] = idx(random.integers(0, 256, (count, 28, 28)))
        files[f"{prefix}-labels-idx1-ubyte"] = idx(np.arange(count) % 10)
    return files


@pytest.fixture
def originals(monkeypatch, web, mnist_files):
    """Make torchvision believe that these small files are the originals, served by ``web``."""
    from torchvision.datasets import MNIST

    packed = {f"{name}.gz": gzip.compress(body, mtime=0) for name, body in mnist_files.items()}
    web.files.update({f"/mnist/{name}": body for name, body in packed.items()})
    monkeypatch.setattr(MNIST, "mirrors", [f"{web.url}broken/", f"{web.url}mnist/"])
    resources = [(name, hashlib.md5(body).hexdigest()) for name, body in packed.items()]
    monkeypatch.setattr(MNIST, "resources", resources)
    return packed
