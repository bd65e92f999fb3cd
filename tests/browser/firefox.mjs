// SPDX-License-Identifier: MIT
//
// firefox.mjs - a headless Firefox, told what to do by Marionette, its own
// protocol: messages "LENGTH:JSON" through a port of this machine.
import {spawn} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {connect} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const LIMIT_MS = 60000;
const KEYS = {Tab: '\uE004', Enter: '\uE007', Escape: '\uE00C', ArrowRight: '\uE014'};
// Port 0 is any, which it writes into its profile; what pages say goes to its output.
const PREFERENCES = {'marionette.port': 0, 'devtools.console.stdout.content': true,
  'browser.dom.window.dump.enabled': true, 'datareporting.policy.dataSubmissionEnabled': false,
  'app.update.disabledForTesting': true};

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Firefox {
  constructor(program) {
    this.profile = mkdtempSync(join(tmpdir(), 'cedm-firefox-'));
    writeFileSync(join(this.profile, 'user.js'), Object.entries(PREFERENCES)
      .map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`).join(''));
    this.process = spawn(program, ['--headless', '--marionette', '--no-remote', '--profile',
      this.profile], {stdio: ['ignore', 'pipe', 'pipe']});
    this.said = '';
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.on('data', (bytes) => { this.said += bytes; });
    }
    this.answers = new Map();
    this.count = 0;
    this.ready = this.start();
  }

  async start() {
    const file = join(this.profile, 'MarionetteActivePort');
    for (const start = Date.now(); !existsSync(file); await pause(50)) {
      if (Date.now() - start > LIMIT_MS) throw new Error(`Firefox did not start: ${this.said}`);
    }
    let rest = Buffer.alloc(0);
    this.socket = connect(Number(readFileSync(file, 'utf8')), '127.0.0.1');
    this.socket.on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      for (let colon; (colon = rest.indexOf(':')) >= 0;) {
        const end = colon + 1 + Number(rest.subarray(0, colon));
        if (rest.length < end) break;
        this.take(JSON.parse(rest.subarray(colon + 1, end)));
        rest = rest.subarray(end);
      }
    });
    await this.call('WebDriver:NewSession', {timeouts: {script: LIMIT_MS}});
  }

  take([, id, error, result]) {
    const answer = this.answers.get(id);
    this.answers.delete(id);
    if (error) answer.reject(new Error(`${error.error}: ${error.message}`));
    else answer?.resolve(result);
  }

  call(name, parameters = {}) {
    const id = ++this.count;
    const message = JSON.stringify([0, id, name, parameters]);
    this.socket.write(`${Buffer.byteLength(message)}:${message}`);
    return new Promise((resolve, reject) => this.answers.set(id, {resolve, reject}));
  }

  /* A page, with whatever it and its workers say in `errors`. */
  async page({width = 1280, height = 900} = {}) {
    await this.ready;
    const {handle} = await this.call('WebDriver:NewWindow', {type: 'tab'});
    await this.call('WebDriver:SwitchToWindow', {handle});
    await this.call('WebDriver:SetWindowRect', {width, height});
    return new Page(this);
  }

  close() {
    this.process.kill();
    return new Promise((resolve) => this.process.on('exit', () => {
      rmSync(this.profile, {recursive: true, force: true, maxRetries: 5});
      resolve();
    }));
  }
}

class Page {
  constructor(browser) {
    this.browser = browser;
    this.from = browser.said.length;
  }

  /* What the browser says of itself names no file of a page. */
  get errors() {
    return this.browser.said.slice(this.from).split('\n').filter((line) =>
      /^(JavaScript error|console\.)/.test(line) && line.includes('http://127.0.0.1'));
  }

  /* The value of an expression, which may be a promise. */
  async value(expression) {
    const script = `const done = arguments[arguments.length - 1];
      Promise.resolve(window.eval(arguments[0])).then((value) => done({value}),
        (error) => done({error: String(error)}));`;
    const {value} = await this.browser.call('WebDriver:ExecuteAsyncScript',
      {script, args: [expression]});
    if (value.error) throw new Error(`${expression}: ${value.error}`);
    return value.value;
  }

  /* Until an expression is true. */
  async until(expression) {
    for (const start = Date.now(); Date.now() - start < LIMIT_MS; await pause(50)) {
      if (await this.value(expression)) return;
    }
    throw new Error(`still false after ${LIMIT_MS / 1000} s: ${expression}`);
  }

  async go(url) {
    await this.browser.call('WebDriver:Navigate', {url});
  }

  async key(key) {
    await this.browser.call('WebDriver:PerformActions', {actions: [{type: 'key', id: 'keys',
      actions: ['keyDown', 'keyUp'].map((type) => ({type, value: KEYS[key]}))}]});
  }

  async screenshot() {
    const {value} = await this.browser.call('WebDriver:TakeScreenshot', {full: true});
    return Buffer.from(value, 'base64');
  }

  async close() {
    await this.browser.call('WebDriver:CloseWindow');
    const [handle] = await this.browser.call('WebDriver:GetWindowHandles');
    await this.browser.call('WebDriver:SwitchToWindow', {handle});
  }
}
