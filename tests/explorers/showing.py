"""What an explorer on a bare page shows, how its state is set there, and how it writes numbers."""

from ..browser.frames import painted

__all__ = ["change", "get", "number", "painted", "two"]


def get(page, name):
    """Return a trait of the model on the page."""
    return page.evaluate(f"window.model.get('{name}')")


def change(page, **values):
    """Set traits of the model on the page, as Python does; wait until all is drawn."""
    for name, value in values.items():
        page.evaluate("([name, value]) => window.model.set(name, value)", [name, value])
    painted(page)


def number(text):
    """Read a number that the page wrote."""
    return float(text.replace("−", "-"))


def two(value):
    """Write as the page does: two decimals, a minus that is one, and no negative zero."""
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")
