// Opens a report in headless Chromium, on screen, on paper and as Jenkins shows it, and holds it against the JSON lines of
// its run, and against the model itself.
//   node browser.mjs PLAYWRIGHT CHROMIUM REPORT LOG EVALUATION DATA [SCREENSHOTS]
// LOG: JSON Lines of training, or the JSON object of an evaluation; EVALUATION: what mnist-eval --json
// --misclassified 24 says of the model; DATA: the folder with the test images. Every disagreement is printed; exits
// with 1 if there is one.
import { execFileSync } from 'node:child_process';
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

// The interval at 95% of Wilson (1927) of k of n, exact at either end.
function interval(k, n) {
    const z2 = 1.959964 ** 2 / n, middle = k / n + z2 / 2, half = Math.sqrt(z2 * ((k / n) * (1 - k / n) + z2 / 4));
    return [k ? (middle - half) / (1 + z2) : 0, k < n ? (middle + half) / (1 + z2) : 1];
}
function shows_interval(text, k, n, what) {
    const ends = text.match(/^(\d+\.\d\d)–(\d+\.\d\d%)$/);
    expect(ends, `${what}: ${text} is no interval`);
    if (ends) interval(k, n).forEach((end, i) => shows(i ? ends[2] : `${ends[1]}%`, end, 2, `${what}: ${text}`));
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
        if (!text || !element.checkVisibility() || element.tagName === 'title') continue;
        const style = getComputedStyle(element);
        const svg = element.ownerSVGElement;
        const scale = svg?.viewBox.baseVal?.width ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
        const under = behind(svg ? svg.parentElement : element);
        const ink = over(parse(svg ? style.fill : style.color), under);
        const [a, b] = [luminance(ink), luminance(under)].sort((x, y) => y - x);
        texts.push({ text, svg: !!svg, pixels: parseFloat(style.fontSize) * scale, contrast: (a + 0.05) / (b + 0.05) });
    }
    return texts;
}

// Texts of a drawing that leave it, or lie upon each other.
function misplaced() {
    const found = [], near = 0.5;
    for (const svg of document.querySelectorAll('svg')) {
        const texts = [...svg.querySelectorAll('text')].map((text) => [text.textContent, text.getBoundingClientRect()]);
        const room = svg.getBoundingClientRect();
        if (!room.width) continue;
        texts.forEach(([name, a], i) => {
            if (a.left < room.left - near || a.right > room.right + near || a.top < room.top - near || a.bottom > room.bottom + near)
                found.push(`"${name}" is clipped`);
            for (const [other, b] of texts.slice(i + 1))
                if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > near && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > near)
                    found.push(`"${name}" and "${other}" overlap`);
        });
    }
    return found;
}

// What the drawings' shapes, and the cells of the matrix, are painted with.
function paint() {
    const opaque = (color) => {
        const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
        return [r, g, b].map((v) => Math.round(255 - (255 - v) * a));
    };
    const shapes = [...document.querySelectorAll('svg :is(path, line, polyline, circle, rect)')].map((shape) => {
        const { fill, stroke, strokeWidth, strokeDasharray, opacity } = getComputedStyle(shape);
        const inked = !shape.matches('path, line, .best, [fill=none]'); // the best epoch's ring has the paper's colour inside
        return [shape.tagName, shape.getAttribute('class'), inked ? fill : '', stroke, strokeWidth, strokeDasharray, opacity].join(' ');
    });
    return { shapes, cells: [...document.querySelectorAll('.heat :is(.hit, .miss)')].map((td) => opaque(getComputedStyle(td).backgroundColor)) };
}

// Marks in the text where tables, charts and galleries begin and end, and what follows a heading: [name, begin, end].
function mark_pieces() {
    const pieces = [];
    const put = (element, where) => {
        const mark = document.createElement('span');
        mark.textContent = `\u00a7${pieces.length}${where}\u00a7`;
        mark.setAttribute('style', 'position: absolute; font: 2px monospace; color: #000; letter-spacing: 0');
        element.prepend(mark);
    };
    const piece = (name, first, last) => {
        put(first, 'a');
        put(last, 'z');
        pieces.push(name);
    };
    for (const table of document.querySelectorAll('table'))
        piece(`table ${table.className}`, table.rows[0].cells[0], table.rows[table.rows.length - 1].lastElementChild);
    for (const row of document.querySelectorAll('.gallery figure')) piece('figure', row, row);
    const charts = document.querySelectorAll('.chart figcaption');
    if (charts.length) piece('charts with their title', document.querySelector('#learning h2'), charts[charts.length - 1]);
    for (const h2 of document.querySelectorAll('h2')) {
        let next = h2.nextElementSibling?.nextElementSibling;
        next = next?.matches('pre') ? next : next?.querySelector('td, figcaption, th') ?? next;
        if (next) piece(`title ${h2.textContent}`, h2, next);
    }
    return pieces;
}

// Everything the page says, as numbers and text.
function read() {
    const all = (selector, from = document) => [...from.querySelectorAll(selector)];
    const text = (element) => element.textContent.trim();
    const rows = (selector) => all(`${selector} tr`).map((row) => [...row.cells].map((cell) => ({
        text: text(cell), value: cell.querySelector('data')?.value, title: cell.title,
        bold: all('b', cell).map(text), bar: bar(cell), dot: dot(cell),
    })));
    // Where a drawing's shape is, in shares of the drawing's width.
    const shares = (shape) => {
        const room = shape.ownerSVGElement.getBoundingClientRect(), at = shape.getBoundingClientRect();
        return [at.left, at.right].map((x) => (x - room.left) / room.width);
    };
    const bar = (element) => {
        const rects = all('.bar rect', element);
        return rects.length ? rects.map((rect) => shares(rect)) : undefined;
    };
    const dot = (element) => {
        const svg = element.querySelector('.range');
        const middle = (circle) => (circle[0] + circle[1]) / 2;
        return svg ? { at: middle(shares(svg.querySelector('circle'))), lines: all('line', svg).map(shares),
            hint: all('title', svg).map(text) } : undefined;
    };
    const number = (element, name) => Number(element.getAttribute(name));
    const rgba = (image) => {
        const canvas = new OffscreenCanvas(28, 28).getContext('2d');
        canvas.drawImage(image, 0, 0, 28, 28);
        const bytes = canvas.getImageData(0, 0, 28, 28).data;
        return Array.from({ length: 784 }, (_, i) => bytes.subarray(4 * i, 4 * i + 4));
    };
    // Of a map: alpha, positive where it is redder than blue.
    const map = (image) => rgba(image).map(([r, , b, a]) => r > b ? a : -a);
    // Without a picture: what is said instead.
    const pictured = (element) => {
        const image = element.matches('img') ? element : element.querySelector('img');
        return image ? (image.naturalWidth ? map(image) : image.alt) : text(element);
    };
    const points = (line) => line.getAttribute('points').split(' ').map((point) => point.split(',').map(Number));
    // Labels of an axis: [text, place]; the text hangs four units below its place.
    const ticks = (chart, axis) => all(`.axis.${axis} text`, chart)
        .map((tick) => [text(tick), axis === 'y' ? number(tick, 'y') - 4 : number(tick, 'x')]);
    const chart = (figure) => ({
        title: figure.querySelector('figcaption') && text(figure.querySelector('figcaption')),
        names: all('text.axis, .axis.name text', figure).map(text),
        lines: all('polyline', figure).map(points),
        x: ticks(figure, 'x'), y: ticks(figure, 'y'),
        keys: all('.key', figure).map((key) => [text(key), key.classList[1]]),
        styles: all('polyline', figure).map((line) => line.classList[1]),
        best: all('circle.best', figure).map((mark) => [mark.classList[1], number(mark, 'cx'), number(mark, 'cy')]),
        best_text: all('text.best', figure).map(text),
    });
    const shown = (figure) => ({
        bold: all('figcaption > b', figure).map((b) => Number(text(b))),
        caption: text(figure.querySelector('figcaption')),
        alt: figure.querySelector('img').alt,
        ink: figure.querySelector('img').naturalWidth ? rgba(figure.querySelector('img')).map(([r]) => 255 - r) : null,
        probabilities: all('.p', figure).map((p) => ({
            digit: Number(text(p.firstElementChild)), value: Number(p.querySelector('data').value),
            text: text(p.querySelector('data')), bar: bar(p),
        })),
    });
    return {
        title: document.title,
        heading: text(document.querySelector('h1 b')),
        lead: text(document.querySelector('.lead')),
        tiles: all('.tiles > div').map((tile) =>
            ['dt', 'dd', 'small'].map((name) => tile.querySelector(name).firstChild.data.trim())),
        sections: all('section').map((section) => section.id),
        links: all('nav a').map((a) => a.hash.slice(1)),
        scripts: all('script').length,
        epochs: rows('#learning .epochs'),
        best: document.querySelector('#learning .best td')?.textContent,
        charts: all('.chart').map(chart),
        confusion: rows('.heat'),
        mixups: rows('.mixups'),
        axes: all('.digits .ends').map((svg) => all('text', svg).map((end) => [text(end),
            ...['left', 'right'].map((side) => end.getBoundingClientRect()[side] - svg.getBoundingClientRect()[side])])),
        digit_columns: all('.digits thead th').map((th) => th.firstChild?.data ?? ''),
        digits: rows('.digits'),
        about_digits: text(document.querySelector('#digits p')),
        pictures: [...document.images].map((image) => [image.naturalWidth, image.naturalHeight, image.alt]),
        mistakes: all('#mistakes figure').map(shown),
        right: all('#right figure').map(shown),
        calibration: rows('#calibration'),
        diagram: {
            ...chart(document.querySelector('#calibration svg')),
            circles: all('#calibration circle').map((circle) => [number(circle, 'cx'), number(circle, 'cy')]),
            titles: all('#calibration circle').map(text),
            bars: all('#calibration .dot path').map((path) => path.getAttribute('d').match(/[\d.]+/g).map(Number)),
            zeros: all('#calibration svg text').filter((label) => text(label) === '0%').length,
        },
        saliency: all('#saliency figure').map((figure) => ({ map: pictured(figure), caption: text(figure.querySelector('figcaption')) })),
        units: all('#weights .units > *').map(pictured),
        about_units: text(document.querySelector('#weights p')),
        weightless: all('#weights .units > svg').map((svg) => [svg.getAttribute('aria-label'), text(svg)]),
        silent: all('#weights .silent').map((frame) => frame.title),
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
    shows_interval(page.tiles[0][2].match(/^(\S+), 95% interval$/)[1], correct, evaluation.images, 'accuracy');
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
    const log = chart.title.endsWith(', log scale'), least = log ? off((v) => Math.log(Math.max(v, 1e-12))) : off((v) => v);
    expect(least <= 0.15, `${what}: the line is ${least} pixels off`);
    same(log, what.endsWith('_loss') && extent(chart) > 5, `${what}: log scale`);
    same(chart.names, ['epoch'], `${what}: what the axis is called`);
    same([...chart.y].sort((a, b) => b[1] - a[1]), [...chart.y].sort((a, b) => tick_value(a[0]) - tick_value(b[0])),
        `${what}: labels from below`);
    for (const [epoch, x] of chart.x) close(points[epoch - 1][0], x, 0.06, `${what}: place of epoch ${epoch}`);
}

// How many times the smallest value of a chart's lines the largest is.
function extent(chart) {
    const losses = epochs.flatMap((event) => [event.train_loss, event.val_loss ?? event.train_loss]);
    return Math.max(...losses) / Math.min(...losses);
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
    same(page.confusion[0].map((cell) => cell.text), ['true', 'predicted'], 'what the matrix shows');
    const cells = page.confusion.slice(2);
    same(cells.map((row) => row.slice(1).map((cell) => Number(cell.text))), confusion, 'confusion matrix');
    same(cells.map((row) => row.slice(1).map((cell) => cell.title)),
        confusion.map((row, t) => row.map((count, c) => count && t !== c ? `${t} taken for ${c}` : '')), 'its hints');
    const mixups = confusion.flatMap((row, t) => row.map((count, c) => ({ t, c, count })))
        .filter(({ t, c, count }) => t !== c && count > 0).sort((a, b) => b.count - a.count).slice(0, 10);
    same(page.mixups.map(([pair, , count]) => [...pair.bold.map(Number), Number(count.text)]),
        mixups.map(({ t, c, count }) => [t, c, count]), 'mix-ups');
    same(page.mixups.map(([pair]) => pair.text), mixups.map(({ t, c }) => `${t} taken for ${c}`), 'mix-ups in words');
    page.mixups.forEach(([, { bar }], i) =>
        check_bar(bar, mixups[i].count / mixups[0].count, 'bar of a mix-up'));
}

function check_digits(page) {
    const rows = page.digits.slice(1);
    const names = ['', 'precision', 'recall', 'F1', 'images'], from = tick_value(page.axes[0][0][0]);
    same(page.digit_columns, names, 'columns of the digits');
    same(page.about_digits.includes('A dash:'), rows.some((row) => row.some(({ text }) => text === '-')), 'whether a dash is explained');
    same(page.axes.map((ends) => ends.map(([text]) => text)), Array(3).fill([page.axes[0][0][0], '100%']), 'ends of the axes');
    for (const [[, left], [, , right]] of page.axes) [left, right].forEach((off) => close(off, 0, 0.6, 'place of an end'));
    rows.forEach((row, digit) => {
        const hits = confusion[digit][digit], support = sum(confusion[digit]);
        const guessed = sum(confusion.map((of) => of[digit]));
        const figures = [hits / guessed, hits / support, 2 * hits / (guessed + support)];
        same([row[0].text, Number(row[4].text.replace(',', ''))], [String(digit), support], 'digit and images');
        figures.forEach((value, k) => {
            const cell = row[k + 1], what = `digit ${digit}, ${names[k + 1]}`;
            if (Number.isNaN(value)) {
                same([cell.text, cell.dot], ['-', undefined], `${what}: undefined`);
                return;
            }
            close(Number(cell.value), value, 1e-8, what);
            shows(cell.text.match(/^\S+?%/)[0], value, 2, what);
            check_dot(cell.dot, value, [[hits, guessed], [hits, support], null][k], from, what);
        });
    });
}

// A dot on its axis, and, unless the figure is F1, through it the interval of k of n.
function check_dot({ at, lines, hint }, value, share, from, what) {
    const place = (v) => (v - from) / (1 - from);
    close(at, place(value), 6e-4, `${what}: dot`);
    same([lines.length, hint.length], share ? [2, 1] : [1, 0], `${what}: intervals`);
    lines[0].forEach((end, i) => close(end, i, 1e-3, `${what}: axis`));
    if (!share) return;
    interval(...share).map(place).forEach((end, i) => {
        close(lines[1][i], end, 6e-4, `${what}: interval`);
        expect(end >= -1e-9, `${what}: the interval begins before its axis`);
    });
    shows_interval(hint[0], ...share, `${what}: hint`);
}

// A bar of this share of its full length, from its start.
function check_bar([whole, part], share, what) {
    [whole[0], part[0]].forEach((start) => close(start, 0, 1e-4, `${what}: start`));
    close(whole[1], 1, 1e-4, `${what}: full length`);
    close(part[1], share, 6e-4, what);
}

// A picture of the gallery is its image; the probabilities are what the model says of that image.
function check_shown({ bold, caption, alt, ink, probabilities }) {
    const index = Number(caption.match(/test\[(\d+)\]/)[1]), { label, pixels } = images[index];
    const { p, order: [guess, second] } = answer(model, ink ?? pixels), what = `test[${index}]`;
    same(alt, `test image ${index}, a ${label}`, `${what}: alt`);
    same(ink === null, bare, `${what}: whether its picture is kept away`);
    expect(!ink || ink.every((v, i) => Math.abs(v - pixels[i]) <= moved), `${what} looks different`);
    same(bold, guess === label ? [label] : [label, guess], `${what}: truth and guess`);
    expect(caption.startsWith(bold.join(' taken for ')), `${what}: ${caption}`);
    same(probabilities.map(({ digit }) => digit), [...new Set([guess, second, label])], `${what}: digits`);
    for (const { digit, value, text, bar } of probabilities) {
        close(value, p[digit], 1e-9 + 2e-4 * p[digit], `${what}: probability of ${digit}`);
        shows(text, value, 1, `${what}: probability of ${digit}`);
        check_bar(bar, value, `${what}: bar of ${digit}`);
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
        const [fifth, one] = ['20%', '100%'].map((label) => ticks.find(([text]) => text === label)[1]);
        return fifth + (value - 0.2) / 0.8 * (one - fifth);
    };
    same([diagram.zeros, diagram.x.length, diagram.y.length], [1, 5, 5], 'labels of the diagram, and its 0%');
    same(diagram.names.filter((text) => text !== '0%'), ['how sure it was', 'how often it was right'], 'axes of the diagram');
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
        const [, hint, likely] = diagram.titles[i].match(/^(.*) \((.*)\)$/), [at, ...ends] = diagram.bars[i];
        same(hint, `${count.text} images: ${sure.text} sure, ${right.text} right`, `bin ${i}: hint`);
        shows_interval(likely, bin.correct, bin.count, `bin ${i}: hint`);
        close(at, x, 0.06, `bin ${i}: place of its interval`);
        interval(bin.correct, bin.count).forEach((end, k) =>
            close(ends[k], place(diagram.y, end), 0.15, `bin ${i}: ${bin.correct} of ${bin.count}`));
    });
}

// Orange above zero, blue below, all of it at four times the root mean square.
function check_maps(found, wanted, what) {
    const scale = 4 * Math.sqrt(sum(wanted.map((values) => sum(values.map((v) => v * v)))) / (784 * wanted.length));
    same(found.length, wanted.length, what);
    found.forEach((map, i) => {
        if (bare || typeof map === 'string') return;
        const off = map.map((v, p) => Math.abs(v - 255 * Math.max(-1, Math.min(1, wanted[i][p] / scale))));
        expect(Math.max(...off) <= 8, `${what} ${i}: ${Math.max(...off)} of 255 off`);
    });
    expect(bare || new Set(found.map(String)).size > found.length / 2, `${what}: too many are alike`); // some may be empty
}

// A digit without images has no picture, and says so; under the policy, all have words alone.
function check_saliency({ saliency }) {
    check_maps(saliency.map(({ map }) => map), digit_saliency, 'saliency');
    saliency.forEach(({ map, caption }, digit) => {
        const none = sum(confusion[digit]) === 0;
        const nothing = digit_saliency[digit].every((v) => v === 0);
        same(caption, `${digit}${none ? ': no images' : nothing ? ': nothing' : ''}`, `saliency of ${digit}`);
        if (none || nothing || bare) same(map, none || nothing ? caption : `what speaks for and against ${digit}`, `saliency of ${digit}, in words`);
    });
}

function check_units({ units: found, about_units, weightless, silent }) {
    // It has no weights at all; or it has some, but no image lifts it above 0.
    const kinds = units.map((weights, unit) => weights.every((v) => Math.abs(v) < 1e-6) ? ': no weights'
        : model[0].bias[unit] + sum([...weights].map((v) => Math.max(0, v))) <= 0 ? ': silent whatever the image' : '');
    check_maps(found, units, 'unit');
    found.forEach((map, unit) => {
        const words = bare || kinds[unit] === ': no weights';
        same(words ? map : typeof map, words ? `unit ${unit}${kinds[unit]}` : 'object', `unit ${unit}`);
    });
    for (const [label, title] of weightless) same(label, title, 'label of a unit without weights');
    same(silent, kinds.flatMap((kind, unit) => kind.includes('silent') ? [`unit ${unit}${kind}`] : []), 'framed units');
    for (const [sign, kind] of [['In a dashed frame', 'silent'], ['Struck out', 'no weights']]) {
        const [, told] = about_units.match(new RegExp(`${sign} is .*?\\((\\d+) of 128\\)`)) ?? [0, 0];
        same(Number(told), kinds.filter((text) => text.includes(kind)).length, `units with ${kind}`);
    }
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
    check_saliency(page);
    check_units(page);
    page.pictures.forEach((picture) =>
        expect(picture[0] === (bare ? 0 : 28) && picture[1] === (bare ? 0 : 28) && picture[2], `a picture is ${picture}`));
    expect(page.command.startsWith(trained ? 'mnist-train ' : 'mnist-eval '), page.command);
}

const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync'],
});
let bare = false; // whether the page is seen without its style sheet and its pictures
const screens = ['light', 'dark'].flatMap((colorScheme) => [1200, 400].map((width) => ({ colorScheme, width })));

async function check_looks(page, where, width) {
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide <= width, `${where}: the page is ${wide} pixels wide`);
    for (const { text, svg, pixels, contrast } of await page.evaluate(readability)) {
        expect(contrast >= 4.5, `${where}: "${text}" has a contrast of ${contrast.toFixed(2)}`);
        expect(pixels >= (bare ? 10 : 10.5), `${where}: "${text}" is ${pixels.toFixed(1)} pixels high`);
        expect(!svg || pixels <= 16, `${where}: "${text}" is ${pixels.toFixed(1)} pixels high`);
    }
    for (const text of await page.evaluate(misplaced)) expect(false, `${where}: ${text}`);
}

let painted;
for (const { colorScheme, width } of screens) {
    const where = `${colorScheme}, ${width} pixels`;
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    page.on('console', (message) => expect(false, `${where}: the console says ${message.text()}`));
    page.on('pageerror', (error) => expect(false, `${where}: ${error}`));
    page.on('request', (request) => expect(request.url().startsWith('data:') || request.url().startsWith('file:'),
        `${where}: asks for ${request.url()}`));
    await page.goto(pathToFileURL(resolve(report)).href);
    if (!painted) check_content(await page.evaluate(read)); // the content is the same in all four
    painted ??= await page.evaluate(paint);
    await check_looks(page, where, width);
    if (screenshots)
        await page.screenshot({ path: `${screenshots}-${colorScheme}-${width}.png`, fullPage: true });
    await page.close();
}

// Jenkins' policy for archived pages: no style sheet, no styles in tags, no pictures. What is said and drawn stays the same.
bare = true;
for (const { colorScheme, width } of screens) {
    const where = `Jenkins, ${colorScheme}, ${width} pixels`;
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    await page.route('http://report.test/**', (route) => route.fulfill({
        body: readFileSync(report), contentType: 'text/html',
        headers: { 'content-security-policy': "sandbox; default-src 'none'; img-src 'self'; style-src 'self';" },
    }));
    await page.goto('http://report.test/report.html');
    same(await page.evaluate(() => getComputedStyle(document.querySelector('.bare')).display), 'block', `${where}: says so`);
    check_content(await page.evaluate(read));
    const { shapes, cells } = await page.evaluate(paint);
    same(shapes.length, painted.shapes.length, `${where}: shapes`);
    shapes.forEach((shape, i) => same(shape, painted.shapes[i], `${where}: shape ${i}`));
    cells.forEach((cell, i) => cell.forEach((v, k) => close(v, painted.cells[i][k], 2, `${where}: cell ${i}`)));
    await check_looks(page, where, width);
    if (screenshots)
        await page.screenshot({ path: `${screenshots}-jenkins-${colorScheme}-${width}.png`, fullPage: true });
    await page.close();
}
bare = false;

// On paper nothing splits but the table of all epochs, which names its columns on each page; no title is left alone, and
// the three charts are together. Few epochs are printed; many only if they were opened.
async function check_paper(format, opened) {
    const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    await page.goto(pathToFileURL(resolve(report)).href);
    const pieces = await page.evaluate(mark_pieces);
    if (opened) await page.evaluate(() => document.querySelectorAll('details').forEach((details) => details.open = true));
    await page.emulateMedia({ media: 'print' });
    for (const text of await page.evaluate(misplaced)) expect(false, `${format}: ${text}`);
    const path = `${screenshots ?? report}-${format}.pdf`;
    await page.pdf({ path, format });
    await page.close();
    const papers = execFileSync('pdftotext', ['-raw', path, '-']).toString().split('\f').map((text) => text.replace(/\s/g, ''));
    const where = (piece, end) => papers.findIndex((text) => text.includes(`§${piece}${end}§`));
    pieces.forEach((name, i) => {
        const [from, to] = [where(i, 'a'), where(i, 'z')], long = name.includes('long');
        same(from < 0, long && !opened && epochs.length > 12, `${format}: ${name} is left out`);
        if (!long) same(to, from, `${format}: ${name} ends on page`);
        for (let paper = from; long && from >= 0 && paper <= to; paper++)
            expect(papers[paper].includes('trainaccuracy'), `${format}: page ${paper} of ${name} has no head`);
    });
}
if (process.env.PAPER) {
    await check_paper('A4', false);
    await check_paper('Letter', true);
}
await browser.close();
process.exit(failures ? 1 : 0);
