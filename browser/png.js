// SPDX-License-Identifier: MIT
//
// png.js - an image as a PNG file that carries its recipe, as cedm-gen writes
// and `cedm-gen --from` reads it.

const KEYWORD = 'cedm';

const CRC_TABLE = Uint32Array.from({length: 256}, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

function adler32(bytes) {
  let a = 1, b = 0;
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return ((b << 16) | a) >>> 0;
}

const be32 = (value) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
const letters = (text) => [...text].map((c) => c.charCodeAt(0));

function chunk(type, body) {
  const bytes = Uint8Array.from([...letters(type), ...body]);
  return [...be32(body.length), ...bytes, ...be32(crc32(bytes))];
}

/* zlib's format without compression: stored blocks of at most 65535 bytes. */
function stored(bytes) {
  const out = [0x78, 0x01];
  for (let at = 0; at < bytes.length; at += 65535) {
    const n = Math.min(65535, bytes.length - at);
    out.push(at + n === bytes.length ? 1 : 0, n & 255, n >> 8, ~n & 255, (~n >> 8) & 255);
    for (let i = 0; i < n; i++) out.push(bytes[at + i]);
  }
  return [...out, ...be32(adler32(bytes))];
}

/* Rows behind a byte that says "not filtered". */
function scanlines(pixels, width, height, channels) {
  const pitch = width * channels;
  const rows = new Uint8Array((pitch + 1) * height);
  for (let y = 0; y < height; y++) {
    rows.set(pixels.subarray(y * pitch, (y + 1) * pitch), y * (pitch + 1) + 1);
  }
  return rows;
}

/* pixels [height][width][channels], 8 bits; text is the recipe's JSON. */
export function encodePng(pixels, {width, height, channels}, text) {
  const color = [0, 4, 2, 6][channels - 1];
  const recipe = [...letters(KEYWORD), 0, 0, 0, 0, 0, ...new TextEncoder().encode(text)];
  return Uint8Array.from([
    0x89, ...letters('PNG\r\n'), 0x1a, 0x0a,
    ...chunk('IHDR', [...be32(width), ...be32(height), 8, color, 0, 0, 0]),
    ...chunk('iTXt', recipe),
    ...chunk('IDAT', stored(scanlines(pixels, width, height, channels))),
    ...chunk('IEND', [])]);
}

/* The record of one image {seed, cluster, mix, sampler} of a model {facts, isa};
 * JSON has no infinity and writes null for it, as cedm-gen does. */
export function record({seed, cluster, mix, sampler}, {facts, isa}) {
  return JSON.stringify({model: facts.name, data_sha256: facts.data_sha256, seeds: [seed],
    clusters: [cluster], mix: mix ? [[seed, mix.cluster, mix.share]] : undefined, sampler,
    precision: 'fp32', isa, batch: 1, columns: 1, rows: 1});
}
