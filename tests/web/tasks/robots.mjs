// robots.mjs - what the pages about robots are for, each task done by whoever reads its language
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {Stack} from '../../support/stack.mjs';
import {until} from '../../support/fleet.mjs';
import {fetchRoot, Pairing, Robot} from '../../integration/api/robot.mjs';
import {csv, labelsFit} from './labels.mjs';

// A robot that speaks six digits and waits for somebody who types them.
async function askToBeLetIn(fleet, id) {
  const stack = Object.assign(Object.create(Stack.prototype), {port: fleet.base, devicePort: fleet.base + 1});
  const root = await fetchRoot(stack);
  const pairing = new Pairing(new Robot(id, `SN-${id}`), root);
  const say = (path, body) => stack.send('POST', `/enrol/pairings${path}`, {device: true, ca: root, body});
  const {body: {token, nonce}} = await say('', pairing.beginning());
  await say('/reveal', {token, nonce: pairing.nonce.toString('base64')});
  return pairing.digits(nonce);
}

const otherThan = (digits) => String((Number(digits) + 1) % 1000000).padStart(6, '0');

async function findCause(me, key) {
  await me.label('support.key').fill(key);
  await me.button('support.find').click();
}

export const ROBOTS = [
  {page: '/fleet', at: ['/fleet'], task: 'a list is narrowed, saved under a name, opened again and forgotten', async do(me) {
    await me.go('/fleet');
    await me.page.getByRole('searchbox').fill(me.pick('sim-0003', 'sim-0004'));
    const one = me.text('fleet.shown', me.page, {n: 1});
    await one.waitFor();
    await me.button('view.save').click();
    const box = await me.dialog('view.save');
    await me.label('name', box).fill(me.own('one'));
    await me.page.getByLabel(me.t('view.share')).check();
    await me.button('save', box).click();
    await box.waitFor({state: 'detached'});
    await me.go('/fleet');
    const view = me.page.getByRole('button', {name: new RegExp(`^${me.own('one')}`)});
    await view.click();
    await one.waitFor();
    await me.button('view.edit').click();
    await me.button('cancel', await me.dialog('view.edit')).click();
    await me.button('view.forget', me.page, {name: me.own('one')}).click();
    await view.waitFor({state: 'detached'});
  }},

  {page: '/robots/:id', at: ['/robots/myna-1', '/robots/sim-0001'], task: 'a robot shows itself, speaks, and gets a value of its own until that is taken back', async do(me) {
    await me.go(`/robots/${me.pick('sim-0009', 'sim-0010')}`);
    const said = me.pick('The shop closes in ten minutes.', '店里十分钟后关门。');
    await me.button('identify').click();
    await me.label('say').fill(said);
    await me.button('say.do').click();
    const last = me.page.getByRole('list', {name: me.t('commands.last')});
    for (const text of [me.t('command.identify'), said]) {
      await last.getByRole('listitem').filter({hasText: text}).getByText(me.t('command_status.done'), {exact: true}).waitFor();
    }
    const change = me.button('setting.edit', me.page, {name: me.t('setting.volume')});
    await change.click();
    const field = me.label('setting.volume');
    await field.fill('300');
    await me.button('layer.review').click();
    await me.page.locator('.setting-editor .field .error').waitFor();
    assert.equal(await field.getAttribute('aria-invalid'), 'true');
    await field.fill('42');
    await me.button('layer.review').click();
    await me.button('setting.save', await me.dialog('layer.review.title')).click();
    const row = me.page.locator('table.settings tbody tr', {hasText: me.t('setting.volume')});
    for (const text of ['42\u00a0%', me.t('layer.device'), me.t('setting_outcome.applied')]) await row.getByText(text).first().waitFor();
    await change.click();
    await me.button('setting.inherit').click();
    const becomes = await me.dialog('layer.review.title');
    await becomes.getByText(me.t('patch.taken_out')).waitFor();
    await me.button('setting.inherit', becomes).click();
    await me.text('layer.device', row).waitFor({state: 'detached'});
    const id = me.pick('sim-0009', 'sim-0010');
    await me.button('robot.edit', me.page, {id}).click();
    await me.button('cancel', await me.dialog('robot.edit', {id})).click();
    await me.page.locator('.more > summary').click();
    await me.button('quarantine').click();
    const away = await me.dialog('quarantine.title');
    await me.label('quarantine.reason', away).fill(me.pick('a trial', '试验'));
    await me.button('quarantine', away).click();
    await away.waitFor({state: 'detached'});
    await me.button('release').click();
    const back = await me.dialog('release.title');
    await me.button('release', back).click();
    await me.page.getByText(me.t('release.done')).waitFor();
  }},

  {page: '/pairings', at: ['/pairings'], task: 'a robot is let in by the six digits that it speaks, and another is refused', async do(me) {
    await me.go('/pairings');
    await me.button('pairings.open').or(me.button('pairings.longer')).click();
    await me.button('pairings.close', me.page.locator('.card.row')).waitFor();
    const [wanted, stranger] = [me.own('newcomer'), me.own('stranger')];
    const digits = await askToBeLetIn(me.fleet, wanted);
    await askToBeLetIn(me.fleet, stranger);
    const row = (id) => me.rows('pairings').filter({hasText: id});
    const field = me.label('pairings.digits', me.page, {robot: wanted});
    const letIn = me.button('pairings.confirm', row(wanted));
    await field.fill(digits.slice(0, 5));
    assert.ok(await letIn.isDisabled(), 'five digits are too few');
    await field.fill(otherThan(digits));
    await letIn.click();
    await row(wanted).locator('.field.invalid').waitFor();
    await row(wanted).getByText(me.t('pairings.left', {n: 2})).waitFor();
    await me.allTranslated();
    await field.fill(`${digits.slice(0, 3)} ${digits.slice(3)}`);
    await letIn.click();
    await row(wanted).getByText(me.t('pairings.confirmed'), {exact: true}).waitFor();
    await me.page.getByText(me.t('pairings.done', {robot: wanted})).waitFor();
    await me.button('pairings.refuse', row(stranger)).click();
    await row(stranger).getByText(me.t('pairings.refused'), {exact: true}).waitFor();
  }},

  {page: '/claims', at: ['/claims'], task: 'a list with wrong lines makes nothing and names each; a good one gives codes to save and labels to print', async do(me) {
    const prefix = me.tag.toUpperCase();
    const wrong = me.pick('the same serial number as in line 2', '与第 2 行的序列号相同');
    await me.go('/claims');
    await me.button('claim.add').click();
    await me.button('claim.make', await me.dialog('claim.add')).click();
    const code = await me.dialog('claim.ready');
    assert.match(await code.innerText(), /[0-9a-z]{16}-[0-9a-z]{52}/);
    await me.page.keyboard.press('Escape');
    await me.button('claims.list').click();
    const dialog = await me.dialog('claims.list');
    const make = me.button('claims.list.do', dialog);
    assert.ok(await make.isDisabled(), 'there is no list yet');
    await dialog.getByLabel(me.t('claims.file')).setInputFiles(csv('serial,group', `${prefix}-1,kitchen`, `${prefix}-1,kitchen`, ',kitchen'));
    await make.click();
    const faults = dialog.getByRole('table', {name: me.t('claims.faults.label')}).locator('tbody tr');
    await faults.first().getByText(wrong).waitFor();
    assert.deepEqual(await faults.locator('td:nth-child(-n+2)').allInnerTexts(), ['3', `${prefix}-1,kitchen`, '4', ',kitchen']);
    assert.equal(await dialog.getByText(wrong).count(), 1, 'nothing is told twice');
    await me.allTranslated();

    const serials = Array.from({length: 25}, (_, i) => `${prefix}-${i + 1}`);
    await dialog.getByLabel(me.t('claims.file')).setInputFiles(csv('serial', ...serials));
    await dialog.getByLabel(me.t('group')).selectOption('kitchen');
    await make.click();
    await dialog.waitFor({state: 'detached'});
    assert.deepEqual(await me.page.locator('.label b').allInnerTexts(), serials);
    assert.equal(await me.page.getByRole('img', {name: me.t('claims.picture', {serial: `${prefix}-25`})}).count(), 1);
    const done = me.button('claims.done');
    assert.ok(await done.isDisabled(), 'codes that stand nowhere are not put away');
    const saved = me.page.waitForEvent('download');
    await me.button('claims.save').click();
    const lines = readFileSync(await (await saved).path(), 'utf8').trimEnd().split('\n');
    assert.equal(lines[0], 'serial,group,code,uri');
    assert.match(lines[25], new RegExp(`^${prefix}-25,kitchen,[0-9a-z]{16}-[0-9a-z]{52},myna:enrol\\?claim=`));
    await me.allTranslated();
    await labelsFit(me.page, me.table('claims'));

    await done.click();
    await me.page.locator('.label').first().waitFor({state: 'detached'});
    const row = me.rows('claims').filter({hasText: `${prefix}-25`});
    await row.getByText(me.t('claims.waits')).waitFor();
    await me.button('claims.withdraw', row).click();
    await me.button('claims.withdraw', await me.dialog('claims.withdraw.title')).click();
    await row.getByText(me.t('claims.withdrawn')).waitFor();
  }},

  {page: '/support', at: ['/support?robot=sim-0001'], task: 'the desk names one cause, for a serial number, an id or the code on a screen', async do(me) {
    const robot = me.pick('sim-0004', 'sim-0011');
    await me.go('/support');
    await findCause(me, 'no-such-robot');
    await me.text('support.unknown').waitFor();
    await findCause(me, robot);
    const found = me.page.getByRole('region', {name: robot, exact: true});
    await until(30, async () => `it says ${await found.innerText()}`, async () => (await found.innerText()).includes(me.t('doctor.well')));
    await me.fleet.ctl('config', 'set', `device:${robot}`, 'limit_mode=blocked');
    await me.page.locator('.diagnosis').getByText('M32').waitFor();
    await me.page.getByText(me.t('cure.blocked')).first().waitFor();
    await me.allTranslated();
    await me.fleet.ctl('config', 'unset', `device:${robot}`, 'limit_mode');
    await findCause(me, 'm51');
    const codes = me.rows('support.codes');
    await codes.getByText(me.t('cure.microphone_silent')).waitFor();
    assert.equal(await codes.count(), 1);
  }},
];
