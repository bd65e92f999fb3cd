// SPDX-License-Identifier: MIT
//
// page.js - controls, and what is said of model and browser.
import {Gallery, list, paint} from './gallery.js';

const DEMO = 'fashion';
const MOST_THREADS = 8;
/* Pictures of clusters are drawn where they take no longer than this together. */
const PATIENCE_MS = 15000;

const $ = (id) => document.getElementById(id);

let worker = null;
let model = null; // what the worker said of it
let job = 0;      // the last that was asked for
let drawing = null;
let imageMs = Infinity;

/* ---- what a browser may lack ---------------------------------------------- */

function trouble(text) {
  $('trouble').textContent = text;
  $('trouble').hidden = text === '';
}

const canShare = () => self.crossOriginIsolated === true;
const threads = () => canShare() ? Math.min(navigator.hardwareConcurrency ?? 1, MOST_THREADS) : 1;

function tellMachine() {
  const said = [model.simd
    ? 'WebAssembly with vectors (SIMD).'
    : 'No WebAssembly vectors (SIMD): plain code draws the same images about ten times slower.'];
  if (model.firstMs) {
    said.push(`First image ${(model.firstMs / 1000).toFixed(2)} s after the page was asked for.`);
  }
  said.push(model.threads > 1 ? `${model.threads} threads.` : 'One thread.');
  if (!canShare()) {
    said.push('More threads need memory that they share, which browsers allow only to pages ' +
      'served with the headers Cross-Origin-Opener-Policy: same-origin and ' +
      'Cross-Origin-Embedder-Policy: require-corp.');
  }
  $('machine').replaceChildren(...said.map((text) => {
    const item = document.createElement('li');
    item.textContent = text;
    return item;
  }));
}

function tellMemory() {
  const {planned, memoryBytes} = model;
  const bytes = (n) => n.toLocaleString('en');
  const rest = memoryBytes - planned.blobBytes - planned.weightsBytes - planned.arenaBytes;
  list($('memory'), [
    ['Weights as stored', bytes(planned.blobBytes)],
    ['Weights prepared', bytes(planned.weightsBytes)],
    ['Arena', bytes(planned.arenaBytes)],
    ['Stacks, constants, image', bytes(rest)],
    ['WebAssembly memory', bytes(memoryBytes), 'total']]);
}

/* ---- controls ------------------------------------------------------------- */

function clusterChoice(value, text, picture) {
  const label = document.createElement('label');
  const input = Object.assign(document.createElement('input'),
    {type: 'radio', name: 'cluster', value, checked: value === 'all'});
  const face = document.createElement('span'), name = document.createElement('b');
  label.className = 'cluster';
  name.textContent = text;
  if (picture) face.append(document.createElement('canvas'));
  input.setAttribute('aria-label', picture ? `Cluster ${text}` : text);
  face.append(name);
  label.append(input, face);
  return label;
}

function fillControls() {
  const {count} = model.facts.clusters;
  $('clusters').hidden = count === 0;
  $('mixing').hidden = count < 2;
  $('other').replaceChildren(new Option('none', ''),
    ...Array.from({length: count}, (_, i) => new Option(i, i)));
  $('share').disabled = true;
  $('cluster-list').replaceChildren(clusterChoice('all', 'All, in turn', false),
    ...Array.from({length: count}, (_, i) => clusterChoice(i, i, true)));
  $('solver').replaceChildren(...model.solvers.map(({word, recommended}, i) =>
    new Option(recommended ? `${word}, recommended` : word, i, recommended, recommended)));
  $('clusters').disabled = $('mixing').disabled = $('settings').disabled = false;
}

function clusterOf(i) {
  const {count} = model.facts.clusters;
  const {value} = $('controls').elements.cluster;
  return count === 0 ? -1 : value === 'all' ? i % count : Number(value);
}

/* How far labels go to another cluster's, or null. */
function mixing() {
  const {value} = $('other');
  return value === '' ? null : {cluster: Number(value), share: Number($('share').value) / 100};
}

const sampler = () => ({solver: Number($('solver').value), steps: Number($('steps').value)});

/* ---- drawing -------------------------------------------------------------- */

function start(kind, images) {
  drawing = {id: ++job, kind, images};
  $('go').textContent = kind === 'images' ? 'Stop' : 'Draw';
  worker.postMessage({draw: {id: job, ...sampler(),
    images: images.map(({seed, cluster, mix}) => ({seed, cluster, mix}))}});
}

function drawAll() {
  if (model === null || !$('controls').reportValidity()) return;
  const seed = Number($('seed').value);
  const mix = mixing();
  const images = Array.from({length: Number($('count').value)}, (_, i) =>
    ({index: i, seed: (seed + i) % 2 ** 32, cluster: clusterOf(i), mix}));
  trouble('');
  gallery.show(images, model);
  $('status').textContent = `Drawing ${images.length} images.`;
  start('images', images);
}

function stop() {
  worker.postMessage({stop: true});
  drawing = null;
  $('go').textContent = 'Draw';
  $('status').textContent = 'Stopped.';
}

/* One image again, before those that are still to be drawn. */
const gallery = new Gallery((index) => {
  const {seed, cluster, mix} = gallery.images[index];
  const rest = drawing?.kind !== 'images' ? [] : drawing.images.filter((image) =>
    image.index !== index && gallery.images[image.index].sampler === null);
  start('images', [{index, seed, cluster, mix}, ...rest]);
});

/* When there is time: a picture for each cluster that has none. */
function drawClusters() {
  const bare = [...document.querySelectorAll('.cluster canvas:not(.drawn)')];
  if (bare.length * imageMs > PATIENCE_MS || bare.length === 0) return;
  const first = model.facts.clusters.count - bare.length;
  start('clusters', bare.map((canvas, i) => ({canvas, seed: 0, cluster: first + i})));
}

function onImage({job: id, index, step, more, pixels, sampler: recipe, took}) {
  if (drawing === null || id !== drawing.id) return;
  const image = drawing.images[index];
  if (!more) imageMs = took;
  if (drawing.kind === 'clusters') {
    paint(image.canvas, pixels, model.size);
    if (!more) image.canvas.className = 'drawn';
    return;
  }
  gallery.update(image.index, pixels, recipe);
  $('progress').value = (index + step / sampler().steps) / drawing.images.length;
  if (!more && model.firstMs === null) {
    model.firstMs = performance.now();
    tellMachine();
  }
}

function onDone({job: id, took}) {
  if (drawing === null || id !== drawing.id) return;
  const {kind, images} = drawing;
  drawing = null;
  $('go').textContent = 'Draw';
  if (kind === 'images') {
    $('progress').value = 1;
    $('status').textContent = `${images.length} ${images.length > 1 ? 'images' : 'image'} in ` +
      `${(took / 1000).toFixed(2)} s, ${Math.round(took / images.length)} ms each.`;
  }
  drawClusters();
}

/* ---- models --------------------------------------------------------------- */

function onOpened(opened) {
  const {img_resolution: side, img_channels: channels} = opened.facts.network;
  // Of the first model alone: since the page was asked for.
  const firstMs = model === null ? null : 0;
  model = {...opened, size: {width: side, height: side, channels}, firstMs};
  trouble('');
  fillControls();
  tellMachine();
  tellMemory();
  drawAll();
}

function onFailed({text, opening}) {
  drawing = null;
  $('go').textContent = 'Draw';
  $('status').textContent = opening && model === null ? 'No model.' : '';
  trouble(text);
}

/* The two files of a model among those that were dropped or chosen. */
async function openFiles(files) {
  const of = (end) => [...files].find((file) => file.name.endsWith(end));
  const code = of('.wasm'), weights = of('.cedm');
  if (code === undefined || weights === undefined) {
    trouble('Wanted two files together, M.wasm and M.cedm, which cedm-freeze --wasm writes.');
    return;
  }
  $('status').textContent = `Loading ${weights.name}.`;
  const bytes = async (file) => new Uint8Array(await file.arrayBuffer());
  worker.postMessage({open: {threads: threads(),
    files: {model: await bytes(code), blob: await bytes(weights)}}});
}

/* ---- events --------------------------------------------------------------- */

$('controls').onsubmit = (event) => {
  event.preventDefault();
  if (drawing?.kind === 'images') stop();
  else drawAll();
};
$('controls').onchange = drawAll;
$('steps').oninput = () => { $('steps-said').value = $('steps').value; };
$('other').oninput = () => { $('share').disabled = $('other').value === ''; };
$('share').oninput = () => {
  $('share-said').value = `${$('share').value} %`;
  drawAll();
};
$('more').onclick = () => {
  $('seed').value = (Number($('seed').value) + Number($('count').value)) % 2 ** 32;
  drawAll();
};
$('files').onchange = () => openFiles($('files').files);
document.ondragover = (event) => {
  event.preventDefault();
  event.dataTransfer.dropEffect = 'copy';
  document.body.classList.add('dropping');
};
document.ondragleave = (event) => {
  if (event.relatedTarget === null) document.body.classList.remove('dropping');
};
document.ondrop = (event) => {
  event.preventDefault();
  document.body.classList.remove('dropping');
  openFiles(event.dataTransfer.files);
};

function begin() {
  worker = new Worker('worker.js', {type: 'module'});
  worker.onmessage = ({data}) => {
    if (data.opened) onOpened(data.opened);
    if (data.image) onImage(data.image);
    if (data.done) onDone(data.done);
    if (data.failed) onFailed(data.failed);
  };
  worker.onerror = () => trouble('This browser runs no modules in Web Workers; a newer one draws.');
  worker.postMessage({open: {name: DEMO, threads: threads()}});
}

if (window.lacks === '') begin();
