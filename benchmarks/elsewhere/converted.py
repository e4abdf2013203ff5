"""A TensorFlow function as LiteRT runs it: converted to a file, which LiteRT's own interpreter reads."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from absl import logging
from ai_edge_litert.interpreter import Interpreter

logging.set_verbosity("error")  # at every function: that its variables ought to come along, of which it has none


def run(function: Callable[[tf.Tensor], tf.Tensor], x: np.ndarray) -> np.ndarray:
    traced = tf.function(function, input_signature=[tf.TensorSpec(x.shape, x.dtype)]).get_concrete_function()
    file = tf.lite.TFLiteConverter.from_concrete_functions([traced]).convert()
    interpreter = Interpreter(model_content=file, num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
