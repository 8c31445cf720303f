"""What a page in a real browser is measured by: width, weight, pictures, errors, and what axe finds."""

from importlib import resources
from typing import Any

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.browsers import severe_lines
from tests.servers import LiveServer

AXE = resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
SEVERE = ("serious", "critical")
MOST_BYTES = 60_000  # of a page without its photos, not compressed
LEAST_DESK_PX = 600
FINGER_PX = 44
CONTROLS = "button, .button, a.chip, select, input:not([type=checkbox]), nav[aria-label=Main] a"
PHOTO_ADDRESSES = r"/(photo|thumbnail|face)$"


def address_of(server: LiveServer, path: str) -> str:
    """Where a browser finds a page."""
    return f"http://127.0.0.1:{server.port}{server.prefix}{path}"


def prefer(browser: webdriver.Chrome, scheme: str) -> None:
    """Ask for ``light`` or ``dark`` pages, as the system's own setting does."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def forget_files(browser: webdriver.Chrome) -> None:
    """Load everything anew from now on, as a first visit does."""
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})


def places(browser: webdriver.Chrome) -> list[str]:
    """The addresses of the navigation."""
    links = browser.find_elements(By.CSS_SELECTOR, "nav[aria-label=Main] a")
    return [str(link.get_attribute("href")) for link in links]


def problems(browser: webdriver.Chrome, width: int) -> list[str]:
    """What is wrong with the page that is shown, in words; nothing for a good one."""
    found = [f"broken image {source}" for source in broken_images(browser)]
    found += [f"axe: {finding}" for finding in axe_findings(browser)]
    found += [f"console: {line}" for line in severe_lines(browser)]
    if (scrolls := browser.execute_script("return document.documentElement.scrollWidth")) > width:
        found.append(f"is {scrolls} px wide on {width}")
    if (weight := bytes_without_photos(browser)) > MOST_BYTES:
        found.append(f"weighs {weight} bytes without photos")
    if width < LEAST_DESK_PX:
        found += [f"hard to touch: {control}" for control in small_controls(browser)]
    if browser.execute_script("return document.querySelectorAll('h1').length") != 1:
        found.append("has not one h1")
    return found


def small_controls(browser: webdriver.Chrome) -> list[str]:
    """What a finger could miss: buttons, fields and ways that are shown and lower than a finger is wide."""
    found: list[str] = browser.execute_script(
        "const [controls, least] = arguments;"
        "return [...document.querySelectorAll(controls)]"
        ".filter(each => each.checkVisibility() && each.getBoundingClientRect().height < least)"
        ".map(each => each.outerHTML)",
        CONTROLS,
        FINGER_PX,
    )
    return found


def broken_images(browser: webdriver.Chrome) -> list[str]:
    """The sources of pictures that cannot be shown, those further down included."""
    browser.execute_script("document.querySelectorAll('img').forEach(image => image.loading = 'eager')")
    found: list[str] = browser.execute_async_script(
        "const done = arguments[0];"
        "Promise.all([...document.images].map(image => image.decode().then(() => null, () => image.src)))"
        ".then(all => done(all.filter(Boolean)))"
    )
    return found


def axe_findings(browser: webdriver.Chrome) -> list[str]:
    """What axe finds serious or critical, each with the elements that it means."""
    browser.execute_script(AXE)
    report: dict[str, Any] = browser.execute_async_script(
        "const done = arguments[0]; axe.run({resultTypes: ['violations']}).then(done)"
    )
    assert report["passes"], "axe looked at nothing"
    return [
        f"{finding['id']} {[node['html'] for node in finding['nodes']]}"
        for finding in report["violations"]
        if finding["impact"] in SEVERE
    ]


def bytes_without_photos(browser: webdriver.Chrome) -> int:
    """How many bytes came for the page, its styles and its scripts.

    Each address counts once: the browser asks for a page's icon again, and a page for itself when it hears
    that something happened meanwhile.
    """
    return int(
        browser.execute_script(
            "const photos = new RegExp(arguments[0]);"
            "const entries = ['navigation', 'resource'].flatMap(type => performance.getEntriesByType(type))"
            ".filter(entry => !photos.test(new URL(entry.name).pathname));"
            "return [...new Map(entries.map(entry => [entry.name, entry.decodedBodySize])).values()]"
            ".reduce((sum, bytes) => sum + bytes, 0)",
            PHOTO_ADDRESSES,
        )
    )


def first_paint_ms(browser: webdriver.Chrome) -> float:
    """How long after its address was asked for the page showed something."""
    return float(
        browser.execute_async_script(
            "const done = arguments[0];"
            "new PerformanceObserver(list => done(list.getEntries()[0].startTime))"
            ".observe({type: 'paint', buffered: true})"
        )
    )


def texts(browser: webdriver.Chrome, selector: str) -> list[str]:
    """What each of some elements says, as far as they are shown, all read at one moment."""
    found: list[str] = browser.execute_script(
        "return [...document.querySelectorAll(arguments[0])]"
        ".filter(each => each.checkVisibility()).map(each => each.innerText.trim())",
        selector,
    )
    return found


def element(browser: webdriver.Chrome, selector: str) -> WebElement:
    """One element."""
    return browser.find_element(By.CSS_SELECTOR, selector)
