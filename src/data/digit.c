#include "mnist/data/digit.h"

#include <stdio.h>
#include <string.h>

#include "mnist/base/memory.h"

/* The longest side of a sheet; the side of MNIST's box; where MNIST's centres of mass are. */
enum { SHEET_SIDE = 256, BOX = 20, MIDDLE = 14 };

/* The least difference between the means of ink and paper, of 255. Where paper turns into ink, in
 * percent of that difference. The least share of the ink in a digit's largest piece, in percent. A
 * speck has less ink than the largest piece by more than this factor. */
enum { CONTRAST = 20, RAMP_FROM = 25, RAMP_TO = 75, PIECE = 33, SPECK = 40 };

/* A picture being prepared: grey at first, then ink. */
struct sheet {
    int width, height;
    uint8_t *ink;   /* (height,width) */
    int *parent;    /* (height,width) a forest: pixels with the same root are in one piece */
    uint32_t *mass; /* (height,width) a piece's ink, at its root */
};

/* --- pictures that have MNIST's form already --- */

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

struct box {
    int left, right, top, bottom; /* all four are inside the box */
};

/* The box around all that is not 0; right < left if all is 0. */
static struct box find_box(const uint8_t *ink, int width, int height)
{
    struct box box = {width, -1, height, -1};
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            if (!ink[y * width + x])
                continue;
            box.left = x < box.left ? x : box.left;
            box.right = x > box.right ? x : box.right;
            box.top = y < box.top ? y : box.top;
            box.bottom = y;
        }
    }
    return box;
}

/* Sums over an image: of its ink, and of ink times column and row. */
struct moments {
    int64_t ink, x, y;
};

static struct moments moments_of(const uint8_t *pixels, int width, int height)
{
    struct moments m = {0};
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            int ink = pixels[y * width + x];
            m.ink += ink;
            m.x += ink * x;
            m.y += ink * y;
        }
    }
    return m;
}

/* |sum / ink - 14| <= 0.55 */
static bool in_the_middle(int64_t sum, int64_t ink)
{
    int64_t off = sum - MIDDLE * ink;
    return 20 * (off < 0 ? -off : off) <= 11 * ink;
}

bool digit_is_prepared(const uint8_t pixels[IMAGE_PIXELS])
{
    struct box box = find_box(pixels, IMAGE_SIDE, IMAGE_SIDE);
    struct moments m = moments_of(pixels, IMAGE_SIDE, IMAGE_SIDE);
    int longer = larger(box.right - box.left, box.bottom - box.top) + 1;
    return (longer == BOX || longer == BOX - 1) && in_the_middle(m.x, m.ink) &&
           in_the_middle(m.y, m.ink);
}

/* --- from grey to ink --- */

static int sheet_create(struct sheet *sheet, int width, int height, struct error *err)
{
    size_t n = (size_t)width * (size_t)height;
    *sheet = (struct sheet){.width = width, .height = height};
    sheet->ink = mem_alloc(n, sizeof *sheet->ink, err);
    sheet->parent = mem_alloc(n, sizeof *sheet->parent, err);
    sheet->mass = mem_alloc(n, sizeof *sheet->mass, err);
    return sheet->ink && sheet->parent && sheet->mass ? 0 : -1;
}

static void sheet_destroy(struct sheet *sheet)
{
    mem_free(sheet->ink);
    mem_free(sheet->parent);
    mem_free(sheet->mass);
}

/* The mean of the square of `factor` by `factor` pixels that becomes pixel (x,y) of the sheet; only
 * its part inside the picture counts. */
static uint8_t mean_of_square(const uint8_t *grey, int width, int height, int factor, int x, int y)
{
    int right = smaller((x + 1) * factor, width), bottom = smaller((y + 1) * factor, height);
    uint32_t sum = 0, n = (uint32_t)((right - x * factor) * (bottom - y * factor));
    for (int j = y * factor; j < bottom; j++)
        for (int i = x * factor; i < right; i++)
            sum += grey[(size_t)j * (size_t)width + (size_t)i];
    return (uint8_t)((sum + n / 2) / n);
}

static int reduce(struct sheet *sheet, const uint8_t *grey, int width, int height,
                  struct error *err)
{
    int factor = (larger(width, height) + SHEET_SIDE - 1) / SHEET_SIDE;
    if (sheet_create(sheet, (width + factor - 1) / factor, (height + factor - 1) / factor, err))
        return -1;
    for (int y = 0; y < sheet->height; y++)
        for (int x = 0; x < sheet->width; x++)
            sheet->ink[y * sheet->width + x] = mean_of_square(grey, width, height, factor, x, y);
    return 0;
}

/* The median of the outermost pixels. */
static int paper_level(const struct sheet *sheet)
{
    int count[256] = {0}, n = 0, level = 0;
    for (int y = 0; y < sheet->height; y++) {
        bool edge = y == 0 || y == sheet->height - 1;
        int step = edge || sheet->width == 1 ? 1 : sheet->width - 1;
        for (int x = 0; x < sheet->width; x += step, n++)
            count[sheet->ink[y * sheet->width + x]]++;
    }
    for (int below = count[0]; 2 * below < n; below += count[level])
        level++;
    return level;
}

/* Grey becomes its distance from the paper, towards dark or light, whichever has more ink. */
static void grey_to_ink(struct sheet *sheet)
{
    int n = sheet->width * sheet->height, paper = paper_level(sheet);
    int64_t dark = 0, light = 0;
    for (int i = 0; i < n; i++) {
        int d = sheet->ink[i] - paper;
        *(d < 0 ? &dark : &light) += d * d;
    }
    for (int i = 0; i < n; i++) {
        int d = dark > light ? paper - sheet->ink[i] : sheet->ink[i] - paper;
        sheet->ink[i] = (uint8_t)(d > 0 ? d : 0);
    }
}

/* The means of paper and ink, in 1/256 of a level, as Otsu's threshold separates them: the variance
 * between the classes, n0 n1 (mean1 - mean0)², is largest. */
static void otsu(const struct sheet *sheet, int *paper, int *ink)
{
    int64_t count[256] = {0}, n = (int64_t)sheet->width * sheet->height, sum = 0;
    for (int64_t i = 0; i < n; i++)
        count[sheet->ink[i]]++;
    for (int v = 0; v < 256; v++)
        sum += v * count[v];
    int64_t below = 0, sum_below = 0, most = -1;
    *paper = *ink = 0;
    for (int v = 0; v < 255; v++) {
        below += count[v];
        sum_below += v * count[v];
        if (below == 0 || below == n)
            continue;
        int64_t low = 256 * sum_below / below, high = 256 * (sum - sum_below) / (n - below);
        int64_t between = below * (n - below) * (high - low) * (high - low); /* < 2^62 */
        if (between > most) {
            most = between;
            *paper = (int)low;
            *ink = (int)high;
        }
    }
}

/* Maps paper to 0 and ink to 255, with a ramp between. */
static void stretch(struct sheet *sheet, int paper, int ink)
{
    int contrast = ink - paper, n = sheet->width * sheet->height;
    int low = paper + contrast * RAMP_FROM / 100, high = paper + contrast * RAMP_TO / 100;
    uint8_t level[256];
    for (int v = 0; v < 256; v++) {
        int above = larger(0, smaller(256 * v, high) - low);
        level[v] = (uint8_t)((above * 255 + (high - low) / 2) / (high - low));
    }
    for (int i = 0; i < n; i++)
        sheet->ink[i] = level[sheet->ink[i]];
}

/* --- specks --- */

static int root_of(int *parent, int i)
{
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]];
    return i;
}

static void join(int *parent, int i, int j)
{
    i = root_of(parent, i);
    j = root_of(parent, j);
    parent[larger(i, j)] = smaller(i, j);
}

/* Finds the pieces of ink, where all eight neighbours are connected, and their masses. Returns the
 * largest mass. */
static uint32_t find_pieces(struct sheet *sheet)
{
    int w = sheet->width, n = w * sheet->height;
    uint32_t most = 0;
    for (int i = 0; i < n; i++) {
        sheet->parent[i] = i;
        sheet->mass[i] = 0;
        if (!sheet->ink[i])
            continue;
        int x = i % w;
        if (x > 0 && sheet->ink[i - 1])
            join(sheet->parent, i, i - 1);
        for (int k = x > 0 ? -1 : 0; i >= w && k <= (x < w - 1); k++)
            if (sheet->ink[i - w + k])
                join(sheet->parent, i, i - w + k);
    }
    for (int i = 0; i < n; i++) {
        uint32_t *mass = &sheet->mass[root_of(sheet->parent, i)];
        *mass += sheet->ink[i];
        most = *mass > most ? *mass : most;
    }
    return most;
}

/* Removes the small pieces. Returns the largest piece's share of the ink, in thousandths. */
static int remove_specks(struct sheet *sheet)
{
    int n = sheet->width * sheet->height;
    uint32_t most = find_pieces(sheet), all = 0;
    for (int i = 0; i < n; i++) {
        all += sheet->ink[i];
        if (SPECK * sheet->mass[root_of(sheet->parent, i)] < most)
            sheet->ink[i] = 0;
    }
    return all ? (int)(1000 * (uint64_t)most / all) : 0;
}

/* --- from ink to 28×28 --- */

/* The mean of the part of the box that pixel (x,y) of a small image (height,width) covers. A pixel
 * of the box that is partly covered counts in part: in units of 1/width by 1/height of a pixel all
 * these parts are whole numbers. Rounded up, so that ink is never lost. */
static uint8_t mean_of_part(const struct sheet *sheet, const struct box *box, int width, int height,
                            int x, int y)
{
    int w = box->right - box->left + 1, h = box->bottom - box->top + 1;
    int sum = 0;
    for (int j = y * h / height; j * height < (y + 1) * h; j++) {
        int down = smaller((j + 1) * height, (y + 1) * h) - larger(j * height, y * h);
        const uint8_t *row = sheet->ink + (box->top + j) * sheet->width + box->left;
        for (int i = x * w / width; i * width < (x + 1) * w; i++)
            sum +=
                row[i] * down * (smaller((i + 1) * width, (x + 1) * w) - larger(i * width, x * w));
    }
    return (uint8_t)((sum + w * h - 1) / (w * h));
}

/* Scales the ink so that the strongest pixel is 255: thin lines have become grey. */
static void strengthen(uint8_t *small, int n)
{
    int most = 1;
    for (int i = 0; i < n; i++)
        most = larger(most, small[i]);
    for (int i = 0; i < n; i++)
        small[i] = (uint8_t)((small[i] * 255 + most / 2) / most);
}

/* Where a row or column of `length` starts in 28 so that its centre of mass is in the middle, or as
 * close as possible. */
static int place(int64_t sum, int64_t ink, int length)
{
    int centre = (int)((2 * sum + ink) / (2 * ink));
    return larger(0, smaller(MIDDLE - centre, IMAGE_SIDE - length));
}

/* The shorter side is rounded up, not to the nearest whole number: narrow digits keep their holes,
 * and half a point more of the training digits made narrow are recognised. */
static void fit(uint8_t pixels[IMAGE_PIXELS], const struct sheet *sheet, const struct box *box)
{
    int w = box->right - box->left + 1, h = box->bottom - box->top + 1, longer = larger(w, h);
    int width = (BOX * w + longer - 1) / longer, height = (BOX * h + longer - 1) / longer;
    uint8_t small[BOX * BOX] = {0};
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            small[y * width + x] = mean_of_part(sheet, box, width, height, x, y);
    strengthen(small, width * height);
    struct moments m = moments_of(small, width, height);
    int left = place(m.x, m.ink, width), top = place(m.y, m.ink, height);
    for (int y = 0; y < height; y++)
        memcpy(pixels + (top + y) * IMAGE_SIDE + left, small + y * width, (size_t)width);
}

/* Whether ink that spans from … to touches one end of 0 … length-1 and is far from the other. */
static bool touches_one_end(int from, int to, int length)
{
    int before = from, after = length - 1 - to, near = (to - from + 1) / 10;
    return (before == 0 && after > near) || (after == 0 && before > near);
}

static void prepare(struct digit *digit, struct sheet *sheet)
{
    int paper, ink;
    grey_to_ink(sheet);
    otsu(sheet, &paper, &ink);
    if (ink - paper < 256 * CONTRAST) {
        snprintf(digit->nothing, sizeof digit->nothing,
                 "the picture is empty: a contrast of %d of 255, less than %d", (ink - paper) / 256,
                 CONTRAST);
        return;
    }
    stretch(sheet, paper, ink);
    int share = remove_specks(sheet);
    if (share < 10 * PIECE) {
        int shown = share ? share : 1; /* there is some */
        snprintf(digit->nothing, sizeof digit->nothing,
                 "nothing but specks: the largest is %d.%d%% of the ink, less than %d%%",
                 shown / 10, shown % 10, PIECE);
        return;
    }
    struct box box = find_box(sheet->ink, sheet->width, sheet->height);
    digit->cut = touches_one_end(box.left, box.right, sheet->width) ||
                 touches_one_end(box.top, box.bottom, sheet->height);
    fit(digit->pixels, sheet, &box);
}

/* Takes the picture, or else its negative, if it has MNIST's form. Returns whether it did. */
static bool take_prepared(struct digit *digit, const uint8_t *grey)
{
    memcpy(digit->pixels, grey, IMAGE_PIXELS);
    if (digit_is_prepared(digit->pixels))
        return true;
    for (int i = 0; i < IMAGE_PIXELS; i++)
        digit->pixels[i] = (uint8_t)(255 - grey[i]);
    return digit_is_prepared(digit->pixels);
}

int digit_prepare(struct digit *digit, const uint8_t *grey, int width, int height,
                  struct error *err)
{
    struct sheet sheet;
    *digit = (struct digit){.cut = false};
    if (width == IMAGE_SIDE && height == IMAGE_SIDE && take_prepared(digit, grey))
        return 0;
    memset(digit->pixels, 0, sizeof digit->pixels);
    int failed = reduce(&sheet, grey, width, height, err);
    if (!failed)
        prepare(digit, &sheet);
    sheet_destroy(&sheet);
    return failed ? -1 : 0;
}
