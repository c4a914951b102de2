// Writes a folder with a few of the test images, chosen for what a model says of them.
//   node subset.mjs MODEL DATA FOLDER right|odd
// right: images that it gets right, no 3 among them. odd: besides some of those, two mistakes that have a calibration bin
// to themselves, 0 of 2.
import { mkdirSync, writeFileSync } from 'node:fs';
import { answer, read_model, read_test_set } from './network.mjs';

const [model_file, data, folder, kind] = process.argv.slice(2);
const model = read_model(model_file);
const judged = read_test_set(data, [0, 0]).map((image) => {
    const { p, order: [guess] } = answer(model, image.pixels);
    return { ...image, right: guess === image.label, place: 15 * p[guess] };
}).filter(({ label, place }) => label !== 3 && Math.abs(place - Math.round(place)) > 1e-3);
const bin = ({ place }) => Math.ceil(place);
const mistakes = judged.filter(({ right }) => !right);
const first = mistakes.find((one) => mistakes.filter((other) => bin(other) === bin(one)).length >= 2);
const wrong = kind === 'right' ? [] : mistakes.filter((one) => bin(one) === bin(first)).slice(0, 2);
const right = judged.filter((one) => one.right && (!wrong.length || bin(one) !== bin(first))).slice(0, 300);
const chosen = [...right, ...wrong];

const big_endian = (...numbers) => Buffer.concat(numbers.map((n) => Buffer.from([n >>> 24, n >>> 16, n >>> 8, n])));
mkdirSync(folder);
writeFileSync(`${folder}/t10k-images-idx3-ubyte`,
    Buffer.concat([big_endian(0x803, chosen.length, 28, 28), ...chosen.map(({ pixels }) => Buffer.from(pixels))]));
writeFileSync(`${folder}/t10k-labels-idx1-ubyte`,
    Buffer.concat([big_endian(0x801, chosen.length), Buffer.from(chosen.map(({ label }) => label))]));
