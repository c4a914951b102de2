// Opens a report in headless Chromium and holds it against the JSON lines of its run, and against the model itself.
//   node browser.mjs PLAYWRIGHT CHROMIUM REPORT LOG EVALUATION DATA [SCREENSHOTS]
// LOG: JSON Lines of training, or the JSON object of an evaluation; EVALUATION: what mnist-eval --json
// --misclassified 24 says of the model; DATA: the folder with the test images. Every disagreement is printed; exits
// with 1 if there is one.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { answer, calibration, saliency, read_model, read_test_set } from './network.mjs';

const [playwright, executablePath, report, log, evaluation_file, data, screenshots] = process.argv.slice(2);
const { chromium } = createRequire(resolve(playwright) + '/')('playwright-core');
const events = readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const epochs = events.filter((event) => event.event === 'epoch');
const end = events.at(-1);
const trained = end.event === 'end';
const validated = trained && 'val_loss' in epochs[0];

const evaluation = JSON.parse(readFileSync(evaluation_file, 'utf8'));
const images = read_test_set(data, evaluation.shift);
const moved = evaluation.shift.some((pixels) => pixels !== 0); // a moved pixel may be 1 of 255 off
const model = read_model(evaluation.model);
const bins = calibration(model, images).filter((bin) => bin.count > 0);
const digit_saliency = saliency(model, images);
const units = [...model[0].bias.keys()].map((unit) => model[0].weight.subarray(784 * unit, 784 * (unit + 1)));

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
function close(found, wanted, most, what) {
    expect(Math.abs(found - wanted) <= most, `${what}: found ${found}, wanted ${wanted}`);
}
// Text that is a number rounded to this many decimals: "1,234", "98.25%"; a share that is neither 0 nor 1 does not look like it.
function shows(text, value, decimals, what) {
    const percent = text.endsWith('%'), unit = 10 ** -decimals, between = value > 0 && value < 1;
    const wanted = !percent ? value : between ? Math.min(Math.max(100 * value, unit), 100 - unit) : 100 * value;
    close(Number(text.replace(/[,%]/g, '')), wanted, 0.5001 * unit, what);
    same((text.match(/\.(\d+)/) ?? ['', ''])[1].length, decimals, `${what}: decimals of ${text}`);
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

// Everything the page says, as numbers and text.
function read() {
    const all = (selector, from = document) => [...from.querySelectorAll(selector)];
    const text = (element) => element.textContent.trim();
    const rows = (selector) => all(`${selector} tr`).map((row) => [...row.cells].map((cell) => ({
        text: text(cell), value: cell.querySelector('data')?.value, title: cell.title,
        bold: all('b', cell).map(text), bar: cell.querySelector('.bar i')?.style.getPropertyValue('--w'),
    })));
    const number = (element, name) => Number(element.getAttribute(name));
    const rgba = (image) => {
        const canvas = new OffscreenCanvas(28, 28).getContext('2d');
        canvas.drawImage(image, 0, 0, 28, 28);
        const bytes = canvas.getImageData(0, 0, 28, 28).data;
        return Array.from({ length: 784 }, (_, i) => bytes.subarray(4 * i, 4 * i + 4));
    };
    // Of a map: alpha, positive where it is redder than blue.
    const maps = (selector) => all(selector).map((image) => rgba(image).map(([r, , b, a]) => r > b ? a : -a));
    const points = (line) => line.getAttribute('points').split(' ').map((point) => point.split(',').map(Number));
    // Labels of an axis: [text, place]; the text hangs four units below its place.
    const ticks = (chart, anchor) => all(`text.axis[text-anchor=${anchor}]`, chart)
        .map((tick) => [text(tick), anchor === 'end' ? number(tick, 'y') - 4 : number(tick, 'x')]);
    const chart = (figure) => ({
        lines: all('polyline', figure).map(points),
        x: ticks(figure, 'middle'), y: ticks(figure, 'end'),
        keys: all('.key', figure).map((key) => [text(key), key.classList[1]]),
        styles: all('polyline', figure).map((line) => line.classList[1]),
        best: all('circle.best', figure).map((mark) => [mark.classList[1], number(mark, 'cx'), number(mark, 'cy')]),
        best_text: all('text.best', figure).map(text),
    });
    const shown = (figure) => ({
        bold: all('figcaption > b', figure).map((b) => Number(text(b))),
        caption: text(figure.querySelector('figcaption')),
        alt: figure.querySelector('img').alt,
        ink: rgba(figure.querySelector('img')).map(([r]) => 255 - r),
        probabilities: all('.p', figure).map((p) => ({
            digit: Number(text(p.firstElementChild)), value: Number(p.querySelector('data').value),
            text: text(p.querySelector('data')), bar: p.querySelector('i').style.getPropertyValue('--w'),
        })),
    });
    return {
        title: document.title,
        heading: text(document.querySelector('h1 b')),
        lead: text(document.querySelector('.lead')),
        tiles: all('.tiles > div').map((tile) =>
            ['dt', 'dd', 'small'].map((name) => tile.querySelector(name).firstChild.data)),
        sections: all('section').map((section) => section.id),
        links: all('nav a').map((a) => a.hash.slice(1)),
        scripts: all('script').length,
        epochs: rows('#learning .epochs'),
        best: document.querySelector('#learning .best td')?.textContent,
        charts: all('.chart').map(chart),
        confusion: rows('.heat'),
        mixups: rows('.mixups'),
        digits: rows('.digits'),
        pictures: [...document.images].map((image) => [image.naturalWidth, image.naturalHeight, image.alt]),
        mistakes: all('#mistakes figure').map(shown),
        right: all('#right figure').map(shown),
        calibration: rows('#calibration'),
        diagram: {
            ...chart(document.querySelector('#calibration svg')),
            circles: all('#calibration circle').map((circle) => [number(circle, 'cx'), number(circle, 'cy')]),
            titles: all('#calibration circle').map(text),
        },
        saliency: maps('#saliency img'),
        units: maps('#weights img'),
        command: document.querySelector('pre').textContent,
    };
}

/* --- what it must be --- */

const confusion = evaluation.confusion;
const sum = (values) => values.reduce((a, b) => a + b, 0);
const correct = sum(confusion.map((row, digit) => row[digit]));
const texts = (rows) => rows.map((row) => row.map((cell) => cell.text));
const tick_value = (text) => parseFloat(text) / (text.endsWith('%') ? 100 : 1);

function check_tiles(page) {
    const accuracy = correct / evaluation.images;
    const wanted = [['accuracy', accuracy, 2], ['mistakes', evaluation.images - correct, 0],
        ['loss', evaluation.loss, 4], ['calibration error', evaluation.calibration_error, 2],
        ['coverage', evaluation.coverage, 2]];
    same(page.tiles.map(([name]) => name), wanted.map(([name]) => name), 'tiles');
    wanted.forEach(([name, value, decimals], i) => shows(page.tiles[i][1], value, decimals, name));
    shows(page.tiles[0][2].match(/^± (\S+), one standard error$/)[1],
        Math.sqrt(accuracy * (1 - accuracy) / evaluation.images), 2, 'standard error');
    shows(page.tiles[1][2].match(/^of (\S+) images$/)[1], evaluation.images, 0, 'images');
    for (const text of [page.heading, page.title.split(' ').at(-1)]) shows(text, accuracy, 2, 'accuracy above');
}

// A line is where its values are on the axis: y = a + b f(value) with the same a and b for its points and the labels.
function check_line(chart, line, values, what) {
    const points = chart.lines[line];
    same(points.length, values.length, `${what}: points`);
    const xs = values.concat(chart.y.map(([text]) => tick_value(text)));
    const ys = points.map((point) => point[1]).concat(chart.y.map((tick) => tick[1]));
    const off = (f) => {
        const fs = xs.map(f), low = fs.indexOf(Math.min(...fs)), high = fs.indexOf(Math.max(...fs));
        const slope = (ys[high] - ys[low]) / (fs[high] - fs[low]);
        return Math.max(...fs.map((v, i) => Math.abs(ys[low] + slope * (v - fs[low]) - ys[i])));
    };
    const least = Math.min(off((v) => v), off((v) => Math.log(Math.max(v, 1e-12))));
    expect(least <= 0.15, `${what}: the line is ${least} pixels off`);
    same([...chart.y].sort((a, b) => b[1] - a[1]), [...chart.y].sort((a, b) => tick_value(a[0]) - tick_value(b[0])),
        `${what}: labels from below`);
    for (const [epoch, x] of chart.x) close(points[epoch - 1][0], x, 0.06, `${what}: place of epoch ${epoch}`);
}

// The mark stands on the line of validation, at the epoch whose weights were kept.
function check_best(chart, name, decimals, percent) {
    if (!validated) {
        same([chart.best, chart.best_text], [[], []], `${name}: best without validation`);
        return;
    }
    const [[style, x, y]] = chart.best, [at_x, at_y] = chart.lines[1][end.best_epoch - 1];
    const [, epoch, value] = chart.best_text[0].match(/^epoch (\d+): (.*)$/);
    same([style, Number(epoch)], ['val', end.best_epoch], `${name}: best`);
    close(x, at_x, 0.06, `${name}: x of the best`);
    close(y, at_y, 0.06, `${name}: y of the best`);
    shows(value, epochs[end.best_epoch - 1][name], decimals, `${name}: the best`);
    same(value.endsWith('%'), percent, `${name}: the best in percent`);
}

function check_charts(page) {
    const charts = [['train_loss', 'val_loss'], ['train_acc', 'val_acc'], ['lr']];
    const keys = [[['training', 'train'], ['validation', 'val']], [['training', 'train'], ['validation', 'val']],
        [['at the first step', 'rate']]];
    charts.forEach((names, i) => {
        const lines = names.filter((name) => name in epochs[0]), chart = page.charts[i];
        lines.forEach((name, line) => check_line(chart, line, epochs.map((event) => event[name]), name));
        same(chart.keys, keys[i].slice(0, lines.length), `${names}: legend`);
        same(chart.styles, chart.keys.map(([, style]) => style), `${names}: lines`);
    });
    check_best(page.charts[0], 'val_loss', 4, false);
    check_best(page.charts[1], 'val_acc', 2, true);
    same(page.charts[2].best, [], 'best of learning rates');
}

function check_epochs(page) {
    const figures = [['train_loss', 'train loss', 4], ['train_acc', 'train accuracy', 2],
        ['val_loss', 'validation loss', 4], ['val_acc', 'validation accuracy', 2]].slice(0, validated ? 4 : 2);
    const [head, ...rows] = page.epochs;
    same(texts([head])[0], ['epoch', ...figures.map((figure) => figure[1]), 'learning rate', 'time'], 'columns');
    same(rows.map((row) => Number(row[0].text)), epochs.map((event) => event.epoch), 'epochs');
    rows.forEach((row, i) => {
        figures.forEach(([name, , decimals], k) => {
            same(row[k + 1].value, String(Number(epochs[i][name].toPrecision(9))), `epoch ${i + 1}, ${name}`);
            shows(row[k + 1].text, epochs[i][name], decimals, `epoch ${i + 1}, ${name}`);
        });
        const [rate, time] = row.slice(-2);
        same(Number(rate.text), Number(epochs[i].lr.toPrecision(3)), `epoch ${i + 1}, learning rate`);
        if (epochs[i].seconds < 59) shows(time.text.replace(' s', ''), epochs[i].seconds, 2, `epoch ${i + 1}, time`);
    });
    same(Number(page.best), end.best_epoch, 'best epoch');
    expect(page.lead.includes(`epoch ${end.best_epoch} of ${end.epochs_run}.`), `lead: ${page.lead}`);
}

function check_confusion(page) {
    const cells = page.confusion.slice(1);
    same(cells.map((row) => row.slice(1).map((cell) => Number(cell.text))), confusion, 'confusion matrix');
    same(cells.map((row) => row.slice(1).map((cell) => cell.title)),
        confusion.map((row, t) => row.map((count, c) => count && t !== c ? `${t} taken for ${c}` : '')), 'its hints');
    const mixups = confusion.flatMap((row, t) => row.map((count, c) => ({ t, c, count })))
        .filter(({ t, c, count }) => t !== c && count > 0).sort((a, b) => b.count - a.count).slice(0, 10);
    same(page.mixups.map(([pair, , count]) => [...pair.bold.map(Number), Number(count.text)]),
        mixups.map(({ t, c, count }) => [t, c, count]), 'mix-ups');
    same(page.mixups.map(([pair]) => pair.text), mixups.map(({ t, c }) => `${t} taken for ${c}`), 'mix-ups in words');
    page.mixups.forEach(([, { bar }], i) =>
        close(parseFloat(bar), 100 * mixups[i].count / mixups[0].count, 0.06, 'bar of a mix-up'));
}

function check_digits(page) {
    const [head, ...rows] = page.digits;
    same(texts([head])[0], ['', 'precision', 'recall', 'F1', 'images'], 'columns of the digits');
    rows.forEach((row, digit) => {
        const hits = confusion[digit][digit], support = sum(confusion[digit]);
        const guessed = sum(confusion.map((of) => of[digit]));
        const figures = [hits / guessed, hits / support, 2 * hits / (guessed + support)];
        same([row[0].text, Number(row[4].text.replace(',', ''))], [String(digit), support], 'digit and images');
        figures.forEach((value, k) => {
            close(Number(row[k + 1].value), value, 1e-8, `digit ${digit}, ${head[k + 1].text}`);
            shows(row[k + 1].text, value, 2, `digit ${digit}, ${head[k + 1].text}`);
        });
    });
}

// A picture of the gallery is its image; the probabilities are what the model says of that image.
function check_shown({ bold, caption, alt, ink, probabilities }) {
    const index = Number(caption.match(/test\[(\d+)\]/)[1]), { label, pixels } = images[index];
    const { p, order: [guess, second] } = answer(model, ink), what = `test[${index}]`;
    same(alt, `test image ${index}, a ${label}`, `${what}: alt`);
    expect(ink.every((v, i) => Math.abs(v - pixels[i]) <= moved), `${what} looks different`);
    same(bold, guess === label ? [label] : [label, guess], `${what}: truth and guess`);
    expect(caption.startsWith(bold.join(' taken for ')), `${what}: ${caption}`);
    same(probabilities.map(({ digit }) => digit), [...new Set([guess, second, label])], `${what}: digits`);
    for (const { digit, value, text, bar } of probabilities) {
        close(value, p[digit], 1e-9 + 2e-4 * p[digit], `${what}: probability of ${digit}`);
        shows(text, value, 1, `${what}: probability of ${digit}`);
        close(parseFloat(bar), 100 * value, 0.06, `${what}: bar of ${digit}`);
    }
    return index;
}

function check_galleries(page) {
    const mistakes = evaluation.misclassified;
    same(mistakes.length, Math.min(24, evaluation.images - correct), 'mistakes evaluated');
    same(page.mistakes.map(check_shown), mistakes.map(({ index }) => index), 'mistakes');
    page.mistakes.forEach(({ bold, probabilities }, i) => same([...bold, probabilities[0].value],
        [mistakes[i].digit, mistakes[i].predicted, mistakes[i].probability], `mistake ${i}`));
    const right = page.right.map(check_shown);
    same(new Set(right).size, Math.min(24, correct), 'right ones');
    expect(page.right.every(({ bold }) => bold.length === 1), 'one of the right ones is wrong');
}

function check_calibration({ calibration: [head, ...rows], diagram }) {
    const place = (ticks, value) => {
        const [zero, one] = ['0%', '100%'].map((label) => ticks.find(([text]) => text === label)[1]);
        return zero + value * (one - zero);
    };
    same(texts([head])[0], ['images', 'sure on average', 'right'], 'columns of calibration');
    same([rows.length, diagram.circles.length], [bins.length, bins.length], 'bins');
    bins.forEach((bin, i) => {
        if (bin.close || moved) return;
        const [count, sure, right] = rows[rows.length - 1 - i], [x, y] = diagram.circles[i];
        const confidence = bin.confidence / bin.count, share = bin.correct / bin.count;
        shows(count.text, bin.count, 0, `bin ${i}`);
        shows(sure.text, confidence, 2, `bin ${i}: sure`);
        shows(right.text, share, 2, `bin ${i}: right`);
        close(x, place(diagram.x, confidence), 0.15, `bin ${i}: how sure it was`);
        close(y, place(diagram.y, share), 0.15, `bin ${i}: how often it was right`);
        same(diagram.titles[i], `${count.text} images: ${sure.text} sure, ${right.text} right`, `bin ${i}: hint`);
    });
}

// Orange above zero, blue below, all of it at four times the root mean square.
function check_maps(found, wanted, what) {
    const scale = 4 * Math.sqrt(sum(wanted.map((values) => sum(values.map((v) => v * v)))) / (784 * wanted.length));
    same(found.length, wanted.length, what);
    found.forEach((map, i) => {
        const off = map.map((v, p) => Math.abs(v - 255 * Math.max(-1, Math.min(1, wanted[i][p] / scale))));
        expect(Math.max(...off) <= 8, `${what} ${i}: ${Math.max(...off)} of 255 off`);
    });
    expect(new Set(found.map(String)).size > found.length / 2, `${what}: too many are alike`); // some may be empty
}

function check_content(page) {
    const sections = ['learning', 'confusion', 'digits', 'mistakes', 'right', 'calibration', 'saliency', 'weights', 'run'];
    same(page.sections, trained ? sections : sections.slice(1), 'sections');
    same(page.links, page.sections, 'links');
    same(page.scripts, 0, 'scripts');
    same([end.confusion, end.weights_crc32], [confusion, evaluation.weights_crc32], 'what was evaluated');
    check_tiles(page);
    if (trained) {
        check_charts(page);
        check_epochs(page);
    }
    check_confusion(page);
    check_digits(page);
    check_galleries(page);
    check_calibration(page);
    check_maps(page.saliency, digit_saliency, 'saliency');
    check_maps(page.units, units, 'unit');
    page.pictures.forEach((picture) =>
        expect(picture[0] === 28 && picture[1] === 28 && picture[2], `a picture is ${picture}`));
    expect(page.command.startsWith(trained ? 'mnist-train ' : 'mnist-eval '), page.command);
}

const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync'],
});
let checked = false; // the content is the same in all four
for (const colorScheme of ['light', 'dark']) {
    for (const width of [1200, 400]) {
        const where = `${colorScheme}, ${width} pixels`;
        const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
        page.on('console', (message) => expect(false, `${where}: the console says ${message.text()}`));
        page.on('pageerror', (error) => expect(false, `${where}: ${error}`));
        page.on('request', (request) => expect(request.url().startsWith('data:') || request.url().startsWith('file:'),
            `${where}: asks for ${request.url()}`));
        await page.goto(pathToFileURL(resolve(report)).href);
        if (!checked) check_content(await page.evaluate(read));
        checked = true;
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        expect(wide <= width, `${where}: the page is ${wide} pixels wide`);
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
