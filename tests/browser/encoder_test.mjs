// SPDX-License-Identifier: MIT
//
// encoder_test.mjs BUILD BIN [CHECKPOINT OPTION...] - encoders as WebAssembly give the
// features that cedm-embed writes: small vision transformers of every kind, or the one
// of a checkpoint.
import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {encodePng} from '../../browser/png.js';
import {check, conclude, largest} from './checks.mjs';
import {openNode} from './node_engine.mjs';

const SIDE = 32;
// Absolute, as cedm-verify compares encoders: fifty times what PyTorch's float32 differs by.
const LIMIT = 1e-4;

const [build, bin, checkpoint, ...given] = process.argv.slice(2);
const work = mkdtempSync(join(tmpdir(), 'cedm-encoder-'));
const vectors = join(build, 'browser/runtime.wasm');
const portable = join(build, 'browser/portable.wasm');

const run = (program, ...words) =>
  execFileSync(join(bin, program), words, {stdio: ['ignore', 'ignore', 'inherit']});

/* The floats of an .npy file of version 1. */
function floats(path) {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset + 10 + bytes.readUInt16LE(8),
    bytes.byteOffset + bytes.length));
}

const image = Uint8Array.from({length: SIDE * SIDE * 3}, (_, i) => (i * i * 7 + i * 13) >>> 3);
const images = join(work, 'images');

function native(path) {
  const file = join(work, 'F.npy');
  run('cedm-embed', '--model', `${path}.so`, '--data', images, '--out', file, '--isa', 'portable',
    '--progress', 'none');
  return floats(file);
}

const bytes = (array) => Buffer.from(array.buffer);

async function same(name, file, options) {
  run('cedm-freeze', file, '-o', work, '--name', 'model', '--build', '--wasm',
    '--input', `${SIDE}x${SIDE}`, ...options);
  const path = join(work, 'model'), wanted = native(path);
  const plain = await openNode(portable, path);
  const fast = await openNode(vectors, path);
  const three = await openNode(vectors, path, {threads: 3});
  const got = fast.encode(image);
  check(`${name}: portable`, bytes(plain.encode(image)).equals(bytes(wanted)),
    largest(plain.encode(image), wanted));
  check(`${name}: vectors`, largest(got, wanted) <= LIMIT, largest(got, wanted));
  check(`${name}: threads`, bytes(three.encode(image)).equals(bytes(got)));
  check(`${name}: another image`, largest(fast.encode(image.slice().reverse()), wanted) > LIMIT);
  await three.end();
  return fast;
}

async function refuses(engine) {
  const says = (text, call) => {
    let message = null;
    try {
      call();
    } catch (error) {
      ({message} = error);
    }
    check(text, message?.includes(text), message);
  };
  says('Wanted an image of 3072 bytes', () => engine.encode(image.subarray(1)));
  says('another kind', () => engine.begin({seed: 1, cluster: 0, solver: 0, steps: 1}));
  const demo = await openNode(vectors, join(build, 'gen/page/fashion'));
  says('another kind', () => demo.encode(new Uint8Array(1024)));
}

try {
  mkdirSync(images);
  writeFileSync(join(images, '0.png'),
    encodePng(image, {width: SIDE, height: SIDE, channels: 3}, '{}'));
  if (checkpoint) await same('checkpoint', checkpoint, given);
  else {
    const vit = (name, ...options) =>
      same(name, `tests/golden/science/vit/${name}`, options);
    await vit('dino-tiny.safetensors', '--heads', '2', '--resize', '40');
    await vit('dino-tiny-hf/model.safetensors', '--weights', 'f16');
    await vit('dinov2-reg.safetensors', '--resize', '28');
    await refuses(await vit('dinov2-swiglu.safetensors', '--resize', '28'));
  }
} finally {
  rmSync(work, {recursive: true, force: true});
}
conclude();
