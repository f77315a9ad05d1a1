// The dashboard in a real browser before a real fleet: everything is done as an operator would, by
// what the screen shows.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {Fleet, until} from '../support/fleet.mjs';
import {Browser} from './browser.mjs';
import {budgetTests} from './budgets.mjs';
import {chineseTests} from './chinese.mjs';
import {contractTests} from './contracts.mjs';
import {languageTests} from './languages.mjs';
import {linkedTests, linkTests} from './links.mjs';
import {operationsTests} from './operations.mjs';
import {referenceTests} from './reference.mjs';
import {lookAtDialog} from './reader.mjs';
import {rolloutTests} from './rollouts.mjs';
import {statesTests} from './states.mjs';
import {PAGES} from './tasks/pages.mjs';
import {walkTests, wholeTests} from './walk.mjs';
import {usageTests} from './usage.mjs';
import {virtualTests} from './virtual.mjs';

const ROBOTS = 12;
const PATHS = [...PAGES.map(({at: [first]}) => first), '/nowhere'];
let fleet, browser, page, password, becomes;

before(async () => {
  fleet = await Fleet.create();
  fleet.env.MYNAD_ROLLOUT_APPROVAL = String(ROBOTS); // all of them need another operator's word
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '5');
  password = /password: (\S+)/.exec(readFileSync(join(fleet.home, 'login'), 'utf8'))[1];
  browser = await Browser.start(fleet.url);
  page = await browser.page();
  becomes = page.getByRole('dialog', {name: 'What changes'});
});

after(async () => {
  await browser?.stop();
  await fleet?.end();
});

async function signIn(on, word) {
  await on.getByLabel('Name').fill('admin');
  await on.getByLabel('Password').fill(word);
  await on.getByRole('button', {name: 'Sign in'}).click();
}

const rows = () => page.getByRole('table', {name: 'Robots'}).locator('tbody tr:not(.skeleton-row)');
const heading = (name) => page.getByRole('heading', {level: 1, name});
const number = (text) => Number(text.replaceAll(/[^0-9.]/g, ''));

async function attemptsToday() {
  return number(await page.locator('.count-cell', {hasText: 'Attempts today'}).locator('.count-value').innerText());
}

// A page that has drawn all it reads, of someone signed in.
async function settle(on, path) {
  await on.goto(path);
  await on.locator('nav.menu').waitFor({state: 'attached'});
  await drawn(on);
}

async function drawn(on) {
  await on.locator('main h1').waitFor();
  await on.locator('[aria-busy="true"]:not(button)').first().waitFor({state: 'detached'});
}

// The same as by a link: nothing is loaded anew.
async function visit(on, path) {
  if (!on.url().startsWith(fleet.url)) await on.goto(path);
  await on.evaluate((to) => {
    history.pushState(null, '', to);
    dispatchEvent(new PopStateEvent('popstate'));
    return new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); });
  }, path);
}

// The row of a setting on a robot's page.
const setting = (name) => page.locator('table.settings tbody tr', {hasText: name});

test('a wrong password is refused at its field; the right one opens the page that was asked for', async () => {
  await page.goto('/usage');
  await signIn(page, 'not-the-password');
  await page.getByText('Name or password is wrong.').waitFor();
  await signIn(page, password);
  await heading('Usage').waitFor();
});

test('the fleet shows every robot, and its numbers move by themselves', async () => {
  await page.goto('/fleet');
  await until(30, async () => `${await rows().count()} rows`, async () => (await rows().count()) === ROBOTS + 1);
  await page.locator('.live.live').waitFor();
  const earlier = await attemptsToday();
  await until(30, async () => `attempts stay at ${earlier}`, async () => (await attemptsToday()) > earlier);
});

test('text, state and group narrow the list, and the address keeps them', async () => {
  await page.getByRole('searchbox').fill('sim-0003');
  await until(10, async () => `${await rows().count()} rows`, async () => (await rows().count()) === 1);
  assert.match(page.url(), /q=sim-0003/);
  await page.reload();
  await until(10, async () => `${await rows().count()} rows`, async () => (await rows().count()) === 1);
  await page.getByRole('button', {name: 'Revoked'}).click();
  await page.getByText('No robot fits these filters').waitFor();
  await page.getByRole('button', {name: 'Show all robots'}).click();
  await until(10, async () => `${await rows().count()} rows`, async () => (await rows().count()) === ROBOTS + 1);
});

test('the keyboard alone opens a robot', async () => {
  await rows().getByRole('link', {name: 'sim-0001', exact: true}).focus();
  await page.keyboard.press('Enter');
  await heading('sim-0001').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
});

const isOrder = (response) => response.request().method() === 'POST' && response.url().endsWith('/commands');

// What came of one probe: done, or refused because the robot's owner was talking with it.
async function probe() {
  const answer = page.waitForResponse(isOrder);
  await page.getByRole('button', {name: 'Probe', exact: true}).click();
  await page.getByRole('button', {name: 'Probe it'}).click();
  const {id} = await (await answer).json();
  return until(20, async () => `probe ${id}`, async () => {
    const {status} = await page.evaluate(async (path) => (await fetch(path)).json(), `/api/v1/commands/${id}`);
    return ['done', 'refused', 'failed'].includes(status) && status;
  });
}

test('what an operator asks of a robot is told from sent to done', async () => {
  const last = page.getByRole('list', {name: 'Last commands'});
  await page.locator('.more > summary').click();
  await page.getByRole('button', {name: 'Forget the talk'}).click();
  await page.getByRole('dialog').getByRole('button', {name: 'Forget the talk'}).click();
  await last.getByRole('listitem').filter({hasText: 'Forget the conversation'}).getByText('Done').waitFor();
  await until(60, async () => 'no probe was done', async () => (await probe()) === 'done');
  await last.getByRole('listitem').filter({hasText: 'Probe a route'}).getByText('Done').first().waitFor();
});

test('the fleet\'s layer is changed for all, with its revision kept', async () => {
  await page.goto('/config');
  await page.getByLabel('Volume', {exact: true}).fill('101');
  await page.getByRole('button', {name: 'Review the change'}).click();
  await page.locator('.field.invalid').getByText('A whole number from 0 to 100').waitFor();
  assert.equal(await becomes.count(), 0, 'what does not fit is not asked about');
  await page.getByLabel('Volume', {exact: true}).fill('61'); // the demo's layer sets it
  await page.getByRole('button', {name: 'Review the change'}).click();
  assert.match((await becomes.locator('.diffs').innerText()).replaceAll(/\s+/g, ' '), /^Volume 70 % → becomes 61 %$/, 'what changes, before it does');
  await becomes.getByRole('button', {name: 'Cancel'}).click();
  assert.equal(await page.getByLabel('Volume', {exact: true}).inputValue(), '61', 'who looks again loses nothing');
  await page.getByRole('link', {name: 'What-if'}).click();
  await heading('What-if').waitFor();
  await page.goBack();
  assert.equal(await page.getByLabel('Volume', {exact: true}).inputValue(), '61', 'nor who looks elsewhere in between');
  await page.getByRole('button', {name: 'Review the change'}).click();
  await becomes.getByRole('button', {name: `Save for ${ROBOTS + 1} robots`}).click();
  const newest = page.locator('.revisions li').first();
  await newest.filter({hasText: 'Revision 3'}).waitFor(); // the list comes anew after the save
  await newest.locator('summary').click();
  await newest.getByText('70\u00a0%').waitFor();
  await newest.getByText('61\u00a0%').waitFor();
  const two = page.getByRole('region', {name: 'Two revisions side by side'});
  await two.getByLabel('Older').selectOption('Revision 1');
  await two.getByText('61\u00a0%').waitFor();
  assert.match(page.url(), /was=1&now=3/);
  await page.goto('/robots/sim-0002');
  await setting('Volume').getByText('61').waitFor();
  await setting('Volume').getByText('Applied').waitFor();
});

test('an older revision is shown as what it would change, and comes back for all', async () => {
  await page.goto('/config');
  const second = page.locator('.revisions li', {hasText: 'Revision 2'});
  await second.locator('summary').click();
  await second.getByRole('button', {name: 'Restore'}).click();
  const dialog = page.getByRole('dialog', {name: 'Back to revision 2'});
  await dialog.getByText('61\u00a0%').waitFor();
  await dialog.getByRole('button', {name: `Restore for ${ROBOTS + 1} robots`}).click();
  await page.locator('.revisions li').first().filter({hasText: 'back to revision 2'}).waitFor();
  const volume = page.getByLabel('Volume', {exact: true});
  await until(20, () => 'the editor does not show what came back', async () => await volume.inputValue() === '70');
});

test('a filter tells what is wrong while it is typed, and then whom it means', async () => {
  await page.goto('/fleet');
  await until(20, async () => `${await rows().count()} rows`, async () => (await rows().count()) === ROBOTS + 1);
  await page.getByRole('button', {name: 'Filter'}).click();
  const line = page.getByRole('combobox', {name: 'Filter'});
  await line.fill('id starts sim and last_seen < 9');
  await page.getByText('at character 31: expected a time like').waitFor();
  assert.equal(await rows().count(), ROBOTS + 1, 'the list stays as it was');
  await line.fill('id starts sim and last_seen < 9d');
  await page.getByText(`${ROBOTS} robots: sim-0001`).waitFor();
  await page.getByText(`${ROBOTS} robots shown`).waitFor();
  assert.match(page.url(), /filter=id/);
});

test('a filter completes what may come next, by keyboard alone', async () => {
  await fleet.ctl('device', 'set', 'sim-0005', 'label.floor=7');
  await page.goto('/fleet');
  await page.getByRole('button', {name: 'Filter'}).click();
  const line = page.getByRole('combobox', {name: 'Filter'});
  const option = (name) => page.getByRole('option', {name});
  await line.fill('lab');
  await option(/^labels\./).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  assert.equal(await line.inputValue(), 'labels.');
  await option(/^labels\.floor/).waitFor(); // not the help of the field before
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Tab');
  assert.equal(await line.inputValue(), 'labels.floor ');
  await line.pressSequentially('= ');
  await option(/^7/).click();
  assert.equal(await line.inputValue(), 'labels.floor = 7 ');
  await page.keyboard.press('Escape');
  await page.getByText('1 robot: sim-0005').waitFor();
  await page.getByText('1 robot shown').waitFor();
});

test('every number of the fleet\'s parts opens its list', async () => {
  await page.goto('/fleet');
  const part = page.getByRole('region', {name: 'Parts of the fleet'}).getByRole('link', {name: /kitchen/});
  const robots = number((await part.innerText()).replace('kitchen', ''));
  await part.click();
  await page.getByText(`${robots} robots shown`).waitFor();
});

test('a deed on a list tells whom it means before, and of each what became of it', async () => {
  await page.goto('/fleet?filter=id+in+%28sim-0006%2C+sim-0007%29');
  await page.getByText('2 robots shown').waitFor();
  await page.getByRole('button', {name: 'Do to all'}).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('sim-0006, sim-0007').waitFor();
  await dialog.getByLabel('Label', {exact: true}).fill('shop');
  await dialog.getByLabel('Its value').fill('north');
  await dialog.getByText('It happens to 2 robots.').waitFor();
  await lookAtDialog(page, 'en-US', 'bulk.title');
  await dialog.getByRole('button', {name: 'Do it to 2 robots'}).click();
  await dialog.getByText('Done: 2 of 2').waitFor();
  await lookAtDialog(page, 'en-US', 'bulk.job');
  assert.match(await dialog.innerText(), /^Bulk job \d+/);
  await dialog.getByRole('button', {name: 'Done: 2'}).click();
  await dialog.getByRole('link', {name: 'sim-0007'}).waitFor();
  assert.equal(await dialog.locator('dl.diffs > div').count(), 2);
  await dialog.getByRole('contentinfo').or(dialog.locator('footer')).getByRole('button', {name: 'Close'}).click();
  await page.goto('/fleet?filter=labels.shop+%3D+north');
  await page.getByText('2 robots shown').waitFor();
  // who has it already is told first, and what the others had
  await page.goto('/fleet?filter=id+in+%28sim-0007%2C+sim-0008%29');
  await page.getByText('2 robots shown').waitFor();
  await page.getByRole('button', {name: 'Do to all'}).click();
  await dialog.getByLabel('Label', {exact: true}).fill('shop');
  await dialog.getByLabel('Its value').fill('north');
  await dialog.getByText('It happens to 1 robot. 1 has it already.').waitFor();
  await dialog.getByText('Each robot, and what happens to it').click();
  assert.deepEqual((await dialog.locator('.diffs > div').allInnerTexts()).map((line) => line.replaceAll(/\s+/g, ' ')),
    ['sim-0007 has it already', 'sim-0008 not set → north']);
  // what cannot be taken back, or silences robots, is asked for twice
  await dialog.getByLabel('What').selectOption('quarantine');
  await dialog.getByLabel('Reason, for the audit').fill('a trial');
  await dialog.getByText('It happens to 2 robots.').waitFor();
  assert.equal(await dialog.getByRole('button', {name: 'Do it to 2 robots'}).isDisabled(), true);
  await dialog.getByLabel('All 2 get no more credit until they are released').check();
  assert.equal(await dialog.getByRole('button', {name: 'Do it to 2 robots'}).isDisabled(), false);
  await dialog.getByRole('button', {name: 'Cancel'}).click();
});

test('robots chosen one by one get a setting of their own, by the keyboard too', async () => {
  await page.goto('/fleet?q=sim-00');
  await rows().getByRole('checkbox', {name: 'Choose sim-0009'}).focus();
  await page.keyboard.press('Space');
  await rows().getByRole('checkbox', {name: 'Choose sim-0010'}).check();
  await page.getByRole('button', {name: 'Do to 2 chosen'}).click();
  const dialog = page.getByRole('dialog', {name: 'Do to the 2 robots that are chosen'});
  await dialog.getByLabel('What').selectOption('set');
  await dialog.getByLabel('Setting', {exact: true}).selectOption('history_turns');
  await dialog.getByLabel('Turns remembered', {exact: true}).fill('7');
  await dialog.getByText('It happens to 2 robots.').waitFor();
  await dialog.getByText('Each robot, and what happens to it').click();
  assert.deepEqual((await dialog.locator('.diffs > div').allInnerTexts()).map((line) => line.replaceAll(/\s+/g, ' ')), ['sim-0009 not set → 7 turns', 'sim-0010 not set → 7 turns']);
  await dialog.getByRole('button', {name: 'Do it to 2 robots'}).click();
  await page.getByRole('dialog').getByText('Done: 2 of 2').waitFor();
  await page.goto('/robots/sim-0010');
  await setting('Turns remembered').getByText('7 turns').waitFor();
  await setting('Turns remembered').getByText('This robot').waitFor();
});

test('an operator is shut out after a question, and let in again', async () => {
  await page.goto('/access');
  await page.evaluate(() => fetch('/api/v1/operators', {method: 'POST', body: JSON.stringify({id: 'guest', role: 'viewer', password: 'a long word for a guest'}),
    headers: {'Content-Type': 'application/json'}}));
  const row = page.getByRole('table', {name: 'Operators'}).locator('tbody tr', {hasText: 'guest'});
  await row.getByRole('button', {name: 'Disable'}).click();
  await lookAtDialog(page, 'en-US', 'operator.disable.title');
  await page.getByRole('dialog', {name: 'Disable guest'}).getByRole('button', {name: 'Disable'}).click();
  await row.getByText('Disabled').waitFor();
  await row.getByRole('button', {name: 'Enable'}).click();
  await lookAtDialog(page, 'en-US', 'operator.enable.title');
  await page.getByRole('dialog', {name: 'Enable guest'}).getByRole('button', {name: 'Enable'}).click();
  await row.getByRole('button', {name: 'Disable'}).waitFor();
  await row.getByRole('button', {name: 'Remove'}).click();
  await page.getByRole('dialog').getByRole('textbox').fill('guest');
  await page.getByRole('dialog').getByRole('button', {name: 'Remove'}).click();
  await row.waitFor({state: 'detached'});
});

test('a group of a filter is made, and its robots say who gave them its settings', async () => {
  await page.goto('/config');
  await page.getByRole('button', {name: 'New group'}).click();
  const dialog = page.getByRole('dialog', {name: 'New group'});
  await dialog.getByLabel('Id').fill('second');
  await dialog.getByLabel('Robots in the group').selectOption('filter');
  await dialog.getByLabel('Filter').fill('id = sim-0002');
  await dialog.getByText('1 robot: sim-0002').waitFor();
  await dialog.getByRole('button', {name: 'Make the group'}).click();
  await page.getByText('Whoever meets').waitFor();
  await page.getByLabel('Add a setting').selectOption('volume');
  await page.getByLabel('Volume', {exact: true}).fill('12');
  await page.getByRole('button', {name: 'Review the change'}).click();
  await becomes.getByRole('button', {name: 'Save for 1 robot'}).click();
  await page.goto('/robots/sim-0002');
  await setting('Volume').getByText('12\u00a0%').waitFor();
  await setting('Volume').locator('summary').click();
  await setting('Volume').getByText('70\u00a0%').waitFor(); // what the fleet says
});

test('a robot\'s page begins with what is wrong and tells what happened, with settings nobody changed folded', async () => {
  await fleet.ctl('config', 'set', 'device:sim-0004', 'limit_mode=blocked');
  await page.goto('/robots/sim-0004');
  const first = page.locator('main .card').first();
  await until(20, async () => `it says ${await first.innerText()}`, async () => /limit_mode keeps it from asking/.test(await first.innerText()));
  await page.getByRole('region', {name: 'What happened'}).getByText('Its own settings changed').waitFor();
  await page.getByRole('region', {name: 'What happened'}).getByText('Enrolled').waitFor();
  await setting('Limit').waitFor();
  const shown = await page.locator('table.settings tbody tr').count();
  await page.getByRole('button', {name: /settings nobody changed/}).click();
  await setting('Pitch of voice').waitFor();
  assert.ok(await page.locator('table.settings tbody tr').count() > shown);
  await fleet.ctl('config', 'unset', 'device:sim-0004', 'limit_mode');
});

rolloutTests({page: () => page, robots: ROBOTS});

test('attempts have their tokens, their certainty and their price', async () => {
  await page.goto('/robots/sim-0002');
  const attempt = page.getByRole('table', {name: 'Attempts'}).locator('tbody tr:not(.skeleton-row)').first();
  await attempt.waitFor();
  await attempt.getByText(/^(Vendor|Vendor, cut|Estimate|Worst case|Not sent)$/).waitFor();
  assert.match(await attempt.locator('td').last().innerText(), /^¥\d+\.\d{6}$/);
});

usageTests({page: () => page, settle});

test('a budget made here shows what is spent, held and free', async () => {
  await page.goto('/contracts');
  await page.getByRole('button', {name: 'Add a budget'}).click();
  await page.getByLabel('Name', {exact: true}).fill('evening');
  await page.getByLabel('Counts').selectOption('requests');
  await page.getByLabel('At most').fill('90000');
  await page.getByRole('button', {name: 'Add', exact: true}).click();
  const row = page.getByRole('table', {name: 'Caps and budgets'}).locator('tbody tr', {hasText: 'evening'});
  await row.getByText('90,000').last().waitFor();
  await until(30, async () => `held: ${await row.locator('td').nth(4).innerText()}`,
    async () => number(await row.locator('td').nth(4).innerText()) > 0);
  await row.locator('td').nth(4).getByRole('link').click();
  await heading('evening').waitFor();
  const holder = page.getByRole('table', {name: 'Robots that hold it'}).locator('tbody tr').first();
  await holder.getByText('dahan-2026').first().waitFor();
  await holder.getByRole('link').first().click();
  await page.waitForURL(/\/robots\//);
});

test('a robot with a plan shows on its page how much of it is left', async () => {
  await fleet.ctl('device', 'plan', 'sim-0003', '--metric', 'requests', '--at-most', '70000', '--per', 'month');
  await page.goto('/robots/sim-0003');
  const row = page.getByRole('table', {name: 'Caps and budgets'}).locator('tbody tr', {hasText: 'plan-sim-0003'});
  await row.getByText('70,000', {exact: true}).waitFor();
  assert.equal(await page.getByRole('table', {name: 'Caps and budgets'}).locator('tbody tr').count(), 1, 'its own alone');
});

budgetTests({page: () => page, browser: () => browser});
contractTests({page: () => page, browser: () => browser, settle});

operationsTests({page: () => page, browser: () => browser, fleet: () => fleet, settle, robots: ROBOTS});
referenceTests({browser: () => browser});
walkTests({browser: () => browser, page: () => page, fleet: () => fleet, password: () => password, visit, drawn, robots: ROBOTS});
linkedTests({fleet: () => fleet});
statesTests({browser: () => browser, page: () => page, visit, drawn, paths: PATHS});
linkTests({page: () => page, fleet: () => fleet, settle});

test('the first page comes with less than 80 kB of script, as the server sends it', async () => {
  const fresh = await browser.like(page, {});
  const sizes = [];
  fresh.on('response', (response) => {
    if (response.url().endsWith('.js')) sizes.push(response.request().sizes());
  });
  await settle(fresh, '/fleet');
  const bytes = (await Promise.all(sizes)).reduce((sum, {responseBodySize}) => sum + responseBodySize, 0);
  assert.ok(bytes > 30000 && bytes <= 80000, `${bytes} bytes`);
  await fresh.context().close();
});

chineseTests({page: () => page, browser: () => browser, settle, robots: ROBOTS});
wholeTests();
languageTests({browser: () => browser, page: () => page, settle});

test('with the server gone the page says so, keeps what it knew, and comes back by itself', async () => {
  await page.goto('/fleet');
  await until(10, async () => `${await rows().count()} rows`, async () => (await rows().count()) === ROBOTS + 1);
  fleet.kill('mynad');
  await page.locator('.live.stale').waitFor();
  assert.equal(await rows().count(), ROBOTS + 1);
  await fleet.up('--robots', String(ROBOTS), '--talk-rate', '5');
  await page.locator('.live.live').waitFor({timeout: 40000});
});

virtualTests({page: () => page, fleet: () => fleet, settle});

test('signing out leaves nothing on the screen', async () => {
  await page.getByRole('button', {name: 'Sign out'}).click();
  await page.getByRole('button', {name: 'Sign in'}).waitFor();
  assert.equal(await rows().count(), 0);
});

test('no page breaks its own security policy or fails in a script', () => {
  assert.deepEqual(browser.complaints, []);
});
