/* A picture is refused with a message, or has as many pixels as it says; what is prepared of it
 * is in MNIST's form as far as the header promises it: the longer side fits, paper is 0, and
 * there is ink or a reason why not. */
#include "fuzz.h"
#include "mnist/base/file_read.h"
#include "mnist/codec/pnm.h"
#include "mnist/data/digit.h"

static void check_digit(const struct digit *digit, const struct pnm *pnm)
{
    int left = IMAGE_SIDE, right = -1, top = IMAGE_SIDE, bottom = -1, most = 0;
    for (int p = 0; p < IMAGE_PIXELS; p++) {
        int ink = digit->pixels[p], x = p % IMAGE_SIDE, y = p / IMAGE_SIDE;
        if (ink == 0)
            continue;
        most = ink > most ? ink : most;
        left = x < left ? x : left;
        right = x > right ? x : right;
        top = y < top ? y : top;
        bottom = y;
    }
    require((most == 0) == (digit->nothing[0] != '\0'), "no ink and no reason, or both");
    if (most == 0)
        return;
    int width = right - left + 1, height = bottom - top + 1,
        longer = width > height ? width : height;
    bool same_size =
        pnm->width == IMAGE_SIDE && pnm->height == IMAGE_SIDE; /* it may have been taken as it is */
    require(longer == 20 || (same_size && longer == 19), "not fitted into 20×20");
    require(most == 255 || same_size, "faint ink");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct pnm pnm;
    struct digit digit, negative;
    struct error err = {""};
    if (pnm_parse(&pnm, bytes, size, "file", &err)) {
        require(err.text[0] != '\0' && !pnm.grey, "refused without a word, or with memory left");
        return 0;
    }
    require(pnm_limit(bytes, size < FILE_HEAD ? size : FILE_HEAD) > 0, "a good head is refused");
    require(pnm.width >= 1 && pnm.width <= PNM_SIDE_MAX && pnm.height >= 1 &&
                pnm.height <= PNM_SIDE_MAX,
            "a size that cannot be");
    size_t n = (size_t)pnm.width * (size_t)pnm.height;
    require(n <= PNM_PIXELS_MAX && n <= 8 * size, "more pixels than bytes");
    if (!digit_prepare(&digit, pnm.grey, pnm.width, pnm.height, &err)) {
        check_digit(&digit, &pnm);
        for (size_t i = 0; i < n; i++)
            pnm.grey[i] = (uint8_t)(255 - pnm.grey[i]);
        if (!digit_prepare(&negative, pnm.grey, pnm.width, pnm.height, &err))
            check_digit(&negative, &pnm);
    }
    pnm_free(&pnm);
    return 0;
}
