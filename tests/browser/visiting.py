"""A page of a report, opened as its reader does: from a disk, without a network."""

from contextlib import contextmanager


@contextmanager
def visiting(browser, path, **options):
    """Open a page; in the end it has complained of nothing and asked nobody for anything."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    context.set_offline(True)
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.resolve().as_uri())
    try:
        yield page
        assert said == []
        assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == []
    finally:
        context.close()


def brightness_of_paper(page):
    """Return how bright the page's background is, 0 to 255."""
    script = """() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3)"""
    return sum(map(int, page.evaluate(script))) / 3


def tab_to(page, locator):
    """Press Tab until an element has the focus."""
    for _ in range(50):
        page.keyboard.press("Tab")
        if locator.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"Tab never reached {locator}")
