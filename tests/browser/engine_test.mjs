// SPDX-License-Identifier: MIT
//
// engine_test.mjs BUILD BIN - the runtime as WebAssembly draws what it draws
// as a program, in memory that is planned, and says what is wrong with files.
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import {encodePng, record} from '../../browser/png.js';
import {check, conclude, largest} from './checks.mjs';
import {draw, openNode} from './node_engine.mjs';

const [build, bin] = process.argv.slice(2);
const work = mkdtempSync(join(tmpdir(), 'cedm-engine-'));
const vectors = join(build, 'browser/runtime.wasm');
const portable = join(build, 'browser/portable.wasm');
const demo = join(build, 'gen/page/fashion');

const run = (program, ...words) =>
  execFileSync(join(bin, program), words, {stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 1 << 26});

function freeze(name, ...options) {
  run('cedm-freeze', `tests/golden/${name}.safetensors`, '-o', work, '--build', '--wasm',
    ...options);
  return join(work, name.replace('-', '_'));
}

/* What cedm-gen draws with the portable backend. */
function native(path, {cluster, seed, words}) {
  const file = join(work, 'native.raw');
  run('cedm-gen', '--model', `${path}.so`, '--seeds', String(seed), '--cluster',
    cluster < 0 ? 'none' : String(cluster), ...words, '--isa', 'portable', '--format', 'raw',
    '--out', file);
  return readFileSync(file);
}

/* ---- the same images -------------------------------------------------------- */

const jobs = [
  {seed: 7, solver: 0, steps: 3, words: ['--steps', '3']},
  {seed: 4294967295, solver: 2, steps: 4, words: ['--nfe', '4']}];

async function same(path, cluster) {
  const plain = await openNode(portable, path);
  const fast = await openNode(vectors, path);
  const three = await openNode(vectors, path, {threads: 3});
  for (const [i, job] of jobs.entries()) {
    const wanted = native(path, {...job, cluster});
    const got = draw(fast, {...job, cluster});
    check(`${path}, job ${i}: portable`, draw(plain, {...job, cluster}).equals(wanted));
    check(`${path}, job ${i}: vectors`, largest(got, wanted) <= 1, largest(got, wanted));
    check(`${path}, job ${i}: threads`, draw(three, {...job, cluster}).equals(got));
  }
  check('names', plain.isa === 'portable' && fast.isa === 'simd128', `${plain.isa} ${fast.isa}`);
  await three.end();
  return fast;
}

/* ---- memory ----------------------------------------------------------------- */

function isFixed({memory}) {
  try {
    memory.grow(1);
    return false;
  } catch {
    return true;
  }
}

async function planned(path) {
  const {memory} = JSON.parse(run('cedm-info', '--json', `${path}.so`));
  for (const threads of [1, 3]) {
    const engine = await openNode(vectors, path, {threads});
    const {arenaBytes, weightsBytes, blobBytes, end} = engine.planned;
    const arena = memory.arena_bytes_batch_1 + (threads - 1) * memory.scratch_bytes_per_worker;
    check('arena as planned', arenaBytes === arena, `${arenaBytes} ${arena}`);
    check('weights as planned', weightsBytes === memory.weights_bytes, weightsBytes);
    check('blob', blobBytes === memory.blob_bytes, blobBytes);
    const bytes = engine.memory.buffer.byteLength;
    check('no page too many', bytes >= end && bytes < end + 65536, `${bytes} ${end}`);
    draw(engine, {seed: 1, cluster: 0, solver: 2, steps: 2});
    check('never grows', engine.memory.buffer.byteLength === bytes && isFixed(engine));
    await engine.end();
  }
}

/* ---- files ------------------------------------------------------------------ */

async function says(name, wanted, promise) {
  const error = await promise.then(() => null, ({message}) => message);
  check(name, error !== null && error.includes(wanted), error);
}

async function refuses(path, other) {
  const blob = new Uint8Array(readFileSync(`${path}.cedm`));
  const damaged = blob.slice();
  damaged[5000] ^= 1;
  await says('another blob', 'belongs to another model',
    openNode(vectors, path, {blob: new Uint8Array(readFileSync(`${other}.cedm`))}));
  await says('a damaged blob', 'a tensor in the blob is damaged',
    openNode(vectors, path, {blob: damaged}));
  await says('no blob', 'These are no weights', openNode(vectors, path, {blob: blob.slice(8)}));
  await says('half a blob', 'cut short', openNode(vectors, path, {blob: blob.slice(0, 99999)}));
  writeFileSync(join(work, 'no.wasm'), readFileSync(portable));
  writeFileSync(join(work, 'no.cedm'), blob);
  await says('no model', 'This is no model', openNode(vectors, join(work, 'no')));
  writeFileSync(join(work, 'no.wasm'), blob);
  await says('no module', 'no WebAssembly', openNode(vectors, join(work, 'no')));
}

/* What a page saves is drawn again by cedm-gen. */
async function saved(path) {
  const engine = await openNode(portable, path);
  const image = {seed: 9, cluster: 5, solver: 2, steps: 4};
  const pixels = draw(engine, image);
  const png = join(work, 'saved.png'), raw = join(work, 'again.raw');
  const {img_resolution: side, img_channels: channels} = engine.facts.network;
  writeFileSync(png, encodePng(pixels, {width: side, height: side, channels},
    record({...image, sampler: engine.recipe()}, engine)));
  run('cedm-gen', '--model', `${path}.so`, '--from', png, '--isa', 'portable', '--format', 'raw',
    '--out', raw);
  check('redrawn by cedm-gen', readFileSync(raw).equals(pixels));
  const mixed = {...image, mix: {cluster: 17, share: 0.3}};
  const between = draw(engine, mixed);
  writeFileSync(png, encodePng(between, {width: side, height: side, channels},
    record({...mixed, sampler: engine.recipe()}, engine)));
  run('cedm-gen', '--model', `${path}.so`, '--from', png, '--isa', 'portable', '--format', 'raw',
    '--out', raw);
  check('a mixed one, too', readFileSync(raw).equals(between) && !between.equals(pixels));
  check('evaluations', engine.evaluations() === 4, engine.evaluations());
}

/* ---- size ------------------------------------------------------------------- */

function small() {
  const names = ['index.html', 'page.css', 'lacks.js', 'page.js', 'gallery.js', 'png.js',
    'worker.js', 'engine.js', 'helper.js', 'runtime.wasm', 'fashion.wasm'];
  const bytes = names.map((name) =>
    gzipSync(readFileSync(join(build, 'browser', name)), {level: 9}).length);
  const all = bytes.reduce((a, b) => a + b);
  console.log(`a page without weights: ${all} bytes compressed, of which the runtime ${bytes[9]}`);
  check('100 KB at most', all <= 100000, all);
}

try {
  const tiny = freeze('ncsnpp-tiny');
  await same(demo, 5);
  await same(tiny, 3);
  await same(freeze('adm-tiny', '--weights', 'f16'), 1);
  await same(freeze('uncond-tiny'), -1);
  await planned(demo);
  await planned(tiny);
  await refuses(demo, tiny);
  await saved(demo);
  small();
} finally {
  rmSync(work, {recursive: true, force: true});
}
conclude();
