"""A page after its next frames: an explorer draws once a frame, whatever happened before it."""

PAINTED = """
async () => {
    for (let frame = 0; frame < 2; frame += 1) {
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    }
}
"""


def painted(page):
    """Wait until what was asked for is drawn.

    What is asked for while a frame is made (by a resize, by a part that opens) comes in the next.
    """
    page.evaluate(PAINTED)


def press(page, explorer, *keys):
    """Press keys on the slider of an explorer; wait until it is drawn."""
    explorer.locator(".lk-transport .lk-slider").focus()
    for key in keys:
        page.keyboard.press(key)
    painted(page)
