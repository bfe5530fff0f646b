"""What holds for every test, also for ``pytest --nbval notebooks/``."""

import os

# For the kernels that tests start, as the labkit command does for its own: see labkit.cli.main.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
