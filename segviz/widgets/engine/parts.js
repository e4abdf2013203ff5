// Each part of a network as a call of a kernel; what no kernel does, the reference does on copies.

import { affine, callsOf, isComputed, put, ROOM, SETTINGS } from "./convolutions.js";
import { startsOf } from "./layout.js";
import { operations } from "./reference.js";

/**
 * @param {import("./fusing.js").Part} part
 * @param {import("./room.js").Room} room
 * @returns {() => void}  what computes the part
 */
export function runOf(part, room) {
  return kernelsFor[part.op]?.(part, room) ?? byReference(part, room);
}

const kernelsFor = {
  conv2d: convolution, conv_transpose2d: convolution, batch_norm, relu, hardtanh, add: combined, mul: combined,
  max_pool2d: pooled("max_pool"), avg_pool2d: pooled("avg_pool"), max_unpool2d, interpolate, cat,
};

function convolution(part, room) {
  const { kernels, shapes, tensors } = room;
  if (!isComputed(part.step, tensors)) return null;
  const [source, target] = [room.place(part.from[0]), room.place(part.to[0])];
  const added = part.add === null ? null : room.place(part.add);
  const before = part.before && affine(part.before.step, source.shape[0], tensors);
  const scale = before ? room.put(Float32Array.from(before.scale)) : 0;
  const shift = before ? room.put(Float32Array.from(before.shift)) : 0;
  const calls = callsOf(part, tensors, shapes[part.from[0]], shapes[part.to[0]]).map((call) => {
    const address = room.take(SETTINGS);
    const settings = {
      ...call.settings, relu: Number(part.relu), relu_before: Number(part.before?.relu ?? false),
      from: source.address + 4 * call.channel * source.pitch, from_pitch: source.pitch,
      to: target.address + 4 * (call.first * target.pitch + call.offset), to_pitch: target.pitch,
      add: added && added.address + 4 * call.first * added.pitch, add_pitch: added?.pitch,
      scale: before && scale + 4 * call.channel, shift: before && shift + 4 * call.channel,
      bias: room.put(call.bias),
    };
    put(room.memory, address, settings);
    const kernel = call.kernel === "convolve" && kernels.winograd_pays(address) ? "winograd" : call.kernel;
    settings.weight = weightFor(kernel, call, settings, room);
    put(room.memory, address, settings);
    room.work(kernels[`${kernel}_room`](address), address + 4 * ROOM);
    return () => kernels[kernel](address);
  });
  return () => calls.forEach((run) => run());
}

/** The address of a call's weights, in the order in which its kernel reads them. */
function weightFor(kernel, { weight }, { outputs, channels, kernel_height, kernel_width }, room) {
  if (kernel === "spread") return room.put(weight);
  const taps = kernel_height * kernel_width;
  const address = room.take(outputs * channels * (kernel === "winograd" ? 36 : taps));
  const raw = room.lend(weight);
  if (kernel === "winograd") room.kernels.winograd_weight(raw, address, outputs, channels);
  else room.kernels.pack_weight(raw, address, outputs, channels, taps);
  return address;
}

function batch_norm(part, room) {
  const { scale, shift } = affine(part.step, room.place(part.from[0]).shape[0], room.tensors);
  const [a, b] = [scale, shift].map((numbers) => room.put(Float32Array.from(numbers)));
  return scaled(part, room, a, b, part.relu ? 0 : -Infinity, Infinity);
}

function relu(part, room) {
  return scaled(part, room, 0, 0, 0, Infinity);
}

function hardtanh(part, room) {
  return scaled(part, room, 0, 0, part.step.least, part.step.most);
}

function scaled(part, room, scale, shift, least, most) {
  const [x, y] = [room.place(part.from[0]), room.place(part.to[0])];
  return () => room.kernels.scale_planes(x.address, x.pitch, x.shape[0], x.count, scale, shift, least, most, y.address, y.pitch);
}

/** Two maps, or a map and one number for each of its channels. */
function combined(part, room) {
  const y = room.place(part.to[0]);
  const [one, two] = part.from.map(room.place).sort((a, b) => b.count - a.count);
  const each = two.count === 1 && one.count > 1;
  if (String(one.shape) !== String(y.shape) || two.shape[0] !== y.shape[0] || !(each || two.count === one.count)) return null;
  const product = Number(part.op === "mul");
  return () => room.kernels.combine(
    one.address, one.pitch, two.address, two.pitch, Number(each), product, Number(part.relu), y.shape[0], y.count, y.address, y.pitch,
  );
}

/** The settings of `pool` in `kernels.c`. */
function pooled(kernel) {
  return ({ step, from, to }, room) => {
    const [x, y, switches] = [from[0], ...to].map(room.place);
    const address = room.put(Int32Array.from([
      x.address, x.pitch, ...x.shape, y.address, y.pitch, ...y.shape.slice(1), switches?.address ?? 0,
      ...step.kernel, ...step.stride, ...step.padding, ...(step.dilation ?? [1, 1]), Number(step.count_include_pad ?? false),
    ]));
    return () => room.kernels[kernel](address);
  };
}

function max_unpool2d({ from, to }, room) {
  const [x, switches] = from.map(room.place);
  const y = room.place(to[0]);
  return () => {
    const wrong = room.kernels.unpool(x.address, switches.address, x.pitch, x.shape[0], x.count, y.address, y.pitch, y.count);
    if (wrong) throw new RangeError(`switches: ${wrong} lie beside the map of ${y.shape[1]}×${y.shape[2]}, which has places 0 to ${y.count - 1}`);
  };
}

function interpolate({ step, from, to }, room) {
  const [x, y] = [room.place(from[0]), room.place(to[0])];
  const work = room.work(room.kernels.resize_room(x.shape[2], y.shape[2]));
  return () => room.kernels.resize(
    x.address, x.pitch, ...x.shape, y.address, y.pitch, ...y.shape.slice(1), Number(step.align_corners), work.address,
  );
}

/** Copies what does not lie in its place yet. */
function cat(part, room) {
  const y = room.place(part.to[0]);
  const starts = startsOf(part, room.shapes);
  const moves = part.from.map((value, nth) => ({ x: room.place(value), to: y.address + 4 * starts[nth] * y.pitch }));
  return () => {
    const bytes = new Uint8Array(room.memory.buffer);
    for (const { x, to } of moves) if (x.address !== to) bytes.copyWithin(to, x.address, x.address + 4 * x.pitch * x.shape[0]);
  };
}

function byReference({ step, from, to }, room) {
  return () => {
    const inputs = from.map((value) => ({ shape: room.shapes[value], values: room.read(value, room.typeOf(value)) }));
    const outputs = to.map((value) => {
      const { shape } = room.place(value);
      return { shape, values: new (room.typeOf(value))(shape[0] * shape[1] * shape[2]) };
    });
    operations[step.op](step, inputs, outputs, room.tensors);
    to.forEach((value, nth) => room.write(value, outputs[nth].values));
  };
}
