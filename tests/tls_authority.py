"""A certificate authority of a test, and certificates it has signed, made by Debian's openssl."""

import ssl
import subprocess
from pathlib import Path

_NEW_KEY = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"


class Authority:
    """Of one folder, for a day."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._run(f"req -x509 {_NEW_KEY} -days 1 -subj /CN=test -keyout ca.key -out ca.pem")

    def client(self) -> ssl.SSLContext:
        """Trusts this authority alone."""
        return ssl.create_default_context(cafile=self._folder / "ca.pem")

    def server(self, *names: str) -> ssl.SSLContext:
        """A certificate for these names, `DNS:…` or `IP:…`."""
        (self._folder / "names").write_text(f"subjectAltName={','.join(names)}\n")
        self._run(f"req {_NEW_KEY} -subj /CN=server -keyout own.key -out own.csr")
        self._run("x509 -req -in own.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile names -out own.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / "own.pem", self._folder / "own.key")
        return context

    def _run(self, arguments: str) -> None:
        subprocess.run(["openssl", *arguments.split()], cwd=self._folder, check=True, capture_output=True)
