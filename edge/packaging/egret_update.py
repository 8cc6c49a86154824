#!/usr/bin/python3
"""Update Egret on a box, and go back by itself when the box is not well with it.

    /opt/egret/a  b       two virtual environments; one works, one is idle
    /opt/egret/current    a link to the one that works: /opt/egret/current/bin/egret
    /opt/egret/trial.json while the new one is on trial: where to go back to

    egret_update.py install -- --require-hashes -r requirements.txt
    egret_update.py judge          # at every start, by egret-update.service: a power cut ends no trial

pip installs into the idle one, and nothing else has changed until it can say its version. Then the link is switched
and the agent restarted. The box is well when the cloud gives receipts for what the new version has measured: then line,
disk, link and cloud work with it. Not within `--within`, or after three starts, the link is switched back.

It needs the system's own Python alone: whatever was installed may be broken.
"""

import argparse
import fcntl
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

LOOK_S = 5.0
STARTS_MAX = 3
FAILED, NOT_WELL = 1, 5
_ASKING_S = 60.0


class UpdateError(Exception):
    """What went wrong and what to do; `exit_code` as egret's own."""

    def __init__(self, what: str, exit_code: int = FAILED) -> None:
        """`what` is for people."""
        super().__init__(what)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Mark:
    """How far the cloud's receipts were, and what lay on the disk: of which spool, and the sums over its lanes."""

    spool_id: str
    stored: int
    committed: int

    def is_beyond(self, before: "Mark") -> bool:
        """Has a receipt come for what was measured since? What waited proves no line. A new spool begins at nothing."""
        return self.stored > (before.committed if self.spool_id == before.spool_id else 0)


@dataclass(frozen=True)
class Trial:
    """`source` and `target` are names of environments; `starts`: how often somebody has begun to judge."""

    source: str
    target: str
    starts: int = 0


@dataclass(frozen=True)
class Box:
    """Where things are; `restart` restarts the agent, `venv` makes an environment; `clock` is in seconds."""

    root: Path
    data: Path
    restart: Sequence[str]
    venv: Sequence[str] = (sys.executable, "-m", "venv")
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def install(self, pip: Sequence[str], within_s: float) -> None:
        """Raises UpdateError; then the box runs what it ran before."""
        if self._trial_file.exists():
            raise UpdateError("another update is on trial: wait for its end, or see `journalctl -u egret-update`.")
        source = (self.root / "current").resolve().name
        if source not in {"a", "b"}:
            raise UpdateError(f"{self.root}/current leads to no environment: see docs/operate/boxes.md.")
        if not self._is_well(within_s):
            raise UpdateError("the box is not well as it is: no receipt has come. Nothing was changed.", NOT_WELL)
        target = "b" if source == "a" else "a"
        self._fill(self.root / target, pip)
        self._keep(Trial(source, target))
        self._switch(target)
        self.judge(within_s)

    def judge(self, within_s: float) -> None:
        """Wait until the box is well, or go back; nothing to do without a trial. Raises UpdateError."""
        trial = self._trial()
        if trial is None:
            return
        began = Trial(trial.source, trial.target, trial.starts + 1)
        self._keep(began)
        if began.starts <= STARTS_MAX and self._is_well(within_s):
            self._trial_file.unlink()
            _say(f"{began.target} is kept.")
            return
        self._switch(began.source)
        self._trial_file.unlink()
        raise UpdateError(f"{began.target} is given back, {began.source} runs: no receipt has come with it.", NOT_WELL)

    def _fill(self, target: Path, pip: Sequence[str]) -> None:
        """A whole environment, or none."""
        shutil.rmtree(target, ignore_errors=True)
        python = target / "bin/python"
        for words in (
            [*self.venv, str(target)],
            [str(python), "-m", "pip", "install", "--disable-pip-version-check", *pip],
            [str(target / "bin/egret"), "--version"],
        ):
            try:
                subprocess.run(words, check=True)  # noqa: S603 - the maintainer's words
            except (OSError, subprocess.CalledProcessError) as error:
                shutil.rmtree(target, ignore_errors=True)
                raise UpdateError(f"nothing was changed: {error}") from error
        os.sync()  # pip does not: after a power cut its files would be there, and empty

    def _switch(self, name: str) -> None:
        """The link always leads to one of them."""
        new = self.root / "current.new"
        new.unlink(missing_ok=True)
        new.symlink_to(name)
        new.replace(self.root / "current")
        _say(f"{name} runs.")
        if subprocess.run(list(self.restart), check=False).returncode:  # noqa: S603 - the unit's own
            _say(f"could not restart it: {shlex.join(self.restart)}")

    def _is_well(self, within_s: float) -> bool:
        """Does a receipt come for what is measured from now on? The version before has been stopped by now."""
        until, before = self.clock() + within_s, self._mark()
        while self.clock() < until:
            self.sleep(LOOK_S)
            now = self._mark()
            if now and before and now.is_beyond(before):
                return True
            before = before or now
        return False

    def _mark(self) -> Mark | None:
        """As the installed version says it; None when it cannot."""
        words = [str(self.root / "current/bin/egret"), "edge", "status", "--data", str(self.data), "--json"]
        try:
            done = subprocess.run(words, capture_output=True, timeout=_ASKING_S, check=True)  # noqa: S603
            said = json.loads(done.stdout)
            lanes = said["lanes"].values()
            stored, committed = (sum(int(lane[name]) for lane in lanes) for name in ("stored", "committed"))
            return Mark(str(said["spool_id"]), stored, committed)
        except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError, AttributeError):
            return None

    @property
    def _trial_file(self) -> Path:
        return self.root / "trial.json"

    def _trial(self) -> Trial | None:
        """Where it cannot be read, what runs is kept: nobody knows what there is to go back to."""
        try:
            said = json.loads(self._trial_file.read_text(encoding="utf-8"))
            return Trial(str(said["source"]), str(said["target"]), int(said["starts"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            self._trial_file.unlink()
            return None

    def _keep(self, trial: Trial) -> None:
        """On the disk, before anything else is done."""
        part = self.root / "trial.part"
        with part.open("w", encoding="utf-8") as file:
            json.dump(asdict(trial), file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._trial_file)


@contextmanager
def only_one(root: Path) -> Iterator[None]:
    """Two would empty an environment that runs. Raises UpdateError; whoever dies lets go."""
    with (root / "update.lock").open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UpdateError("another update is under way: wait for its end. Nothing was changed.") from error
        yield


def _say(text: str) -> None:
    sys.stderr.write(f"egret_update: {text}\n")


def main(words: Sequence[str]) -> int:
    """The command; exit code 1 when it could not be done, 5 when the box was not well."""
    parser = argparse.ArgumentParser(description="Update Egret on this box, and go back when it is not well.")
    parser.add_argument("verb", choices=["install", "judge"])
    parser.add_argument("--root", type=Path, default=Path("/opt/egret"))
    parser.add_argument("--data", type=Path, default=Path("/var/lib/egret"))
    parser.add_argument("--within", type=float, default=600.0, metavar="SECONDS", help="by default 600")
    parser.add_argument("--restart", default="systemctl restart egret-edge", metavar="COMMAND")
    parser.add_argument("pip", nargs="*", help="what pip is told, behind --")
    asked = parser.parse_intermixed_args(words)
    box = Box(asked.root, asked.data, shlex.split(asked.restart))
    try:
        with only_one(asked.root):
            if asked.verb == "install":
                box.install(asked.pip, asked.within)
            else:
                box.judge(asked.within)
    except UpdateError as error:
        _say(str(error))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
