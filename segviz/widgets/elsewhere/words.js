// What the explorer says.

/** What can be written for each layer, by name, as layers.py has it. */
export const WAYS = {
  transposed: [
    ["torch", "PyTorch with padding and output padding"],
    ["same", 'Keras, TensorFlow: "same"; JAX: "SAME", transpose_kernel'],
    ["jax", "JAX with padding"],
    ["keras_padded", 'Keras: "same" with output padding'],
    ["onnx_upper", "ONNX: SAME_UPPER"],
    ["onnx_lower", "ONNX: SAME_LOWER"],
  ],
  windows: [
    ["torch", "PyTorch with padding"],
    ["torch_ceil", "PyTorch with padding, rounded up"],
    ["paddle", "Paddle with padding, rounded up"],
    ["openvino", "OpenVINO with padding, rounded up"],
    ["same", 'TensorFlow, Keras: "same"'],
    ["upper", "ONNX Runtime: SAME_UPPER"],
    ["lower", "ONNX Runtime: SAME_LOWER"],
  ],
  resizing: [
    ["half_pixel", "PyTorch: align_corners=False"],
    ["corners", "PyTorch: align_corners=True"],
    ["asymmetric", "TensorFlow 1; ONNX: asymmetric"],
    ["half_pixel_but_for_one", "Paddle; ONNX: pytorch_half_pixel"],
    ["nearest", "PyTorch: nearest"],
    ["nearest_exact", "TensorFlow 2, Keras: nearest"],
  ],
};

/** What a layer begins with when it is chosen: two ways that differ. */
export const BEGIN = {
  transposed: { first: "torch", second: "same", size: 3, kernel_size: 3, stride: 2, padding: 1, output_padding: 1 },
  windows: { first: "torch_ceil", second: "openvino", size: 5, kernel_size: 2, stride: 2, padding: 1 },
  resizing: { first: "half_pixel", second: "corners", size: 4, output_size: 8 },
};

const MARKS = { equal: "equal", shifted: "shifted", "another size": "of another size", "other numbers": "other numbers" };

/** The sentence: how the two stand to each other, and what the pointed output sees in each. */
export function readout({ outputs, standing, at }) {
  const [first, second] = outputs;
  if (!first || !second) {
    const who = !first && !second ? "Both refuse" : `The ${first ? "second" : "first"} refuses`;
    return [["illegal", who], " these numbers."];
  }
  const how = standing.verdict === "shifted"
    ? [["output", `shifted by ${Math.abs(standing.by)}`], `, to the ${standing.by > 0 ? "right" : "left"}`]
    : [["output", MARKS[standing.verdict]]];
  const sizes = standing.verdict === "another size" ? `: ${second.length} outputs where the first makes ${first.length}` : "";
  const beside = first[at] && second[at] && String(first[at].inputs) === String(second[at].inputs)
    ? [" Output ", String(at), " sees ", ["input", seen(first[at])], " in both."]
    : [" Output ", String(at), " sees ", ["input", seen(first[at])], " in the first, ", ["input", seen(second[at])], " in the second."];
  return ["The second result is ", ...how, sizes, ".", ...beside];
}

function seen(output) {
  if (!output) return "nothing, for there is none,";
  const { inputs } = output;
  if (!inputs.length) return "no input";
  return `input${inputs.length > 1 ? "s" : ""} ${inputs.join(inputs.length === 2 ? " and " : ", ")}`;
}
