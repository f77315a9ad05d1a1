// budgets.mjs - a budget as who watches over usage has it: what is left, which thresholds fired, and the
// way to raise it. Part of the dashboard's test, whose fleet and browser it uses.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {until} from '../support/fleet.mjs';
import {lookAtDialog} from './reader.mjs';

const ROBOT = 'sim-0005';

// on: {page(), browser()}. The page is signed in as an admin; the robots talk.
export function budgetTests(on) {
  const dialog = () => on.page().getByRole('dialog');
  const thresholds = () => on.page().getByRole('table', {name: 'Thresholds', exact: true}).locator('tbody tr:not(.skeleton-row)');
  const api = (path) => on.page().evaluate(async (url) => (await fetch(url)).json(), `/api/v1${path}`);
  const attempts = async () => (await api(`/pools?source=budget:narrow`)).items.reduce((sum, {spent}) => sum + Number(spent), 0);

  test('a budget is made, opened by keyboard, and given a threshold, which is shown before it is saved', async () => {
    const page = on.page();
    await page.goto('/contracts');
    await page.getByRole('button', {name: 'Add a budget'}).click();
    await dialog().getByLabel('Name', {exact: true}).fill('narrow');
    await dialog().getByLabel('For', {exact: true}).selectOption('device');
    await dialog().getByLabel('Robot', {exact: true}).fill(ROBOT);
    await dialog().getByLabel('Counts').selectOption('requests');
    await dialog().getByLabel('At most').fill('2');
    await dialog().getByRole('button', {name: 'Add', exact: true}).click();
    await page.getByRole('table', {name: 'Caps and budgets'}).getByRole('link', {name: 'narrow'}).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', {level: 1, name: 'narrow'}).waitFor();
    assert.equal(await page.getByRole('link', {name: `Robot ${ROBOT}`}).getAttribute('href'), `/robots/${ROBOT}`);

    await page.getByRole('button', {name: 'Edit'}).click();
    await dialog().getByRole('button', {name: 'Add a threshold'}).click();
    const point = dialog().getByRole('group').last();
    await point.getByLabel('Threshold', {exact: true}).fill('half');
    await point.getByLabel('block').check();
    await dialog().getByRole('button', {name: 'Save'}).click();
    await point.locator('.field.invalid').waitFor();
    await point.getByLabel('Threshold', {exact: true}).fill('50%');
    await dialog().getByRole('region', {name: 'Change'}).getByText('50%: alert, block').waitFor();
    await dialog().getByRole('button', {name: 'Save'}).click();
    await thresholds().filter({hasText: 'block'}).waitFor();
  });

  test('what a threshold did stands on the budget\'s page, to which its alert leads; raised, the robot talks again', async () => {
    const page = on.page();
    const half = thresholds().filter({hasText: 'block'});
    await half.getByText('Fired').waitFor();
    await half.locator('td[data-label="Robots held"]').getByText('1', {exact: true}).waitFor();
    assert.match(await half.innerText(), /50%[^]*alert, block/);
    const {items} = await api('/alerts?subject=budget/narrow/50%25');
    assert.equal(items[0].link, '/budgets/narrow');
    await page.goto(`/robots/${ROBOT}`);
    await page.getByText('Threshold budget:narrow:50%').first().waitFor();

    await page.goto(items[0].link);
    const before = await attempts();
    await page.getByRole('button', {name: 'Edit'}).click();
    await dialog().getByLabel('At most').fill('80000');
    await dialog().getByRole('button', {name: 'Save'}).click();
    await half.getByText('Armed').waitFor();
    await until(60, async () => `${await attempts()} attempts, ${before} before`, async () => (await attempts()) > before);
  });

  test('who was slower at a budget sees what the other wrote before writing over it', async () => {
    const page = on.page();
    const other = await on.browser().like(page, {});
    await other.goto('/budgets/narrow');
    for (const [who, note] of [[page, 'mine'], [other, 'theirs']]) {
      await who.getByRole('button', {name: 'Edit'}).click();
      await who.getByRole('dialog').getByLabel('Note').fill(note);
    }
    await other.getByRole('button', {name: 'Save'}).click();
    await other.getByText('The budget is saved.').waitFor();
    await other.context().close();
    await dialog().getByRole('button', {name: 'Save'}).click();
    await dialog().getByText('Somebody changed it meanwhile').waitFor();
    await dialog().getByRole('region', {name: 'Change'}).getByText('theirs').waitFor();
    await dialog().getByRole('button', {name: 'Save'}).click();
    await page.locator('.facts dd', {hasText: 'mine'}).waitFor();
  });

  test('a threshold that fired is lifted after a question, and a budget goes once its name was typed', async () => {
    const page = on.page();
    await page.getByRole('button', {name: 'Edit'}).click();
    await dialog().getByRole('group').last().getByLabel('Threshold', {exact: true}).fill('1');
    await dialog().getByRole('button', {name: 'Save'}).click();
    const first = thresholds().filter({hasText: 'block'});
    await first.getByText('Fired').waitFor();
    await first.getByRole('button', {name: 'Lift'}).click();
    await dialog().getByText('1 robot is held').waitFor();
    await lookAtDialog(page, 'en-US', 'threshold.reset.title');
    await dialog().getByRole('button', {name: 'Lift'}).click();
    await first.getByText('Lifted by hand').waitFor();

    await page.getByRole('button', {name: 'Remove'}).click();
    const gone = dialog().getByRole('button', {name: 'Remove'});
    assert.ok(await gone.isDisabled());
    await dialog().getByText('3 thresholds go with it').waitFor();
    await dialog().getByRole('textbox').fill('narrow');
    await gone.click();
    await page.getByRole('heading', {level: 1, name: 'Contracts'}).waitFor();
    await page.getByText('Budget narrow is deleted.').waitFor();
    assert.equal(await page.getByRole('link', {name: 'narrow', exact: true}).count(), 0);
  });
}
