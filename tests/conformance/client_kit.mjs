// fhir-kit-client against the hub (see clients.py): a JSON line a step.
import { readFileSync } from 'node:fs';
import { CapabilityTool, Client } from 'fhir-kit-client';

const plan = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const client = (baseUrl, token) => {
  const made = new Client({ baseUrl });
  if (token) made.bearerToken = token;
  return made;
};
const center = client(plan.base, plan.center);
const source = client(plan.base, plan.source);
const beside = client(plan.root, plan.center);
const task = (id, status) => ({ resourceType: 'Task', id, body: { resourceType: 'Task', id, status, intent: 'order' } });

async function step(name, does) {
  let ok = false;
  let said = 'not so';
  try {
    ok = Boolean(await does());
  } catch (error) {
    said = String(error.message).slice(0, 300);
  }
  console.log(JSON.stringify({ step: name, ok, said }));
}

async function refused(does, status, code) {
  try {
    await does();
  } catch (error) {
    return error.response?.status === status && error.response.data.issue[0].code === code;
  }
  return false;
}

await step('reads the CapabilityStatement', async () => {
  const statement = await center.capabilityStatement();
  const tool = new CapabilityTool(statement);
  return statement.fhirVersion === '4.0.1'
    && tool.resourceCan('Task', 'update') && !tool.resourceCan('Task', 'read')
    && statement.rest[0].operation.map((one) => one.name).sort().join() === 'decide,label';
});
await step('updates the Task', async () => { await center.update(task(plan.task, plan.status)); return true; });
await step('updates it with the same again', async () => {
  await center.update(task(plan.task, plan.status));
  return true;
});
await step('sends the answer as a message', async () => {
  const answer = await beside.request('answers/message', { method: 'POST', body: plan.message });
  return answer.resourceType === 'OperationOutcome';
});
await step('has a record labelled', async () => {
  const answer = await source.operation({ name: 'label', input: plan.condition });
  const made = answer.parameter.find((one) => one.name === 'return').resource;
  return made.meta.security.some((one) => ['ETHUD', 'SUD'].includes(one.code));
});
await step('has a release decided', async () => {
  const answer = await source.operation({ name: 'decide', input: plan.asked });
  return answer.parameter.some((one) => one.name === 'decision' && one.valueCode);
});
const missing = '00000000-0000-8000-8000-000000000000';
await step('is told that a Task is not there', () => refused(() => center.update(task(missing, 'accepted')), 404, 'not-found'));
await step('is told that a Task cannot go there',
  () => refused(() => center.update(task(plan.task, plan.impossible)), 409, 'conflict')
    .then(async (found) => found || refused(() => center.update(task(plan.task, plan.impossible)), 409, 'business-rule')));
await step('is told that a Task is not read',
  () => refused(() => center.read({ resourceType: 'Task', id: plan.task }), 405, 'not-supported'));
await step('is told that it needs a token',
  () => refused(() => client(plan.base).update(task(plan.task, plan.status)), 401, 'login'));
