// cornerstone3D 5 takes the first LETTER of VOI LUT Function (0028,1056) for its value, and shows the image black (issue
// 2844; OHIF 3.13 and 3.14). It expects a list, so that is what it gets. Older and newer ones are left alone.

const PRIORITY = 20000; // above OHIF's own provider (9999)

/** @param {string | undefined} version of cornerstone3D */
export const needsRepair = version => Number.parseInt(version ?? '', 10) === 5;

/** Repair it where it is broken. @param {import('./host.mjs').Host} host @returns {() => void} what undoes it */
export function repairVoiLutFunction({ cornerstone, config }) {
  const wanted = config.repairVoiLutFunction;
  if (!(wanted === 'auto' ? needsRepair(cornerstone.version) : wanted)) return () => {};
  const { metaData } = cornerstone;
  let inside = false;
  const provider = (/** @type {string} */ type, /** @type {string} */ imageId) => {
    if (type !== 'voiLutModule' || inside) return undefined;
    inside = true;
    try {
      const found = metaData.get(type, imageId);
      if (typeof found?.voiLUTFunction !== 'string') return found;
      const name = found.voiLUTFunction.trim().toUpperCase();
      return { ...found, voiLUTFunction: name === 'LINEAR' || name === '' ? undefined : [name] };
    } finally {
      inside = false;
    }
  };
  metaData.addProvider(provider, PRIORITY);
  return () => metaData.removeProvider(provider);
}
