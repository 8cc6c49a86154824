"""What goes through the lanes later, on disk until then: what a fuzz keeps in memory it would take for a reader's."""

from collections.abc import Sequence
from pathlib import Path
from typing import overload


class Kept(Sequence[bytes]):
    """Payloads in one file, in the order in which they came."""

    def __init__(self, path: Path) -> None:
        """The file is made with the first."""
        self._path = path
        self._ends = [0]

    def add(self, payload: bytes) -> None:
        """One more."""
        with self._path.open("ab") as file:
            file.write(payload)
        self._ends.append(self._ends[-1] + len(payload))

    def __len__(self) -> int:
        """How many there are."""
        return len(self._ends) - 1

    @overload
    def __getitem__(self, at: int) -> bytes: ...

    @overload
    def __getitem__(self, at: slice) -> list[bytes]: ...

    def __getitem__(self, at: int | slice) -> bytes | list[bytes]:
        """Read from the file again. Raises IndexError past the last."""
        numbers = range(len(self))[at]
        if isinstance(numbers, range):
            return [self._read(number) for number in numbers]
        return self._read(numbers)

    def _read(self, number: int) -> bytes:
        begin, end = self._ends[number], self._ends[number + 1]
        with self._path.open("rb") as file:
            file.seek(begin)
            return file.read(end - begin)
