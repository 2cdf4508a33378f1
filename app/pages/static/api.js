import {text} from './texts.js';

/** A refusal of the service, or that it cannot be reached (`offline`). */
export class Problem extends Error {
  /** @param {{code: string, title: string, detail: string, remedy: string, facts?: Record<string, unknown>, assessment?: unknown, request_id?: string}} body */
  constructor(body) {
    super(body.detail);
    this.code = body.code;
    this.title = body.title;
    this.remedy = body.remedy;
    this.facts = body.facts ?? {};
    this.requestId = body.request_id ?? '';
    this.assessment = body.assessment;
  }
}

/** The service that this page came from. The key, if one is needed, is kept here and nowhere else. */
export class Service {
  #key = '';
  /** @type {Promise<string> | null} */
  #asking = null;

  /** @param {(problem: Problem) => Promise<string>} askKey  Asks the reader for a key; '' when there is none to be had. */
  constructor(askKey) {
    this.askKey = askKey;
    this.base = new URL('.', location.href.split('#')[0]);
  }

  /** Whether requests carry a key. */
  get usesKey() {
    return this.#key !== '';
  }

  /**
   * Ask, and give the response to a good answer.
   * @param {string} path
   * @param {RequestInit & {json?: unknown}} [options]
   * @returns {Promise<Response>}
   */
  async ask(path, {json, ...options} = {}) {
    for (;;) {
      const headers = new Headers(options.headers);
      if (this.#key) headers.set('X-API-Key', this.#key);
      if (json !== undefined) headers.set('Content-Type', 'application/json');
      const body = json === undefined ? options.body : JSON.stringify(json);
      let response;
      try {
        response = await fetch(new URL(path, this.base), {...options, headers, body, cache: 'no-store'});
      } catch (error) {
        if (error instanceof DOMException && error.name === 'AbortError') throw error;
        throw new Problem({code: 'offline', title: text('offline'), detail: text('offlineDetail'), remedy: ''});
      }
      if (response.ok) return response;
      const problem = await problemOf(response);
      if (response.status !== 401) throw problem;
      this.#key = await this.#newKey(problem);
      if (!this.#key) throw problem;
    }
  }

  /**
   * Ask for JSON.
   * @param {string} path
   * @param {RequestInit & {json?: unknown}} [options]
   * @returns {Promise<any>}
   */
  async json(path, options) {
    return (await this.ask(path, options)).json();
  }

  /**
   * One question to the reader, however many requests wait for its answer.
   * @param {Problem} problem
   */
  #newKey(problem) {
    this.#asking ??= this.askKey(problem).finally(() => { this.#asking = null; });
    return this.#asking;
  }
}

/** @param {Response} response */
async function problemOf(response) {
  try {
    const body = await response.json();
    if (typeof body.code === 'string') return new Problem(body);
  } catch { /* a proxy's own page */ }
  const title = text('refusedBy', {status: response.status});
  return new Problem({code: `http_${response.status}`, title, detail: title, remedy: ''});
}
