// Pictures the top of a report: node report.mjs PLAYWRIGHT CHROMIUM REPORT PICTURE (scripts/pictures.sh)
//
// The picture is the page, light, without its links, the digits one by one and what follows the first row of mistakes, a
// little closer together. It is a PNG of 256 colours, which is a third of one with all of them.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { deflateSync } from 'node:zlib';

const [playwright, executablePath, report, picture] = process.argv.slice(2);
const { chromium } = createRequire(resolve(playwright) + '/')('playwright-core');

const style = `
    nav, details, #learning p, #digits, #mistakes p, #mistakes figure:nth-of-type(n + 9), #mistakes ~ *, footer {
        display: none;
    }
    body { background: none; position: relative; padding: 36px 0; }
    body::before {
        content: ''; position: absolute; z-index: -1; inset: 0; background: var(--paper);
        border: 1px solid #d0d7de; border-radius: 12px;
    }
    header { padding-top: 0; }
    section { padding-top: 24px; margin-top: 28px; padding-bottom: 0; }
    h2 { margin-bottom: 10px; }
    .heat td { height: 36px; }`;

// What runs inside the page: the picture's pixels as indices, in base64, and the colours that they are of. These are the most
// frequent ones, then those that are farthest from all chosen.
async function reduce(png) {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const { width, height } = bitmap, canvas = new OffscreenCanvas(width, height).getContext('2d');
    canvas.drawImage(bitmap, 0, 0);
    const pixels = new Uint32Array(canvas.getImageData(0, 0, width, height).data.buffer), counts = new Map();
    for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
    const parts = (color) => [color & 255, color >> 8 & 255, color >> 16 & 255, color >>> 24];
    const found = [...counts].sort((a, b) => b[1] - a[1]).map(([color]) => ({ color, rgba: parts(color), off: Infinity, index: 0 }));
    const chosen = [];
    const choose = (one) => {
        for (const each of found) {
            const off = each.rgba.reduce((sum, v, i) => sum + (v - one.rgba[i]) ** 2, 0);
            if (off < each.off) Object.assign(each, { off, index: chosen.length });
        }
        chosen.push(one.rgba);
    };
    found.slice(0, 128).forEach(choose);
    while (chosen.length < Math.min(256, found.length)) choose(found.reduce((a, b) => a.off >= b.off ? a : b));
    const index_of = new Map(found.map(({ color, index }) => [color, index]));
    let bytes = '';
    for (const pixel of pixels) bytes += String.fromCharCode(index_of.get(pixel));
    return { width, height, colors: chosen, indices: btoa(bytes) };
}

function crc32(bytes) {
    let crc = ~0;
    for (const byte of bytes) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) crc = crc >>> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc >>> 0;
}

function chunk(type, data) {
    const body = Buffer.concat([Buffer.from(type), Buffer.from(data)]), result = Buffer.alloc(body.length + 8);
    result.writeUInt32BE(data.length);
    body.copy(result, 4);
    result.writeUInt32BE(crc32(body), body.length + 4);
    return result;
}

// PNG (ISO/IEC 15948) with a palette: each row of indices after a zero, which says that they are as they are.
function encode({ width, height, colors, indices }) {
    const header = Buffer.alloc(13), bytes = Buffer.from(indices, 'base64'), rows = Buffer.alloc((width + 1) * height);
    header.writeUInt32BE(width);
    header.writeUInt32BE(height, 4);
    header.set([8, 3], 8);
    for (let y = 0; y < height; y++) bytes.copy(rows, y * (width + 1) + 1, y * width, (y + 1) * width);
    return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', header),
        chunk('PLTE', colors.flatMap((rgba) => rgba.slice(0, 3))), chunk('tRNS', colors.map((rgba) => rgba[3])),
        chunk('IDAT', deflateSync(rows, { level: 9 })), chunk('IEND', [])]);
}

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage({ viewport: { width: 1000, height: 900 }, deviceScaleFactor: 2, colorScheme: 'light' });
await page.goto(pathToFileURL(resolve(report)).href);
await page.addStyleTag({ content: style });
const seen = await page.locator('body').screenshot({ omitBackground: true });
await page.goto('about:blank');
const reduced = await page.evaluate(reduce, seen.toString('base64'));
await browser.close();
writeFileSync(picture, encode(reduced));
