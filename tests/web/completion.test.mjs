// What a filter's line offers next.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {complete, suggestions} from '../../server/web/components/completion.js';

const fields = [
  {name: 'labels', type: 'label', help: ''}, {name: 'online', type: 'flag', help: ''}, {name: 'last_seen', type: 'age', help: ''},
  {name: 'status', type: 'choice', choices: ['active', 'revoked'], help: ''}, {name: 'group', type: 'text', help: ''},
];
const asked = [];
const values = async (field, part) => {
  asked.push([field, part]);
  return [{value: 'lobby', robots: 3}, {value: 'Main Street', robots: 1}];
};
const offered = async (text) => (await suggestions(text, fields, values)).map((item) => item.text);

test('fields begin a filter and follow and, or, not and brackets', async () => {
  const terms = ['labels.', 'online', 'last_seen', 'status', 'group', 'not'];
  for (const text of ['', 'online and ', 'not online or ', '(online or ', '(']) assert.deepEqual(await offered(text), terms, text);
  assert.deepEqual(await offered('lab'), ['labels.']);
  assert.deepEqual(await offered('online and la'), ['labels.', 'last_seen']);
});

test('behind a field stand the comparisons of its type, behind a flag and a value "and" and "or"', async () => {
  assert.deepEqual(await offered('status '), ['=', '!=', 'in (']);
  assert.deepEqual(await offered('last_seen '), ['<', '<=', '>', '>=']);
  for (const text of ['online ', 'status = active ', 'labels.floor = 7 ', 'group in (a, b) ']) assert.deepEqual(await offered(text), ['and', 'or'], text);
  assert.deepEqual(await offered('nonsense '), []);
});

test('values come from the field: its choices, times, or what robots have', async () => {
  assert.deepEqual(await offered('status = a'), ['active']);
  assert.deepEqual(await offered('last_seen > 1'), ['15m', '1h', '1d', '1w']);
  asked.length = 0;
  assert.deepEqual(await offered('labels.floor = '), ['lobby', '"Main Street"']);
  assert.deepEqual(await offered('group in (x, '), ['lobby', '"Main Street"']);
  await offered('labels."my shop" = "Ma');
  await offered('labels.fl');
  assert.deepEqual(asked, [['labels.floor', ''], ['group', ''], ['labels.my shop', 'Ma'], ['labels', 'fl']]);
});

test('what is chosen takes the place of what was typed', () => {
  assert.equal(complete('lab', {text: 'labels.', isOpen: true}), 'labels.');
  assert.equal(complete('labels.fl', {text: 'labels.floor'}), 'labels.floor ');
  assert.equal(complete('status =', {text: 'active'}), 'status = active ');
  assert.equal(complete('group in (', {text: 'x'}), 'group in (x ');
  assert.equal(complete('group ', {text: 'in ('}), 'group in (');
});
