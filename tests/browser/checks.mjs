// SPDX-License-Identifier: MIT
//
// checks.mjs - what the tests share: checks that are counted, the distance of
// two arrays.
let passed = 0, failed = 0;

export function check(name, good, seen = '') {
  if (good) passed++;
  else {
    failed++;
    console.log(`FAILED: ${name} ${seen}`);
  }
}

/* Ends the program; its exit status says whether a check failed. */
export function conclude() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed > 0 ? 1 : 0);
}

export const largest = (a, b) => a.length !== b.length ? Infinity
  : a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i])), 0);
