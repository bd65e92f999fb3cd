// SPDX-License-Identifier: MIT
//
// page_test.mjs BUILD BIN CHROMIUM - the page as people meet it: pictures,
// keyboard, screen readers, narrow screens, servers with and without headers,
// browsers that lack something.  Screenshots are left in BUILD/check/browser.
import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {cpus, loadavg, tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {check, conclude, largest} from './checks.mjs';
import {Chromium} from './chromium.mjs';
import {serve} from './serve.mjs';

const [build, bin, program] = process.argv.slice(2);
const folder = join(build, 'browser'), model = join(build, 'gen/page/fashion.so');
const shots = join(build, 'check/browser');
const work = mkdtempSync(join(tmpdir(), 'cedm-page-'));
mkdirSync(shots, {recursive: true});

const run = (name, ...words) =>
  execFileSync(join(bin, name), words, {stdio: ['ignore', 'pipe', 'ignore']});

function native(...words) {
  const file = join(work, 'native.raw');
  run('cedm-gen', '--model', model, ...words, '--isa', 'portable', '--format', 'raw', '--out',
    file);
  return readFileSync(file);
}

/* ---- what a page shows -------------------------------------------------------- */

const DRAWN = `/ms each/.test(document.getElementById('status').textContent)`;
const text = (page, id) => page.value(`document.getElementById('${id}').textContent`);

/* All images, one after the other, of gray pixels. */
async function pixels(page) {
  return Buffer.from(await page.value(`[...document.querySelectorAll('.image canvas')].flatMap(
    (c) => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]
      .filter((_, i) => i % 4 === 0))`));
}

const browser = new Chromium(program);

/* f(page, server) on a fresh page; it must have said nothing to the console. */
async function on(name, {served = {}, page: screen = {}, path = ''}, f) {
  const server = await serve(folder, served);
  const page = await browser.page(screen);
  try {
    await page.go(path === '' ? server.url : path);
    await f(page, server);
    writeFileSync(join(shots, `${name}.png`), await page.screenshot());
    // Advice about the test's own way of reading pixels.
    const errors = page.errors.filter((said) => !said.startsWith('Canvas2D:'));
    check(`${name}: no errors`, errors.length === 0, errors.join('; '));
  } catch (error) {
    check(name, false, error.stack);
  }
  await page.close();
  server.close();
}

/* ---- tests -------------------------------------------------------------------- */

const firsts = [];
const wanted = native('--cluster', '0-15', '--seeds', '0-15', '--nfe', '10');

async function pictures(page) {
  await page.until(DRAWN);
  firsts.push(Number((await text(page, 'machine')).match(/First image ([0-9.]+) s/)[1]));
  const most = largest(await pixels(page), wanted);
  check('pictures are the programs\'', most <= 1, most);
}

async function plain(page, server) {
  await pictures(page);
  check('one thread', (await text(page, 'machine')).includes('One thread.'));
  check('says what sharing needs', (await text(page, 'machine')).includes('Opener-Policy'));
  const {memory} = JSON.parse(run('cedm-info', '--json', model));
  const shown = (await page.value(`[...document.querySelectorAll('#memory dd')]
    .map((dd) => Number(dd.textContent.replaceAll(',', '')))`));
  check('memory is the plan\'s', shown[0] === memory.blob_bytes &&
    shown[1] === memory.weights_bytes && shown[2] === memory.arena_bytes_batch_1, shown);
  check('and its sum', shown[0] + shown[1] + shown[2] + shown[3] === shown[4], shown);
  await page.until(`document.querySelectorAll('.cluster canvas.drawn').length === 20`);
  check('asks for nothing else', server.asked.every((path) => existsSync(join(folder, path))),
    server.asked);
  check('only for what it needs', !server.asked.includes('/portable.wasm'));
}

async function threaded(page) {
  await pictures(page);
  const processors = await page.value('navigator.hardwareConcurrency');
  const said = await text(page, 'machine');
  check('threads', said.includes(processors > 1 ? `${Math.min(processors, 8)} threads` : 'One'),
    said);
}

async function withoutVectors(page) {
  await page.until(DRAWN);
  check('says that there are no vectors', (await text(page, 'machine')).includes('plain code'));
  check('the same bytes', (await pixels(page)).equals(wanted));
}

async function keyboard(page) {
  await page.until(DRAWN);
  const focused = (what) => page.value(`document.activeElement.${what}`);
  await page.key('Tab');
  check('clusters first', await focused('name') === 'cluster', await focused('outerHTML'));
  await page.key('ArrowRight');
  await page.until(`${DRAWN} && document.querySelector('.cluster :checked').value === '0' &&
    document.querySelector('.image').ariaLabel === 'Cluster 0, seed 0: look closer'`);
  for (const id of ['other', 'count', 'seed', 'solver', 'steps', 'go', 'more']) {
    await page.key('Tab');
    check(`then ${id}`, await focused('id') === id, await focused('id'));
  }
  await page.key('Tab');
  check('then images', await focused('className') === 'image');
  await page.key('Enter');
  check('a closer look', await page.value(`document.getElementById('closer').open`));
  check('of that image', await text(page, 'closer-title') === 'Cluster 0, seed 0');
  await page.key('Escape');
  check('ends by Escape', !await page.value(`document.getElementById('closer').open`));
  check('back at the image', await focused('className') === 'image');
}

async function readers(page) {
  await page.until(DRAWN);
  const roles = ['radio', 'button', 'spinbutton', 'combobox', 'slider', 'image', 'progressbar',
    'group', 'form', 'region'];
  const nodes = (await page.accessible()).filter(({role}) => roles.includes(role));
  check('many controls', nodes.length > 40, nodes.length);
  const bare = nodes.filter(({name}) => name === '');
  check('each has a name', bare.length === 0, JSON.stringify(bare));
  check('slider', nodes.some(({role, name}) => role === 'slider' && name.startsWith('Steps')));
  check('cluster', nodes.some(({role, name}) => role === 'radio' && name === 'Cluster 7'));
}

async function saving(page) {
  await page.until(DRAWN);
  await browser.send('Browser.setDownloadBehavior', {behavior: 'allow', downloadPath: work});
  await page.value(`document.querySelectorAll('.image')[5].click()`);
  await page.value(`document.getElementById('redraw').click()`);
  await page.until(`!document.getElementById('save').disabled &&
    /^1 image in/.test(document.getElementById('status').textContent)`);
  await page.value(`document.getElementById('save').click()`);
  const file = join(work, 'fashion-c5-s5.png');
  for (let i = 0; i < 100 && !existsSync(file); i++) await new Promise((r) => setTimeout(r, 50));
  const again = native('--from', file);
  check('cedm-gen --from draws it', largest(again, wanted.subarray(5 * 1024, 6 * 1024)) <= 1);
}

async function ownModel(page) {
  await page.until(DRAWN);
  run('cedm-freeze', 'tests/golden/ncsnpp-tiny.safetensors', '-o', work, '--name', 'tiny',
    '--wasm');
  const drop = async (...files) => {
    const data = {items: [], files: files.map((name) => resolve(work, name)),
      dragOperationsMask: 1};
    // A drag takes a while: the browser asks the page whether it may end there.
    for (const type of ['dragEnter', 'dragOver', 'dragOver', 'drop']) {
      await page.send('Input.dispatchDragEvent', {type, x: 400, y: 300, data});
      await new Promise((r) => setTimeout(r, 200));
    }
  };
  await drop('tiny.cedm');
  await page.until(`document.getElementById('trouble').textContent.startsWith('Wanted two')`);
  writeFileSync(join(work, 'bad.cedm'), 'bad');
  await drop('bad.cedm', 'tiny.wasm');
  await page.until(`document.getElementById('trouble').textContent.startsWith('These are no')`);
  await page.value(`document.getElementById('go').click()`);
  await page.until(`${DRAWN} && document.querySelector('.image canvas').width === 32`);
  await drop('tiny.cedm', 'tiny.wasm');
  await page.until(`${DRAWN} && document.querySelector('.image canvas').width === 16`);
  check('no trouble any more', await page.value(`document.getElementById('trouble').hidden`));
  check('its clusters', await page.value(`document.querySelectorAll('.cluster').length`) === 8);
}

async function mixing(page) {
  await page.until(DRAWN);
  const set = (id, value, event) => page.value(`document.getElementById('${id}').value = '${value}';
    document.getElementById('${id}').dispatchEvent(new Event('input', {bubbles: true}));
    ${event && `document.getElementById('${id}').dispatchEvent(
      new Event('change', {bubbles: true}))`}`);
  await page.value(`document.querySelector('.cluster [value="3"]').click()`);
  await set('count', 2, true);
  await set('other', 17, true);
  await set('share', 25, false);
  await page.until(`${DRAWN} && document.querySelector('.image').ariaLabel ===
    'Cluster 3 to 17, 25 %, seed 0: look closer'`);
  await page.value(`document.querySelector('.image').click()`);
  await page.value(`document.getElementById('save').click()`);
  const file = join(work, 'fashion-c3-to-c17-25-s0.png');
  for (let i = 0; i < 100 && !existsSync(file); i++) await new Promise((r) => setTimeout(r, 50));
  const most = largest(native('--from', file), (await pixels(page)).subarray(0, 1024));
  check('cedm-gen --from mixes the same', most <= 1, most);
  check('another image', largest(await pixels(page), native('--cluster', '3', '--seeds', '0,1',
    '--nfe', '10')) > 30);
}

async function stopping(page) {
  await page.until(`document.getElementById('progress').value > 0.1`);
  await page.value(`document.getElementById('go').click()`);
  check('stopped', await text(page, 'status') === 'Stopped.');
  const before = await pixels(page);
  await new Promise((r) => setTimeout(r, 500));
  check('and nothing goes on', (await pixels(page)).equals(before));
}

async function narrow(page) {
  await page.until(DRAWN);
  const [wide, room] = await page.value('[document.documentElement.scrollWidth, innerWidth]');
  check('fits', wide <= room, `${wide} in ${room}`);
}

async function asFile(page) {
  check('says that it has to be served', (await text(page, 'trouble')).includes('http.server'));
  page.errors.length = 0; // the browser's own, about modules
}

try {
  await on('light', {}, plain);
  await on('threads', {served: {isolated: true}, page: {dark: true}}, threaded);
  await on('plain', {served: {instead: {'/runtime.wasm': Buffer.from('old')}}}, withoutVectors);
  await on('keyboard', {}, keyboard);
  await on('readers', {}, readers);
  await on('saving', {}, saving);
  await on('mixing', {}, mixing);
  await on('own', {}, ownModel);
  await on('stopping', {}, stopping);
  await on('narrow', {page: {width: 320, height: 700}}, narrow);
  await on('file', {path: `file://${resolve(folder)}/index.html`}, asFile);
  console.log(`first picture after ${firsts.join(' and ')} s`);
  // Of a processor that is shared by many programs this says nothing.
  if (loadavg()[0] <= 2 * cpus().length) {
    check('first picture within a second', Math.min(...firsts) <= 1, firsts);
  }
} finally {
  await browser.close();
  rmSync(work, {recursive: true, force: true});
}
conclude();
