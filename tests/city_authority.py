"""The authority of a city, made by the very commands of docs/operate/broker.md."""

import os
import re
import shutil
import ssl
import subprocess
from dataclasses import replace
from pathlib import Path

from wire.broker import Broker

PAGE = Path(__file__).parents[1] / "docs/operate/broker.md"
BLOCK = re.compile(r"```sh\n# ([^:\n]+).*?\n(.*?)```", re.DOTALL)


class CityAuthority:
    """Of a folder; `issue` is what the box, the cloud or the broker and the authority do together."""

    def __init__(self, folder: Path) -> None:
        """Once a city."""
        self.folder = folder / "city-ca"
        self._blocks = dict(BLOCK.findall(PAGE.read_text(encoding="utf-8")))
        self._run("the authority", folder)

    def issue(self, name: str, *, names: str = "", ends: str = "") -> Path:
        """A certificate; `names` are a broker's, `ends` an end (YYYYMMDDHHMMSSZ) that is not the usual one."""
        block = "a broker" if names else "a box, or the cloud"
        self._run("a request", self.folder, NAME=name)
        change = ("openssl ca", f"openssl ca -startdate 20200101000000Z -enddate {ends}") if ends else ("", "")
        self._run(block, self.folder, change, NAME=name, NAMES=names)
        return self.folder / f"{name}.pem"

    def revoke(self, name: str) -> None:
        """All certificates that were issued under this name."""
        self._run("a box is lost", self.folder, NAME=name)

    def install(self, broker: str, target: Path) -> None:
        """What the broker's machine has in its folder of certificates."""
        target.mkdir(exist_ok=True)
        for source, name in ((f"{broker}.pem", "server.pem"), (f"{broker}.key", "server.key")):
            shutil.copy(self.folder / source, target / name)
        for name in ("ca.pem", "revoked.pem"):
            shutil.copy(self.folder / name, target / name)

    def way(self, broker: Broker, name: str) -> Broker:
        """The broker's address with this certificate; without one for an empty name."""
        certificate, key = (str(self.folder / f"{name}.{end}") if name else "" for end in ("pem", "key"))
        return replace(broker, ca=str(self.folder / "ca.pem"), certificate=certificate, key=key)

    def _run(self, block: str, folder: Path, change: tuple[str, str] = ("", ""), **words: str) -> None:
        script = self._blocks[block].replace(*change) if change[0] else self._blocks[block]
        done = subprocess.run(
            ["bash", "-euc", script],
            cwd=folder,
            env={**os.environ, "CA_PASS": "of a test", **words},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{block}: {done.stderr}"


def odd_version(certificate: str) -> str:
    """The certificate as one of version 2, which nobody writes: `cryptography` has an error of its own for it."""
    der, third = ssl.PEM_cert_to_DER_cert(certificate), bytes.fromhex("a003020102")
    assert der.count(third) == 1
    return ssl.DER_cert_to_PEM_cert(der.replace(third, bytes.fromhex("a003020101")))
