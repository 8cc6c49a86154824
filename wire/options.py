"""What several verbs may be told on the command line."""

import click

from wire.scalars import duration_s


class Duration(click.ParamType[float]):
    """A time such as `5min`, in seconds."""

    name = "time"

    def __init__(self, least_s: float, most_s: float) -> None:
        """Both may be chosen."""
        self._least_s, self._most_s = least_s, most_s

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds of `5min`."""
        try:
            seconds = duration_s(str(value))
        except ValueError as error:
            self.fail(f"{value!r} is not {error}.", param, ctx)
        if not self._least_s <= seconds <= self._most_s:
            self.fail(f"{value!r} is outside {self._least_s:g}..{self._most_s:g} s.", param, ctx)
        return seconds
