import {make} from './dom.js';
import {text} from './texts.js';

/**
 * Show a dialog, over another where one is open; gives what `result` says when it is confirmed, null when it is closed.
 * @template T
 * @param {string} title
 * @param {(Node | string)[]} content
 * @param {string} confirm  Text of the button; '' for none.
 * @param {() => T} [result]
 * @returns {Promise<T | null>}
 */
export function ask(title, content, confirm, result) {
  const dialog = make('dialog', {'aria-label': title});
  document.body.append(dialog);
  return new Promise(resolve => {
    let told = /** @type {T | null} */ (null);
    const form = make('form', {onsubmit: (/** @type {Event} */ event) => {
      event.preventDefault();
      if (!confirm) return;
      told = result ? result() : null;
      dialog.close();
    }}, make('h2', {}, title), ...content, make('div', {class: 'buttons'},
      ...(confirm ? [make('button', {type: 'submit', class: 'strong'}, confirm)] : []),
      make('button', {type: 'button', onclick: () => dialog.close()}, text(confirm ? 'cancel' : 'close'))));
    dialog.append(form);
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(told);
    }, {once: true});
    dialog.showModal();
  });
}

/** Ask for a key; '' when the reader has none. @param {import('./api.js').Problem} problem */
export async function askKey(problem) {
  const input = make('input', {type: 'password', autocomplete: 'off', required: true, autofocus: true, spellcheck: 'false'});
  const why = problem.code === 'key_unknown' ? make('p', {class: 'title'}, text('keyUnknown')) : '';
  const content = [why, make('p', {}, text('keyWhy')), make('label', {}, text('key'), ' ', input)];
  return await ask(text('keyTitle'), content, text('useKey'), () => input.value.trim()) ?? '';
}

/** Ask yes or no. @param {string} title @param {(Node | string)[]} content @param {string} confirm */
export async function confirmed(title, content, confirm) {
  return await ask(title, content, confirm, () => true) === true;
}
