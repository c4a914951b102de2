/* The fast kernels, written once and compiled for each instruction set: kernels_baseline.c,
 * kernels_avx2.c and kernels_avx512.c set VECTOR_BYTES and KERNELS and include this file. Same bits
 * as kernels_reference.c.
 *
 * Everything rests on one observation: a layer's sums are weighted sums of rows, and rows are
 * contiguous.
 *
 *              one sample's inputs            rows of W             the sample's sums
 *            x:  . . 3 . 7 . 1 .         row 2 [============]
 *                    |   |   |           row 4 [============]   sum = 3 row2 + 7 row4 + 1 row6
 *                    2   4   6           row 6 [============]         [============] in registers
 *
 * Vector lanes run across the row, that is across outputs, so each output is still summed in
 * ascending index, one rounded product at a time, whatever the width of the vectors.
 *
 *   add_rows   for pixels, 81% of which are 0: a word of the image's mask says which of 64 rows
 *              count, and only those are streamed past eight vectors of sums held in registers.
 *   product    for the dense layers: tiles of 4 sums at once, so that a row, once loaded, serves 4.
 *
 * Backward is the same with other names: the gradient of W's row p is the sum, over the samples
 * that have ink at p, of pixel × that sample's row of dz. Which samples those are is the mask
 * transposed:
 *
 *   masks, a row a sample        a row a pixel
 *     sample 0  . 1 1 . .          pixel 0  . . 1
 *     sample 1  . . 1 1 .   -->    pixel 1  1 . .
 *     sample 2  1 . . 1 .          pixel 2  1 1 .   dW[2] = x[0][2] dz[0] + x[1][2] dz[1]
 *
 * Both directions go block by block, 64 rows against 16 sums or 32: such a block fits the first
 * cache, and W or dz is fetched from further away once a block, not once a pixel. */
#include <assert.h>
#include <string.h>

#include "mnist/base/arithmetic.h"
#include "mnist/base/rmath.h"
#include "mnist/net/kernels.h"

typedef float vector __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));

/* VECTORS × 4 sums and VECTORS of a row must fit the register file: 32 registers with AVX-512,
 * else 16. */
enum { LANES = VECTOR_BYTES / 4, VECTORS = VECTOR_BYTES == 64 ? 4 : 2, ROWS = 4, PADDED = 16 };

/* --- the two primitives --- */

/* Where the 64 pixels lie that go with a word of bits: next to each other in one image, or at the
 * same place in one image after another. */
enum direction { ALONG_IMAGE, ACROSS_IMAGES };

/* sum[n] += sum_i x[i] rows[i][n] over the set bits i of `bits`, for rows (64,128), where x[i] is
 * the value of the pixel images[0][p + i] or images[i][p]; the direction is a constant. */
static inline __attribute__((always_inline)) void add_rows(float *restrict sum, uint64_t bits,
                                                           const float *restrict rows,
                                                           const float *restrict value,
                                                           const uint8_t *const *images, int p,
                                                           const enum direction direction)
{
    enum { WIDTH = 8, STRIP = WIDTH * LANES };
    const uint8_t *image = images[0] + p;
    for (int n = 0; n < HIDDEN1; n += STRIP) {
        vector s[WIDTH];
        for (int i = 0; i < WIDTH; i++)
            s[i] = *(const vector *)(sum + n + i * LANES);
        for (uint64_t left = bits; left; left &= left - 1) {
            size_t row = (size_t)__builtin_ctzll(left);
            float x = value[direction == ALONG_IMAGE ? image[row] : images[row][p]];
            const float *at = rows + row * HIDDEN1 + n;
            __asm__("" : "+r"(at)); /* one address and eight displacements, not eight addresses */
            for (int i = 0; i < WIDTH; i++)
                s[i] += x * *(const vector *)(at + i * LANES);
        }
        for (int i = 0; i < WIDTH; i++)
            *(vector *)(sum + n + i * LANES) = s[i];
    }
}

/* Where the factors x[r][t] of a product lie: x[r * row + t * term]. */
struct factors {
    const float *x;
    int row, term;
};

/* sum[r][n] += sum_t x[r][t] w[t][n] for R <= ROWS rows and V × LANES columns; R and V are
 * constants. */
static inline __attribute__((always_inline)) void tile(float *restrict sum, int sum_row,
                                                       struct factors f, const float *restrict w,
                                                       int w_row, int terms, const int R,
                                                       const int V)
{
    vector s[ROWS][VECTORS];
    for (int r = 0; r < R; r++)
        for (int v = 0; v < V; v++)
            s[r][v] = *(const vector *)(sum + r * sum_row + v * LANES);
    for (int t = 0; t < terms; t++) {
        for (int v = 0; v < V; v++) {
            vector row = *(const vector *)(w + t * w_row + v * LANES);
            for (int r = 0; r < R; r++)
                s[r][v] += f.x[r * f.row + t * f.term] * row;
        }
    }
    for (int r = 0; r < R; r++)
        for (int v = 0; v < V; v++)
            *(vector *)(sum + r * sum_row + v * LANES) = s[r][v];
}

/* The same for any number of rows, and of columns a multiple of LANES. */
static void product(float *restrict sum, int sum_row, struct factors f, const float *restrict w,
                    int w_row, int terms, int rows, int columns)
{
    for (int r = 0; r < rows;) {
        struct factors here = {f.x + r * f.row, f.row, f.term};
        bool four = rows - r >= ROWS;
        for (int n = 0; n < columns;) {
            float *s = sum + r * sum_row + n;
            bool wide = columns - n >= VECTORS * LANES;
            if (four && wide)
                tile(s, sum_row, here, w + n, w_row, terms, ROWS, VECTORS);
            else if (four)
                tile(s, sum_row, here, w + n, w_row, terms, ROWS, 1);
            else if (wide)
                tile(s, sum_row, here, w + n, w_row, terms, 1, VECTORS);
            else
                tile(s, sum_row, here, w + n, w_row, terms, 1, 1);
            n += wide ? VECTORS * LANES : LANES;
        }
        r += four ? ROWS : 1;
    }
}

/* to (rows,16) = from (rows,columns) with zeros behind: ten classes as whole vectors. */
static void pad(float *restrict to, const float *restrict from, int rows, int columns)
{
    memset(to, 0, (size_t)rows * PADDED * sizeof *to);
    for (int r = 0; r < rows; r++)
        for (int n = 0; n < columns; n++)
            to[r * PADDED + n] = from[r * columns + n];
}

/* --- forward --- */

static void finish(float *restrict y, const float *restrict sum, const float *restrict b, int N,
                   bool relu)
{
    for (int n = 0; n < N; n++) {
        float z = sum[n] + b[n];
        y[n] = relu && z < 0.0f ? 0.0f : z;
    }
}

/* Asks for a line of the image, and of its mask, before they are needed: a shuffled batch comes
 * from all over memory, where no hardware guesses the next address. */
static inline void fetch(const struct batch *x, int s, int word)
{
    __builtin_prefetch(x->pixels[s] + word * 64);
    if (word % 8 == 0)
        __builtin_prefetch(x->masks[s] + word);
}

/* Sixteen samples at a time, 64 pixels at a time: those rows of W then stay in the first cache for
 * all of the 16. */
static void pixels_forward(float *z, const struct batch *x, const float *W, int half, int from,
                           int to)
{
    enum { GROUP = 16 };
    for (int first = from; first < to; first += GROUP) {
        int count = to - first < GROUP ? to - first : GROUP;
        float *sum = z + first * HIDDEN1;
        memset(sum, 0, (size_t)(count * HIDDEN1) * sizeof *sum);
        for (int word = HALF_BEGIN(half) / 64; word * 64 < HALF_END(half); word++) {
            for (int i = 0; i < count; i++) {
                int s = first + i;
                if (s + GROUP < x->size)
                    fetch(x, s + GROUP, word);
                add_rows(sum + i * HIDDEN1, x->masks[s][word], W + word * 64 * HIDDEN1, x->value,
                         x->pixels + s, word * 64, ALONG_IMAGE);
            }
        }
    }
}

static void pixels_join(float *restrict y, const float *restrict upper, const float *restrict lower,
                        const float *restrict b, int B)
{
    for (int i = 0; i < B * HIDDEN1; i += HIDDEN1) {
        float sum[HIDDEN1];
        for (int n = 0; n < HIDDEN1; n++)
            sum[n] = upper[i + n] + lower[i + n];
        finish(y + i, sum, b, HIDDEN1, true);
    }
}

static void dense_forward(float *restrict y, const float *restrict x, const float *restrict W,
                          const float *restrict b, int B, int K, int N, bool relu)
{
    enum { GROUP = 16 };
    float padded[HIDDEN1 * PADDED], sum[GROUP * HIDDEN1];
    bool narrow = N % PADDED != 0;
    int columns = narrow ? PADDED : N;
    assert(N <= HIDDEN1 && K <= HIDDEN1 && (!narrow || N < PADDED));
    if (narrow)
        pad(padded, W, K, N);
    for (int from = 0; from < B; from += GROUP) {
        int count = B - from < GROUP ? B - from : GROUP;
        memset(sum, 0, (size_t)(count * columns) * sizeof *sum);
        product(sum, columns, (struct factors){x + from * K, K, 1}, narrow ? padded : W, columns, K,
                count, columns);
        for (int s = 0; s < count; s++)
            finish(y + (from + s) * N, sum + s * columns, b, N, relu);
    }
}

/* The exponentials of the whole batch are one loop, which becomes vector code; among the loops over
 * the ten classes it would not. Until the losses are known, loss keeps each sample's largest z. */
static void softmax(float *restrict p, float *restrict loss, const float *restrict z,
                    const float *restrict t, int B)
{
    for (int s = 0; s < B; s++) {
        const float *row = z + s * CLASSES;
        float largest = row[0];
        for (int c = 1; c < CLASSES; c++)
            largest = row[c] > largest ? row[c] : largest;
        for (int c = 0; c < CLASSES; c++)
            p[s * CLASSES + c] = row[c] - largest;
        loss[s] = largest;
    }
    for (int i = 0; i < B * CLASSES; i++)
        p[i] = rmath_exp(p[i]);
    for (int s = 0; s < B; s++, p += CLASSES, z += CLASSES, t += CLASSES) {
        float sum = 0.0f, sample_loss = 0.0f;
        for (int c = 0; c < CLASSES; c++)
            sum += p[c];
        float log_sum = rmath_log(sum);
        for (int c = 0; c < CLASSES; c++)
            sample_loss += t[c] * (log_sum - (z[c] - loss[s]));
        for (int c = 0; c < CLASSES; c++)
            p[c] /= sum;
        loss[s] = sample_loss;
    }
}

/* --- backward and update --- */

static void dense_backward(float *restrict dx, const float *restrict dy, const float *restrict WT,
                           const float *restrict x, float scale, int B, int K, int N)
{
    assert(K % PADDED == 0);
    memset(dx, 0, (size_t)(B * K) * sizeof *dx);
    product(dx, K, (struct factors){dy, N, 1}, WT, K, N, B, K);
    for (int i = 0; i < B * K; i++) {
        float scaled = dx[i] * scale;
        dx[i] = x[i] > 0.0f ? scaled : 0.0f;
    }
}

static void adam_row(float *restrict w, float *restrict m, float *restrict v,
                     const float *restrict g, const struct adam_step *step, int N)
{
    struct adam_step constants = *step;
    for (int n = 0; n < N; n++)
        adam_update(&w[n], &m[n], &v[n], g[n], &constants);
}

/* Transposes two squares of 32×32 bits in place, one in the low, one in the high halves of a[32]:
 * swaps the off-diagonal 16×16 blocks, then 8×8, … (Warren, Hacker's Delight, 7-3). Bit j of a half
 * of a[i] goes to bit i of that half of a[j]. */
static void transpose_bits(uint64_t a[32])
{
    uint64_t mask = 0x0000ffff0000ffff;
    for (int j = 16; j; j >>= 1, mask ^= mask << j) {
        for (int block = 0; block < 32; block += 2 * j) {
            for (int i = block; i < block + j; i++) {
                uint64_t swapped = (a[i] >> j ^ a[i + j]) & mask;
                a[i] ^= swapped << j;
                a[i + j] ^= swapped;
            }
        }
    }
}

/* The samples of a batch by 64, the pixels by 32: such a block of dz, of W's gradient and of masks
 * fits the first cache. */
enum { SAMPLES = 64, PIXELS = 32 };

/* ink[i], bit s: whether sample from + s has ink at pixel 32 group + i. */
static void samples_of_pixels(uint64_t ink[PIXELS], const struct batch *x, int from, int group)
{
    for (int i = 0; i < PIXELS; i++) {
        ink[i] = 0;
        for (int half = 0; half < 2; half++) {
            int s = from + i + 32 * half;
            if (s < x->size)
                ink[i] |= (x->masks[s][group / 2] >> (group % 2 * 32) & 0xffffffff) << (32 * half);
        }
    }
    transpose_bits(ink);
}

static void pixels_update(float *W, float *m, float *v, const struct batch *x, const float *dy,
                          const struct adam_step *step, int from, int to)
{
    float dW[PIXELS][HIDDEN1];
    for (int first = from; first < to;) {
        int group = first / PIXELS, end = (group + 1) * PIXELS < to ? (group + 1) * PIXELS : to;
        memset(dW, 0, sizeof dW);
        for (int s = 0; s < x->size; s += SAMPLES) {
            uint64_t ink[PIXELS];
            samples_of_pixels(ink, x, s, group);
            for (int p = first; p < end; p++)
                add_rows(dW[p - first], ink[p % PIXELS], dy + s * HIDDEN1, x->value, x->pixels + s,
                         p, ACROSS_IMAGES);
        }
        for (int i = first * HIDDEN1; i < end * HIDDEN1; i += HIDDEN1)
            adam_row(W + i, m + i, v + i, dW[i / HIDDEN1 - first], step, HIDDEN1);
        first = end;
    }
}

/* Groups of 16 rows, so that the transpose is written in runs of 16; for ten classes dy is padded
 * block by block. */
static void dense_update(float *W, float *m, float *v, float *WT, const float *x, const float *dy,
                         const struct adam_step *step, int B, int K, int N, int from, int to)
{
    enum { GROUP = 16, BLOCK = 128 };
    float padded[BLOCK * PADDED], dW[GROUP * HIDDEN1];
    bool narrow = N % PADDED != 0;
    int columns = narrow ? PADDED : N;
    for (int k = from; k < to; k += GROUP) {
        int rows = to - k < GROUP ? to - k : GROUP;
        memset(dW, 0, (size_t)(rows * columns) * sizeof *dW);
        for (int s = 0; s < B; s += BLOCK) {
            int count = B - s < BLOCK ? B - s : BLOCK;
            const float *w = dy + s * N;
            if (narrow)
                pad(padded, w, count, N);
            product(dW, columns, (struct factors){x + s * K + k, 1, K}, narrow ? padded : w,
                    columns, count, rows, columns);
        }
        for (int r = 0; r < rows; r++) {
            int row = (k + r) * N;
            adam_row(W + row, m + row, v + row, dW + r * columns, step, N);
        }
        for (int n = 0; n < N; n++)
            for (int r = 0; r < rows; r++)
                WT[n * K + k + r] = W[(k + r) * N + n];
    }
}

static void bias_update(float *b, float *m, float *v, const float *dy, const struct adam_step *step,
                        int B, int N)
{
    float db[HIDDEN1] = {0};
    for (int s = 0; s < B; s++)
        for (int n = 0; n < N; n++)
            db[n] += dy[s * N + n];
    adam_row(b, m, v, db, step, N);
}

const struct kernels KERNELS = {
    .name = KERNELS_NAME,
    .fault = arithmetic_fault,
    .pixels_forward = pixels_forward,
    .pixels_join = pixels_join,
    .dense_forward = dense_forward,
    .softmax = softmax,
    .dense_backward = dense_backward,
    .pixels_update = pixels_update,
    .dense_update = dense_update,
    .bias_update = bias_update,
};
