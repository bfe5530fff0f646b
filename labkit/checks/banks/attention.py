"""Mistakes people make when they write scaled dot-product attention.

A variant receives the right operation and the arguments, and misuses them. The mistakes are told
by theme in files of their own; here they get their order.
"""

from labkit.checks.banks import attention_causal as causal
from labkit.checks.banks import attention_masks as masks
from labkit.checks.banks import attention_roles as roles
from labkit.checks.banks import attention_scale as scale
from labkit.checks.banks import attention_softmax as softmax

__all__ = ["MISTAKES"]

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    scale.SCALE_FORGOTTEN,
    scale.WRONG_D,
    scale.SCALE_WRONG,
    masks.MASK_AFTER_SOFTMAX,
    masks.MASK_INVERTED,
    masks.MASKED_BY_ZERO,
    masks.MASK_IGNORED,
    causal.CAUSAL_OFF_BY_ONE,
    causal.CAUSAL_UPSIDE_DOWN,
    softmax.SOFTMAX_AXIS,
    softmax.SOFTMAX_FORGOTTEN,
    roles.KEYS_NOT_TRANSPOSED,
    roles.LEADING_AXES,
    roles.ROLES_SWAPPED,
    roles.WEIGHTS_RETURNED,
    masks.HIDDEN_ROW,
    scale.HALF_PRECISION,
    causal.CAUSAL_FROM_START,
    masks.MASK_ADDED,
    masks.MASKED_TOO_LITTLE,
    masks.MASK_TYPE,
    masks.BIAS_WRONG,
    softmax.SOFTMAX_MISPLACED,
    softmax.MEAN_NOT_MIXTURE,
    scale.SCALE_AFTER_SOFTMAX,
    scale.SCALE_IGNORED,
    scale.OVERFLOW,
    roles.BATCH_ONE_ONLY,
    roles.ONE_LENGTH,
)
