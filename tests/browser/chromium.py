"""The browser that tests and benchmarks drive: a Chromium that is already on this machine."""

import shutil
from contextlib import contextmanager

CHROMIUM_NAMES = ["chromium", "chromium-browser", "google-chrome", "chrome"]

# It must not call home, nor use a graphics card that a test machine may not have.
ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",
]


def find_chromium():
    """Return the path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


@contextmanager
def open_chromium():
    """Start a headless Chromium, and close it at the end."""
    from playwright.sync_api import sync_playwright  # not needed where there is no browser

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        try:
            yield chromium
        finally:
            chromium.close()
