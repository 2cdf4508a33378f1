// The page: opens what it is given, and joins buttons, views and panel.

import {Service} from './api.js';
import {askKey} from './dialog.js';
import {byId, download, fillTexts, make} from './dom.js';
import {copy, curl, linkOf, picture, saveJson, saveObject, store, trying} from './exports.js';
import {readLink} from './link.js';
import {refusalElement, showLesions, showMarks, showResult} from './panel.js';
import {MOST_VIEWS, Session, asProblem} from './session.js';
import {KEYS, text} from './texts.js';
import {chooseImages, studyOf} from './worklist.js';

const service = new Service(askKey);
const session = new Session(service, byId('views'), show);
const picker = byId('file', HTMLInputElement);
/** @type {import('./types.js').Pacs[]} */
let archives = [];
/** @type {Map<string, string>} */
const readsAs = new Map();
let beside = false;

/** @param {'views' | 'lesions' | 'answer' | 'window'} what */
function show(what) {
  if (what !== 'window') {
    showLesions(session);
    showMarks(session);
    showResult(session, readsAs);
    for (const view of session.views) view.viewport.redraw();
  }
  const {selected, active} = session, answer = selected?.answer ?? null;
  byId('empty').hidden = session.views.length > 0;
  byId('add-view').hidden = session.views.length === 0 || session.views.length >= MOST_VIEWS;
  byId('views').classList.toggle('two', session.views.length > 1);
  byId('actions').hidden = !answer;
  byId('copy-link').hidden = !linkOf(session, selected);
  byId('store').hidden = !answer || storesFor().length === 0;
  if (answer?.demonstration_only) byId('demonstration').hidden = false;
  if (!active) return;
  const {window, mirrored} = active.viewport;
  for (const name of /** @type {const} */ (['level', 'width'])) {
    const input = byId(name, HTMLInputElement);
    if (document.activeElement !== input) input.value = String(Math.round(10 * window[name]) / 10);
  }
  for (const [id, pressed] of Object.entries({invert: window.inverted, mirror: mirrored, 'as-model': window.asModel})) {
    byId(id).setAttribute('aria-pressed', String(pressed));
  }
}

/** PACS that results of what is open may be stored in. */
function storesFor() {
  const source = session.views[0]?.image?.source;
  if (!source) return [];
  return archives.filter(({name, stores}) => stores && (!('dicomweb' in source) || source.dicomweb.pacs === name));
}

/** @param {string} id @param {() => unknown} work */
function onClick(id, work) {
  byId(id).addEventListener('click', () => trying(work, refusalElement));
}

/** @param {(lesion: import('./types.js').Lesion) => unknown} work */
function withAnswer(work) {
  return () => session.selected?.answer && work(session.selected);
}

function joinButtons() {
  onClick('open-file', () => pick(false));
  onClick('add-view', () => pick(true));
  onClick('open-pacs', openFromPacs);
  picker.addEventListener('change', () => {
    openFiles([...picker.files ?? []]);
    picker.value = '';
  });
  const commands = {'zoom-in': 'zoomIn', 'zoom-out': 'zoomOut', fit: 'fit', invert: 'invert', mirror: 'mirror', 'as-model': 'asModel'};
  for (const [id, command] of Object.entries(commands)) onClick(id, () => session.command(command));
  for (const id of ['level', 'width']) {
    byId(id).addEventListener('input', () => {
      const [level, width] = ['level', 'width'].map(name => byId(name, HTMLInputElement).valueAsNumber);
      if (!session.active || Number.isNaN(level) || Number.isNaN(width)) return;
      session.active.viewport.window.set(level, width);
      session.windowed(session.active);
    });
  }
  byId('tool-choice').addEventListener('change', event => {
    session.tool = /** @type {HTMLInputElement} */ (event.target).value;
    byId('views').dataset.tool = session.tool;
    if (session.draft) session.sketch(session.draft.view, []);
  });
  onClick('save-json', withAnswer(saveJson));
  onClick('save-sr', withAnswer(lesion => saveObject(session, lesion, 'sr')));
  onClick('save-seg', withAnswer(lesion => saveObject(session, lesion, 'seg')));
  onClick('save-picture', withAnswer(async lesion => {
    const blob = await picture(session, lesion);
    if (blob) download(blob, `${lesion.answer?.id}.png`);
  }));
  onClick('copy-curl', withAnswer(lesion => copy(curl(session, lesion))));
  onClick('copy-link', () => copy(linkOf(session, session.selected)));
  onClick('store', withAnswer(lesion => store(session, lesion, storesFor())));
}

/** @param {boolean} more */
function pick(more) {
  beside = more;
  picker.click();
}

/** @param {File[]} files */
function openFiles(files) {
  if (files.length) session.open(files.map(file => ({file})), {beside: beside && files.length === 1});
  beside = false;
}

async function openFromPacs() {
  const chosen = await chooseImages(service, archives);
  if (chosen?.length) await session.open(chosen, {beside: chosen.length === 1 && session.views.length === 1 && sameStudy(chosen[0])});
}

/** Whether an image belongs beside the one that is open. @param {import('./types.js').Source} source */
function sameStudy(source) {
  const open = session.views[0]?.image?.source;
  return Boolean(open && 'dicomweb' in open && 'dicomweb' in source && open.dicomweb.study === source.dicomweb.study
    && open.dicomweb.instance !== source.dicomweb.instance);
}

/** Open what the fragment of the address names. */
async function openLink() {
  const link = readLink(location.hash);
  if (!link) return;
  const {pacs, study, instance, mark, frame} = link;
  const listed = await studyOf(service, pacs, study);
  const series = link.series || listed.images.find(image => image.instance === instance)?.series;
  if (!series) throw asProblem(text('notInStudy'));
  await session.open([{dicomweb: {pacs, study, series, instance}, study: listed.study}], {mark, frame});
}

function takeDrops() {
  addEventListener('dragover', event => {
    event.preventDefault();
    byId('views').classList.add('dropping');
  });
  addEventListener('dragleave', event => {
    if (!event.relatedTarget) byId('views').classList.remove('dropping');
  });
  addEventListener('drop', event => {
    event.preventDefault();
    byId('views').classList.remove('dropping');
    beside = session.views.length === 1;
    openFiles([...event.dataTransfer?.files ?? []]);
  });
}

/** What the service serves, and which PACS it knows. */
async function learn() {
  const {models} = await service.json('v1/models');
  const model = /** @type {import('./types.js').Model[]} */ (models).find(each => each.default);
  if (model) {
    byId('model').textContent = text('modelName', {name: model.name, version: model.version});
    byId('demonstration').hidden = !model.demonstration_only;
    session.parts = model.parts;
    for (const {name, reads_as} of model.features) readsAs.set(name, reads_as);
  }
  // A key without the right to read, or a service without PACS, has none to offer.
  archives = await service.json('v1/pacs').then(found => found.pacs, () => []);
  byId('open-pacs').hidden = archives.length === 0;
}

fillTexts();
byId('keys').append(...KEYS.map(line => make('li', {}, line)));
byId('tools').setAttribute('aria-label', text('tool'));
byId('views').dataset.tool = session.tool;
joinButtons();
takeDrops();
show('views');
trying(async () => {
  await learn();
  addEventListener('hashchange', () => trying(openLink, refusalElement)); // not before: one link is opened once
  await openLink();
}, refusalElement);
