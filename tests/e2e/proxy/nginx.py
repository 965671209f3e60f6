"""nginx on this machine with the settings of the document: encrypted on loopback, without a right of its own."""

import os
import re
import shutil
import socket
import subprocess
from base64 import b64encode
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path

from tests.architecture.documents import DOCS, words
from tests.e2e.pace.waiting import until

NGINX, OPENSSL = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin"), shutil.which("openssl")
NO_NGINX = "no nginx found: apt-get install nginx-light to run the tests behind a proxy"
#: Around the documented part: files of its own, one process.
FRAME = """
daemon off; master_process off; pid nginx.pid; error_log error.log;{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; scgi_temp_path s; uwsgi_temp_path u;
{server}
}}
"""


class Nginx:
    """A proxy on a port of its own, as ``assets/docs/proxy.md`` sets it up for the server on ``behind``."""

    def __init__(self, folder: Path, behind: int):
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (server,) = re.findall(r"```nginx\n(.*?)```", words(DOCS / "proxy.md"), flags=re.DOTALL)
        for documented, ours in (
            ("listen 443 ", f"listen 127.0.0.1:{self.port} "),
            ("server_name lab.example", "server_name localhost"),
            ("/etc/ssl/certs/lab.example.pem", "cert.pem"),
            ("/etc/ssl/private/lab.example.key", "key.pem"),
            ("127.0.0.1:8501", f"127.0.0.1:{behind}"),
        ):
            assert server.count(documented) == 1, documented
            server = server.replace(documented, ours)
        user = " user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(FRAME.format(server=server, user=user))
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        """Make a certificate and start; the document's settings are checked first."""
        key = [OPENSSL, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
        subprocess.run(
            [*key, "-keyout", "key.pem", "-out", "cert.pem"], cwd=self.folder, check=True, capture_output=True
        )
        command = [NGINX, "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]
        checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
        self._process = subprocess.Popen(command, cwd=self.folder, stderr=subprocess.DEVNULL)
        until(self._answers)

    def key_hash(self) -> str:
        """Return what a browser knows the certificate's key by."""
        out = subprocess.run(
            f"{OPENSSL} x509 -in cert.pem -pubkey -noout | {OPENSSL} pkey -pubin -outform der",
            cwd=self.folder, check=True, capture_output=True, shell=True,
        ).stdout  # fmt: skip
        return b64encode(sha256(out).digest()).decode()

    def _answers(self) -> bool:
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", self.port), timeout=2)):
            return True
        return False

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
