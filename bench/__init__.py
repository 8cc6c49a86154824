"""What `scripts/bench` runs. It shares the rigs and servers of the tests, and imports them as the tests do."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))
