import {GrayWindow, drawPart} from './grays.js';

/** @typedef {import('./types.js').Point} Point */

const LARGEST_SCALE = 32;

/** Shows an image on a canvas: where it lies, how large, windowed how. The stored raster; mirrored only on request. */
export class Viewport {
  window = new GrayWindow();
  mirrored = false;
  scale = 1;
  left = 0;
  top = 0;
  /** Height of a pixel over its width. */
  aspect = 1;
  /** @type {import('./grays.js').Grays | null} */
  grays = null;
  #fitted = true;
  #scheduled = false;
  #part = document.createElement('canvas');
  #shown = '';

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {(context: CanvasRenderingContext2D) => void} drawMarks  Draws what lies over the image.
   */
  constructor(canvas, drawMarks) {
    this.canvas = canvas;
    this.drawMarks = drawMarks;
    new ResizeObserver(() => {
      if (this.#fitted) this.fit();
      this.redraw();
    }).observe(canvas);
  }

  /**
   * @param {import('./grays.js').Grays} grays
   * @param {number} aspect
   */
  show(grays, aspect) {
    this.grays = grays;
    this.aspect = aspect;
    this.#shown = '';
    this.fit();
  }

  fit() {
    this.#fitted = true;
    if (this.grays) {
      const {clientWidth, clientHeight} = this.canvas;
      const {width, height} = this.grays;
      this.scale = Math.max(1e-3, Math.min(clientWidth / width, clientHeight / (height * this.aspect)));
      this.left = (clientWidth - width * this.scale) / 2;
      this.top = (clientHeight - height * this.aspect * this.scale) / 2;
    }
    this.redraw();
  }

  /**
   * From a point on the canvas, in CSS pixels, to the image.
   * @param {number} x
   * @param {number} y
   * @returns {Point}
   */
  toImage(x, y) {
    const along = (x - this.left) / this.scale;
    return {x: this.mirrored && this.grays ? this.grays.width - along : along, y: (y - this.top) / (this.scale * this.aspect)};
  }

  /**
   * From the image to a point on the canvas, in CSS pixels.
   * @param {Point} point
   * @returns {Point}
   */
  toCanvas({x, y}) {
    const along = this.mirrored && this.grays ? this.grays.width - x : x;
    return {x: this.left + along * this.scale, y: this.top + y * this.scale * this.aspect};
  }

  /** @param {Point} point */
  holds({x, y}) {
    return this.grays !== null && x >= 0 && y >= 0 && x < this.grays.width && y < this.grays.height;
  }

  /**
   * @param {number} dx
   * @param {number} dy
   */
  pan(dx, dy) {
    this.#fitted = false;
    this.left += dx;
    this.top += dy;
    this.redraw();
  }

  /**
   * Zoom about a point of the canvas; without one, about its middle.
   * @param {number} factor
   * @param {number} [x]
   * @param {number} [y]
   */
  zoom(factor, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
    this.#fitted = false;
    const scale = Math.min(LARGEST_SCALE, Math.max(0.01, this.scale * factor));
    const by = scale / this.scale;
    this.left = x - (x - this.left) * by;
    this.top = y - (y - this.top) * by;
    this.scale = scale;
    this.redraw();
  }

  /** Bring a point to the middle of the canvas, unless it is in sight. @param {Point} point */
  reveal(point) {
    const {x, y} = this.toCanvas(point), {clientWidth: width, clientHeight: height} = this.canvas;
    if (x < 0 || y < 0 || x > width || y > height) this.pan(width / 2 - x, height / 2 - y);
  }

  redraw() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#draw();
    });
  }

  #draw() {
    const ratio = devicePixelRatio, {canvas} = this;
    const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, {width, height});
    const context = canvas.getContext('2d');
    if (!context) return;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!this.grays) return;
    this.#drawImage(context, ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.drawMarks(context);
  }

  /**
   * Window what is in sight, at the level of detail that the screen has, and lay it where it belongs.
   * @param {CanvasRenderingContext2D} context
   * @param {number} ratio
   */
  #drawImage(context, ratio) {
    if (!this.grays) return;
    const {level, shrink} = this.grays.levelFor(this.scale * ratio);
    const one = this.toImage(0, 0), other = this.toImage(this.canvas.clientWidth, this.canvas.clientHeight);
    const left = Math.max(0, Math.floor(Math.min(one.x, other.x) / shrink) - 1);
    const right = Math.min(level.width, Math.ceil(Math.max(one.x, other.x) / shrink) + 1);
    const top = Math.max(0, Math.floor(one.y / shrink) - 1);
    const bottom = Math.min(level.height, Math.ceil(other.y / shrink) + 1);
    if (right <= left || bottom <= top) return;
    const part = {left, top, width: right - left, height: bottom - top};
    const name = [this.window.name, shrink, ...Object.values(part)].join(' ');
    if (this.#shown !== name) {
      this.#shown = name;
      drawPart(level, part, this.window.table, this.#part);
    }
    const across = (this.mirrored ? -1 : 1) * this.scale * ratio, down = this.scale * this.aspect * ratio;
    const origin = this.toCanvas({x: 0, y: 0});
    context.setTransform(across, 0, 0, down, origin.x * ratio, origin.y * ratio);
    context.imageSmoothingEnabled = this.scale * ratio < 4;
    context.imageSmoothingQuality = 'medium';
    context.drawImage(this.#part, left * shrink, top * shrink, part.width * shrink, part.height * shrink);
    context.setTransform(1, 0, 0, 1, 0, 0);
  }
}
