"""What `egret doctor` looks at: keys, certificates, secrets, the broker's door, clock, disk, ports.

Each look gives findings, good ones too: a page that is silent about the broker does not say that it is shut.
"""

import ctypes
import platform
import re
import shutil
import socket
import ssl
import stat
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from wire.broker import Broker
from wire.certificate import DAY_NS, WARNED_DAYS, Certificate, Use, find, list_ends_ns
from wire.finding import Finding, State

FREE_LEAST, FREE_GOOD = 256 * 2**20, 2 * 2**30
"""Bytes of a disk (judgement): a spool alone keeps 64 MiB of it free for alarms."""
_BUILT = datetime(2026, 11, 1, tzinfo=UTC)
"""A clock before the program was written is not set."""
_TIME_ERROR = 5
"""adjtimex(2): the clock is not synchronised."""
_ANSWER_S = 5.0
_SECRET_LINE = re.compile(
    r"^[\s-]*['\"]?(\w*(?:secret|password|passwd|token|api_key)\w*)['\"]?\s*:\s*(?!\s*$)[^\s#{\[]"
)
_URL_PASSWORD = re.compile(r"://[^/\s:@]*:[^/\s@]+@")
_NAMED_ELSEWHERE = ("_env", "_file")
_WEAK = {"admin", "public", "password", "changeme", "secret", "egret", "default", "123456", "guest", "test"}
_SECRET_LEAST = 16
_HELLO = b"\x10\x18\x00\x04MQTT\x04\x02\x00\x0a\x00\x0cegret-doctor"
"""CONNECT of MQTT 3.1.1 (§3.1): a clean session, no name, no password."""


def versions(version: str) -> Finding:
    """What runs here."""
    return Finding(State.OK, "versions", f"egret {version}, Python {platform.python_version()}, {platform.system()}")


def clock(now: datetime) -> Finding:
    """Certificates and cases go by it."""
    if now < _BUILT:
        return Finding(State.FAILED, "clock", f"it says {now:%Y-%m-%d}: it is not set.", "set it, and run chrony.")
    unset = Finding(State.WARNING, "clock", "nothing keeps it right.", "run chrony or systemd-timesyncd.")
    try:
        is_unset = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)) == _TIME_ERROR
    except (OSError, AttributeError):
        return Finding(State.WARNING, "clock", "this system does not say whether it is synchronised.")
    return unset if is_unset else Finding(State.OK, "clock", "it is synchronised")


def disk(folder: Path) -> Finding:
    """Of the folder, or of the first above it that is there."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())
    free = shutil.disk_usage(there).free
    what = f"{free / 2**30:.1f} GiB are free for {folder}"
    if free >= FREE_GOOD:
        return Finding(State.OK, "disk", what)
    return Finding(State.FAILED if free < FREE_LEAST else State.WARNING, "disk", f"{what}.", "make room.")


def secret_files(files: Collection[Path]) -> Iterator[Finding]:
    """Keys and the like: nobody but their owner and a group that reads."""
    for path in files:
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError as error:
            yield Finding(State.FAILED, "keys", f"{path}: {error.strerror}.", "see its path, owner and mode.")
            continue
        if mode & (stat.S_IRWXO | stat.S_IWGRP):
            what = f"{path} may be read or changed by others ({mode:04o})."
            yield Finding(State.FAILED, "keys", what, f"chmod 600 {path}; if others were here, take the key back.")
        else:
            yield Finding(State.OK, "keys", f"{path} is its owner's")


def secrets_in(path: Path) -> Iterator[Finding]:
    """Configurations are copied, shown and kept in version control."""
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        key = _SECRET_LINE.match(line)
        if (key and not key[1].endswith(_NAMED_ELSEWHERE)) or _URL_PASSWORD.search(line.partition("#")[0]):
            fix = "name an environment variable (…_env) or a file (…_file); give the service another secret."
            yield Finding(State.FAILED, "secrets", f"{path}:{number}: a secret is written here.", fix)


def secret_strength(name: str, value: str) -> Iterator[Finding]:
    """Of one that comes by the environment; it is not shown."""
    if value.lower() in _WEAK or len(value) < _SECRET_LEAST:
        yield Finding(State.FAILED, "secrets", f"{name} is a default or short.", "use `openssl rand -base64 32`.")


def certificates(files: Collection[Path], names: Collection[str], now_ns: int) -> Iterator[Finding]:
    """Ends, strength, names that nobody has, keys that two share. `names`: those of the city; empty: not asked."""
    sharing: defaultdict[str, set[str]] = defaultdict(set)
    for path in files:
        try:
            found, ends_ns = find(path), list_ends_ns(path.read_text(encoding="ascii"))
        except (OSError, ValueError) as error:
            what = f"{path} cannot be read: {error}."
            yield Finding(State.FAILED, "certificates", what, "make it again: docs/operate/broker.md.")
            continue
        if ends_ns is not None:
            yield _judged_list(path, ends_ns, now_ns)
        for certificate in found:
            sharing[certificate.key_sha256].add(certificate.name)
            yield _judged(path, certificate, names, now_ns)
    for owners in sharing.values():
        if len(owners) > 1:
            what = f"{' and '.join(sorted(owners))} have the same key."
            yield Finding(State.FAILED, "certificates", what, "give each a key that was made on it.")


def _judged(path: Path, certificate: Certificate, names: Collection[str], now_ns: int) -> Finding:
    days = certificate.days_left(now_ns)
    renew = "renew it: docs/operate/broker.md."
    if certificate.weakness:
        return Finding(State.FAILED, "certificates", f"{path}: {certificate.weakness}.", "make a new key and another.")
    if days < 0:
        return Finding(State.FAILED, "certificates", f"{path} ended {-days} days ago.", renew)
    if names and certificate.use is Use.CLIENT and certificate.name not in names:
        fix = "take it back, or correct sensors.yaml."
        return Finding(State.WARNING, "certificates", f"{path}: nobody is called {certificate.name!r}.", fix)
    if certificate.use is Use.BROKER and certificate.name in names:
        what = f"{path}: with the certificate of {certificate.name!r} one may also be taken for a broker."
        return Finding(State.WARNING, "certificates", what, "sign it again as a client's, and take this one back.")
    if days < WARNED_DAYS:
        return Finding(State.WARNING, "certificates", f"{path} ends in {days} days.", renew)
    return Finding(State.OK, "certificates", f"{certificate.use.value} {certificate.name} for {days} days".lstrip())


def _judged_list(path: Path, ends_ns: int, now_ns: int) -> Finding:
    """A broker that reads a list which has ended refuses every certificate."""
    days = (ends_ns - now_ns) // DAY_NS
    fix = "make it anew, copy it, and restart mosquitto: docs/operate/broker.md."
    if days < 0:
        what = f"{path} ended {-days} days ago: mosquitto lets nobody in with it."
        return Finding(State.FAILED, "certificates", what, fix)
    if days < WARNED_DAYS:
        return Finding(State.WARNING, "certificates", f"{path} ends in {days} days.", fix)
    return Finding(State.OK, "certificates", f"{path} for {days} days")


def door(broker: Broker) -> Finding:
    """Does it let in whoever knocks? Asks it as somebody without a certificate, and hangs up."""
    try:
        is_open = _lets_in(broker)
    except ssl.SSLCertVerificationError as error:
        what = f"{broker} shows a certificate that is not trusted: {error.verify_message}."
        return Finding(State.FAILED, "broker", what, "see `ca`, and the names in the broker's certificate.")
    except ssl.SSLError:
        is_open = False  # it wants a certificate
    except OSError as error:
        what = f"{broker} does not answer: {error.strerror or error}."
        return Finding(State.WARNING, "broker", what, "start it, or correct its address.")
    if not broker.is_tls and not is_loopback(broker.host):
        fix = "use mqtts:// with certificates: docs/operate/broker.md."
        return Finding(State.FAILED, "broker", f"{broker}: everything can be read on the way.", fix)
    if not is_open:
        return Finding(State.OK, "broker", f"{broker} lets in nobody without a certificate or a password")
    fix = "see `egret cloud broker-config`."
    if is_loopback(broker.host):
        return Finding(State.WARNING, "broker", f"{broker} lets in every program of this machine.", fix)
    return Finding(State.FAILED, "broker", f"{broker} lets in anybody.", fix)


def _lets_in(broker: Broker) -> bool:
    """Raises OSError."""
    with socket.create_connection((broker.host, broker.port), timeout=_ANSWER_S) as plain:
        if not broker.is_tls:
            return _is_welcome(plain)
        with ssl.create_default_context(cafile=broker.ca or None).wrap_socket(
            plain, server_hostname=broker.host
        ) as wrapped:
            return _is_welcome(wrapped)


def _is_welcome(connection: socket.socket) -> bool:
    """A CONNACK with return code 0 (MQTT 3.1.1, §3.2). A broker that hangs up has said no."""
    try:
        connection.sendall(_HELLO)
        return connection.recv(4) == b"\x20\x02\x00\x00"
    except ConnectionError:
        return False


def port(host: str, number: int, *, is_ours: bool) -> Finding:
    """`is_ours`: a cloud answers there."""
    if is_ours:
        return Finding(State.OK, "port", f"the cloud answers at {host}:{number}")
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, number))
        except OSError as error:
            fix = "stop the other program, or write another `http: {port: …}`."
            return Finding(State.FAILED, "port", f"{host}:{number} cannot be had: {error.strerror}.", fix)
    return Finding(State.OK, "port", f"{host}:{number} is free")


def is_loopback(host: str) -> bool:
    """This machine and no other."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
