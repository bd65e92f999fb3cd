// SPDX-License-Identifier: MIT
//
// lacks.js - why nothing can be drawn at all, in `window.lacks`.  Of old and
// without modules, so that it also runs where page.js does not.
window.lacks = (function () {
  if (location.protocol === 'file:') {
    return 'Browsers let a page that is opened as a file read no other files. Serve its folder, ' +
      'for example by: python3 -m http.server, and open http://localhost:8000/.';
  }
  if (typeof WebAssembly !== 'object') {
    return 'This browser has no WebAssembly, or it is switched off: there is nothing to draw with.';
  }
  if (typeof Worker !== 'function' || !('noModule' in document.createElement('script'))) {
    return 'This browser has no JavaScript modules; a newer one draws.';
  }
  return '';
})();

document.addEventListener('DOMContentLoaded', function () {
  if (window.lacks === '') return;
  document.getElementById('trouble').textContent = window.lacks;
  document.getElementById('trouble').hidden = false;
  document.body.className = 'lacking';
});
