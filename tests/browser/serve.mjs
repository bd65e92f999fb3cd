// SPDX-License-Identifier: MIT
//
// serve.mjs - a folder by HTTP on a port of this machine, plainly, or with the
// headers that let a page share memory between threads.
import {createServer} from 'node:http';
import {readFile} from 'node:fs/promises';
import {extname, join, normalize} from 'node:path';

const TYPES = {'.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript'};
const ISOLATED = {'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp'};

/* Resolves to {url, close, asked}; `asked` lists the paths.  `instead` has the
 * bytes of some. */
export function serve(folder, {isolated = false, instead = {}} = {}) {
  const asked = [];
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, 'http://x').pathname);
    asked.push(path);
    try {
      const name = path === '/' ? '/index.html' : path;
      const bytes = instead[name] ?? await readFile(join(folder, name));
      // Others have no type, as from servers that do not know .wasm.
      const type = TYPES[extname(name)] ?? 'application/octet-stream';
      response.writeHead(200, {'Content-Type': type, ...(isolated ? ISOLATED : {})});
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve({asked,
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => { server.closeAllConnections(); server.close(); }})));
}
