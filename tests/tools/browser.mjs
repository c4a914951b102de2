// Opens a report in headless Chromium and holds it against the JSON lines of its run.
//   node browser.mjs PLAYWRIGHT CHROMIUM REPORT LOG DATA [SCREENSHOTS]
// LOG: JSON Lines of training, or the JSON object of an evaluation; DATA: the folder with the test images. Every disagreement is printed; exits with 1 if there is one.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';

const [playwright, executablePath, report, log, data, screenshots] = process.argv.slice(2);
const { chromium } = createRequire(resolve(playwright) + '/')('playwright-core');
const events = readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const epochs = events.filter((event) => event.event === 'epoch');
const end = events.at(-1);
const trained = end.event === 'end';

function test_images() {
    const name = `${data}/t10k-images-idx3-ubyte`;
    return (existsSync(name) ? readFileSync(name) : gunzipSync(readFileSync(`${name}.gz`))).subarray(16);
}

let failures = 0;
function expect(holds, what) {
    if (holds) return;
    failures++;
    console.log(what);
}
function same(found, wanted, what) {
    expect(JSON.stringify(found) === JSON.stringify(wanted),
        `${what}: found ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`);
}

/* --- what runs inside the page --- */

// Every piece of text with its size, and its contrast against what lies behind it (WCAG 2.1).
function readability() {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const parse = (color) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = (top, under) => top.slice(0, 3).map((v, i) => v * top[3] + under[i] * (1 - top[3]));
    const behind = (element) => {
        if (!element) return [255, 255, 255];
        const color = parse(getComputedStyle(element).backgroundColor);
        return color[3] === 1 ? color.slice(0, 3) : over(color, behind(element.parentElement));
    };
    const luminance = (rgb) => {
        const [r, g, b] = rgb.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const texts = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        const text = walker.currentNode.textContent.trim();
        if (!text || element.closest('details:not([open])') || element.tagName === 'title') continue;
        const style = getComputedStyle(element);
        const svg = element.ownerSVGElement;
        const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
        const under = behind(svg ? svg.parentElement : element);
        const ink = over(parse(svg ? style.fill : style.color), under);
        const [a, b] = [luminance(ink), luminance(under)].sort((x, y) => y - x);
        texts.push({ text, pixels: parseFloat(style.fontSize) * scale, contrast: (a + 0.05) / (b + 0.05) });
    }
    return texts;
}

function read() {
    const values = (row, selector) => [...row.querySelectorAll(selector)].map((data) => data.value);
    const points = (line) => line.getAttribute('points').split(' ').map((point) => point.split(',').map(Number));
    return {
        title: document.title,
        sections: [...document.querySelectorAll('section')].map((section) => section.id),
        links: [...document.querySelectorAll('nav a')].map((a) => a.hash.slice(1)),
        scripts: document.querySelectorAll('script').length,
        confusion: [...document.querySelectorAll('.heat tr')].slice(1)
            .map((row) => [...row.querySelectorAll('td')].map((cell) => Number(cell.textContent))),
        epochs: [...document.querySelectorAll('#learning .epochs tr')].slice(1)
            .map((row) => [row.cells[0].textContent, ...values(row, 'data')]),
        best: document.querySelector('#learning .best td')?.textContent,
        charts: [...document.querySelectorAll('.chart')]
            .map((chart) => [...chart.querySelectorAll('polyline')].map(points)),
        digits: [...document.querySelectorAll('.digits tr')].slice(1).map((row) => values(row, 'data')),
        pictures: [...document.images].map((image) => [image.naturalWidth, image.naturalHeight, image.alt]),
        inks: [...document.querySelectorAll('#mistakes img, #right img')].map((image) => {
            const canvas = document.createElement('canvas').getContext('2d');
            canvas.drawImage(image, 0, 0, 28, 28);
            return [Number(image.alt.match(/image (\d+)/)[1]),
                [...canvas.getImageData(0, 0, 28, 28).data].filter((_, i) => i % 4 === 0).map((v) => 255 - v)];
        }),
        mistakes: document.querySelectorAll('#mistakes figure').length,
        right: document.querySelectorAll('#right figure').length,
        units: document.querySelectorAll('#weights img').length,
        pulls: document.querySelectorAll('#pull img').length,
        bins: document.querySelectorAll('#calibration circle').length,
        command: document.querySelector('pre').textContent,
        width: document.documentElement.scrollWidth,
    };
}

/* --- what it must be --- */

// A line is where its values are: y = a + b f(value) with the same a and b for all of its points.
function follows(points, values, what) {
    const fit = (f) => {
        const xs = values.map(f), ys = points.map((point) => point[1]);
        const [low, high] = [xs.indexOf(Math.min(...xs)), xs.indexOf(Math.max(...xs))];
        const slope = xs[high] === xs[low] ? 0 : (ys[high] - ys[low]) / (xs[high] - xs[low]);
        return Math.max(...xs.map((x, i) => Math.abs(ys[low] + slope * (x - xs[low]) - ys[i])));
    };
    same(points.length, values.length, `${what}: points`);
    const off = Math.min(fit((v) => v), fit(Math.log));
    expect(off <= 0.03, `${what}: the line is ${off} pixels off`);
}

function check_training(page) {
    const text = (value) => String(Number(value.toPrecision(9)));
    const columns = ['train_loss', 'train_acc', 'val_loss', 'val_acc'].filter((name) => name in epochs[0]);
    same(page.epochs.map((row) => row.map(Number)),
        epochs.map((event) => [event.epoch, ...columns.map((name) => event[name])]), 'epochs');
    same(page.epochs.map((row) => row.slice(1).map((value) => text(Number(value)) === String(Number(value)))).flat().every(Boolean),
        true, 'nine digits');
    same(Number(page.best), end.best_epoch, 'best epoch');
    const images = test_images();
    for (const [index, ink] of page.inks)
        expect(ink.every((v, i) => v === images[784 * index + i]), `test image ${index} looks different`);
    const lines = [['train_loss', 'val_loss'], ['train_acc', 'val_acc'], ['lr']];
    lines.forEach((names, chart) => names.filter((name) => name in epochs[0]).forEach((name, line) =>
        follows(page.charts[chart][line], epochs.map((event) => event[name]), name)));
}

function check_content(page) {
    const sections = ['learning', 'confusion', 'digits', 'mistakes', 'right', 'calibration', 'pull', 'weights', 'run'];
    same(page.sections, trained ? sections : sections.slice(1), 'sections');
    same(page.links, page.sections, 'links');
    same(page.scripts, 0, 'scripts');
    same(page.confusion, end.confusion, 'confusion matrix');
    const images = end.confusion.flat().reduce((a, b) => a + b);
    const correct = end.confusion.reduce((sum, row, digit) => sum + row[digit], 0);
    expect(page.title.includes(`${(100 * correct / images).toFixed(2)}%`), `title: ${page.title}`);
    if (trained) check_training(page);
    else same(page.digits.map((row) => row.map(Number)),
        end.classes.map((figures) => [figures.precision, figures.recall, figures.f1]), 'figures of the digits');
    same(page.mistakes, Math.min(24, images - correct), 'mistakes');
    same(page.right, Math.min(24, correct), 'right ones');
    same([page.units, page.pulls], [128, 10], 'pictures of weights');
    expect(page.bins > 0 && page.bins <= 15, `${page.bins} points of calibration`);
    page.pictures.forEach((picture) =>
        expect(picture[0] === 28 && picture[1] === 28 && picture[2], `a picture is ${picture}`));
    expect(page.command.startsWith(trained ? 'mnist-train ' : 'mnist-eval '), page.command);
}

const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync'],
});
for (const colorScheme of ['light', 'dark']) {
    for (const width of [1200, 400]) {
        const where = `${colorScheme}, ${width} pixels`;
        const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
        page.on('console', (message) => expect(false, `${where}: the console says ${message.text()}`));
        page.on('pageerror', (error) => expect(false, `${where}: ${error}`));
        page.on('request', (request) => expect(request.url().startsWith('data:') || request.url().startsWith('file:'),
            `${where}: asks for ${request.url()}`));
        await page.goto(`file://${resolve(report)}`);
        const found = await page.evaluate(read);
        check_content(found);
        expect(found.width <= width, `${where}: the page is ${found.width} pixels wide`);
        for (const { text, pixels, contrast } of await page.evaluate(readability)) {
            expect(contrast >= 4.5, `${where}: "${text}" has a contrast of ${contrast.toFixed(2)}`);
            expect(pixels >= 10.5, `${where}: "${text}" is ${pixels.toFixed(1)} pixels high`);
        }
        if (screenshots)
            await page.screenshot({ path: `${screenshots}-${colorScheme}-${width}.png`, fullPage: true });
        await page.close();
    }
}
await browser.close();
process.exit(failures ? 1 : 0);
