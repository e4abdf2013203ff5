"""The fully connected CRF: mean field, and the lattice on which its messages travel.

In reading order: `mean_field` (the five steps of an iteration), `permutohedral` (a Gaussian filter in many dimensions).
"""

from segviz.crf.mean_field import dense_crf, dense_crf_steps

__all__ = ["dense_crf", "dense_crf_steps"]
