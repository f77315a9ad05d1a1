// Where which line is the lowest, as what-if draws costs over usage.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {lowest} from '../../server/web/pages/whatif/envelope.js';

test('a crossing stands where the drawn lines cross, also between their points', () => {
  assert.deepEqual(lowest([[0, 100, 200], [0, 100, 200], [60, 80, 100]]), [{place: 0, from: 0, to: 75}, {place: 1, from: 75, to: 200}]);
});

test('several lines may undercut each other between two points', () => {
  assert.deepEqual(lowest([[0, 10], [0, 30], [4, 14], [8, 8]]).map(({place, from}) => [place, from]), [[0, 0], [1, 2], [2, 4]]);
});

test('lines that only touch, or are not known, cross nowhere', () => {
  assert.deepEqual(lowest([[0, 10, 20], [5, 5, 5], [9, 5, 9]]).map(({place}) => place), [0]);
  assert.deepEqual(lowest([[0, 10], [5, 6], [null, null]]).map(({place}) => place), [0]);
  assert.deepEqual(lowest([[0, 10], [null, null]]), []);
});

test('a line that is lower again has a second range', () => {
  assert.deepEqual(lowest([[0, 10, 20], [0, 20, 20], [10, 10, 30]]).map(({place, from}) => [place, from]), [[0, 0], [1, 5], [0, 15]]);
});
