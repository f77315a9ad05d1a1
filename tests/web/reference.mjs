// reference.mjs - the API's reference page, as who writes a program against it reads it. Part of the
// dashboard's test.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {openapi} from '../integration/api/openapi.mjs';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

const operations = (paths) => Object.entries(paths).flatMap(([path, methods]) =>
  METHODS.filter((method) => methods[method]).map((method) => [`${method}-${path}`, methods[method]]));

// The names of all members of a schema that stand in it itself.
function members(schema) {
  if (schema === null || typeof schema !== 'object') return [];
  const inner = [schema.items, schema.additionalProperties, ...schema.oneOf ?? [], ...schema.anyOf ?? [], ...schema.allOf ?? [],
    ...Object.values(schema.properties ?? {})];
  return [...Object.keys(schema.properties ?? {}), ...inner.flatMap(members)];
}

export function referenceTests(on) {
  test('the API\'s reference has each request, each parameter, each answer and each member', async () => {
    const page = await on.browser().page();
    await page.goto('/api/v1/reference');
    await page.locator('#schemas').waitFor();
    // what each entry says: its words, and those of its texts that are names
    const shown = new Map(await page.locator('details').evaluateAll((entries) => entries.map((entry) =>
      [entry.id, {text: entry.textContent, names: [...entry.querySelectorAll('code')].map((name) => name.textContent)}])));
    const asked = [...operations(openapi.paths), ...operations(openapi.webhooks)];

    assert.deepEqual([...shown.keys()].toSorted(),
      [...asked.map(([id]) => id), ...Object.keys(openapi.components.schemas).map((name) => `schema-${name}`)].toSorted());
    for (const [id, operation] of asked) {
      const {text, names} = shown.get(id);
      assert.ok(text.includes(operation.summary) && !text.includes('[object'), id);
      for (const [type, {schema}] of Object.entries(operation.requestBody?.content ?? {}))
        assert.ok(names.includes(type) && text.includes(schema.$ref?.split('/').at(-1) ?? ''), `${id}: its body`);
      for (const status of Object.keys(operation.responses))
        assert.ok(names.includes(status === 'default' ? 'otherwise' : status), `${id}: ${status}`);
      for (const {$ref, name = openapi.components.parameters[$ref.split('/').at(-1)].name} of operation.parameters ?? [])
        assert.ok(names.includes(name), `${id}: ${name}`);
    }
    for (const [name, schema] of Object.entries(openapi.components.schemas)) {
      const {names} = shown.get(`schema-${name}`);
      for (const member of members(schema)) assert.ok(names.includes(member), `${name}: ${member}`);
    }
    await page.getByRole('searchbox', {name: 'Find a request'}).fill('webhook');
    await page.getByText('Alerts began, became worse or are over').waitFor();
    await page.context().close();
  });
}
