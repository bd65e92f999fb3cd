// SPDX-License-Identifier: MIT
//
// node_engine.mjs - browser/engine.js in node: a model of two files, and its
// threads by worker_threads.
import {readFileSync} from 'node:fs';
import {Worker, isMainThread, parentPort, workerData} from 'node:worker_threads';
import {help, open} from '../../browser/engine.js';

const read = (path) => new Uint8Array(readFileSync(path));

/* What PATH.wasm and PATH.cedm draw with a runtime; end() ends its threads. */
export async function openNode(runtime, path, {threads = 1, blob = read(`${path}.cedm`)} = {}) {
  const helpers = [];
  const startHelper = (data) => new Promise((resolve, reject) => {
    const helper = new Worker(new URL(import.meta.url), {workerData: data});
    helpers.push(helper);
    helper.on('message', resolve).on('error', reject);
  });
  const engine = await open({runtime: read(runtime), model: read(`${path}.wasm`), blob, threads,
    startHelper});
  engine.end = () => Promise.all(helpers.map((helper) => helper.terminate()));
  return engine;
}

/* One image, 8 bits. */
export function draw(engine, job) {
  engine.begin(job);
  while (engine.step());
  return Buffer.from(engine.image());
}

if (!isMainThread) {
  const run = await help(workerData);
  parentPort.postMessage('ready');
  run();
}
