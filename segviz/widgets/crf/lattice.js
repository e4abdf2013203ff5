// The permutohedral lattice over typed arrays: what segviz/crf/permutohedral.py does, number for number. Pure.
//
// Vertices have the same codes as there, whole numbers linear in the coordinates. A double holds them exactly, so that a
// neighbor is found at a constant difference. Single precision is kept where rounding decides on a simplex.

const f32 = Math.fround;

/**
 * A Gaussian filter over N points of d dimensions.
 *
 * `features`: Float32Array (N, d), each axis divided by its standard deviation. `filter(values, classes)` takes and gives
 * a Float32Array (N, classes): for every point the sum over all points under exp(−½ |f − g|²), up to a constant factor.
 */
export class Lattice {
  constructor(features, d) {
    this.points = features.length / d;
    this.width = d + 1;
    this.corners = new Int32Array(this.points * this.width);
    this.weights = new Float32Array(this.points * this.width);
    const elevated = elevate(features, d);
    const place = placeValues(elevated, d);
    const table = new Table(this.corners.length);
    enclose(elevated, d, place, (i, code, weight) => {
      this.corners[i] = table.number(code);
      this.weights[i] = weight;
    });
    this.vertices = table.count;
    const all = place.reduce((sum, value) => sum + value, 0);
    this.neighbors = place.map((value) => neighborsAlong((d + 1) * value - all, table));
  }

  filter(values, classes) {
    let vertices = this.#splat(values, classes);
    let spare = new Float32Array(vertices.length);
    for (const neighbors of this.neighbors) {
      blur(vertices, spare, neighbors, classes);
      [vertices, spare] = [spare, vertices];
    }
    return this.#slice(vertices, classes);
  }

  /** Each point shares its values among the vertices around it. The last row stands for vertices that do not exist. */
  #splat(values, classes) {
    const vertices = new Float32Array((this.vertices + 1) * classes);
    for (let i = 0; i < this.corners.length; i += 1) {
      const to = this.corners[i] * classes;
      const from = Math.floor(i / this.width) * classes;
      const weight = this.weights[i];
      for (let k = 0; k < classes; k += 1) vertices[to + k] += weight * values[from + k];
    }
    return vertices;
  }

  /** Each point reads its vertices back. */
  #slice(vertices, classes) {
    const values = new Float32Array(this.points * classes);
    for (let i = 0; i < this.corners.length; i += 1) {
      const from = this.corners[i] * classes;
      const to = Math.floor(i / this.width) * classes;
      const weight = this.weights[i];
      for (let k = 0; k < classes; k += 1) values[to + k] += weight * vertices[from + k];
    }
    return values;
  }
}

/** ½, 1, ½ along one direction; `neighbors` are pairs (before, after) of every vertex. */
function blur(from, to, neighbors, classes) {
  for (let vertex = 0; vertex < neighbors.length / 2; vertex += 1) {
    const own = vertex * classes;
    const before = neighbors[2 * vertex] * classes;
    const after = neighbors[2 * vertex + 1] * classes;
    for (let k = 0; k < classes; k += 1) to[own + k] = from[own + k] + 0.5 * (from[before + k] + from[after + k]);
  }
}

/** The points in d + 1 coordinates that add up to 0, rounded and added up as the Python does. */
function elevate(features, d) {
  const points = features.length / d;
  const elevated = new Float32Array(points * (d + 1));
  const scale = f32(Math.sqrt(2 / 3) * (d + 1));
  const scales = Array.from({ length: d }, (_, i) => f32(scale / Math.sqrt((i + 1) * (i + 2))));
  for (let point = 0; point < points; point += 1) {
    const at = point * (d + 1);
    let later = 0;
    for (let axis = d - 1; axis >= 0; axis -= 1) {
      const scaled = f32(features[point * d + axis] * scales[axis]);
      elevated[at + axis + 1] = later - f32((axis + 1) * scaled);
      later = f32(later + scaled);
    }
    elevated[at] = later;
  }
  return elevated;
}

/** What each coordinate is worth in a vertex's code; the last one follows from the others. */
function placeValues(elevated, d) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of elevated) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const reach = Math.ceil(high - low) + 8 * (d + 1);
  if (reach ** d > Number.MAX_SAFE_INTEGER) throw new RangeError(`features spread over ${reach} lattice steps`);
  return [...Array.from({ length: d }, (_, axis) => reach ** axis), 0];
}

/** Tells `found(i, code, weight)` of the d + 1 vertices around each point. */
function enclose(elevated, d, place, found) {
  const width = d + 1;
  const all = place.reduce((sum, value) => sum + value, 0);
  const [order, turned] = [new Int32Array(width), new Int32Array(width)];
  const [rest, ranked] = [new Float32Array(width), new Float32Array(width)];
  const inverse = f32(1 / width);
  for (let point = 0; point < elevated.length / width; point += 1) {
    const at = point * width;
    let [excess, code] = [0, 0];
    for (let axis = 0; axis < width; axis += 1) {
      const whole = rounded(f32(elevated[at + axis] * inverse));
      excess += whole;
      code += whole * width * place[axis];
      insert(axis, elevated[at + axis] - whole * width);
    }
    for (let rank = 0; rank < width; rank += 1) {
      const from = (((rank - excess) % width) + width) % width;
      const moved = from + excess - rank; // −(d + 1), 0 or d + 1: over one end of the ranking, back at the other
      turned[rank] = order[from];
      ranked[rank] = f32(rest[from] + moved) / width;
      code -= place[order[from]] * moved;
    }
    found(at, code, f32(f32(1 + ranked[d]) - ranked[0]));
    for (let vertex = 1; vertex < width; vertex += 1) {
      code += all - width * place[turned[width - vertex]];
      found(at + vertex, code, f32(ranked[d - vertex] - ranked[d - vertex + 1]));
    }
  }

  /** Into the ranking from the largest rest to the smallest; of equal ones the first stays first. */
  function insert(axis, value) {
    const own = f32(value);
    let rank = axis;
    for (; rank > 0 && rest[rank - 1] < own; rank -= 1) {
      rest[rank] = rest[rank - 1];
      order[rank] = order[rank - 1];
    }
    rest[rank] = own;
    order[rank] = axis;
  }
}

/** To the nearest whole number, halves to the even one, as PyTorch rounds. */
function rounded(value) {
  const below = Math.floor(value);
  const half = value - below;
  return half < 0.5 || (half === 0.5 && below % 2 === 0) ? below : below + 1;
}

/** For every vertex the one before it and the one after it along a direction; `count` where there is none. */
function neighborsAlong(step, table) {
  const neighbors = new Int32Array(2 * table.count).fill(table.count);
  for (let vertex = 0; vertex < table.count; vertex += 1) {
    const after = table.find(table.codes[vertex] + step);
    if (after < 0) continue;
    neighbors[2 * vertex + 1] = after;
    neighbors[2 * after] = vertex;
  }
  return neighbors;
}

/** Numbers codes in the order in which they come. */
class Table {
  constructor(most) {
    this.count = 0;
    this.codes = new Float64Array(most);
    this.bits = Math.ceil(Math.log2(2 * most));
    this.slots = new Int32Array(2 ** this.bits).fill(-1);
  }

  number(code) {
    const slot = this.#slot(code);
    if (this.slots[slot] < 0) {
      this.codes[this.count] = code;
      this.slots[slot] = this.count;
      this.count += 1;
    }
    return this.slots[slot];
  }

  /** -1 where there is none. */
  find(code) {
    return this.slots[this.#slot(code)];
  }

  #slot(code) {
    const mixed = Math.imul(code | 0, 0x9e3779b1) ^ Math.imul(Math.floor(code / 4294967296), 0x85ebca6b);
    let slot = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> (32 - this.bits);
    while (this.slots[slot] >= 0 && this.codes[this.slots[slot]] !== code) slot = (slot + 1) % this.slots.length;
    return slot;
  }
}
