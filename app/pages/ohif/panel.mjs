// The panel: plain DOM inside the one element that OHIF renders for it.

import { redraw, pacsName } from './host.mjs';
import { lengthAcross } from './length.mjs';
import { editedOutline, keepOutline } from './outline.mjs';
import * as text from './texts.mjs';

/** @typedef {import('./host.mjs').Host} Host */
/** @typedef {import('./marks.mjs').Mark} Mark */
/** @typedef {import('./marks.mjs').Saving} Saving */
/** @typedef {import('./service.mjs').Prediction} Prediction */

const STYLE = `
.cadx { padding: 10px; color: #d9e4ff; font: 13px/1.45 Inter, system-ui, sans-serif; overflow: auto; height: 100% }
.cadx .warn { color: #ffc400 }
.cadx .bad { color: #ff9a9a }
.cadx p { margin: 8px 0 }
.cadx .soft { color: #a9b9dc }
.cadx section { border: 1px solid #2c4f8f; padding: 8px; margin: 8px 0 }
.cadx header { display: flex; justify-content: space-between; gap: 8px }
.cadx .number { font-size: 26px; line-height: 1.2}
.cadx button { padding: 3px 10px; margin: 6px 6px 0 0; border-radius: 4px; background: #0944b3; color: #fff }
.cadx header button { background: none; margin: 0; padding: 0 4px; color: #a9b9dc }
.cadx :focus-visible { outline: 2px solid #ffc400; outline-offset: 2px }
.cadx label { display: block; margin-top: 6px }
.cadx summary { cursor: pointer; margin-top: 6px }
.cadx table { width: 100%; font-size: 12px; border-collapse: collapse }
.cadx th { text-align: left; padding-top: 6px; font-weight: 600; color: #a9b9dc }
.cadx td + td { text-align: right }
`;

/**
 * What a panel's component returns: one <div>. React is not imported: an element that OHIF itself makes says what tag an
 * element has in its version of React.
 * @param {Host} host @param {(node: HTMLElement) => void} mount
 */
export function emptyDiv(host, mount) {
  /** @param {HTMLElement | null} node */
  const ref = node => {
    if (node) mount(node);
  };
  const props = { ref, className: 'cadx' };
  return { $$typeof: elementTag(host), type: 'div', key: null, ref, props, _owner: null, _store: {} };
}

/** @param {Host} host */
function elementTag(host) {
  try {
    const entry = host.extensionManager.getModuleEntry('@ohif/extension-cornerstone.viewportModule.cornerstone');
    const tag = entry.component({})?.$$typeof;
    if (tag) return tag;
  } catch {
    // another version of OHIF: the tag of React 18
  }
  return Symbol.for('react.element');
}

/**
 * @param {string} tag @param {Record<string, any>} [properties] of the element; `data` its data attributes
 * @param {(Node | string | undefined)[]} children @returns {any}
 */
function h(tag, { data, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  Object.assign(element.dataset, data);
  element.append(...children.filter(child => child !== undefined));
  return element;
}

export class Panel {
  /** @param {Host} host @param {import('./marks.mjs').Marks} marks @param {import('./service.mjs').Service} service */
  constructor(host, marks, service) {
    this.host = host;
    this.marks = marks;
    this.service = service;
    /** @type {HTMLElement | undefined} */
    this.node = undefined;
    /** @type {Set<string>} UIDs of kept outlines that a reader has changed */
    this.edited = new Set();
    this.note = '';
  }

  /** @param {HTMLElement} node */
  mount(node) {
    if (this.node === node) return;
    this.node = node;
    this.draw();
  }

  /** A kept outline was changed. @param {string} uid */
  roiEdited(uid) {
    if (this.edited.has(uid) || ![...this.marks.all.values()].some(({ roi }) => roi === uid)) return;
    this.edited.add(uid);
    this.draw();
  }

  draw() {
    const { node } = this;
    if (!node) return;
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    const wanted = node.contains(focused) && focused?.dataset.focus;
    const marks = [...this.marks.all.values()].reverse();
    const notices = [...new Set(marks.flatMap(({ answer }) => answer?.notices ?? []))];
    node.replaceChildren(
      h('style', { textContent: STYLE }),
      h('div', { className: 'warn' }, text.RESEARCH),
      ...(this.note ? [h('div', { className: 'bad' }, this.note)] : []),
      ...(marks.length ? [] : [h('p', {}, text.EMPTY)]),
      ...this.#average(),
      h('div', { ariaLive: 'polite' }, ...marks.map(mark => this.#card(mark))),
      ...notices.map(notice => h('p', { className: 'soft' }, notice)),
    );
    if (wanted) /** @type {HTMLElement | null} */ (node.querySelector(`[data-focus="${wanted}"]`))?.focus();
  }

  #average() {
    const { average } = this.marks;
    const count = this.marks.ticked.length;
    if (!average) return count === 1 ? [h('p', { className: 'soft' }, text.VIEWS_HINT)] : [];
    const { answer } = average;
    return [
      h('section', { data: { cadxViews: average.state, probability: answer?.probability ?? '' } },
        h('strong', {}, text.meanOf(count)),
        ...stateLines(average),
        ...(answer ? [...numbers(answer), ...this.#saving(this.marks.ticked, average.saving, 'views')] : [])),
    ];
  }

  /** @param {Mark} mark */
  #card(mark) {
    const { answer, state, number } = mark;
    const remove = button('\u00d7', `remove-${number}`, () => {
      this.host.tools.annotation.state.removeAnnotation(mark.annotation.annotationUID);
      redraw(this.host);
    });
    remove.ariaLabel = `${text.REMOVE} ${number}`;
    const where = [mark.image.laterality, mark.image.view].filter(Boolean).join(' ');
    return h('section', { data: { cadx: state, number, probability: answer?.probability ?? '', x: mark.x, y: mark.y } },
      h('header', {}, h('span', {}, h('strong', {}, `${number}. ${where} `), h('span', { className: 'soft' }, text.place(mark.x, mark.y))), remove),
      ...stateLines(mark),
      ...(answer && state === 'done' ? this.#answer(mark, answer) : []));
  }

  /** @param {Mark} mark @param {Prediction} answer */
  #answer(mark, answer) {
    const tick = h('input', { type: 'checkbox', checked: mark.ticked, data: { focus: `tick-${mark.number}` },
      onchange: () => this.marks.tick(mark, tick.checked) });
    const details = h('details', { open: mark.opened, ontoggle: () => (mark.opened = details.open) },
      h('summary', {}, text.FEATURES), features(answer));
    return [
      ...numbers(answer),
      ...(mark.contour ? [h('div', {}, text.READERS_OUTLINE)] : []),
      ...this.#sizing(mark),
      ...(answer.flags ?? []).map(flag => h('div', { className: 'warn', data: { flag: flag.code } }, flag.message)),
      h('div', { className: 'soft' }, `${text.model(answer)}; image ${mark.byUid ? text.FETCHED_BY_SERVICE : text.SENT_AS_FILE}`),
      ...(answer.features ? [details] : []),
      h('label', {}, tick, ` ${text.VIEWS_OF_ONE}`),
      this.#keeping(mark),
      ...this.#saving([mark], mark.saving, String(mark.number)),
    ];
  }

  /** The reader's diameter, and how to ask with the one that was measured. @param {Mark} mark */
  #sizing(mark) {
    const measured = lengthAcross(this.host, mark);
    return [
      ...(mark.diameter_mm ? [h('div', {}, text.readersDiameter(mark.diameter_mm))] : []),
      ...(measured && measured !== mark.diameter_mm
        ? [button(text.askDiameter(measured), `diameter-${mark.number}`, () => this.marks.ask(mark, { diameter_mm: measured }))] : []),
    ];
  }

  /** @param {Mark} mark */
  #keeping(mark) {
    if (!mark.roi || !this.host.tools.annotation.state.getAnnotation(mark.roi)) {
      return button(text.KEEP, `keep-${mark.number}`, () => {
        mark.roi = keepOutline(this.host, mark);
        this.#tell(mark.roi ? '' : text.SHOW_FIRST);
      });
    }
    if (!this.edited.has(mark.roi)) return h('div', { className: 'soft' }, text.KEPT);
    return button(text.ASK_OUTLINE, `outline-${mark.number}`, () => {
      const contour = editedOutline(this.host, mark);
      if (contour) this.marks.ask(mark, { contour });
      else this.#tell(text.SHOW_FIRST);
    });
  }

  /** @param {Mark[]} marks @param {Saving} saving @param {string} name */
  #saving(marks, saving, name) {
    /** @param {Saving['state']} state */
    const turn = state => () => {
      saving.state = state;
      this.draw();
    };
    const ask = button(text.SAVE, `save-${name}`, turn('sure?'));
    if (saving.state === 'saving') return [h('div', { className: 'soft' }, text.SAVING)];
    if (saving.state === 'sure?') {
      return [h('div', {}, text.saveWhat(this.host.config.store, pacsName(this.host))),
        button(text.SAVE_YES, `save-${name}`, () => this.marks.save(marks, saving, text.savedAs)),
        button(text.SAVE_NO, `cancel-${name}`, turn('idle'))];
    }
    const bad = saving.state === 'failed';
    const lines = saving.lines.map(line => h('div', { className: bad ? 'bad' : '', data: { saved: saving.state } }, line));
    return saving.state === 'saved' ? lines : [ask, ...lines];
  }

  /** @param {string} note */
  #tell(note) {
    this.note = note;
    this.draw();
  }
}

/** @param {string} label @param {string} focus @param {() => void} onclick */
const button = (label, focus, onclick) => h('button', { type: 'button', onclick, data: { focus } }, label);

/** @param {{state: import('./marks.mjs').State, error?: string}} of */
function stateLines({ state, error }) {
  if (state === 'asking') return [h('div', { className: 'soft' }, text.ASKING)];
  if (state === 'moved') return [h('div', { className: 'soft' }, text.MOVED)];
  return state === 'failed' ? [h('div', { className: 'bad', role: 'alert' }, error)] : [];
}

/** @param {Prediction} answer */
const numbers = answer => [
  h('div', { className: 'number' }, text.percent(answer.probability)),
  h('div', {}, text.PROBABILITY),
  h('div', {}, text.branches(answer)),
];

/** @param {Prediction} answer */
function features(answer) {
  const rows = [];
  let family = '';
  for (const feature of answer.features ?? []) {
    if (feature.family !== family) rows.push(h('tr', {}, h('th', { colSpan: 2 }, feature.family)));
    family = feature.family;
    const value = `${feature.value.toPrecision(4)} ${feature.unit.replace(/^1$/, '')}`;
    rows.push(h('tr', {}, h('td', {}, feature.name.replaceAll('_', ' ')), h('td', {}, value)));
  }
  return h('table', {}, ...rows);
}
