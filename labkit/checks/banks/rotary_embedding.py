"""Mistakes people make when they write a rotary embedding, each as functions that make it.

A variant receives the right operation and the arguments, and misuses them. The mistakes are told
by theme in files of their own; here they get their order.
"""

from labkit.checks.banks import frequencies
from labkit.checks.banks import rotary_places as places
from labkit.checks.banks import rotary_turns as turns

__all__ = ["MISTAKES"]

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    turns.LAYOUT_SWAPPED,
    turns.TURNED_BACKWARDS,
    turns.SIGN_WRONG,
    turns.FIRST_OVERWRITTEN,
    frequencies.POSITIONS_FROM_ONE,
    frequencies.EXPONENT_HALVED,
    frequencies.EXPONENT_DOUBLED,
    frequencies.FREQUENCY_INVERTED,
    frequencies.SAME_FREQUENCY,
    frequencies.BASE_IGNORED,
    frequencies.BASE_WRONG,
    frequencies.WRONG_LOGARITHM,
    places.WRONG_AXIS,
    places.LEADING_AXES,
    places.POSITIONS_IGNORED,
    places.ROTARY_DIM_IGNORED,
    places.LAYOUT_IGNORED,
    places.SCALE_IGNORED,
    turns.COS_SIN_SWAPPED,
    turns.TERM_FORGOTTEN,
    turns.ANGLES_NOT_SHARED,
    turns.HALF_TURNED,
    turns.ENCODING_ADDED,
    turns.NOT_TURNED,
    frequencies.PAIRS_FROM_ONE,
    frequencies.DEGREES,
    frequencies.POSITIONS_NORMALISED,
    frequencies.EXPONENT_STRETCHED,
)
