"""Every error labkit raises on purpose.

LabkitError
├── ShapeError           tensors given to an operation do not fit together
├── DTypeError           a tensor holds the wrong kind of number
├── OptionError          an option has a value that means nothing here
├── DeviceError          the device asked for is not on this machine
├── DataError            a data set is missing, damaged or cannot be downloaded
├── ForkError            a fork server cannot give a process
└── NotebookError        a notebook breaks a rule or fails while running
    ├── ParameterError   a run passed a parameter the notebook does not declare
    └── NotRunError      a notebook looks executed but did not really run

Each also inherits the built-in error that code without labkit would catch (`ValueError`,
`TypeError`, ...). A message says what was expected, what came, and what to do.
"""

__all__ = [
    "DTypeError",
    "DataError",
    "DeviceError",
    "ForkError",
    "LabkitError",
    "NotRunError",
    "NotebookError",
    "OptionError",
    "ParameterError",
    "ShapeError",
]


class LabkitError(Exception):
    """Base class: catch this to catch anything labkit raises on purpose."""


class ShapeError(LabkitError, ValueError):
    """Tensors given to an operation do not fit together."""


class DTypeError(LabkitError, TypeError):
    """A tensor holds the wrong kind of number."""


class OptionError(LabkitError, ValueError):
    """An option has a value that means nothing here."""


class DeviceError(LabkitError, RuntimeError):
    """The device asked for is not on this machine."""


class DataError(LabkitError, OSError):
    """A data set is missing, damaged or cannot be downloaded."""


class ForkError(LabkitError, RuntimeError):
    """A fork server cannot give a process."""


class NotebookError(LabkitError, RuntimeError):
    """A notebook breaks a rule or fails while running."""


class ParameterError(NotebookError, ValueError):
    """A run passed a parameter the notebook does not declare."""


class NotRunError(NotebookError):
    """A notebook looks executed but did not really run."""
