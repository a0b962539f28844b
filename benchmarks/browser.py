"""A headless Chromium for pages on disk, where the machine has one."""

import shutil
from pathlib import Path
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def missing() -> str:
    """Why no browser can be started, or ``""``."""
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "selenium is not installed"
    if not any(map(shutil.which, BROWSERS)):
        return "there is no Chromium"
    return "" if shutil.which("chromedriver") else "there is no chromedriver"


def browser(profile: Path, width: int = 1400, height: int = 1000) -> Any:
    """A driver of a new browser; ``quit()`` it.

    Args:
        profile: An empty directory for its data.
        width: Of the window, pixels.
        height: Likewise.
    """
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = next(filter(None, map(shutil.which, BROWSERS)))
    for argument in (
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--disable-dev-shm-usage", "--hide-scrollbars", f"--window-size={width},{height}",
        f"--user-data-dir={profile}",
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # With the driver's path nothing is looked for or downloaded.
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
