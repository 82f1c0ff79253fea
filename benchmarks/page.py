"""How soon the status page is there, and how large it is: two models, 400 windows each, in a real browser.

python -m benchmarks.page [FOLDER]  keeps the home in FOLDER, so that a second run need not make it.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_server
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.lived_home import lived
from benchmarks.server_process import COMMAND, START_SECONDS, STOP_SECONDS, environment

WINDOWS, LOADS = 400, 7
PAINT_SECONDS, PAGE_KB = 1.0, 300  # the bars
CHROMIUM = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
PAINT = "performance.getEntriesByName('first-contentful-paint').map(entry => entry.startTime / 1000)[0]"


@dataclass(frozen=True)
class Load:
    """One page as a browser got it."""

    seconds: float  # to the first contentful paint, from the navigation
    answer: float  # until the last byte
    size: int
    requests: int  # beside the page itself


def main(folder: Path) -> int:
    home = folder / "home"
    lived(home, WINDOWS)
    with paged(home) as (address, ready):
        cold = browsed(address, 1)[0]
        warm = browsed(address, LOADS)
        lived(home, WINDOWS).ledger.append(
            "reproduced", at=_end(home), model="engagement", actor="benchmark", reason="-"
        )
        changed = browsed(address, 1)[0]
    paint = statistics.median(load.seconds for load in warm)
    print(f"Status page of 2 models with {WINDOWS} windows each, Chromium, this machine:")
    print(f"  started and healthy after    {ready:6.1f} s")
    print(f"  first paint, first visit     {cold.seconds:6.2f} s   (bar {PAINT_SECONDS:g} s)")
    print(f"  first paint, unchanged home  {paint:6.2f} s   (bar {PAINT_SECONDS:g} s; median of {LOADS})")
    print(f"  first paint, home changed    {changed.seconds:6.2f} s   (bar {PAINT_SECONDS:g} s)")
    print(f"  size                         {cold.size / 1000:6.0f} kB  (bar {PAGE_KB} kB)")
    print(f"  answered in                  {cold.answer:6.2f} s first, {warm[-1].answer:.2f} s unchanged")
    print(f"  other requests               {cold.requests:6d}     (bar 0)")
    slow = max(cold.seconds, paint, changed.seconds) > PAINT_SECONDS
    return int(slow or cold.size > PAGE_KB * 1000 or cold.requests > 0)


@contextmanager
def paged(home: Path) -> Iterator[tuple[str, float]]:
    """`trimtab page` on a free port: its address, and the seconds until it was healthy."""
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    variables = environment(TRIMTAB_MONITORING__WINDOW_DAYS="1")
    began = time.monotonic()
    with (home / "page.log").open("wb") as log:
        process = subprocess.Popen(
            [*COMMAND, "--home", str(home), "page", "--port", str(port)], stdout=log, stderr=log, env=variables
        )
    try:
        _until_up(f"http://127.0.0.1:{port}/healthz", process)
        yield f"http://127.0.0.1:{port}/", time.monotonic() - began
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def browsed(address: str, times: int) -> list[Load]:
    """Each load in a context of its own, so that nothing is kept from the one before."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=list(CHROMIUM))
        found = [_load(browser, address) for _ in range(times)]
        browser.close()
    return found


def _load(browser: Any, address: str) -> Load:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page, asked = context.new_page(), []
        page.on("request", lambda request: asked.append(request.url))
        size = len(page.goto(address).body())
        while page.evaluate(PAINT) is None:  # not by wait_for_function, which the page's own policy forbids
            page.wait_for_timeout(20)
        answer = page.evaluate("performance.getEntriesByType('navigation')[0].responseEnd / 1000")
        others = [url for url in asked if url != address and not url.startswith("data:")]
        return Load(page.evaluate(PAINT), answer, size, len(others))


def _end(home: Path) -> Any:
    return lived(home, WINDOWS).ledger.entries(limit=1)[0].at


def _until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urlopen(url, timeout=5).close()
            return
        except (URLError, OSError):
            time.sleep(0.1)
    raise SystemExit("The status page did not start; see page.log in the home.")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(main(Path(sys.argv[1])))
    with tempfile.TemporaryDirectory(prefix="trimtab-page-") as made:
        sys.exit(main(Path(made)))
