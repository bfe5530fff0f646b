"""Mistakes people make when they write a sinusoidal encoding, each as functions that make it.

A variant receives the right operation and the arguments, and misuses them. The mistakes are told
by theme in files of their own; here they get their order.
"""

from labkit.checks.banks import frequencies
from labkit.checks.banks import sinusoidal_angles as angles
from labkit.checks.banks import sinusoidal_columns as columns

__all__ = ["MISTAKES"]

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    columns.SIN_COS_SWAPPED,
    columns.CONCATENATED,
    frequencies.EXPONENT_HALVED,
    frequencies.EXPONENT_DOUBLED,
    angles.COSINE_OWN_EXPONENT,
    frequencies.POSITIONS_FROM_ONE,
    frequencies.FREQUENCY_INVERTED,
    frequencies.BASE_IGNORED,
    frequencies.BASE_WRONG,
    frequencies.WRONG_LOGARITHM,
    frequencies.SAME_FREQUENCY,
    columns.ODD_WIDTH,
    columns.AXES_SWAPPED,
    columns.EXTRA_AXIS,
    columns.ONE_POSITION,
    columns.LENGTH_OFF_BY_ONE,
    columns.ONLY_SINES,
    columns.FIRST_ROW_ZERO,
    frequencies.DEGREES,
    frequencies.POSITIONS_NORMALISED,
    angles.ANGLES_ROUNDED,
    frequencies.PAIRS_FROM_ONE,
    frequencies.EXPONENT_STRETCHED,
    angles.NO_SINE,
)
