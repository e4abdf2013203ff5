// Mean field, one iteration at a time, and its five steps: what segviz/crf/mean_field.py does. Pure.

import { Lattice } from "./lattice.js";

const LEAST = 1e-5; // no label is impossible

/** What is stored of a picture, cut out of its sheet of gray planes: three colors, the true classes, and the scores. */
export function planesOf(bytes, side, classes) {
  const pixels = side * side;
  const plane = (index) => bytes.subarray(index * pixels, (index + 1) * pixels);
  return { side, classes, color: [plane(0), plane(1), plane(2)], truth: plane(3), scores: Array.from({ length: classes }, (_, k) => plane(4 + k)) };
}

/** Probabilities Float32Array (N, classes) from the stored bytes, which are −log p in steps of `unit`. */
export function probabilitiesOf({ scores, classes, side }, unit) {
  const found = new Float32Array(side * side * classes);
  scores.forEach((plane, k) => plane.forEach((byte, i) => (found[i * classes + k] = Math.exp(-byte * unit))));
  for (let at = 0; at < found.length; at += classes) {
    let sum = 0;
    for (let k = 0; k < classes; k += 1) sum += found[at + k];
    for (let k = 0; k < classes; k += 1) found[at + k] /= sum;
  }
  return found;
}

/** Where each pixel lies for a kernel: Float32Array (N, 2) for "position", (N, 5) for "color". */
export function featuresOf({ side, color }, settings, kernel) {
  const f32 = Math.fround;
  const d = kernel === "color" ? 5 : 2;
  const space = f32(kernel === "color" ? settings.bilateral_sxy : settings.gaussian_sxy);
  const features = new Float32Array(side * side * d);
  for (let i = 0; i < side * side; i += 1) {
    features[i * d] = (i % side) / space;
    features[i * d + 1] = Math.floor(i / side) / space;
    for (let axis = 2; axis < d; axis += 1) features[i * d + axis] = color[axis - 2][i] / f32(settings.bilateral_srgb);
  }
  return { features, d };
}

/** How loud every pixel is to the one at `at`: exp(−½ |f − g|²), exactly; Float32Array (N,). */
export function loudness({ features, d }, at) {
  const found = new Float32Array(features.length / d);
  for (let i = 0; i < found.length; i += 1) {
    let distance = 0;
    for (let axis = 0; axis < d; axis += 1) distance += (features[i * d + axis] - features[at * d + axis]) ** 2;
    found[i] = Math.exp(-distance / 2);
  }
  return found;
}

/** A kernel as mean field uses it: 1/√(K1) on both sides. Gives (N, classes) from (N, classes). */
function normalized({ features, d }) {
  const lattice = new Lattice(features, d);
  const norm = lattice.filter(new Float32Array(lattice.points).fill(1), 1).map((sum) => 1 / Math.sqrt(sum + 1e-20));
  return (values, classes) => {
    const out = lattice.filter(scaled(values, norm, classes), classes);
    return scaled(out, norm, classes, out);
  };
}

function scaled(values, norm, classes, out = new Float32Array(values.length)) {
  for (let i = 0; i < norm.length; i += 1) {
    for (let k = i * classes; k < (i + 1) * classes; k += 1) out[k] = values[k] * norm[i];
  }
  return out;
}

/**
 * Mean field at given settings. `marginals[t]` are the probabilities after t iterations; `advance` adds those of the next.
 * A kernel of weight 0 is not asked.
 */
export class MeanField {
  constructor(planes, unit, settings) {
    this.planes = planes;
    this.settings = settings;
    this.features = { position: featuresOf(planes, settings, "position"), color: featuresOf(planes, settings, "color") };
    const probabilities = probabilitiesOf(planes, unit);
    this.unary = probabilities.map((p) => -Math.log(Math.max(p, LEAST)));
    this.marginals = [softmin(this.unary, planes.classes)];
    this.filters = {};
  }

  /** What one kernel brings each pixel, from the marginals after `t` iterations, before it is weighted. */
  messages(kernel, t) {
    this.filters[kernel] ??= normalized(this.features[kernel]);
    return this.filters[kernel](this.marginals[t], this.planes.classes);
  }

  advance() {
    const energy = this.unary.slice();
    const last = this.marginals.length - 1;
    for (const [kernel, weight] of weightsOf(this.settings)) {
      if (!weight) continue;
      const messages = this.messages(kernel, last);
      for (let i = 0; i < energy.length; i += 1) energy[i] -= weight * messages[i];
    }
    this.marginals.push(softmin(energy, this.planes.classes, energy));
  }

  /**
   * The five steps that lead to iteration `t` (1 or more), each Float32Array (N, classes): the `messages` of both kernels,
   * those `weighted` and added, what each class has to pay for the others' (`paid`), that with the unary added (`energy`),
   * and the new `marginals`.
   */
  steps(t) {
    const { classes } = this.planes;
    const [position, color] = ["position", "color"].map((kernel) => this.messages(kernel, t - 1));
    const [[, light], [, heavy]] = weightsOf(this.settings);
    const weighted = position.map((message, i) => light * message + heavy * color[i]);
    const paid = new Float32Array(weighted.length);
    for (let at = 0; at < paid.length; at += classes) {
      let total = 0;
      for (let k = at; k < at + classes; k += 1) total += weighted[k];
      for (let k = at; k < at + classes; k += 1) paid[k] = total - weighted[k];
    }
    const energy = paid.map((cost, i) => cost + this.unary[i]);
    return { before: this.marginals[t - 1], position, color, weighted, paid, energy, marginals: this.marginals[t] };
  }
}

function weightsOf({ gaussian_compat, bilateral_compat }) {
  return [["position", gaussian_compat], ["color", bilateral_compat]];
}

/** exp(−energy), each row adding up to 1. */
function softmin(energy, classes, out = new Float32Array(energy.length)) {
  for (let at = 0; at < energy.length; at += classes) {
    let least = Infinity;
    for (let k = at; k < at + classes; k += 1) least = Math.min(least, energy[k]);
    let sum = 0;
    for (let k = at; k < at + classes; k += 1) sum += out[k] = Math.exp(least - energy[k]);
    for (let k = at; k < at + classes; k += 1) out[k] /= sum;
  }
  return out;
}

/** The likeliest class of each pixel: Uint8Array (N,). */
export function labelsOf(marginals, classes) {
  const found = new Uint8Array(marginals.length / classes);
  for (let i = 0; i < found.length; i += 1) {
    let best = 0;
    for (let k = 1; k < classes; k += 1) if (marginals[i * classes + k] > marginals[i * classes + best]) best = k;
    found[i] = best;
  }
  return found;
}
