import {Problem} from './api.js';
import {Grays} from './grays.js';

/** @typedef {import('./types.js').Source} Source */

/** An image that is open: it is sent, or fetched from its PACS by the service, as often as that is needed. */
export class OpenImage {
  #id = '';

  /**
   * @param {import('./api.js').Service} service
   * @param {Source} source
   * @param {import('./types.js').Reading} reading
   */
  constructor(service, source, reading) {
    this.service = service;
    this.source = source;
    this.reading = reading;
    /** @type {import('./types.js').Description | null} */
    this.description = null;
    /** @type {Grays | null} */
    this.grays = null;
  }

  /** What a reader calls it. */
  get name() {
    const {laterality = '', view = ''} = this.description?.reading ?? {};
    const side = `${laterality} ${view}`.trim();
    return 'file' in this.source ? [side, this.source.file.name].filter(Boolean).join(' · ') : side;
  }

  /** Have the service keep it, learn how it was read, and get its grays. */
  async load() {
    this.description = await this.#kept(async id => this.service.json(`v1/images/${id}${this.#query()}`));
    const {rows, columns} = /** @type {import('./types.js').Description} */ (this.description);
    const bytes = await this.#kept(async id => {
      const response = await this.service.ask(`v1/images/${id}/grays${this.#query()}`);
      return response.arrayBuffer();
    });
    this.grays = new Grays(new Uint16Array(bytes), columns, rows);
  }

  /**
   * A mark on this image, as predictions take it.
   * @param {import('./types.js').Mark} mark
   * @returns {Record<string, unknown>}
   */
  reference(mark) {
    const {frame, pixel_spacing_mm} = this.reading, place = mark.contour ? {contour: mark.contour} : mark;
    const given = pixel_spacing_mm === undefined ? {} : {pixel_spacing_mm};
    const chosen = frame === undefined ? {} : {frame};
    if ('file' in this.source) return {image_id: this.#id, ...chosen, ...given, ...place};
    return {dicomweb: {...this.source.dicomweb, ...chosen}, ...given, ...place};
  }

  /** Send it, or have it fetched. */
  async send() {
    const request = 'file' in this.source
      ? {body: this.source.file, headers: {'Content-Type': 'application/octet-stream'}}
      : {json: {dicomweb: this.source.dicomweb}};
    this.#id = (await this.service.json('v1/images', {method: 'POST', ...request})).image_id;
  }

  /** Let the service forget it, now that it is closed. */
  forget() {
    if (this.#id) this.service.ask(`v1/images/${this.#id}`, {method: 'DELETE'}).catch(() => undefined);
  }

  /**
   * Do something with its id; where that has expired, with a new one.
   * @template T
   * @param {(id: string) => Promise<T>} work
   */
  async #kept(work) {
    if (!this.#id) await this.send();
    return withImages([this], () => work(encodeURIComponent(this.#id)));
  }

  #query() {
    const query = new URLSearchParams(Object.entries(this.reading).map(([name, value]) => [name, String(value)]));
    return query.size ? `?${query}` : '';
  }
}

/**
 * Do something with images that the service keeps; where one has expired, send all again and do it once more.
 * @template T
 * @param {OpenImage[]} images
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withImages(images, work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'image_expired') throw error;
  }
  await Promise.all(images.map(image => image.send()));
  return work();
}
