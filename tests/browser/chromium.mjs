// SPDX-License-Identifier: MIT
//
// chromium.mjs - a headless Chromium, told what to do by its own protocol
// through a pipe: no library, no port.
import {spawn} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const LIMIT_MS = 60000;

export class Chromium {
  constructor(program) {
    this.profile = mkdtempSync(join(tmpdir(), 'cedm-chromium-'));
    this.process = spawn(program, ['--headless=new', '--no-sandbox', '--disable-gpu',
      '--remote-debugging-pipe', '--no-first-run', '--disable-background-networking',
      `--user-data-dir=${this.profile}`],
    {stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe']});
    this.answers = new Map();
    this.listeners = [];
    this.count = 0;
    let rest = '';
    this.process.stdio[4].on('data', (bytes) => {
      const messages = (rest + bytes).split('\0');
      rest = messages.pop();
      for (const message of messages) this.take(JSON.parse(message));
    });
  }

  take(message) {
    const answer = this.answers.get(message.id);
    this.answers.delete(message.id);
    if (answer === undefined) for (const listener of this.listeners) listener(message);
    else if (message.error) answer.reject(new Error(JSON.stringify(message.error)));
    else answer.resolve(message.result);
  }

  send(method, params = {}, sessionId = undefined) {
    const id = ++this.count;
    this.process.stdio[3].write(`${JSON.stringify({id, method, params, sessionId})}\0`);
    return new Promise((resolve, reject) => this.answers.set(id, {resolve, reject}));
  }

  /* A page, with whatever it and its workers say in `errors`. */
  async page({width = 1280, height = 900, dark = false} = {}) {
    const {targetId} = await this.send('Target.createTarget', {url: 'about:blank'});
    const {sessionId} = await this.send('Target.attachToTarget', {targetId, flatten: true});
    const page = new Page(this, sessionId, targetId);
    this.listeners.push((message) => page.hear(message));
    await Promise.all(['Page', 'Runtime', 'Log'].map((name) => page.send(`${name}.enable`)));
    await page.send('Target.setAutoAttach',
      {autoAttach: true, waitForDebuggerOnStart: false, flatten: true});
    await page.send('Emulation.setDeviceMetricsOverride',
      {width, height, deviceScaleFactor: 1, mobile: width < 600});
    await page.send('Emulation.setEmulatedMedia',
      {features: [{name: 'prefers-color-scheme', value: dark ? 'dark' : 'light'}]});
    return page;
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
  constructor(browser, session, target) {
    Object.assign(this, {browser, session, target, errors: [], workers: []});
  }

  send(method, params) {
    return this.browser.send(method, params, this.session);
  }

  hear({method, params, sessionId}) {
    if (sessionId !== this.session && !this.workers.includes(sessionId)) return;
    if (method === 'Target.attachedToTarget') {
      this.workers.push(params.sessionId);
      this.browser.send('Runtime.enable', {}, params.sessionId).catch(() => {});
    }
    if (method === 'Runtime.exceptionThrown') {
      this.errors.push(params.exceptionDetails.exception?.description ??
        params.exceptionDetails.text);
    }
    if (method === 'Runtime.consoleAPICalled') {
      this.errors.push(params.args.map(({value}) => value).join(' '));
    }
    if (method === 'Log.entryAdded') this.errors.push(params.entry.text);
  }

  /* The value of an expression, which may be a promise. */
  async value(expression) {
    const {result, exceptionDetails} = await this.send('Runtime.evaluate',
      {expression, awaitPromise: true, returnByValue: true, userGesture: true});
    if (exceptionDetails) {
      throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
    }
    return result.value;
  }

  /* Until an expression is true. */
  async until(expression) {
    for (const start = Date.now(); Date.now() - start < LIMIT_MS;) {
      if (await this.value(expression)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`still false after ${LIMIT_MS / 1000} s: ${expression}`);
  }

  async go(url) {
    await this.send('Page.navigate', {url});
    await this.until(`location.href === '${url}' && document.readyState === 'complete'`);
  }

  async key(key, code = key) {
    const keys = {Tab: 9, Enter: 13, Escape: 27, ArrowRight: 39, ArrowDown: 40, ' ': 32};
    const event = {key, code, windowsVirtualKeyCode: keys[key],
      text: key === 'Enter' ? '\r' : key === ' ' ? ' ' : undefined};
    await this.send('Input.dispatchKeyEvent', {type: 'keyDown', ...event});
    await this.send('Input.dispatchKeyEvent', {type: 'keyUp', ...event});
  }

  /* What a screen reader is told: [{role, name}]. */
  async accessible() {
    const {nodes} = await this.send('Accessibility.getFullAXTree');
    return nodes.filter(({ignored}) => !ignored)
      .map(({role, name}) => ({role: role?.value, name: name?.value ?? ''}));
  }

  async screenshot({whole = true} = {}) {
    const {data} = await this.send('Page.captureScreenshot',
      {format: 'png', captureBeyondViewport: whole});
    return Buffer.from(data, 'base64');
  }

  close() {
    return this.browser.send('Target.closeTarget', {targetId: this.target});
  }
}
