"""Secrets come from the environment or from a file of their own, never from cloud.yaml."""

import os
from pathlib import Path

from wire.errors import ConfigError, Mistake


def read(*, env: str = "", file: str = "", where: str) -> str:
    """The text of the environment variable `env` or of the file `file`; empty when neither is named.

    Surrounding white space of a file is dropped. `where` names the setting in messages. Raises
    ConfigError when what is named is not there.
    """
    if env:
        if env not in os.environ:
            raise _missing(where, f"the environment variable {env} is not set.", "set it where `egret` is started.")
        return os.environ[env]
    if not file:
        return ""
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _missing(where, f"cannot read the secret in {file}: {error}.", "check its name and mode.") from error


def _missing(where: str, what: str, fix: str) -> ConfigError:
    return ConfigError([Mistake(where, what, fix, "E-CLOUD-003")])
