// SPDX-License-Identifier: MIT
//
// worker.js - draws in a Web Worker.
//
// From the page: {open}, {draw}, {stop}.  To the page: {opened}, {image}, {done},
// {failed}.  A job that comes while another is drawn takes its place.
import {open} from './engine.js';

let engine = null;
let helpers = []; // its threads
let wanted = 0;   // the job that may go on

async function load(name) {
  const answer = await fetch(name);
  if (!answer.ok) throw new Error(`${name} is missing here (${answer.status}).`);
  return new Uint8Array(await answer.arrayBuffer());
}

/* ---- messages between two steps ------------------------------------------- */

const pause = new MessageChannel();
const paused = [];
pause.port1.onmessage = () => paused.shift()();

/* Unlike a timer of 0 this does not wait for 4 ms. */
function breathe() {
  return new Promise((resolve) => {
    paused.push(resolve);
    pause.port2.postMessage(0);
  });
}

/* ---- threads -------------------------------------------------------------- */

function startHelper(message, started) {
  return new Promise((resolve, reject) => {
    const helper = new Worker('helper.js', {type: 'module'});
    started.push(helper);
    helper.onmessage = resolve;
    helper.onerror = (event) => reject(new Error(`A thread did not start: ${event.message}`));
    helper.postMessage(message);
  });
}

function end(threads) {
  for (const helper of threads) helper.terminate();
}

/* ---- what the page asks for ----------------------------------------------- */

/* Plain code where this engine refuses the vectors' module. */
async function loadRuntime() {
  const vectors = await load('runtime.wasm');
  return WebAssembly.validate(vectors) ? {runtime: vectors, simd: true}
    : {runtime: await load('portable.wasm'), simd: false};
}

/* The model that was there stays until the other is ready. */
async function replace(options) {
  const started = [];
  try {
    const other = await open({...options, startHelper: (message) => startHelper(message, started)});
    if (other.planned.featuresBytes > 0) {
      throw new Error('This model encodes images; wanted one that draws.');
    }
    engine = other;
  } catch (error) {
    end(started);
    throw error;
  }
  end(helpers);
  helpers = started;
}

async function opened({name, files, threads: most}) {
  const [{runtime, simd}, model, blob] = await Promise.all([loadRuntime(),
    files?.model ?? load(`${name}.wasm`), files?.blob ?? load(`${name}.cedm`)]);
  const threads = simd ? most : 1;
  await replace({runtime, model, blob, threads});
  return {simd, threads, isa: engine.isa, solvers: engine.solvers, facts: engine.facts,
    planned: engine.planned, memoryBytes: engine.bytes.length};
}

async function drawImage(job, image, index) {
  const start = performance.now();
  engine.begin({...job, ...image});
  for (let step = 1, more = true; more; step++) {
    more = engine.step();
    const pixels = engine.image();
    postMessage({image: {job: job.id, index, step, more, pixels,
      sampler: more ? null : engine.recipe(), took: performance.now() - start}},
    [pixels.buffer]);
    await breathe();
    if (job.id !== wanted) return false;
  }
  return true;
}

async function draw(job) {
  wanted = job.id;
  const start = performance.now();
  for (const [index, image] of job.images.entries()) {
    if (!await drawImage(job, image, index)) return;
  }
  postMessage({done: {job: job.id, took: performance.now() - start}});
}

onmessage = async ({data}) => {
  try {
    if (data.stop) wanted = 0;
    if (data.open) {
      wanted = 0;
      postMessage({opened: await opened(data.open)});
    }
    if (data.draw && engine !== null) await draw(data.draw);
  } catch (error) {
    postMessage({failed: {text: error.message, opening: Boolean(data.open)}});
  }
};
