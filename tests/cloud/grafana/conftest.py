"""Two hours of a troubled city in a real InfluxDB, and the schema made of Grafana's own types."""

import asyncio
import sys
import time
from pathlib import Path

import pytest
import watched_town
from watched_town import Watched

from cloud.grafana import schema_check
from cloud.grafana.schema_check import Schema
from cloud.stores import influxdb_v1

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "scripts"))

import grafana_schema  # noqa: E402 - it lies in scripts/, which is no package


@pytest.fixture(scope="session")
def watched(influxd_url: str, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """Filled by the program's own path; it ends a minute before ten, so that the first ten minutes have one reading."""
    ten_ns = 10 * watched_town.MINUTE_NS
    end_ns = time.time_ns() // ten_ns * ten_ns - watched_town.MINUTE_NS
    store = influxdb_v1.open_store(influxdb_v1.Config(influxd_url, database="watched town"))
    asyncio.run(watched_town.fill(store, tmp_path_factory.mktemp("watched"), end_ns))
    return Watched(influxd_url, "watched town", end_ns)


@pytest.fixture(scope="session")
def schema_file() -> Path:
    """Made by npm at the first test run of a checkout, and kept in var/."""
    return grafana_schema.make(ROOT)


@pytest.fixture(scope="session")
def schema(schema_file: Path) -> Schema:
    """Ready to check with."""
    return schema_check.load(schema_file)
