// Links carry UIDs in the fragment, which no server is sent and no proxy logs.

const UID = /^[0-9]+(\.[0-9]+)*$/;

/**
 * What a fragment names; null where it names no image.
 * @param {string} fragment
 */
export function readLink(fragment) {
  const told = new URLSearchParams(fragment.replace(/^#/, ''));
  const [pacs, study, series, instance] = ['pacs', 'study', 'series', 'instance'].map(name => told.get(name) ?? '');
  if (!pacs || !UID.test(study) || !UID.test(instance) || (series && !UID.test(series))) return null;
  const [x, y, frame] = ['x', 'y', 'frame'].map(name => told.has(name) ? Number(told.get(name)) : NaN);
  return {
    pacs, study, series, instance,
    mark: Number.isFinite(x) && Number.isFinite(y) ? {x, y} : undefined,
    frame: Number.isInteger(frame) ? frame : undefined,
  };
}

/**
 * The link to an image, and to a mark on it.
 * @param {import('./types.js').Origin} origin
 * @param {import('./types.js').Reading} reading
 * @param {import('./types.js').Point | null} mark
 */
export function writeLink(origin, {frame}, mark) {
  const told = {...origin, ...(frame === undefined ? {} : {frame}), ...(mark ?? {})};
  const values = Object.entries(told).map(([name, value]) => [name, String(value)]);
  return `${location.href.split('#')[0]}#${new URLSearchParams(values)}`;
}
