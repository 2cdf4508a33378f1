// The archive that the viewer shows, asked with the viewer's own login: for services that do not know it.

import { viewerLogin } from './host.mjs';
import { NO_ARCHIVE_FILE } from './texts.mjs';

/** @typedef {import('./host.mjs').Host} Host */
/** @typedef {import('./host.mjs').Image} Image */

const ACCEPT = 'multipart/related; type="application/dicom"; transfer-syntax=*';

/** The image's file. @param {Host} host @param {Image} image @returns {Promise<Blob>} */
export async function fetchFile(host, image) {
  const root = host.extensionManager.getActiveDataSource()[0].getConfig?.()?.wadoRoot;
  const url = `${root}/studies/${image.study}/series/${image.series}/instances/${image.instance}`;
  const answer = await fetch(url, { headers: { Accept: ACCEPT, ...viewerLogin(host) } });
  if (!answer.ok) throw new Error(`${NO_ARCHIVE_FILE} (${answer.status}).`);
  const body = await answer.arrayBuffer();
  return new Blob([onlyPart(body, answer.headers.get('Content-Type') ?? '')], { type: 'application/dicom' });
}

/**
 * The one part of a multipart body; the body itself where it is none.
 * @param {ArrayBuffer} body @param {string} contentType
 */
export function onlyPart(body, contentType) {
  const boundary = /boundary="?([^";,]+)"?/i.exec(contentType)?.[1];
  if (!/^multipart\/related/i.test(contentType) || !boundary) return body;
  const bytes = new Uint8Array(body);
  const headers = find(bytes, '\r\n\r\n', find(bytes, `--${boundary}`, 0)) + 4;
  // The closing boundary is the last thing in the body: it is looked for from there.
  const closing = `\r\n--${boundary}`;
  const near = find(bytes, closing, Math.max(headers, bytes.length - closing.length - 64));
  const end = near < 0 ? find(bytes, closing, headers) : near;
  if (headers < 4 || end < headers) throw new Error(`${NO_ARCHIVE_FILE}.`);
  return body.slice(headers, end);
}

/** @param {Uint8Array} bytes @param {string} text @param {number} from */
function find(bytes, text, from) {
  const wanted = new TextEncoder().encode(text);
  for (let at = bytes.indexOf(wanted[0], from); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

/** Store an object in it. @param {Host} host @param {ArrayBuffer} object @returns {Promise<void>} */
export const storeThere = (host, object) => host.extensionManager.getActiveDataSource()[0].store.dicom(object);

/**
 * Have the viewer list series that were added to a study. Where it cannot, they show at the next visit.
 * @param {Host} host @param {string} study @param {string[]} series
 */
export async function showNewSeries(host, study, series) {
  const [source] = host.extensionManager.getActiveDataSource();
  // It remembers what it read of a study: before, or the new series are not looked for; after, or the others are not.
  const forget = () => [study, `${source.getConfig?.()?.name}:${study}`].forEach(key => source.deleteStudyMetadataPromise?.(key));
  try {
    forget();
    await source.retrieve.series.metadata({ StudyInstanceUID: study, filters: { seriesInstanceUID: series } });
  } catch (error) {
    console.warn('CADx: the new series show when the study is opened again.', error);
  } finally {
    forget();
  }
}
