"""Training that gives one result: run through, killed and resumed, or shared out among processes.

In reading order: `loop` (recipe and training), `batches` (which pictures a step gets), `optimization` (learning rates
and batch norm), `evaluation` (scores), `labels` (what masks leave to learn), `processes` (one machine or several).
"""

from segviz.training.evaluation import evaluate
from segviz.training.loop import Recipe, balanced_weights, schedule, train
from segviz.training.optimization import freeze_batch_norm, parameter_groups, synchronize_batch_norm

__all__ = [
    "Recipe",
    "balanced_weights",
    "evaluate",
    "freeze_batch_norm",
    "parameter_groups",
    "schedule",
    "synchronize_batch_norm",
    "train",
]
