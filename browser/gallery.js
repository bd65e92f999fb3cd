// SPDX-License-Identifier: MIT
//
// gallery.js - the images of a job, and a closer look at one of them.
import {encodePng, record} from './png.js';

const $ = (id) => document.getElementById(id);

/* Pixels of one to four channels, [height][width][channels], on a canvas. */
export function paint(canvas, pixels, {width, height, channels}) {
  const rgba = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const at = i * channels;
    const gray = channels < 3;
    rgba.data[4 * i] = pixels[at];
    rgba.data[4 * i + 1] = pixels[gray ? at : at + 1];
    rgba.data[4 * i + 2] = pixels[gray ? at : at + 2];
    rgba.data[4 * i + 3] = channels % 2 === 0 ? pixels[at + channels - 1] : 255;
  }
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d').putImageData(rgba, 0, 0);
}

export function nameOf({seed, cluster, mix}) {
  if (cluster < 0) return `Seed ${seed}`;
  const to = mix ? ` to ${mix.cluster}, ${Math.round(mix.share * 100)} %` : '';
  return `Cluster ${cluster}${to}, seed ${seed}`;
}

export class Gallery {
  constructor(redraw) {
    this.images = [];
    this.shown = null;
    $('redraw').onclick = () => redraw(this.shown);
    $('save').onclick = () => this.save();
    $('close').onclick = () => $('closer').close();
    $('closer').onclose = () => { this.shown = null; };
    $('closer').onclick = (event) => { if (event.target === $('closer')) $('closer').close(); };
  }

  /* Tiles for images {seed, cluster, mix} that are still to be drawn; what they
   * showed stays until then, paler, and so does the focus. */
  show(images, model) {
    const kept = this.model === model ? [...$('images').children] : [];
    this.model = model;
    this.size = model.size;
    this.images = images.map((image, i) =>
      ({...image, pixels: null, sampler: null, tile: kept[i] ?? this.tile(i)}));
    for (const image of this.images) {
      image.tile.classList.add('old');
      image.tile.setAttribute('aria-label', `${nameOf(image)}: look closer`);
    }
    if (kept.length !== images.length) {
      $('images').replaceChildren(...this.images.map(({tile}) => tile));
    }
  }

  tile(index) {
    const button = document.createElement('button'), canvas = document.createElement('canvas');
    button.type = 'button';
    button.className = 'image';
    button.onclick = () => this.open(index);
    [canvas.width, canvas.height] = [this.size.width, this.size.height];
    button.append(canvas);
    return button;
  }

  /* What there is of an image by now; with its sampler when it is done. */
  update(index, pixels, sampler) {
    const image = this.images[index];
    if (image === undefined) return;
    Object.assign(image, {pixels, sampler});
    image.tile.classList.remove('old');
    paint(image.tile.firstChild, pixels, this.size);
    if (this.shown === index) this.look();
  }

  open(index) {
    this.shown = index;
    this.look();
    $('closer').showModal();
  }

  look() {
    const image = this.images[this.shown];
    $('closer-title').textContent = nameOf(image);
    $('closer-image').setAttribute('aria-label', nameOf(image));
    if (image.pixels !== null) paint($('closer-image'), image.pixels, this.size);
    $('save').disabled = image.sampler === null;
    const {sampler} = image;
    list($('closer-recipe'), sampler === null ? [['Being drawn', '']] : [
      ['Solver', `${sampler.solver}, ${sampler.steps} steps`],
      ['Noise levels', `${sampler.discretization}, ${sampler.sigma_max} to ${sampler.sigma_min}`],
      ['Model', `${this.model.facts.name} ${this.model.facts.data_sha256.slice(0, 12)}`]]);
  }

  save() {
    const image = this.images[this.shown];
    const png = encodePng(image.pixels, this.size, record(image, this.model));
    const link = document.createElement('a');
    const mix = image.mix ? `-to-c${image.mix.cluster}-${Math.round(image.mix.share * 100)}` : '';
    const cluster = image.cluster < 0 ? '' : `-c${image.cluster}${mix}`;
    link.download = `${this.model.facts.name}${cluster}-s${image.seed}.png`;
    link.href = URL.createObjectURL(new Blob([png], {type: 'image/png'}));
    link.click();
    URL.revokeObjectURL(link.href);
  }
}

/* Rows [term, value, class] of a description list. */
export function list(dl, rows) {
  dl.replaceChildren(...rows.flatMap(([term, value, name]) => {
    const dt = document.createElement('dt'), dd = document.createElement('dd');
    dt.textContent = term;
    dd.textContent = value;
    if (name) dt.className = dd.className = name;
    return [dt, dd];
  }));
}
