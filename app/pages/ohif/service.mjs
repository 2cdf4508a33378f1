// The CADx service over HTTP. Images are named by their UIDs; where the service does not know the archive, or may not ask
// it, the file is sent once and named by its `image_id`.

import { fetchFile } from './archive.mjs';
import { pacsName } from './host.mjs';
import { UNREACHABLE } from './texts.mjs';

/** @typedef {import('./host.mjs').Image} Image */
/** @typedef {{image: Image, x: number, y: number, contour?: [number, number][], diameter_mm?: number}} Lesion one lesion on one image */
/** @typedef {{kind: string, series: string, instance: string, state: string, reason?: string}} Stored */
/**
 * What is used of an answer; docs/http-api.md has the rest.
 * @typedef {{probability: number, cnn_probability: number, lesion_probability: number, calibrated_probability: number,
 *   image: {spacing: {row_mm: number, column_mm: number}}, model: {name: string, version: string}, segmentation: {outcome: string}, contour?: [number, number][],
 *   features?: {name: string, value: number, unit: string, family: string}[], flags?: {code: string, message: string}[],
 *   notices: string[], stored?: Stored[]}} Prediction
 */

/** What the service answered instead of a prediction, in its own words. */
export class Refusal extends Error {
  /** @param {{code?: string, title?: string, detail?: string, remedy?: string}} problem @param {number} status */
  constructor(problem, status) {
    super([problem.detail || problem.title || `The service answered ${status}`, problem.remedy].filter(Boolean).join(' '));
    this.code = problem.code ?? '';
  }
}

// What says that the service cannot have the image by its UIDs while the viewer, which shows it, can.
const NOT_BY_UID = new Set(['pacs_unknown', 'right_missing', 'pacs_unreachable', 'pacs_refused', 'pacs_too_slow',
  'pacs_answer_unreadable', 'instance_not_in_pacs']);
const NEVER_BY_UID = new Set(['pacs_unknown', 'right_missing']);

export class Service {
  /** @param {import('./host.mjs').Host} host */
  constructor(host) {
    this.host = host;
    this.byUid = true;
    this.keeps = true; // whether the service keeps images between requests
    /** @type {Map<string, Promise<string>>} SOP Instance UID -> image_id */
    this.sent = new Map();
  }

  /** Assess one lesion. @param {Lesion} lesion @returns {Promise<Prediction>} */
  predict = lesion => this.#ask('', [lesion], {});

  /** Assess one lesion on several views. @param {Lesion[]} lesions @returns {Promise<Prediction & {views: Prediction[]}>} */
  predictViews = lesions => this.#ask('/views', lesions, {});

  /**
   * Assess again, and have the result stored.
   * @param {Lesion[]} lesions one, or one a view @param {string[]} kinds @returns {Promise<Prediction>}
   */
  store = (lesions, kinds) =>
    this.#ask(lesions.length > 1 ? '/views' : '', lesions, { store: kinds, pacs: [pacsName(this.host)] });

  /** The result as a DICOM object. @param {Lesion[]} lesions @param {string} kind @returns {Promise<ArrayBuffer>} */
  object = (lesions, kind) => this.#ask(`${lesions.length > 1 ? '/views' : ''}/${kind}`, lesions, {}, 'arrayBuffer');

  /**
   * @param {string} path below /v1/predictions @param {Lesion[]} lesions @param {Record<string, string[]>} query
   * @param {'json' | 'arrayBuffer'} read @returns {Promise<any>}
   */
  async #ask(path, lesions, query, read = 'json') {
    const several = path.startsWith('/views');
    let byUid = this.byUid && pacsName(this.host) !== '';
    let resent = false;
    for (;;) {
      try {
        const url = `/v1/predictions${path}${this.#query(query, byUid)}`;
        const body = !byUid && !this.keeps ? await this.#form(lesions) : await this.#json(lesions, several, byUid);
        return await (await this.#fetch(url, { method: 'POST', ...body }))[read]();
      } catch (error) {
        const code = error instanceof Refusal ? error.code : '';
        if (byUid && NOT_BY_UID.has(code) && !('store' in query && code === 'right_missing')) {
          byUid = false;
          this.byUid &&= !NEVER_BY_UID.has(code);
        } else if (code === 'images_not_kept' && this.keeps) this.keeps = false;
        else if (code === 'image_expired' && !resent) {
          resent = true;
          for (const { image } of lesions) this.sent.delete(image.instance);
        } else throw error;
      }
    }
  }

  /** @param {Record<string, string[]>} query @param {boolean} byUid */
  #query(query, byUid) {
    const { model } = this.host.config;
    const pairs = Object.entries({ ...query, ...(model ? { model: [model] } : {}) });
    const wanted = pairs.filter(([name]) => name !== 'pacs' || !byUid); // by UID the image itself says which PACS
    const text = new URLSearchParams(wanted.flatMap(([name, values]) => values.map(value => [name, value]))).toString();
    return text && `?${text}`;
  }

  /** @param {Lesion[]} lesions @param {boolean} several @param {boolean} byUid */
  async #json(lesions, several, byUid) {
    const named = await Promise.all(lesions.map(lesion => this.#reference(lesion, byUid)));
    const body = JSON.stringify(several ? { views: named } : named[0]);
    return { body, headers: { 'Content-Type': 'application/json' } };
  }

  /** @param {Lesion} lesion @param {boolean} byUid */
  async #reference({ image, x, y, contour, diameter_mm }, byUid) {
    const { study, series, instance, frame } = image;
    const mark = { x, y, contour, diameter_mm }; // JSON leaves out what is undefined
    if (byUid) return { dicomweb: { pacs: pacsName(this.host), study, series, instance, frame }, ...mark };
    return { image_id: await this.#send(image), frame, ...mark };
  }

  /** Send the file, once. @param {Image} image @returns {Promise<string>} its image_id */
  #send(image) {
    let id = this.sent.get(image.instance);
    if (!id) {
      id = fetchFile(this.host, image).then(async file => {
        const headers = { 'Content-Type': 'application/dicom' };
        const kept = await this.#fetch('/v1/images', { method: 'POST', body: file, headers });
        return (await kept.json()).image_id;
      });
      id.catch(() => this.sent.delete(image.instance));
      this.sent.set(image.instance, id);
    }
    return id;
  }

  /** @param {Lesion[]} lesions */
  async #form(lesions) {
    const form = new FormData();
    for (const { image, x, y, contour, diameter_mm } of lesions) {
      form.append('image', await fetchFile(this.host, image), 'image');
      form.append('x', String(x));
      form.append('y', String(y));
      form.append('contour', JSON.stringify(contour ?? null));
      if (lesions.some(lesion => lesion.diameter_mm)) form.append('diameter_mm', JSON.stringify(diameter_mm ?? null));
      if (image.frame) form.append('frame', String(image.frame));
    }
    return { body: form };
  }

  /** @param {string} path @param {RequestInit} request @returns {Promise<Response>} */
  async #fetch(path, request) {
    let answer;
    try {
      answer = await fetch(this.host.config.service + path, request);
    } catch {
      throw new Refusal({ code: 'unreachable', detail: UNREACHABLE }, 0);
    }
    if (answer.ok) return answer;
    throw new Refusal(await answer.json().catch(() => ({})), answer.status);
  }
}
