"""Time how long pages of `graphcache view` take to open settled, and print a Markdown table.

    PYTHONPATH=tests python benchmarks/view.py PAGE [PAGE ...]

Each page is opened several times in one Chromium. It is settled when its lines are drawn: the page
sets a mark then. CPU time is that of the thread which reads, lays out and scripts it: what the page
costs, whatever else the machine does meanwhile.
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


def opened(browser: Browser, url: str) -> tuple[float, float]:
    """Milliseconds from the navigation until the page is settled, and milliseconds of CPU."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(url)
    settled = page.wait_for_function(_SETTLED).json_value()
    told = session.send("Performance.getMetrics")["metrics"]
    [taken] = [metric["value"] for metric in told if metric["name"] == "TaskDuration"]
    page.close()
    return float(settled), 1000 * taken


def main() -> None:
    """Print the table, and the machine's load before and after."""
    load = os.getloadavg()[0]
    print(f"| page | KB | first, ms | least of {RUNS}, ms | median, ms | least CPU, ms |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    slow = []
    with open_chromium(whole=True) as browser:
        for path in map(Path, sys.argv[1:]):
            runs = [opened(browser, path.resolve().as_uri()) for _ in range(RUNS + 1)]
            first, *taken = (settled for settled, _ in runs)
            median = statistics.median(taken)
            print(f"| {path.name} | {path.stat().st_size / 1000:.0f} | {first:.0f} ", end="")
            print(f"| {min(taken):.0f} | {median:.0f} | {min(cpu for _, cpu in runs):.0f} |")
            if min(cpu for _, cpu in runs) > AIM:
                slow.append(path.name)
    print(f"\nOver {AIM} ms of CPU: {', '.join(slow) or 'none'}; ", end="")
    print(f"load of the machine: {load:.1f} before, {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
