"""Recordings: the project's form, other people's CSV, Parquet, and every way to get them wrong."""

import gzip
import math
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from edge import recording, recording_mapping
from wire.errors import ConfigError
from wire.reading import Sample

BEGIN_NS = 1_760_000_000_000_000_000
"""2025-10-09T08:53:20Z."""
MAPPING = """
schema: egret.recording/1
delimiter: ";"
encoding: latin-1
time: {column: Zeit, format: "%d.%m.%Y %H:%M:%S.%f", zone: "+02:00"}
columns:
  "Neigung [\u00b0]": {sensor: MUC-01-pier, quantity: tilt}
  "ACC [g]": {sensor: MUC-01-deck, quantity: accel_z, scale: 9.80665}
  "DMS [um/m]": {sensor: MUC-01-deck, quantity: strain, offset: 478.5}
"""


def written(folder: Path, text: str, name: str = "recording.csv") -> Path:
    """A file with this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def mapping(folder: Path, text: str = MAPPING) -> recording_mapping.RecordingMapping:
    """The mapping file, read."""
    return recording_mapping.load(written(folder, text, "mapping.yaml"))


def test_the_projects_form(tmp_path: Path) -> None:
    """Times as RFC 3339 or nanoseconds; values of one time and sensor are one sample."""
    path = written(
        tmp_path,
        "time,sensor,quantity,value\n"
        "2025-10-09T08:53:20Z,TA-0117-tilt,tilt,0.31\n"
        "2025-10-09T16:53:20.000+08:00,TA-0117-tilt,temperature,21.5\n"
        "1760000000500999999,TA-0117-tilt,tilt,0.32\n"
        "1760000000500999999,TA-0118-tilt,tilt,-1e-2\n",
    )
    assert list(recording.samples(path)) == [
        Sample("TA-0117-tilt", BEGIN_NS, values=(("tilt", 0.31), ("temperature", 21.5))),
        Sample("TA-0117-tilt", BEGIN_NS + 500_000_000, values=(("tilt", 0.32),)),
        Sample("TA-0118-tilt", BEGIN_NS + 500_000_000, values=(("tilt", -0.01),)),
    ]


def test_recorded_quality_is_respected(tmp_path: Path) -> None:
    """A stale row or an empty value has no value; an unsure clock stays unsure."""
    path = written(
        tmp_path,
        "quality,value,quantity,sensor,time\n"
        "0,,tilt,A,1760000000000000000\n"
        "4,0.3,tilt,A,1760000001000000000\n"
        "8,0.3,tilt,A,1760000002000000000\n"
        ",0.3,tilt,A,1760000003000000000\n",
    )
    found = list(recording.samples(path))
    assert [math.isnan(one.values[0][1]) for one in found] == [True, True, False, False]
    assert [one.clock_unsure for one in found] == [False, False, True, False]


def test_another_form_with_a_mapping_file(tmp_path: Path) -> None:
    """German dates in local time, Latin-1, semicolons, g to m/s2, strain from the empty bridge, empty cells."""
    path = tmp_path / "log.csv.gz"
    with gzip.open(path, "wt", encoding="latin-1") as file:
        file.write("Zeit;ACC [g];DMS [um/m];Neigung [\u00b0];Bemerkung\n")
        file.write("09.10.2025 10:53:20.010;0.5;-470.5;0.008;LKW\n")
        file.write("09.10.2025 10:53:20.020;;-478.5;;\n")
    assert list(recording.samples(path, mapping(tmp_path))) == [
        Sample("MUC-01-pier", BEGIN_NS + 10_000_000, values=(("tilt", 0.008),)),
        Sample("MUC-01-deck", BEGIN_NS + 10_000_000, values=(("accel_z", 4.903325), ("strain", 8.0))),
        Sample("MUC-01-deck", BEGIN_NS + 20_000_000, values=(("strain", 0.0),)),
    ]


@pytest.mark.parametrize("time", [pa.int64(), pa.timestamp("us", "UTC"), pa.timestamp("ns", "UTC")])
def test_parquet_has_the_same_columns(tmp_path: Path, time: pa.DataType) -> None:
    """Whole nanoseconds, or a time type of Parquet."""
    times = pa.array([BEGIN_NS, BEGIN_NS + 10_000_000]).cast(pa.timestamp("ns", "UTC")).cast(time)
    table = pa.table({"time": times, "sensor": ["A", "A"], "quantity": ["tilt", "tilt"], "value": [0.5, None]})
    pq.write_table(table, tmp_path / "r.parquet")
    first, second = recording.samples(tmp_path / "r.parquet")
    assert first == Sample("A", BEGIN_NS, values=(("tilt", 0.5),))
    assert second.time_ns == BEGIN_NS + 10_000_000
    assert math.isnan(second.values[0][1])


def test_a_recording_is_read_row_by_row(tmp_path: Path) -> None:
    """Ten samples of a file whose end is damaged: nobody reads on to the end first."""
    rows = "".join(f"{BEGIN_NS + at * 10_000_000},A,tilt,0.1\n" for at in range(50_000))
    whole = gzip.compress(("time,sensor,quantity,value\n" + rows).encode())
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])
    found = recording.samples(path)
    assert len(list(islice(found, 10))) == 10
    with pytest.raises(ConfigError, match=r"cut\.csv\.gz:\d+: the file is damaged.*E-REC-004"):
        list(found)


GOOD = "time,sensor,quantity,value\n1760000000000000000,A,tilt,0.1\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"recording.csv: the file is empty. fix: .* \[E-REC-001\]"),
        (
            "Time,INC [deg]\n1,2\n",
            r"recording.csv:1: the columns are Time, INC \[deg\]. fix: write time, .* \[E-REC-002\]",
        ),
        (
            GOOD + "2025-10-09 08:53:20,A,tilt,1\n",
            r"recording.csv:3: the time .* cannot be read \(no offset .*E-REC-006",
        ),
        (GOOD + "yesterday,A,tilt,1\n", r"recording.csv:3: the time 'yesterday' cannot be read .*E-REC-006"),
        (GOOD + "-1000000,A,tilt,1\n", r"recording.csv:3: the time .* is outside 1970..2262.*E-REC-006"),
        (GOOD + "99999999999999999999,A,tilt,1\n", r"recording.csv:3: the time .* is outside 1970..2262.*E-REC-006"),
        (
            GOOD + "1760000000000000000,A,tilt,0,31\n" + "1760000000000000000,A,tilt,much\n",
            r"csv:4: the value 'much' is not",
        ),
        (GOOD + "\n1760000000000000000,A,tilt\n", r"recording.csv:4: the row has 3 cells, at least 4 .*E-REC-008"),
        (GOOD + '1760000000000000000,"A\nB",tilt,1\n', r"recording.csv:4: the name 'A\\nB' is not allowed.*E-REC-009"),
        (
            GOOD + "1760000000000000000,A,tilt x=1,1\n",
            r"recording.csv:3: the name 'tilt x=1' is not allowed.*E-REC-009",
        ),
    ],
)
def test_a_mistake_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    """What is wrong, where, and what to write instead; rows before it are good."""
    with pytest.raises(ConfigError, match=said):
        list(recording.samples(written(tmp_path, text)))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """CSV and Parquet alike name the file."""
    for name in ("missing.csv", "missing.csv.gz", "missing.parquet"):
        with pytest.raises(ConfigError, match=rf"{name}: cannot read this file"):
            list(recording.samples(tmp_path / name))


def test_a_wrong_encoding_is_said(tmp_path: Path) -> None:
    """Latin-1 read as UTF-8 is refused, not garbled."""
    path = tmp_path / "r.csv"
    path.write_bytes("time,sensor,quantity,value,\u00b0C\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"r.csv:1: this is not utf-8-sig. fix: name its encoding \[E-REC-003\]"):
        list(recording.samples(path))


def test_a_mapping_that_names_a_column_which_is_not_there(tmp_path: Path) -> None:
    """The columns that there are stand in the message."""
    path = written(tmp_path, "Zeit;ACC;DMS [um/m];Neigung [\u00b0]\n")
    with pytest.raises(ConfigError, match=r"no column 'Neigung \[.*', 'ACC \[g\]'; there are 'Zeit', 'ACC'"):
        list(recording.samples(path, mapping(tmp_path)))


def test_all_mistakes_of_a_mapping_at_once(tmp_path: Path) -> None:
    """Seven mistakes, seven lines."""
    text = """schema: egret.recording/1
delimiter: tab
encoding: utf-99
time: {column: t, format: "%Q", zone: Mars/Olympus}
columns:
  a: {sensor: "a b", quantity: tilt}
  b: {sensor: A, quantity: tlit}
colums: {}
"""
    with pytest.raises(ConfigError) as caught:
        mapping(tmp_path, text)
    codes = [mistake.code for mistake in caught.value.mistakes]
    assert sorted(codes) == sorted(
        ["E-REC-011", "E-REC-012", "E-REC-013", "E-REC-014", "E-REC-015", "E-REC-016", "E-FILE-010"]
    )
    assert [int(mistake.where.rsplit(":", 1)[1]) for mistake in caught.value.mistakes] == [2, 3, 4, 4, 6, 7, 8]


@pytest.mark.parametrize(
    ("time", "cell"),
    [
        ('{column: Zeit, format: "%Y-%m-%dT%H:%M:%S%z"}', "2025-10-09T10:53:20+0200"),
        ("{column: Zeit, format: rfc3339}", "2025-10-09T08:53:20Z"),
        ("{column: Zeit, format: ns}", "1760000000000000000"),
        ('{column: Zeit, format: "%Y-%m-%d %H:%M:%S", zone: UTC}', "2025-10-09 08:53:20"),
        ('{column: Zeit, format: "%Y-%d-%m %H:%M:%S", zone: "-05:30"}', "2025-09-10 03:23:20"),
    ],
)
def test_times_as_people_write_them(tmp_path: Path, time: str, cell: str) -> None:
    """Each of these is 2025-10-09T08:53:20Z."""
    text = f"schema: egret.recording/1\ntime: {time}\ncolumns:\n  v: {{sensor: A, quantity: tilt}}\n"
    path = written(tmp_path, f"Zeit,v\n{cell},1\n")
    (found,) = recording.samples(path, mapping(tmp_path, text))
    assert found.time_ns == BEGIN_NS
