"""Questions put to torch, matplotlib and the data sets in a process of their own.

labkit's command never imports them, and a broken installation may take its process down with it.
"""

import json
import subprocess
import sys
from typing import Any

__all__ = ["DATA", "FONTS", "PATIENCE", "TORCH", "answer"]

PATIENCE = 120
"""Seconds that an answer may take; the first import of torch from a cold disk is slow."""

TORCH = """
import json, torch, torchvision
from labkit.backend import describe, device
chosen = device("auto")
square = torch.ones(32, 32, device=chosen, requires_grad=True)
(square @ square).sum().backward()
assert square.grad.sum().item() == 2 * 32**3, "the gradient of a matrix product is wrong"
print(json.dumps({"torch": torch.__version__, "torchvision": torchvision.__version__,
                  "device": describe(chosen)}))
"""

FONTS = """
import json
from matplotlib import font_manager
font_manager.findfont("DejaVu Sans", fallback_to_default=False)
chinese = ("Noto Sans CJK", "Source Han Sans", "WenQuanYi", "PingFang", "Heiti", "SimHei",
           "Microsoft YaHei")
names = sorted({font.name for font in font_manager.fontManager.ttflist})
print(json.dumps([name for name in names if name.startswith(chinese)][:1]))
"""

DATA = """
import json, os
from labkit.datasets import images, root
assert len(images.digits("all").images) == 1797
assert images.photo("china").shape == (3, 427, 640)
def there(load):
    try:
        return len(load("test").images) > 0
    except OSError:
        return False
found = [load.__name__ for load in (images.mnist, images.fashion_mnist, images.cifar10)
         if there(load)]
print(json.dumps({"root": str(root.data_root()), "named": "LABKIT_DATA" in os.environ,
                  "found": found}))
"""


def answer(question: str) -> Any:
    """Run Python code in a process of its own.

    Returns
    -------
    Any
        What it printed last, read as JSON; its last words as text when it failed.

    Examples
    --------
    >>> answer("print([1 + 1])")
    [2]
    >>> answer("1 / 0")
    'ZeroDivisionError: division by zero'
    """
    asked = [sys.executable, "-W", "ignore", "-c", question]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return f"no answer within {PATIENCE} s"
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    last_words = done.stderr.strip().splitlines()[-1:]
    return last_words[0] if last_words else f"the process ended with code {done.returncode}"
