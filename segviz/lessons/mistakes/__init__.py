"""Mistakes that run: small networks and functions, each with one mistake, beside their mended twins.

Every mistake was met in a public port of one of this book's networks; none of these lines is. Chapter 11 names the
ports. A network here is a `Network`: a trunk, a head and a resize; its twin differs in nothing but what it mends.

In reading order: `parts` (what all are made of), `places` (where an output looks), `reach` (how far), `weights` (how
many there are, and what they can say), `values` (what comes out), `teaching` (losses, labels, optimizers, scores),
`measures` (what is asked of a network, a function each).

>>> len(PAIRS)
14
>>> wrong, mended = PAIRS["half pixels"]
>>> wrong().head[0][0], mended().head[0][0]                                   # doctest: +NORMALIZE_WHITESPACE
(ConvTranspose2d(8, 8, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), output_padding=(1, 1)),
 ConvTranspose2d(8, 8, kernel_size=(4, 4), stride=(2, 2), padding=(1, 1)))
"""

from segviz.lessons.mistakes.parts import Network, listing
from segviz.lessons.mistakes.places import (
    DilatedTrunk,
    DilatedTrunkMended,
    Doubling,
    DoublingMended,
    Margin,
    MarginMended,
    Pyramid,
    PyramidMended,
    Unpadded,
    UnpaddedMended,
)
from segviz.lessons.mistakes.reach import Residual, ResidualMended, WideRates, WideRatesMended
from segviz.lessons.mistakes.values import (
    Normalized,
    NormalizedMended,
    Rewritten,
    RewrittenMended,
    Scored,
    ScoredMended,
    Switched,
    SwitchedMended,
    Tuned,
    TunedMended,
)
from segviz.lessons.mistakes.weights import LongHead, LongHeadMended, Stack, StackMended

# What is wrong, in a word or two -> the network, and its mended twin.
PAIRS: dict[str, tuple[type[Network], type[Network]]] = {
    "padded pointwise": (Pyramid, PyramidMended),
    "half pixels": (Doubling, DoublingMended),
    "uncropped margin": (Margin, MarginMended),
    "stretched center": (Unpadded, UnpaddedMended),
    "dilation without padding": (DilatedTrunk, DilatedTrunkMended),
    "strided block dilated": (Residual, ResidualMended),
    "rates of another stride": (WideRates, WideRatesMended),
    "one layer many times": (Stack, StackMended),
    "linear head": (LongHead, LongHeadMended),
    "rectified logits": (Scored, ScoredMended),
    "overwritten skip": (Rewritten, RewrittenMended),
    "decay as momentum": (Normalized, NormalizedMended),
    "hidden method": (Tuned, TunedMended),
    "overlapping switches": (Switched, SwitchedMended),
}

__all__ = ["PAIRS", "Network", "listing"]
