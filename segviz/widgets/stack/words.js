// What the stack editor says.

/** The sentence about the unit above the selected layer. */
export function readout({ size: picture }, view) {
  const { layer, field, covered, at } = view;
  if (!layer) return ["An empty stack: each output is its own ", ["input", "input pixel"], ". Add a layer."];
  const start = ["After ", ["kernel", layer.name], ", ", ["output", "one output"], " sees ", ["input", `${field.size} × ${field.size} pixels`]];
  const step = field.stride === 1 ? "one step moves it by one pixel" : `one step moves it by ${field.stride} pixels`;
  const holes = covered < 1
    ? [`, but it sees only ${percent(covered)} of that box: `, ["illegal", "the rest are holes"], "."]
    : [", and no pixel of that box is left out."];
  return [...start, `; ${step}`, ...holes, beyond(field, picture, at)];
}

function beyond(field, picture, at) {
  if (field.size > picture) return ` That is more than the picture's ${picture} pixels.`;
  const farthest = Math.max(...at.map(Math.abs)) * field.stride;
  return farthest > (picture - field.size) / 2 ? " Part of the box lies outside the picture, in the padding." : "";
}

/** How the layer widens the field, with the numbers put in. */
export function formula({ layer, field }) {
  if (!layer) return ["r = 1", ""];
  const { size, stride } = field.before;
  return [
    "r + (k − 1)·d·j = ",
    `${size} + (${layer.kernel_size} − 1)·${layer.dilation}·${stride} = ${field.size}`,
  ];
}

export function pytorchLine({ layer }) {
  if (!layer) return "nn.Sequential()";
  const { kind, kernel_size, stride, dilation } = layer;
  const padding = Math.floor(((kernel_size - 1) * dilation) / 2);
  if (kind === "pool") return `nn.MaxPool2d(kernel_size=${kernel_size}, stride=${stride}, padding=${Math.min(padding, Math.floor(kernel_size / 2))}${dilation > 1 ? `, dilation=${dilation}` : ""})`;
  const words = [["stride", stride, 1], ["padding", padding, 0], ["dilation", dilation, 1]].filter(([, value, usual]) => value !== usual);
  return `nn.Conv2d(64, 64, kernel_size=${kernel_size}${words.map(([name, value]) => `, ${name}=${value}`).join("")})`;
}

function percent(share) {
  return share < 0.1 ? `${(100 * share).toFixed(1)} %` : `${Math.round(100 * share)} %`;
}
