"""ONNX files of one node, and the two runtimes that read them, each imported where it is asked for."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

if TYPE_CHECKING:
    import openvino

OPSET = 20


def file_of(node: str, given: dict[str, np.ndarray], outputs: int = 1, **attributes: Any) -> onnx.ModelProto:
    """A model of one node; its first input stays open, the others are constants ("" for one that is left out)."""
    names = ["" if value is None else name for name, value in given.items()]
    first, *rest = given.items()
    produced = [f"y{number}" for number in range(outputs)]
    graph = helper.make_graph(
        [helper.make_node(node, names, produced, **attributes)],
        "one layer",
        [helper.make_tensor_value_info(first[0], helper.np_dtype_to_tensor_dtype(first[1].dtype), first[1].shape)],
        [helper.make_empty_tensor_value_info(name) for name in produced],
        [numpy_helper.from_array(value, name) for name, value in rest if value is not None],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    return onnx.shape_inference.infer_shapes(model)


def run_onnxruntime(model: onnx.ModelProto, x: np.ndarray) -> list[np.ndarray]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})


@cache
def _core() -> openvino.Core:
    import openvino

    core = openvino.Core()
    # In 32 bits: on some processors OpenVINO reckons in bfloat16 unless it is told not to.
    core.set_property({"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"})
    return core


def run_openvino(model: onnx.ModelProto | openvino.Model, x: np.ndarray) -> list[np.ndarray]:
    """A file's outputs, or those of a model that was made of OpenVINO's own operators."""
    core = _core()
    read = core.read_model(model.SerializeToString()) if isinstance(model, onnx.ModelProto) else model
    compiled = core.compile_model(read, "CPU")
    return [value.copy() for value in compiled([x]).values()]
