// labels.mjs - lists of serial numbers as files, and labels on paper
import assert from 'node:assert/strict';

const MM = 96 / 25.4;

export const csv = (...lines) => ({name: 'serials.csv', mimeType: 'text/csv', buffer: Buffer.from(lines.map((line) => `${line}\n`).join(''))});

// Labels of 70 by 37 mm, three by eight, and nothing else on the paper.
export async function labelsFit(page, list) {
  await page.emulateMedia({media: 'print'});
  const boxes = await page.locator('.label').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON()));
  for (const box of boxes) assert.ok(Math.abs(box.width - 70 * MM) < 1 && Math.abs(box.height - 37 * MM) < 1, `${box.width} by ${box.height}`);
  assert.deepEqual([boxes[0], boxes[2], boxes[23]].map(({x, y}) => [Math.round((x - boxes[0].x) / MM), Math.round((y - boxes[0].y) / MM)]), [[0, 0], [140, 0], [140, 259]]);
  assert.ok(!(await list.isVisible()), 'labels alone are printed');
  await page.emulateMedia({media: null});
}
