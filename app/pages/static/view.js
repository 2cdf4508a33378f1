import {make} from './dom.js';
import {drawMarks} from './marks.js';
import {followKeys, followPointers} from './pointer.js';
import {text} from './texts.js';
import {Viewport} from './viewport.js';

/** @typedef {import('./types.js').Reading} Reading */

// What a refusal to read a file asks of the reader, and its bounds.
/** @type {Record<string, {name: keyof Reading, step: string, min: string, max: string}>} */
const WANTED = {
  missing_spacing: {name: 'pixel_spacing_mm', step: 'any', min: '0.01', max: '1'},
  implausible_spacing: {name: 'pixel_spacing_mm', step: 'any', min: '0.01', max: '1'},
  frame_needed: {name: 'frame', step: '1', min: '1', max: '1000000'},
};

/** One image on the page: its heading, its canvas, and what stands there while there is no image. */
export class View {
  /** @type {import('./image.js').OpenImage | null} */
  image = null;
  /** Whether its image is on the screen. */
  ready = false;

  /** @param {import('./session.js').Session} session */
  constructor(session) {
    this.session = session;
    this.title = make('figcaption');
    this.cover = make('div', {class: 'cover', hidden: true});
    this.canvas = make('canvas', {tabindex: 0, role: 'application', 'aria-describedby': 'keys'});
    const close = make('button', {class: 'close', 'aria-label': text('closeView'), title: text('closeView'),
      onclick: () => session.close(this)}, '×');
    const head = make('div', {class: 'head'}, this.title, close);
    this.element = make('figure', {class: 'view'}, head, make('div', {class: 'stage'}, this.canvas, this.cover));
    const place = () => session.views.indexOf(this);
    this.viewport = new Viewport(this.canvas, context =>
      drawMarks(context, this.viewport, session.lesions, session.selected, place(),
        session.draft?.view === place() ? session.draft.points : []));
    /** @type {import('./pointer.js').Hand} */
    const hand = {
      viewport: this.viewport,
      view: place,
      tool: () => session.tool,
      lesions: () => session.lesions,
      place: (index, point) => session.place(index, point),
      move: (index, point) => session.move(index, point),
      select: lesion => session.select(lesion),
      draft: () => (session.draft?.view === place() ? session.draft.points : []),
      sketch: points => session.sketch(place(), points),
      outline: points => session.outline(place(), points),
      measure: (one, other) => session.measure(place(), one, other),
      windowed: () => session.windowed(this),
      command: name => session.command(name, this),
    };
    followPointers(hand);
    followKeys(hand, () => session.selected?.marks[place()] ?? null);
    this.canvas.addEventListener('focus', () => session.activate(this));
    this.canvas.addEventListener('pointerdown', () => session.activate(this));
  }

  /** Whose it is and what it is called. */
  heading() {
    const name = this.image?.name ?? '';
    const study = this.image && 'study' in this.image.source ? this.image.source.study : undefined;
    const patient = study
      ? text('patient', {name: study.patient_name.replaceAll('^', ' ').trim(), id: study.patient_id, date: study.date})
      : '';
    this.title.replaceChildren(make('b', {}, name), ' ', patient);
    this.canvas.setAttribute('aria-label', text('imageLabel', {name: `${name} ${patient}`.trim()}));
  }

  /** Show the image that was loaded. */
  show() {
    const {image} = this;
    if (!image?.grays || !image.description) return;
    const {row_mm, column_mm} = image.description.spacing;
    this.ready = true;
    this.cover.hidden = true;
    this.heading();
    this.viewport.show(image.grays, row_mm / column_mm);
  }

  loading() {
    this.ready = false;
    this.heading();
    this.cover.hidden = false;
    this.cover.replaceChildren(make('p', {}, text('loading')));
  }

  /**
   * Say why the image is not shown; ask for what the file does not tell.
   * @param {HTMLElement} refusal
   * @param {string} code
   * @param {(reading: Reading) => void} again
   */
  refuse(refusal, code, again) {
    this.cover.hidden = false;
    this.cover.replaceChildren(refusal);
    const wanted = WANTED[code];
    if (!wanted) return;
    const {name, ...bounds} = wanted;
    const input = make('input', {type: 'number', required: true, ...bounds});
    const send = make('button', {}, text('readAgain'));
    this.cover.append(make('form', {onsubmit: (/** @type {Event} */ event) => {
      event.preventDefault();
      again({[name]: input.valueAsNumber});
    }}, make('label', {}, text(name), ' ', input), ' ', send));
    input.focus();
  }
}
