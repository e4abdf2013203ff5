"""Find a Chromium for the browser tests, or (`--install`) get one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

# Not chromium-headless-shell, though it takes a third of the time: on long pages it gave no frame for seconds.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# No name but this machine's is found: a page that asks for more fails as it would without a network.
ALONE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-sync",
    ALONE,
]


def find_chromium() -> str | None:
    """The path of a Chromium that starts: the system's, else the one Playwright keeps; None where there is none."""
    with sync_playwright() as playwright:
        on_path = [found for name in NAMES if (found := shutil.which(name))]
        for path in [*on_path, playwright.chromium.executable_path]:
            if Path(path).exists() and _starts(playwright, path):
                return path
    return None


def _starts(playwright, path: str) -> bool:
    try:
        playwright.chromium.launch(executable_path=path, args=FLAGS).close()
    except Error:
        return False
    return True


def install_chromium() -> str | None:
    """Playwright's own Chromium; where that cannot be had, the system's package manager is asked (as root only)."""
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    found = find_chromium()
    if found is None and shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-y", "-qq", "chromium"], check=False)
        found = find_chromium()
    return found


if __name__ == "__main__":
    browser = find_chromium()
    if browser is None and "--install" in sys.argv:
        browser = install_chromium()
    if browser is None:
        sys.exit("No Chromium was found and none could be installed. Install Chromium or Chrome, then try again.")
    print(f"Browser: {browser}")
