import {TEXTS, text} from './texts.js';

/**
 * The element of an id.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} [kind]
 * @returns {T}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!found || (kind && !(found instanceof kind))) throw new Error(`no element ${id}`);
  return /** @type {T} */ (found);
}

/**
 * Make an element. A property that begins with `on` is a listener, every other an attribute.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, unknown>} [properties]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), /** @type {EventListener} */ (value));
    else if (key.startsWith('aria-')) element.setAttribute(key, String(value));
    else if (value === true) element.setAttribute(key, '');
    else if (value !== false && value !== undefined) element.setAttribute(key, String(value));
  }
  element.append(...children);
  return element;
}

/** Fill every element that names a text of the catalogue. */
export function fillTexts() {
  for (const element of document.querySelectorAll('[data-text]')) {
    element.textContent = text(/** @type {keyof typeof TEXTS} */ (element.getAttribute('data-text')));
  }
  for (const element of document.querySelectorAll('[data-label]')) {
    const label = text(/** @type {keyof typeof TEXTS} */ (element.getAttribute('data-label')));
    element.setAttribute('aria-label', label);
    element.setAttribute('title', label);
  }
}

/**
 * Offer bytes for saving.
 * @param {Blob} blob
 * @param {string} name
 */
export function download(blob, name) {
  const url = URL.createObjectURL(blob);
  make('a', {href: url, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/**
 * Say something to everybody, those who listen included.
 * @param {string} message
 */
export function say(message) {
  byId('status').textContent = message;
}
