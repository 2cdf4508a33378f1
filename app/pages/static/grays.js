// The model's grays, 0 to 65535, and what becomes of them on the screen: whole image or a part, at any size, windowed.

export const GRAY_MAX = 65535;
const MOST_LEVELS = 5;

/** @typedef {{values: Uint16Array, width: number, height: number}} Level */

/** An image and its halvings: each level is the mean of 2 x 2 pixels of the one before. */
export class Grays {
  /**
   * @param {Uint16Array} values
   * @param {number} width
   * @param {number} height
   */
  constructor(values, width, height) {
    if (values.length !== width * height) throw new Error('grays are not rows times columns');
    this.width = width;
    this.height = height;
    /** @type {Level[]} */
    this.levels = [{values, width, height}];
  }

  /**
   * The smallest level that is still at least as fine as the screen.
   * @param {number} scale  Pixels of the screen a pixel of the image.
   * @returns {{level: Level, shrink: number}}
   */
  levelFor(scale) {
    const wanted = Math.min(MOST_LEVELS, Math.max(0, Math.floor(-Math.log2(scale))));
    while (this.levels.length <= wanted) this.levels.push(halved(this.levels[this.levels.length - 1]));
    return {level: this.levels[wanted], shrink: 2 ** wanted};
  }
}

/**
 * @param {Level} level
 * @returns {Level}
 */
function halved({values, width, height}) {
  const w = Math.max(1, width >> 1), h = Math.max(1, height >> 1);
  const half = new Uint16Array(w * h);
  const right = width > 1 ? 1 : 0, below = height > 1 ? width : 0;
  for (let y = 0, out = 0; y < h; y++) {
    for (let x = 0, at = 2 * y * width; x < w; x++, at += 2) {
      half[out++] = (values[at] + values[at + right] + values[at + below] + values[at + right + below] + 2) >> 2;
    }
  }
  return {values: half, width: w, height: h};
}

/** Level and width in percent of the model's grays. 50 and 100 show every gray that the model saw, linearly. */
export class GrayWindow {
  level = 50;
  width = 100;
  inverted = false;
  #table = new Uint32Array(GRAY_MAX + 1);
  #of = '';

  get asModel() {
    return this.level === 50 && this.width === 100 && !this.inverted;
  }

  /**
   * @param {number} level
   * @param {number} width
   */
  set(level, width) {
    this.level = Math.min(100, Math.max(0, level));
    this.width = Math.min(200, Math.max(0.1, width));
  }

  /** A name for what is shown: the same name, the same picture. */
  get name() {
    return `${this.level} ${this.width} ${this.inverted}`;
  }

  /** The color of each gray, as a little-endian pixel of an ImageData. */
  get table() {
    if (this.#of !== this.name) {
      this.#of = this.name;
      const start = (this.level - this.width / 2) / 100, slope = 25500 / this.width;
      for (let gray = 0; gray <= GRAY_MAX; gray++) {
        let shown = (gray / GRAY_MAX - start) * slope;
        shown = shown < 0 ? 0 : shown > 255 ? 255 : Math.round(shown);
        if (this.inverted) shown = 255 - shown;
        this.#table[gray] = 0xff000000 | shown << 16 | shown << 8 | shown;
      }
    }
    return this.#table;
  }
}

/**
 * A part of a level, windowed, in a canvas of its own.
 * @param {Level} level
 * @param {{left: number, top: number, width: number, height: number}} part
 * @param {Uint32Array} table
 * @param {HTMLCanvasElement} into
 */
export function drawPart(level, part, table, into) {
  into.width = part.width;
  into.height = part.height;
  const context = into.getContext('2d');
  if (!context) return;
  const image = context.createImageData(part.width, part.height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let y = 0, out = 0; y < part.height; y++) {
    const row = (part.top + y) * level.width + part.left;
    for (let x = 0; x < part.width; x++) pixels[out++] = table[level.values[row + x]];
  }
  context.putImageData(image, 0, 0);
}
