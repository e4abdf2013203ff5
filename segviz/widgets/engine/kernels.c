// The fast form of what a network's steps compute: WebAssembly with 128-bit vectors, four numbers at a time.
//
// A map is C planes of float32, row after row; planes stand `pitch` numbers apart, a multiple of 4 that is at least
// height x width. The caller (fast.js) lays everything out. A function may read and overwrite what lies between the
// planes, and may read, never write, up to SLACK numbers behind the last. There is no allocation here and no state.
//
// Reading order: `accumulate` (the one inner loop of all products), `multiply` (its blocks), `convolve` (rows packed
// so that each tap of a kernel is one offset), `winograd` (3 x 3 with a quarter of the products), and what only moves
// numbers.

#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name))) name
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

typedef v128_t vec;

#define load wasm_v128_load
#define store wasm_v128_store
#define splat wasm_f32x4_splat
#define plus wasm_f32x4_add
#define minus wasm_f32x4_sub
#define times wasm_f32x4_mul
#ifdef __wasm_relaxed_simd__
#define madd(a, b, sum) wasm_f32x4_relaxed_madd(a, b, sum)
#else
#define madd(a, b, sum) plus(times(a, b), sum)
#endif

INLINE int least(int a, int b) { return a < b ? a : b; }
INLINE int most(int a, int b) { return a > b ? a : b; }
INLINE int ratio_up(int a, int b) { return (a + b - 1) / b; }
INLINE vec ramp(vec x) { return wasm_f32x4_pmax(x, splat(0)); }  // in this order a NaN stays, as in PyTorch

// A pitch in memory of its own: a multiple of 4, and none of 1024, which would put all planes on the same cache lines.
INLINE int pitch_of(int count) {
  int pitch = (count + 3) & ~3;
  return pitch % 1024 ? pitch : pitch + 16;
}

// --- Products ---

typedef struct {
  const float *from;
  int from_pitch, channels, first, all;  // channels of the packed weights: those from `first` on, out of `all`
  const int *offset;  // of each tap, in a channel
  const int *kind;    // of each tap: its place among `kinds` in the packed weights
  int taps, kinds;
  const float *weight, *bias;  // bias: or 0
  float *to;
  int to_pitch, outputs, count;
  int more;           // whether `to` holds a sum that is added to
  const float *add;   // planes like `to`'s, or 0
  int add_pitch, relu;
} product;

// How many outputs are computed together where `left` are left. 4 x 2 and 3 x 3 vectors were the fastest blocks:
// larger ones leave the browser no registers.
INLINE int block_size(int left) { return left % 4 == 0 ? 4 : left >= 3 ? 3 : left; }

INLINE void accumulate(const int outputs, const int vectors, const product *p, int output, int at) {
  vec sum[4][8];
  UNROLL for (int o = 0; o < outputs; o++) {
    UNROLL for (int v = 0; v < vectors; v++)
      sum[o][v] = p->more ? load(p->to + (output + o) * p->to_pitch + at + 4 * v)
                  : p->bias ? wasm_v128_load32_splat(p->bias + output + o) : splat(0);
  }
  const float *weight = p->weight + output * p->kinds * p->all + p->first * outputs;
  const int pitch = p->from_pitch;
  for (int t = 0; t < p->taps; t++) {
    const float *x = p->from + p->offset[t] + at;
    const float *w = weight + p->kind[t] * p->all * outputs;
    _Pragma("clang loop unroll(disable)") for (int c = p->channels; c > 0; c--) {
      vec factor[4];
      UNROLL for (int o = 0; o < outputs; o++) factor[o] = wasm_v128_load32_splat(w + o);
      UNROLL for (int v = 0; v < vectors; v++) {
        vec pixels = load(x + 4 * v);
        UNROLL for (int o = 0; o < outputs; o++) sum[o][v] = madd(factor[o], pixels, sum[o][v]);
      }
      x += pitch;
      w += outputs;
    }
  }
  UNROLL for (int o = 0; o < outputs; o++) {
    float *to = p->to + (output + o) * p->to_pitch + at;
    const float *add = p->add + (output + o) * p->add_pitch + at;
    UNROLL for (int v = 0; v < vectors; v++) {
      vec y = sum[o][v];
      if (p->add) y = plus(y, load(add + 4 * v));
      if (p->relu) y = ramp(y);
      store(to + 4 * v, y);
    }
  }
}

#define BLOCK(outputs, vectors)                                                             \
  static __attribute__((noinline)) void block_##outputs(const product *p, int output) {     \
    int at = 0;                                                                             \
    for (; at + 4 * vectors <= p->count; at += 4 * vectors) accumulate(outputs, vectors, p, output, at); \
    for (; at < p->count; at += 4) accumulate(outputs, 1, p, output, at);                   \
  }
BLOCK(4, 2)
BLOCK(3, 3)
BLOCK(2, 4)
BLOCK(1, 6)

static void one_block(const product *p, int output, int size) {
  if (size == 4) block_4(p, output);
  else if (size == 3) block_3(p, output);
  else if (size == 2) block_2(p, output);
  else block_1(p, output);
}

static void multiply(const product *p) {
  for (int output = 0, size; output < p->outputs; output += size) {
    size = block_size(p->outputs - output);
    one_block(p, output, size);
  }
}

// Weights (outputs, channels, kinds) in the order in which `accumulate` reads them.
void EXPORT(pack_weight)(const float *from, float *to, int outputs, int channels, int kinds) {
  for (int output = 0, size; output < outputs; output += size) {
    size = block_size(outputs - output);
    for (int k = 0; k < kinds; k++)
      for (int c = 0; c < channels; c++)
        for (int o = 0; o < size; o++) *to++ = from[((output + o) * channels + c) * kinds + k];
  }
}

// --- Rows: from a map into a room of its own, and back ---

// to[q] = row[start + step q], 0 outside of the row; before that, scale and shift and ReLU where they are asked for.
INLINE void pack_row(float *to, int count, const float *row, int width, int start, int step, const float *scale,
                     const float *shift, int relu) {
  int low = least(count, start < 0 ? ratio_up(-start, step) : 0);
  int high = most(low, least(count, width > start ? ratio_up(width - start, step) : 0));
  for (int q = 0; q < low; q += 4) store(to + q, splat(0));
  const float *x = row + start;
  if (step == 1) {
    if (scale) {
      vec a = wasm_v128_load32_splat(scale), b = wasm_v128_load32_splat(shift), floor = splat(relu ? 0 : -__builtin_inff());
      for (int q = low; q < high; q += 4) store(to + q, wasm_f32x4_pmax(plus(times(load(x + q), a), b), floor));
    } else {
      for (int q = low; q < high; q += 4) store(to + q, load(x + q));
    }
  } else {
    float a = scale ? *scale : 1, b = scale ? *shift : 0;
    for (int q = low; q < high; q++) {
      float y = x[q * step];
      if (scale) y = y * a + b;
      to[q] = relu && y < 0 ? 0 : y;
    }
  }
  for (int q = high; q < count; q += 4) store(to + q, splat(0));
}

// to[step q] = row[q], with a map added and ReLU where they are asked for. Nothing else is written.
INLINE void unpack_row(const float *row, int count, float *to, int step, const float *add, int relu) {
  int q = 0;
  if (step == 1)
    for (; q + 4 <= count; q += 4) {
      vec y = load(row + q);
      if (add) y = plus(y, load(add + q));
      store(to + q, relu ? ramp(y) : y);
    }
  for (; q < count; q++) {
    float y = row[q] + (add ? add[q * step] : 0);
    to[q * step] = relu && y < 0 ? 0 : y;
  }
}

// --- Convolution ---

typedef struct {
  const float *from;
  int from_pitch, channels, height, width;
  float *to;
  int to_pitch, outputs, to_height, to_width;
  int to_row, row_step, column_step;  // output (y, x) goes to to[y row_step to_row + x column_step]
  int kernel_height, kernel_width, stride_height, stride_width, top, left, dilation_height, dilation_width;
  const float *weight, *bias;
  const float *scale, *shift;  // of each channel, before the convolution; or 0
  int relu_before;
  const float *add;  // a map like `to`'s, or 0
  int add_pitch, relu;
  float *room;
} convolution;

enum { CACHE = 48 * 1024, MOST_TAPS = 1024 };

typedef struct {
  int apart;        // a plane for each column of the kernel, so that no gaps stand between rows
  int rows, bands;  // output rows computed together
  int planes_down, planes_across, packed_rows, columns, pitch;
  int channels;     // packed together
  int dense;        // what is computed has the layout of the output
} plan_of_rows;

static plan_of_rows plan_rows(const convolution *c) {
  plan_of_rows p;
  int reach_down = (c->kernel_height - 1) * c->dilation_height, reach = (c->kernel_width - 1) * c->dilation_width;
  int halo = reach_down / c->stride_height;
  int right = (c->to_width - 1) * c->stride_width + reach - c->left - (c->width - 1);
  p.planes_down = least(c->stride_height, reach_down + 1);
  p.planes_across = least(c->stride_width, reach + 1);
  // At stride 1 the gap behind a row is the gap before the next.
  p.columns = c->stride_width == 1 && reach
                  ? most(c->to_width, c->width + most(most(c->left, right), 0))
                  : c->to_width + reach / c->stride_width;
  p.apart = p.columns * 8 > c->to_width * 9;
  if (p.apart) {
    p.columns = c->to_width;
    p.planes_across = c->kernel_width;
  }
  int row = p.planes_down * p.planes_across * p.columns;
  int fit = CACHE / (row * c->channels) - halo;
  p.rows = fit >= most(4, halo) ? fit : most(most(4, 2 * halo), CACHE / (row * least(c->channels, 16)) - halo);
  p.rows = least(p.rows, c->to_height);
  p.bands = ratio_up(c->to_height, p.rows);
  p.rows = ratio_up(c->to_height, p.bands);
  if (p.bands > 1) p.rows = (p.rows + 3) & ~3;  // so that the last vector of a map ends with its plane
  p.packed_rows = p.rows + halo;
  p.pitch = pitch_of(row * p.packed_rows + most(0, c->left) + 8);
  p.channels = most(1, least(c->channels, CACHE / p.pitch));
  p.channels = ratio_up(c->channels, ratio_up(c->channels, p.channels));
  p.dense = p.columns == c->to_width && c->row_step == 1 && c->column_step == 1 && c->to_row == c->to_width;
  return p;
}

// Numbers of the room that `convolve` works in.
int EXPORT(convolve_room)(const convolution *c) {
  plan_of_rows p = plan_rows(c);
  return p.pitch * p.channels + 64 + (p.dense ? 0 : c->outputs * pitch_of(p.rows * p.columns + 4)) + 64;
}

static void pack_band(const convolution *c, const plan_of_rows *p, int y, int first, int channels) {
  for (int i = 0; i < channels; i++) {
    const float *plane = c->from + (first + i) * c->from_pitch;
    const float *scale = c->scale ? c->scale + first + i : 0, *shift = c->shift + first + i;
    float *to = c->room + i * p->pitch;
    for (int down = 0; down < p->planes_down; down++)
      for (int across = 0; across < p->planes_across; across++) {
        int start = (p->apart ? across * c->dilation_width : across) - c->left;
        for (int q = 0; q < p->packed_rows; q++, to += p->columns) {
          int row = (y + q) * c->stride_height + down - c->top;
          int inside = row >= 0 && row < c->height;
          pack_row(to, p->columns, plane + (inside ? row : 0) * c->width, inside ? c->width : 0, inside ? start : 0,
                   c->stride_width, scale, shift, c->relu_before);
        }
      }
    for (int q = 0; q < c->left; q += 4) store(to + q, splat(0));  // the gap behind the last row
  }
}

// The taps that touch the map somewhere in the rows from y on.
static int list_taps(const convolution *c, const plan_of_rows *p, int y, int rows, int *offset, int *kind) {
  int taps = 0;
  for (int i = 0; i < c->kernel_height; i++) {
    int down = i * c->dilation_height, top = y * c->stride_height + down - c->top;
    if (top >= c->height || top + (rows - 1) * c->stride_height < 0) continue;
    for (int j = 0; j < c->kernel_width; j++) {
      int across = j * c->dilation_width, left = across - c->left;
      if (left >= c->width || left + (c->to_width - 1) * c->stride_width < 0) continue;
      int plane = (down % c->stride_height) * p->planes_across + (p->apart ? j : across % c->stride_width);
      int row = plane * p->packed_rows + down / c->stride_height;
      offset[taps] = row * p->columns + (p->apart ? 0 : across / c->stride_width);
      kind[taps++] = i * c->kernel_width + j;
    }
  }
  return taps;
}

static void convolve_plain(const convolution *c) {
  int zero = 0, count = c->height * c->width;
  int chunk = most(64, (CACHE / most(1, c->channels)) & ~15);
  product p = {c->from, c->from_pitch, c->channels, 0, c->channels, &zero, &zero, 1, 1, c->weight, c->bias, c->to, c->to_pitch,
               c->outputs, 0, 0, c->add, c->add_pitch, c->relu};
  for (int at = 0; at < count; at += chunk) {
    p.count = least(chunk, count - at);
    multiply(&p);
    p.from += chunk;
    p.to += chunk;
    if (p.add) p.add += chunk;
  }
}

void EXPORT(convolve)(const convolution *c) {
  int at_once = c->kernel_height == 1 && c->kernel_width == 1 && c->stride_height == 1 && c->stride_width == 1;
  if (at_once && !c->top && !c->left && !c->scale && c->to_height == c->height && c->to_width == c->width &&
      c->row_step == 1 && c->column_step == 1 && c->to_row == c->to_width)
    return convolve_plain(c);
  plan_of_rows p = plan_rows(c);
  int offset[MOST_TAPS], kind[MOST_TAPS];
  float *sums = c->room + p.pitch * p.channels + 64;
  for (int y = 0; y < c->to_height; y += p.rows) {
    int rows = least(p.rows, c->to_height - y);
    product m = {c->room, p.pitch, 0, 0, c->channels, offset, kind, list_taps(c, &p, y, rows, offset, kind),
                 c->kernel_height * c->kernel_width};
    m.weight = c->weight;
    m.bias = c->bias;
    m.outputs = c->outputs;
    m.count = rows * p.columns - (p.columns - c->to_width);
    m.to = p.dense ? c->to + y * c->to_width : sums;
    m.to_pitch = p.dense ? c->to_pitch : pitch_of(p.rows * p.columns + 4);
    for (int first = 0; first < c->channels; first += p.channels) {
      m.channels = least(p.channels, c->channels - first);
      m.first = first;
      m.more = first > 0;
      pack_band(c, &p, y, first, m.channels);
      int last = first + m.channels == c->channels;
      if (p.dense && last) {
        m.add = c->add ? c->add + y * c->to_width : 0;
        m.add_pitch = c->add_pitch;
        m.relu = c->relu;
      }
      multiply(&m);
    }
    if (!p.dense)
      for (int o = 0; o < c->outputs; o++)
        for (int r = 0; r < rows; r++) {
          int at = o * c->to_pitch + (y + r) * c->row_step * c->to_row;
          int add = o * c->add_pitch + (y + r) * c->row_step * c->to_row;
          unpack_row(m.to + o * m.to_pitch + r * p.columns, c->to_width, c->to + at, c->column_step,
                     c->add ? c->add + add : 0, c->relu);
        }
  }
}

// --- Winograd's F(4 x 4, 3 x 3): 36 products for 16 outputs that have 144 (Lavin and Gray, 2016) ---

// Four tiles of 4 outputs side by side are the four lanes. At dilation d the map falls apart into d x d maps that do
// not meet; those of one row stand side by side in segments whose common gap is the zero padding of both.
typedef struct {
  int segments, segment, groups, across;  // groups: of four tiles; across: groups of a strip
  int tiles, strips;                      // of a bundle
} plan_of_tiles;

typedef struct {
  int phase, row, group, groups;  // which tiles: outputs from phase + dilation x 4 row on, groups of 16 columns
} strip;

enum { MOST_STRIPS = 32, TILES = 112 * 1024 };

static plan_of_tiles plan_tiles(const convolution *c) {
  plan_of_tiles p;
  int d = c->dilation_width, width = ratio_up(c->to_width, d);
  p.segments = least(d, c->to_width);
  p.segment = d == 1 ? (width + 3) & ~3 : (width + 4) & ~3;
  p.groups = ratio_up(p.segments * p.segment, 16);
  int groups = most(4, TILES / (36 * 4 * most(c->channels, c->outputs)));
  p.across = d == 1 ? ratio_up(p.groups, ratio_up(p.groups, groups)) : p.groups;
  p.strips = most(1, least(groups / p.across, MOST_STRIPS));
  int rows = 0;  // no more strips than there are
  for (int phase = 0; phase < least(d, c->to_height); phase++) rows += ratio_up(ratio_up(c->to_height - phase, d), 4);
  p.strips = least(p.strips, rows * ratio_up(p.groups, p.across));
  p.tiles = p.strips * p.across * 4;
  return p;
}

int EXPORT(winograd_room)(const convolution *c) {
  plan_of_tiles p = plan_tiles(c);
  return 36 * p.tiles * (c->channels + c->outputs) + 10 * (p.across * 16 + 8) + 64;
}

// Whether it is right here, and faster: by operations for each tile, beside those of `convolve`.
int EXPORT(winograd_pays)(const convolution *c) {
  int d = c->dilation_width;
  if (c->kernel_height != 3 || c->kernel_width != 3 || c->stride_height != 1 || c->stride_width != 1) return 0;
  if (c->dilation_height != d || c->row_step != 1 || c->column_step != 1 || c->to_row != c->to_width) return 0;
  if (d > 1 && (c->left != d || c->top != d || c->to_width != c->width || c->to_height != c->height)) return 0;
  if (c->to_width < 3 * d || c->to_height < 3 * d) return 0;
  plan_of_tiles p = plan_tiles(c);
  plan_of_rows q = plan_rows(c);
  float rows = 0, direct = 0;
  for (int phase = 0; phase < d; phase++) rows += ratio_up(ratio_up(c->to_height - phase, d), 4);
  float tiles = rows * p.groups * 4, both = (float)c->channels * c->outputs;
  float ours = tiles * (7.6f * both + 25 * c->channels + 20 * c->outputs);
  direct = (float)c->to_height * q.columns * (1.9f * both + 1.0f * c->channels);
  return ours < direct;
}

// Weights (outputs, channels, 3, 3) to 36 matrices, each as `pack_weight` has it.
void EXPORT(winograd_weight)(const float *from, float *to, int outputs, int channels) {
  static const double rule[6][3] = {{1. / 4, 0, 0},          {-1. / 6, -1. / 6, -1. / 6}, {-1. / 6, 1. / 6, -1. / 6},
                                    {1. / 24, 1. / 12, 1. / 6}, {1. / 24, -1. / 12, 1. / 6}, {0, 0, 1}};
  int place = 0, count = outputs * channels;
  for (int output = 0, size; output < outputs; output += size) {
    size = block_size(outputs - output);
    for (int c = 0; c < channels; c++)
      for (int o = 0; o < size; o++, place++) {
        const float *w = from + ((output + o) * channels + c) * 9;
        for (int u = 0; u < 6; u++) {
          double row[3];
          for (int j = 0; j < 3; j++) row[j] = rule[u][0] * w[j] + rule[u][1] * w[3 + j] + rule[u][2] * w[6 + j];
          for (int v = 0; v < 6; v++)
            to[(6 * u + v) * count + place] = rule[v][0] * row[0] + rule[v][1] * row[1] + rule[v][2] * row[2];
        }
      }
  }
}

INLINE void forward(const vec d[6], vec t[6]) {
  vec two = splat(2), four = splat(4), five = splat(5);
  vec even = minus(d[4], times(four, d[2])), odd = minus(d[3], times(four, d[1]));
  vec gap = minus(d[4], d[2]), twice = times(two, minus(d[3], d[1]));
  t[0] = plus(times(four, d[0]), minus(d[4], times(five, d[2])));
  t[1] = plus(even, odd);
  t[2] = minus(even, odd);
  t[3] = plus(gap, twice);
  t[4] = minus(gap, twice);
  t[5] = plus(times(four, d[1]), minus(d[5], times(five, d[3])));
}

INLINE void backward(const vec m[6], vec y[4]) {
  vec a = plus(m[1], m[2]), b = minus(m[1], m[2]), c = plus(m[3], m[4]), d = minus(m[3], m[4]);
  y[0] = plus(m[0], plus(a, c));
  y[1] = plus(b, times(splat(2), d));
  y[2] = plus(a, times(splat(4), c));
  y[3] = plus(plus(b, m[5]), times(splat(8), d));
}

#define lanes wasm_i32x4_shuffle
INLINE void transpose(const vec a[4], vec t[4]) {
  vec low01 = lanes(a[0], a[1], 0, 4, 1, 5), high01 = lanes(a[0], a[1], 2, 6, 3, 7);
  vec low23 = lanes(a[2], a[3], 0, 4, 1, 5), high23 = lanes(a[2], a[3], 2, 6, 3, 7);
  t[0] = lanes(low01, low23, 0, 1, 4, 5);
  t[1] = lanes(low01, low23, 2, 3, 6, 7);
  t[2] = lanes(high01, high23, 0, 1, 4, 5);
  t[3] = lanes(high01, high23, 2, 3, 6, 7);
}

// Six rows to the 36 numbers of each tile, `apart` numbers from one another.
static void transform_rows(const float *rows, int pitch, int groups, float *to, int apart) {
  for (int g = 0; g < groups; g++, rows += 16, to += 4) {
    vec down[6][5];
    UNROLL for (int v = 0; v < 5; v++) {
      vec d[6], t[6];
      UNROLL for (int i = 0; i < 6; i++) d[i] = load(rows + i * pitch + 4 * v);
      forward(d, t);
      UNROLL for (int i = 0; i < 6; i++) down[i][v] = t[i];
    }
    UNROLL for (int i = 0; i < 6; i++) {
      vec d[6], t[6];
      transpose(down[i], d);
      d[4] = lanes(d[0], down[i][4], 1, 2, 3, 4);
      d[5] = lanes(d[1], down[i][4], 1, 2, 3, 5);
      forward(d, t);
      UNROLL for (int j = 0; j < 6; j++) store(to + (6 * i + j) * apart, t[j]);
    }
  }
}

// The 36 sums of each tile to four rows of outputs.
static void gather_rows(const float *from, int apart, int groups, float bias, float *rows, int pitch) {
  for (int g = 0; g < groups; g++, from += 4, rows += 16) {
    vec down[4][6];
    UNROLL for (int j = 0; j < 6; j++) {
      vec m[6], y[4];
      UNROLL for (int i = 0; i < 6; i++) m[i] = load(from + (6 * i + j) * apart);
      backward(m, y);
      UNROLL for (int i = 0; i < 4; i++) down[i][j] = y[i];
    }
    UNROLL for (int i = 0; i < 4; i++) {
      vec y[4], row[4];
      backward(down[i], y);
      transpose(y, row);
      UNROLL for (int v = 0; v < 4; v++) store(rows + i * pitch + 4 * v, plus(row[v], splat(bias)));
    }
  }
}

static void pack_strip(const convolution *c, const plan_of_tiles *p, const strip *s, int channel, float *rows, int pitch) {
  int d = c->dilation_width;
  const float *plane = c->from + channel * c->from_pitch;
  const float *scale = c->scale ? c->scale + channel : 0, *shift = c->shift + channel;
  for (int i = 0; i < 6; i++, rows += pitch) {
    int row = s->phase - c->top + d * (4 * s->row + i), inside = row >= 0 && row < c->height;
    const float *from = plane + (inside ? row : 0) * c->width;
    for (int g = 0; g < p->segments; g++) {
      int last = g == p->segments - 1;
      pack_row(rows + g * p->segment, last ? s->groups * 16 + 4 - g * p->segment : p->segment, from,
               inside ? c->width : 0, inside ? g - c->left + 16 * s->group : 0, d, scale, shift, c->relu_before);
    }
  }
}

static void unpack_strip(const convolution *c, const plan_of_tiles *p, const strip *s, int output, const float *rows, int pitch) {
  int d = c->dilation_width;
  for (int i = 0; i < 4; i++, rows += pitch) {
    int y = s->phase + d * (4 * s->row + i);
    if (y >= c->to_height) return;
    for (int g = 0; g < p->segments; g++) {
      int at = y * c->to_width + g + 16 * s->group;
      int count = least(ratio_up(c->to_width - g, d) - 16 * s->group, s->groups * 16);
      unpack_row(rows + g * p->segment, count, c->to + output * c->to_pitch + at, d,
                 c->add ? c->add + output * c->add_pitch + at : 0, c->relu);
    }
  }
}

static void bundle(const convolution *c, const plan_of_tiles *p, const strip *strips, int count) {
  int tiles = p->tiles, pitch = p->across * 16 + 8, zero = 0;
  float *pixels = c->room, *sums = pixels + 36 * c->channels * tiles, *rows = sums + 36 * c->outputs * tiles;
  for (int channel = 0; channel < c->channels; channel++)
    for (int i = 0; i < count; i++) {
      pack_strip(c, p, strips + i, channel, rows, pitch);
      transform_rows(rows, pitch, strips[i].groups, pixels + channel * tiles + i * p->across * 4, c->channels * tiles);
    }
  for (int k = 0; k < 36; k++) {
    product m = {pixels + k * c->channels * tiles, tiles, c->channels, 0, c->channels, &zero, &zero, 1, 1,
                 c->weight + k * c->channels * c->outputs, 0, sums + k * c->outputs * tiles, tiles, c->outputs,
                 count * p->across * 4};
    multiply(&m);
  }
  for (int output = 0; output < c->outputs; output++)
    for (int i = 0; i < count; i++) {
      gather_rows(sums + output * tiles + i * p->across * 4, c->outputs * tiles, strips[i].groups, c->bias[output], rows,
                  pitch);
      unpack_strip(c, p, strips + i, output, rows, pitch);
    }
}

void EXPORT(winograd)(const convolution *c) {
  plan_of_tiles p = plan_tiles(c);
  strip strips[MOST_STRIPS];
  int count = 0, d = c->dilation_width;
  for (int phase = 0; phase < least(d, c->to_height); phase++) {
    int rows = ratio_up(ratio_up(c->to_height - phase, d), 4);
    for (int row = 0; row < rows; row++)
      for (int group = 0; group < p.groups; group += p.across) {
        strips[count++] = (strip){phase, row, group, least(p.across, p.groups - group)};
        if (count < p.strips) continue;
        bundle(c, &p, strips, count);
        count = 0;
      }
  }
  if (count) bundle(c, &p, strips, count);
}

// --- Transposed convolution with wide steps: each pixel lays its kernel down ---

// `weight` is (channels, outputs, kernel_height, kernel_width); the room holds one row of what is laid down.
int EXPORT(spread_room)(const convolution *c) {
  return most((c->width - 1) * c->stride_width + c->kernel_width, c->left + c->to_width) + 16;
}

void EXPORT(spread)(const convolution *c) {
  int taps = c->kernel_height * c->kernel_width, reach = (c->width - 1) * c->stride_width + c->kernel_width;
  int length = most(reach, c->left + c->to_width), wide = c->kernel_width & ~3;
  float *sum = c->room;
  for (int o = 0; o < c->outputs; o++)
    for (int y = 0; y < c->to_height; y++) {
      for (int q = 0; q < length; q += 4) store(sum + q, splat(c->bias[o]));
      for (int i = (y + c->top) % c->stride_height; i < c->kernel_height; i += c->stride_height) {
        int row = (y + c->top - i) / c->stride_height;
        if (y + c->top < i || row >= c->height) continue;
        for (int k = 0; k < c->channels; k++) {
          const float *x = c->from + k * c->from_pitch + row * c->width;
          const float *w = c->weight + (k * c->outputs + o) * taps + i * c->kernel_width;
          for (int q = 0; q < c->width; q++) {
            vec pixel = wasm_v128_load32_splat(x + q);
            float *to = sum + q * c->stride_width;
            for (int j = 0; j < wide; j += 4) store(to + j, madd(pixel, load(w + j), load(to + j)));
            for (int j = wide; j < c->kernel_width; j++) to[j] += x[q] * w[j];
          }
        }
      }
      unpack_row(sum + c->left, c->to_width, c->to + o * c->to_pitch + y * c->to_width, 1, 0, c->relu);
    }
}

// --- Pools ---

typedef struct {
  const float *from;
  int from_pitch, channels, height, width;
  float *to;
  int to_pitch, to_height, to_width;
  int *switches;  // laid out as `to`: where in its plane each maximum stands; or 0
  int kernel_height, kernel_width, stride_height, stride_width, top, left, dilation_height, dilation_width;
  int count_padding;
} pool;

// Windows of 2 x 2 side by side, four at once. The first of equals is the maximum, and a NaN is more than any number.
static int halve_row(const float *upper, int width, int at, float *to, int *switches, int count) {
  int q = 0;
  const float *lower = upper + width;
  vec place = wasm_i32x4_add(wasm_i32x4_splat(at), wasm_i32x4_make(0, 2, 4, 6));
  for (; q + 4 <= count; q += 4, upper += 8, lower += 8) {
    vec a = load(upper), b = load(upper + 4), c = load(lower), d = load(lower + 4);
    vec x[4] = {lanes(a, b, 0, 2, 4, 6), lanes(a, b, 1, 3, 5, 7), lanes(c, d, 0, 2, 4, 6), lanes(c, d, 1, 3, 5, 7)};
    int step[4] = {0, 1, width, width + 1};
    vec best = x[0], where = place;
    UNROLL for (int i = 1; i < 4; i++) {
      vec more = wasm_v128_or(wasm_f32x4_gt(x[i], best), wasm_f32x4_ne(x[i], x[i]));
      best = wasm_v128_bitselect(x[i], best, more);
      where = wasm_v128_bitselect(wasm_i32x4_add(place, wasm_i32x4_splat(step[i])), where, more);
    }
    store(to + q, best);
    if (switches) store(switches + q, where);
    place = wasm_i32x4_add(place, wasm_i32x4_splat(8));
  }
  return q;
}

void EXPORT(max_pool)(const pool *p) {
  int halves = p->kernel_height == 2 && p->kernel_width == 2 && p->stride_height == 2 && p->stride_width == 2 && !p->top &&
               !p->left && p->dilation_height == 1 && p->dilation_width == 1;
  for (int c = 0; c < p->channels; c++)
    for (int y = 0; y < p->to_height; y++) {
      const float *plane = p->from + c * p->from_pitch;
      int first = c * p->to_pitch + y * p->to_width, x = 0, top = y * p->stride_height - p->top;
      if (halves && top + 2 <= p->height)
        x = halve_row(plane + top * p->width, p->width, top * p->width, p->to + first, p->switches ? p->switches + first : 0,
                      least(p->to_width, p->width / 2));
      for (; x < p->to_width; x++) {
        int left = x * p->stride_width - p->left, where = -1;
        float best = -__builtin_inff();
        for (int i = 0, row = top; i < p->kernel_height; i++, row += p->dilation_height) {
          if (row < 0 || row >= p->height) continue;
          for (int j = 0, column = left; j < p->kernel_width; j++, column += p->dilation_width) {
            if (column < 0 || column >= p->width) continue;
            float value = plane[row * p->width + column];
            if (where < 0 || value > best || value != value) best = value, where = row * p->width + column;
          }
        }
        p->to[first + x] = best;
        if (p->switches) p->switches[first + x] = where;
      }
    }
}

void EXPORT(avg_pool)(const pool *p) {
  for (int c = 0; c < p->channels; c++)
    for (int y = 0; y < p->to_height; y++)
      for (int x = 0; x < p->to_width; x++) {
        int top = y * p->stride_height - p->top, left = x * p->stride_width - p->left;
        int bottom = least(top + p->kernel_height, p->height + p->top), right = least(left + p->kernel_width, p->width + p->left);
        int padded = (bottom - top) * (right - left);
        top = most(top, 0), left = most(left, 0), bottom = least(bottom, p->height), right = least(right, p->width);
        float sum = 0;
        for (int i = top; i < bottom; i++)
          for (int j = left; j < right; j++) sum += p->from[c * p->from_pitch + i * p->width + j];
        p->to[c * p->to_pitch + y * p->to_width + x] = sum / (p->count_padding ? padded : (bottom - top) * (right - left));
      }
}

// The number of switches that point off the map; these are left out.
int EXPORT(unpool)(const float *from, const int *switches, int from_pitch, int channels, int count, float *to, int to_pitch,
                   int to_count) {
  int wrong = 0;
  for (int c = 0; c < channels; c++, from += from_pitch, switches += from_pitch, to += to_pitch) {
    for (int q = 0; q < to_count; q += 4) store(to + q, splat(0));
    for (int q = 0; q < count; q++) {
      if ((unsigned)switches[q] < (unsigned)to_count) to[switches[q]] = from[q];
      else wrong++;
    }
  }
  return wrong;
}

// --- Bilinear resizing: two rows to one, and that one stretched ---

INLINE float place(int at, int size, int to_size, int corners) {
  if (corners) return to_size > 1 ? at * ((float)(size - 1) / (to_size - 1)) : 0;
  float found = ((float)size / to_size) * (at + 0.5f) - 0.5f;
  return found < 0 ? 0 : found;
}

int EXPORT(resize_room)(int width, int to_width) { return width + 8 + 2 * to_width + 8; }

void EXPORT(resize)(const float *from, int from_pitch, int channels, int height, int width, float *to, int to_pitch,
                    int to_height, int to_width, int corners, float *room) {
  float *row = room, *share = room + width + 8;
  int *start = (int *)(share + to_width);
  for (int x = 0; x < to_width; x++) {
    float at = place(x, width, to_width, corners);
    start[x] = least((int)at, width - 1);
    share[x] = at - start[x];
  }
  for (int c = 0; c < channels; c++)
    for (int y = 0; y < to_height; y++) {
      float at = place(y, height, to_height, corners);
      int above = least((int)at, height - 1), below = least(above + 1, height - 1);
      const float *a = from + c * from_pitch + above * width, *b = from + c * from_pitch + below * width;
      vec down = splat(at - above), up = splat(1 - (at - above));
      for (int q = 0; q < width; q += 4) store(row + q, plus(times(up, load(a + q)), times(down, load(b + q))));
      row[width] = row[width - 1];
      float *line = to + c * to_pitch + y * to_width;
      for (int x = 0; x < to_width; x++) line[x] = row[start[x]] * (1 - share[x]) + row[start[x] + 1] * share[x];
    }
}

// --- Number by number ---

void EXPORT(scale_planes)(const float *from, int from_pitch, int channels, int count, const float *scale, const float *shift,
                          float low, float high, float *to, int to_pitch) {
  for (int c = 0; c < channels; c++, from += from_pitch, to += to_pitch) {
    vec a = scale ? splat(scale[c]) : splat(1), b = scale ? splat(shift[c]) : splat(0), floor = splat(low), roof = splat(high);
    for (int q = 0; q < count; q += 4)
      store(to + q, wasm_f32x4_pmin(wasm_f32x4_pmax(plus(times(load(from + q), a), b), floor), roof));
  }
}

// `each`: the second has one number for each plane.
void EXPORT(combine)(const float *one, int one_pitch, const float *two, int two_pitch, int each, int product, int relu,
                     int channels, int count, float *to, int to_pitch) {
  for (int c = 0; c < channels; c++, one += one_pitch, two += two_pitch, to += to_pitch)
    for (int q = 0; q < count; q += 4) {
      vec a = load(one + q), b = each ? splat(*two) : load(two + q), y = product ? times(a, b) : plus(a, b);
      store(to + q, relu ? ramp(y) : y);
    }
}
