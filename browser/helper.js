// SPDX-License-Identifier: MIT
//
// helper.js - a thread of worker.js: takes part in every operation until it is
// terminated.
import {help} from './engine.js';

onmessage = async ({data}) => {
  const run = await help(data);
  postMessage('ready');
  run();
};
