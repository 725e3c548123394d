"""Time how long pages of `graphcache view` take to open settled, and print a Markdown table.

    PYTHONPATH=tests python benchmarks/view.py PAGE [PAGE ...]

Each page is opened several times in one Chromium. It is settled when its lines are drawn: the page
sets a mark then. CPU time is of all of Chromium.
"""

from __future__ import annotations

import os
import statistics
import sys
from pathlib import Path

from chromium import open_chromium
from playwright.sync_api import Browser

RUNS = 7
AIM = 300
"""Milliseconds."""
_SETTLED = "performance.getEntriesByName('picture-drawn')[0]?.startTime"


def cpu_seconds(browser: Browser) -> float:
    """What all of the browser's processes that still run have taken."""
    told = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
    return sum(float(process["cpuTime"]) for process in told["processInfo"])


def opened(browser: Browser, url: str) -> tuple[float, float]:
    """Milliseconds from the navigation until the page is settled, and seconds of CPU."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    before = cpu_seconds(browser)
    page.goto(url)
    settled = page.wait_for_function(_SETTLED).json_value()
    taken = cpu_seconds(browser) - before
    page.close()
    return float(settled), taken


def main() -> None:
    """Print the table, and the machine's load before and after."""
    load = os.getloadavg()[0]
    print(f"| page | KB | first, ms | least of {RUNS}, ms | median, ms | least CPU, s |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    slow = []
    with open_chromium() as browser:
        for path in map(Path, sys.argv[1:]):
            runs = [opened(browser, path.resolve().as_uri()) for _ in range(RUNS + 1)]
            first, *taken = (settled for settled, _ in runs)
            median = statistics.median(taken)
            print(f"| {path.name} | {path.stat().st_size / 1000:.0f} | {first:.0f} ", end="")
            print(f"| {min(taken):.0f} | {median:.0f} | {min(cpu for _, cpu in runs):.2f} |")
            if median > AIM:
                slow.append(path.name)
    print(f"\nOver {AIM} ms (median): {', '.join(slow) or 'none'}; ", end="")
    print(f"load of the machine: {load:.1f} before, {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
