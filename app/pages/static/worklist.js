import {ask} from './dialog.js';
import {make} from './dom.js';
import {refusalElement} from './panel.js';
import {MOST_VIEWS, asProblem} from './session.js';
import {text} from './texts.js';

/** @typedef {import('./types.js').Study} Study */
/** @typedef {import('./types.js').StudyImage} StudyImage */

const PAGE = 50;

/** Today, as a date field has it, by the reader's clock. */
function today() {
  const now = new Date();
  return new Date(now.getTime() - 60_000 * now.getTimezoneOffset()).toISOString().slice(0, 10);
}

/**
 * Let the reader find a study in a PACS and choose one image of it or two.
 * @param {import('./api.js').Service} service
 * @param {import('./types.js').Pacs[]} archives
 * @returns {Promise<import('./types.js').Source[] | null>}
 */
export function chooseImages(service, archives) {
  const pacs = make('select', {}, ...archives.map(({name}) => make('option', {value: name}, name)));
  const date = make('input', {type: 'date', value: today()});
  const id = make('input', {maxlength: 64, autocomplete: 'off', spellcheck: 'false'});
  const name = make('input', {maxlength: 64, autocomplete: 'off', spellcheck: 'false'});
  const found = make('div', {class: 'found', tabindex: 0, role: 'region', 'aria-label': text('worklistTitle'), 'aria-live': 'polite'});
  const images = make('div', {class: 'images', 'aria-live': 'polite'});
  /** @type {{study: Study, image: StudyImage}[]} */
  let chosen = [];

  /** @param {number} offset */
  async function search(offset) {
    images.replaceChildren();
    chosen = [];
    found.replaceChildren(make('p', {class: 'quiet'}, text('searching')));
    const asked = {offset, ...(date.value ? {date: date.value} : {}), ...(id.value.trim() ? {patient_id: id.value.trim()} : {}),
      ...(name.value.trim() ? {patient_name: name.value.trim()} : {})};
    try {
      const path = `v1/pacs/${encodeURIComponent(pacs.value)}/studies/search`;
      const page = await service.json(path, {method: 'POST', json: asked});
      showStudies(page.studies, offset, page.next_offset);
    } catch (error) {
      found.replaceChildren(refusalElement(asProblem(error)));
    }
  }

  /**
   * @param {Study[]} studies
   * @param {number} offset
   * @param {number | undefined} next
   */
  function showStudies(studies, offset, next) {
    if (!studies.length) {
      found.replaceChildren(make('p', {class: 'quiet'}, text('noStudies')));
      return;
    }
    const rows = studies.map(study => make('tr', {},
      make('td', {}, make('button', {type: 'button', onclick: () => showImages(study)}, study.patient_name.replaceAll('^', ' ') || text('nameless'))),
      make('td', {}, study.patient_id), make('td', {}, study.birth_date), make('td', {}, `${study.date} ${study.time}`),
      make('td', {}, study.description)));
    const head = /** @type {const} */ (['patientName', 'patientId', 'birthDate', 'studyDate', 'description']);
    const pages = make('div', {class: 'buttons'},
      make('button', {type: 'button', disabled: offset === 0, onclick: () => search(Math.max(0, offset - PAGE))}, text('previousPage')),
      make('button', {type: 'button', disabled: next === undefined, onclick: () => search(next ?? 0)}, text('nextPage')));
    found.replaceChildren(make('table', {}, make('thead', {}, make('tr', {}, ...head.map(each => make('th', {scope: 'col'}, text(each))))),
      make('tbody', {}, ...rows)), ...(offset || next !== undefined ? [pages] : []));
  }

  /** @param {Study} study */
  async function showImages(study) {
    chosen = [];
    images.replaceChildren(make('p', {class: 'quiet'}, text('searching')));
    try {
      const listed = await studyOf(service, pacs.value, study.study);
      const boxes = listed.images.map(image => {
        const box = make('input', {type: 'checkbox'});
        box.addEventListener('change', () => {
          chosen = chosen.filter(each => each.image !== image);
          if (box.checked) chosen.push({study: listed.study, image});
          for (const [index, other] of boxes.entries()) {
            other.box.disabled = chosen.length >= MOST_VIEWS && !chosen.some(each => each.image === listed.images[index]);
          }
        });
        const label = [image.laterality, image.view].filter(Boolean).join(' ') || image.description || text('nameless');
        return {box, element: make('label', {}, box, ' ', label)};
      });
      images.replaceChildren(make('h3', {}, text('imagesOf', {name: study.patient_name.replaceAll('^', ' '), date: study.date})),
        ...(boxes.length ? boxes.map(({element}) => element) : [make('p', {class: 'quiet'}, text('noImages'))]));
      boxes[0]?.box.focus();
    } catch (error) {
      images.replaceChildren(refusalElement(asProblem(error)));
    }
  }

  const fields = make('div', {class: 'fields'},
    make('label', {}, text('pacs'), pacs), make('label', {}, text('studyDate'), date), make('label', {}, text('patientId'), id),
    make('label', {}, text('patientName'), name), make('button', {type: 'button', onclick: () => search(0)}, text('search')));
  fields.addEventListener('keydown', event => {
    if (event.key !== 'Enter' || event.target instanceof HTMLButtonElement) return;
    event.preventDefault();
    search(0);
  });
  search(0);
  return ask(text('worklistTitle'), [fields, found, images], text('openChosen'), () => chosen.map(({study, image}) => ({
    dicomweb: {pacs: pacs.value, study: study.study, series: image.series, instance: image.instance}, study,
  })));
}

/**
 * Whose a study is, and its images.
 * @param {import('./api.js').Service} service
 * @param {string} pacs
 * @param {string} study
 * @returns {Promise<{study: Study, images: StudyImage[]}>}
 */
export function studyOf(service, pacs, study) {
  return service.json(`v1/pacs/${encodeURIComponent(pacs)}/images/search`, {method: 'POST', json: {study}});
}
