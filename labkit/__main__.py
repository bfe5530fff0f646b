"""`python -m labkit`: the same command, where the script is not on the PATH."""

import sys

from labkit.cli.main import main

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(main())
