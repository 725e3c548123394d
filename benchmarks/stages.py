"""Build a store, and say how much memory each stage held at most: on Linux alone.

    python benchmarks/stages.py PAGES STORE    a JSON object of megabytes by stage

The stages end where graphcache logs what a build has come to. The kernel's mark of the most that
was held is put back at each of these places.
"""

import json
import logging
import re
import sys
from pathlib import Path

from graphcache.workflows import build_store

READ, WRITTEN, CHECKED = "read and joined", "written", "held against the tables"
_BEGINS = {"written, rows": READ, "opened": WRITTEN, "read back": CHECKED}
"""Of what is logged first after a stage the beginning, and the stage."""


class Stages(logging.Handler):
    """Notes the most memory of each stage when it has ended."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.most: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Note a stage, if this is the first that is logged after it."""
        for begin, stage in _BEGINS.items():
            if record.getMessage().startswith(begin) and stage not in self.most:
                self.most[stage] = most_held()
                Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def most_held() -> float:
    """The most megabytes that this process held since the mark was put back."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024 / 1e6


def main() -> None:
    """Build, and print."""
    stages = Stages()
    logger = logging.getLogger("graphcache")
    logger.addHandler(stages)
    logger.setLevel(logging.DEBUG)
    build_store(sys.argv[2], sys.argv[1])
    print(json.dumps(stages.most))


if __name__ == "__main__":
    main()
