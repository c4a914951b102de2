// The network a second time, in JavaScript and in doubles, so that a report can be held against figures the program had
// no part in: it reads the model file and the test images itself.
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const CLASSES = 10, SIDE = 28, INPUTS = SIDE * SIDE, BINS = 15;

/* --- files --- */

function read_idx(path, header) {
    const bytes = existsSync(path) ? readFileSync(path) : gunzipSync(readFileSync(`${path}.gz`));
    return bytes.subarray(header);
}

// Whole pixels to the right and down; what comes in is empty.
function shifted(image, [right, down]) {
    const inside = (x) => x >= 0 && x < SIDE;
    return image.map((_, i) => {
        const [x, y] = [i % SIDE - right, Math.floor(i / SIDE) - down];
        return inside(x) && inside(y) ? image[SIDE * y + x] : 0;
    });
}

// [{label, pixels}], the pixels 0 … 255.
export function read_test_set(folder, shift) {
    const pixels = read_idx(`${folder}/t10k-images-idx3-ubyte`, 16);
    return [...read_idx(`${folder}/t10k-labels-idx1-ubyte`, 8)].map((label, i) =>
        ({ label, pixels: shifted(pixels.subarray(INPUTS * i, INPUTS * (i + 1)), shift) }));
}

// safetensors: the length of the header, the header (JSON), the tensors. Three layers, each weight[output][input].
export function read_model(path) {
    const bytes = readFileSync(path);
    const start = 8 + Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.subarray(8, start));
    const tensor = (name) => {
        const [from, to] = header[name].data_offsets;
        return Float64Array.from({ length: (to - from) / 4 }, (_, i) => bytes.readFloatLE(start + from + 4 * i));
    };
    return [1, 2, 3].map((n) => ({ weight: tensor(`fc${n}.weight`), bias: tensor(`fc${n}.bias`) }));
}

/* --- forward and back --- */

function dense({ weight, bias }, x) {
    const active = [...x.keys()].filter((i) => x[i] !== 0);
    return bias.map((sum, n) => {
        for (const i of active) sum += weight[n * x.length + i] * x[i];
        return sum;
    });
}

function dense_back({ weight, bias }, dy) {
    const dx = new Float64Array(weight.length / bias.length);
    dy.forEach((d, n) => dx.forEach((_, i) => dx[i] += weight[n * dx.length + i] * d));
    return dx;
}

const relu = (y) => y.map((v) => Math.max(0, v));

function run(model, pixels) {
    const a1 = relu(dense(model[0], Float64Array.from(pixels, (v) => v / 255)));
    const a2 = relu(dense(model[1], a1));
    return { a1, a2, logits: dense(model[2], a2) };
}

// What the network says of an image: {p, order}; order: the digits, the most probable first.
export function answer(model, pixels) {
    const { logits } = run(model, pixels);
    const largest = Math.max(...logits), e = logits.map((v) => Math.exp(v - largest));
    const sum = e.reduce((a, b) => a + b), p = [...e].map((v) => v / sum);
    return { p, order: [...p.keys()].sort((a, b) => p[b] - p[a]) };
}

// For each digit the gradient, by the pixels, of its own logit against the mean of all: the mean over its images.
export function saliency(model, images) {
    const slopes = Array.from({ length: CLASSES }, () => new Float64Array(model[0].bias.length));
    const counts = Array(CLASSES).fill(0);
    for (const { label, pixels } of images) {
        const { a1, a2, logits } = run(model, pixels);
        const d3 = logits.map((_, c) => (c === label) - 1 / CLASSES);
        const d2 = dense_back(model[2], d3).map((d, i) => a2[i] > 0 ? d : 0);
        dense_back(model[1], d2).forEach((d, i) => slopes[label][i] += a1[i] > 0 ? d : 0);
        counts[label]++;
    }
    return slopes.map((slope, c) => dense_back(model[0], slope).map((v) => v / Math.max(1, counts[c])));
}

/* --- calibration --- */

// Fifteenths of (0,1] by the largest probability: {count, correct, confidence}, the least sure first. `close`: an image
// is so near an edge that single precision may have put it on the other side.
export function calibration(model, images) {
    const bins = Array.from({ length: BINS }, () => ({ count: 0, correct: 0, confidence: 0, close: false }));
    for (const { label, pixels } of images) {
        const { p, order: [guess] } = answer(model, pixels);
        const place = p[guess] * BINS, bin = bins[Math.min(Math.ceil(place), BINS) - 1], edge = Math.round(place);
        bin.count++;
        bin.correct += guess === label;
        bin.confidence += p[guess];
        if (edge < BINS && Math.abs(place - edge) < 1e-4) bins[edge - 1].close = bins[edge].close = true;
    }
    return bins;
}
