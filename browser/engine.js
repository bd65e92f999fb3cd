// SPDX-License-Identifier: MIT
//
// engine.js - the runtime and a model as WebAssembly in one memory, whose size
// is planned before it is made and never changes.  For Web Workers and node.

const PAGE = 65536;
const PROBE_PAGES = 64; // the runtime's constants and stack, and a model's

const MORE = 1;

const PLAN = ['blob', 'blobBytes', 'weights', 'weightsBytes', 'arena', 'arenaBytes',
  'image', 'imageBytes', 'features', 'featuresBytes', 'stacks', 'stackBytes', 'end'];
const NUMBERS = ['sigma_min', 'sigma_max', 'rho', 'S_churn', 'S_min', 'S_max', 'S_noise',
  'guidance'];
const WORDS = ['solver', 'discretization', 'schedule', 'scaling'];

/* ---- modules -------------------------------------------------------------- */

function latin(bytes, start, end) {
  return String.fromCharCode(...bytes.subarray(start, end));
}

/* LEB128 at `at`: [value, next]. */
function leb(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    value |= (bytes[at] & 127) << shift;
    if (bytes[at++] < 128) return [value >>> 0, at];
  }
}

/* What a module that is linked at run time needs: section dylink.0 of
 * WebAssembly's tool conventions, whose first part begins with these. */
function needs(module) {
  const [section] = WebAssembly.Module.customSections(module, 'dylink.0');
  if (section === undefined || new Uint8Array(section)[0] !== 1) {
    throw new Error('This is no model: wanted what cedm-freeze --wasm writes.');
  }
  const bytes = new Uint8Array(section);
  let [, at] = leb(bytes, 1), size, align, table;
  [size, at] = leb(bytes, at);
  [align, at] = leb(bytes, at);
  [table] = leb(bytes, at);
  return {size, align: 1 << align, table};
}

/* The module again with its imported memory shared: bit 1 of the flags of its
 * limits, which have a maximum already. */
function shared(bytes) {
  const copy = bytes.slice();
  const at = latin(copy, 0, 4096).indexOf('\x03env\x06memory\x02\x01');
  if (at < 0) throw new Error('The module imports no memory that could be shared.');
  copy[at + 12] = 3;
  return copy;
}

async function compile(bytes, share, what) {
  try {
    return await WebAssembly.compile(share ? shared(bytes) : bytes);
  } catch (error) {
    throw new Error(`${what} is no WebAssembly that this browser takes: ${error.message}`);
  }
}

/* ---- linking -------------------------------------------------------------- */

const global = (value) => new WebAssembly.Global({value: 'i32'}, value);

/* Runtime and model at the beginning of a memory. */
async function link(runtime, model, memory) {
  const r = (await WebAssembly.instantiate(runtime, {env: {memory}})).exports;
  const table = r.__indirect_function_table;
  const wanted = needs(model);
  const base = Math.ceil(r.__heap_base.value / wanted.align) * wanted.align;
  const env = {memory, __indirect_function_table: table, __memory_base: global(base),
    __table_base: global(table.grow(wanted.table))};
  const m = (await WebAssembly.instantiate(model, {env})).exports;
  m.__wasm_apply_data_relocs?.();
  m.__wasm_call_ctors?.();
  return {runtime: r, model: m.cedm_model_entry(), free: base + wanted.size};
}

/* A thread's part: the runtime again, with a stack of its own.  It returns
 * when the thread is ended. */
export async function help({runtime, memory, stack, worker}) {
  const {exports} = await WebAssembly.instantiate(runtime, {env: {memory}});
  exports.__stack_pointer.value = stack;
  return () => exports.browser_help(worker);
}

/* ---- a session ------------------------------------------------------------ */

class Engine {
  constructor(linked, memory) {
    this.calls = linked.runtime;
    this.bytes = new Uint8Array(memory.buffer);
    this.view = new DataView(memory.buffer);
    this.memory = memory;
  }

  text(at) {
    return at === 0 ? null : latin(this.bytes, at, this.bytes.indexOf(0, at));
  }

  words(at, names) {
    return Object.fromEntries(names.map((name, i) =>
      [name, this.view.getUint32(at + 4 * i, true)]));
  }

  check(status) {
    if (status < 0) {
      throw new Error(`${this.text(this.calls.browser_status_text(status))} (${status})`);
    }
    return status;
  }

  plan(linked, blobBytes, threads) {
    this.check(this.calls.browser_plan(linked.model, linked.free, blobBytes, threads));
    return this.words(this.calls.browser_planned(), PLAN);
  }

  get isa() {
    return this.text(this.calls.browser_isa());
  }

  /* [{word, recommended}] in the order of the library's list. */
  get solvers() {
    const list = [];
    for (let at; (at = this.calls.browser_solver(list.length)) !== 0;) {
      list.push({word: this.text(this.view.getUint32(at, true)),
        recommended: this.view.getUint32(at + 4, true) === 1});
    }
    return list;
  }

  /* mix, if any, is {cluster, share}: how far the label goes to another's. */
  begin({seed, cluster, solver, steps, mix}) {
    this.check(this.calls.browser_begin(seed, cluster, solver, steps));
    if (mix) this.check(this.calls.browser_mix(mix.cluster, mix.share));
  }

  /* True while there are more. */
  step() {
    return this.check(this.calls.browser_step()) === MORE;
  }

  /* A copy of the image so far, 8 bits, [height][width][channels]. */
  image() {
    const {image, imageBytes} = this.planned;
    return new Uint8ClampedArray(this.bytes.slice(image, image + imageBytes).buffer);
  }

  /* Features of an image, 8 bits, [height][width][channels], by a model that encodes. */
  encode(image) {
    const {image: to, imageBytes, features, featuresBytes} = this.planned;
    if (image.length !== imageBytes) {
      throw new Error(`Wanted an image of ${imageBytes} bytes, got ${image.length}.`);
    }
    this.bytes.set(image, to);
    this.check(this.calls.browser_encode());
    return new Float32Array(this.bytes.slice(features, features + featuresBytes).buffer);
  }

  /* The sampler of the last begin, as records of cedm-gen have it. */
  recipe() {
    const at = this.calls.browser_told(), more = at + 8 * NUMBERS.length;
    const sampler = {steps: this.view.getUint32(more + 4 * WORDS.length, true)};
    NUMBERS.forEach((name, i) => { sampler[name] = this.view.getFloat64(at + 8 * i, true); });
    WORDS.forEach((name, i) => {
      sampler[name] = this.text(this.view.getUint32(more + 4 * i, true));
    });
    const order = this.view.getUint32(more + 4 * WORDS.length + 4, true);
    if (order > 0) sampler.order = order;
    return sampler;
  }

  evaluations() {
    return this.view.getUint32(this.calls.browser_told() + 8 * NUMBERS.length +
      4 * WORDS.length + 8, true);
  }
}

/* The JSON at the end of a blob; what is in it is checked by the runtime. */
function description(blob) {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  if (blob.length < 96 || latin(blob, 0, 8) !== 'CEDMBLOB') {
    throw new Error('These are no weights: wanted the .cedm that cedm-freeze writes.');
  }
  const at = Number(view.getBigUint64(48, true)), size = Number(view.getBigUint64(56, true));
  if (at + size > blob.length) throw new Error('These weights are cut short.');
  return JSON.parse(new TextDecoder().decode(blob.subarray(at, at + size)));
}

/* runtime, model and blob are Uint8Arrays; startHelper(message), which takes
 * what `help` does and resolves when that did, is for threads > 1. */
export async function open({runtime, model, blob, threads = 1, startHelper}) {
  const share = threads > 1;
  const r = await compile(runtime, share, 'The runtime');
  const m = await compile(model, share, 'The model');
  const make = (pages, maximum = pages) =>
    new WebAssembly.Memory({initial: pages, maximum, shared: share});
  const facts = description(blob);

  const probe = make(PROBE_PAGES);
  const tried = await link(r, m, probe);
  const planned = new Engine(tried, probe).plan(tried, blob.length, threads);

  const memory = make(Math.ceil(planned.end / PAGE));
  const linked = await link(r, m, memory);
  const engine = new Engine(linked, memory);
  // Every instance writes the module's variables anew, so that helpers come
  // before the first call.
  for (let worker = 1; worker < threads; worker++) {
    const stack = planned.stacks + worker * planned.stackBytes;
    await startHelper({runtime: r, memory, stack, worker});
  }
  engine.planned = engine.plan(linked, blob.length, threads);
  engine.facts = facts;
  engine.bytes.set(blob, planned.blob);
  engine.check(engine.calls.browser_open());
  return engine;
}
