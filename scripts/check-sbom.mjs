/** Reads a CycloneDX bill of materials and fails when a component has no licence or one that we have not agreed to. */
import { readFileSync } from 'node:fs';

/** Permissive ones: the product can be given to anybody with the notices that are in the packages. */
const AGREED = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'MIT-0',
  'Unlicense',
]);

const [file = 'sbom.cdx.json'] = process.argv.slice(2);
const { components = [] } = JSON.parse(readFileSync(file, 'utf8'));
const strange = components.filter((one) => !isAgreed(one));
for (const { name, version, licenses } of strange) {
  console.error(`${name}@${version}: licence ${JSON.stringify(licenses ?? 'not stated')} is not among those agreed to`);
}
if (components.length === 0) console.error(`${file} lists nothing`);
console.log(`sbom: ${components.length} production packages, ${strange.length} with a licence to look at`);
process.exitCode = strange.length > 0 || components.length === 0 ? 1 : 0;

/** An expression such as `(MIT OR WTFPL)` is agreed to when one of its choices is. */
function isAgreed({ licenses = [] }) {
  const words = licenses.flatMap(({ license, expression }) =>
    expression ? expression.replace(/[()]/g, '').split(' OR ') : [license?.id ?? license?.name ?? ''],
  );
  return words.some((word) => AGREED.has(word));
}
