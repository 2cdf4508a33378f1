// The marks of one visit of a mode, and what the service said about each.

import { storeThere, showNewSeries } from './archive.mjs';
import { worldToPixel } from './geometry.mjs';
import { imageOf, pacsName, redraw, viewportOf } from './host.mjs';
import { NOT_TWICE, ONE_SIDE } from './texts.mjs';

/** @typedef {import('./host.mjs').Host} Host */
/** @typedef {import('./service.mjs').Lesion} Lesion */
/** @typedef {import('./service.mjs').Prediction} Prediction */

/** @typedef {'asking' | 'moved' | 'done' | 'failed'} State */
/** @typedef {{state: 'idle' | 'sure?' | 'saving' | 'saved' | 'failed', lines: string[]}} Saving */
/** @typedef {import('./service.mjs').Stored} Stored */
/**
 * @typedef {object} Mark
 * @property {number} number for people, from 1
 * @property {any} annotation cornerstone's
 * @property {import('./host.mjs').Image} image
 * @property {number} x
 * @property {number} y
 * @property {State} state
 * @property {Prediction} [answer]
 * @property {string} [error]
 * @property {boolean} byUid how the image came to the service
 * @property {boolean} ticked
 * @property {boolean} opened whether its features are unfolded
 * @property {Saving} saving
 * @property {string} [roi] UID of the outline that was kept
 * @property {[number, number][]} [contour] the reader's own outline, where asked with one
 * @property {number} [diameter_mm] as the reader measured it, where asked with one
 * @property {ReturnType<typeof setTimeout>} [timer]
 */
/** @typedef {{state: State, answer?: Prediction, error?: string, saving: Saving}} Average */

export const REST_MS = 250; // a dragged mark that lies still for so long is asked about again
const PRECISION = 100; // a hundredth of a pixel: the same place gives the same id

/** Marks, in the order in which they were set. */
export class Marks {
  /** @param {Host} host @param {import('./service.mjs').Service} service @param {() => void} changed */
  constructor(host, service, changed) {
    this.host = host;
    this.service = service;
    this.changed = changed;
    /** @type {Map<string, Mark>} annotation UID -> mark */
    this.all = new Map();
    /** @type {Average | undefined} */
    this.average = undefined;
    this.closed = false;
    /** @type {{key: string, outcome: ReturnType<typeof settled<Prediction>>} | undefined} */
    this.early = undefined;
  }

  /** @param {string} imageId */
  on = imageId => [...this.all.values()].filter(mark => mark.image.imageId === imageId);

  /** @param {any} data of an annotation: all that a Probe's text gets */
  ofData = data => [...this.all.values()].find(mark => mark.annotation.data === data);

  get ticked() {
    return [...this.all.values()].filter(mark => mark.ticked && mark.state === 'done');
  }

  /** A mark was set. @param {any} annotation */
  add(annotation) {
    const image = imageOf(this.host, annotation.metadata.referencedImageId);
    const mark = {
      number: 1 + Math.max(0, ...[...this.all.values()].map(({ number }) => number)), annotation, image, x: NaN, y: NaN, byUid: false, ticked: false, opened: false,
      state: /** @type {State} */ ('asking'), saving: idle(),
    };
    this.all.set(annotation.annotationUID, mark);
    return this.ask(mark);
  }

  /** Ask about a mark that will be set. @param {string} imageId @param {[number, number]} place */
  foresee(imageId, place) {
    const [x, y] = rounded(place);
    const lesion = { image: imageOf(this.host, imageId), x, y };
    this.early = { key: keyOf(lesion), outcome: settled(this.service.predict(lesion)) };
  }

  /** A mark was moved: it is asked about again when it rests. @param {any} annotation */
  moved(annotation) {
    const mark = this.all.get(annotation.annotationUID);
    const viewport = mark && viewportOf(this.host, mark.image.imageId);
    if (!mark || !viewport) return;
    const [x, y] = worldToPixel(viewport, annotation.data.handles.points[0]);
    if (mark.state !== 'moved' && Math.hypot(x - mark.x, y - mark.y) < 0.5) return;
    clearTimeout(mark.timer);
    mark.timer = setTimeout(() => this.ask(mark), REST_MS);
    if (mark.state === 'moved') return;
    mark.state = 'moved';
    this.changed();
  }

  /** @param {string} uid of an annotation */
  removed(uid) {
    const mark = this.all.get(uid);
    if (!mark) return;
    clearTimeout(mark.timer);
    this.all.delete(uid);
    this.#averageAgain();
    this.#show();
  }

  /**
   * Ask about a mark where it lies now.
   * @param {Mark} mark @param {{contour?: [number, number][], diameter_mm?: number}} [reader] own outline or diameter; a
   * diameter stays when the mark is moved
   */
  async ask(mark, { contour, diameter_mm = contour ? undefined : mark.diameter_mm } = {}) {
    const viewport = viewportOf(this.host, mark.image.imageId);
    if (!viewport) return;
    [mark.x, mark.y] = rounded(worldToPixel(viewport, mark.annotation.data.handles.points[0]));
    Object.assign(mark, { state: 'asking', answer: undefined, error: undefined, saving: idle(), contour, diameter_mm });
    const asked = { x: mark.x, y: mark.y };
    this.#averageAgain();
    this.#show();
    const early = !contour && !diameter_mm && this.early?.key === keyOf(mark) ? this.early.outcome : undefined;
    this.early = undefined;
    const outcome = await (early ?? settled(this.service.predict(lesionOf(mark))));
    // Moved or removed meanwhile: a newer question is under way, or nobody wants to know.
    const current = this.all.get(mark.annotation.annotationUID) === mark && mark.state === 'asking';
    if (this.closed || !current || mark.x !== asked.x || mark.y !== asked.y) return;
    Object.assign(mark, outcome, { byUid: this.service.byUid && pacsName(this.host) !== '' });
    this.#averageAgain();
    this.#show();
  }

  /** @param {Mark} mark @param {boolean} ticked */
  tick(mark, ticked) {
    mark.ticked = ticked;
    this.#averageAgain();
    this.changed();
  }

  /** Average the ticked marks, where they are views of one breast. */
  async #averageAgain() {
    const marks = this.ticked;
    this.average = undefined;
    if (marks.length < 2) return;
    const unfit = unfitViews(marks);
    /** @type {Average} */
    const average = { state: unfit ? 'failed' : 'asking', error: unfit, saving: idle() };
    this.average = average;
    if (unfit) return;
    Object.assign(average, await settled(this.service.predictViews(marks.map(lesionOf))));
    if (this.average === average && !this.closed) this.changed();
  }

  /**
   * Store the result of one mark, or of the ticked views, in the archive: by the service, or, where it is not told what it
   * calls the archive, by the viewer.
   * @param {Mark[]} marks @param {Saving} saving its state is changed @param {(stored: Stored) => string} line
   */
  async save(marks, saving, line) {
    saving.state = 'saving';
    this.changed();
    try {
      const lesions = marks.map(lesionOf);
      const stored = pacsName(this.host) ? await this.#byService(lesions) : await this.#byViewer(lesions);
      Object.assign(saving, { state: 'saved', lines: stored.map(line) });
    } catch (error) {
      Object.assign(saving, { state: 'failed', lines: [messageOf(error)] });
    }
    if (!this.closed) this.changed();
  }

  /** @param {Lesion[]} lesions */
  async #byService(lesions) {
    const stored = (await this.service.store(lesions, this.host.config.store)).stored ?? [];
    const added = stored.filter(({ state }) => state !== 'already_stored').map(({ series }) => series);
    if (added.length) await showNewSeries(this.host, lesions[0].image.study, added);
    return stored;
  }

  /** @param {Lesion[]} lesions @returns {Promise<Stored[]>} */
  async #byViewer(lesions) {
    const stored = [];
    for (const kind of this.host.config.store) {
      await storeThere(this.host, await this.service.object(lesions, kind));
      stored.push({ kind, series: '', instance: '', state: 'stored' });
    }
    return stored;
  }

  /** Nothing that was asked is told any more. */
  close() {
    this.closed = true;
    for (const mark of this.all.values()) clearTimeout(mark.timer);
    this.all.clear();
  }

  #show() {
    this.changed();
    redraw(this.host);
  }
}

/** @returns {Saving} */
const idle = () => ({ state: 'idle', lines: [] });

/** @param {Mark} mark @returns {Lesion} */
const lesionOf = ({ image, x, y, contour, diameter_mm }) => ({ image, x, y, contour, diameter_mm });

/** @param {{image: import('./host.mjs').Image, x: number, y: number}} lesion */
const keyOf = ({ image, x, y }) => `${image.imageId} ${x} ${y}`;

/** @param {[number, number]} place @returns {[number, number]} */
const rounded = ([x, y]) => [Math.round(x * PRECISION) / PRECISION, Math.round(y * PRECISION) / PRECISION];

/** @param {unknown} error */
export const messageOf = error => (error instanceof Error ? error.message : String(error));

/**
 * @template T @param {Promise<T>} promise
 * @returns {Promise<{state: 'done', answer: T} | {state: 'failed', error: string}>}
 */
async function settled(promise) {
  try {
    return { state: 'done', answer: await promise };
  } catch (error) {
    return { state: 'failed', error: messageOf(error) };
  }
}

/** Why marks cannot be views of one lesion; '' where they can. @param {Mark[]} marks */
export function unfitViews(marks) {
  if (new Set(marks.map(({ image }) => image.instance)).size < marks.length) return NOT_TWICE;
  const breasts = new Set(marks.map(({ image }) => `${image.study} ${image.laterality}`));
  return breasts.size > 1 ? ONE_SIDE : '';
}
