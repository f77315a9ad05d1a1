// house.mjs - what the pages are for by which the house is kept: settings, rollouts, vendors, alerts, who
// may what; each task done by whoever reads its language
import assert from 'node:assert/strict';
import {createHmac} from 'node:crypto';
import {until} from '../../support/fleet.mjs';
import {Hook} from '../../support/receivers.mjs';

export const PASSWORD = 'a password of hers';

// Noon in so many days, as a browser's own field for a moment has it.
const inDays = (days) => `${new Date(Date.now() + days * 86400000).toISOString().slice(0, 10)}T12:00`;

async function changeOperator(me, id) {
  const row = me.rows('operators').filter({hasText: id});
  await me.button('edit', row).click();
  const change = await me.dialog('operator.edit', {id});
  await me.label('role', change).selectOption('operator');
  await me.button('save', change).click();
  await me.text('role.operator', row).waitFor();
}

async function makeKey(me, name) {
  await me.button('key.new').click();
  const make = await me.dialog('key.new');
  await me.label('key.name', make).fill(name);
  await me.button('key.make', make).click();
  const ready = await me.dialog('key.ready');
  await ready.getByText('myna_').waitFor();
  await me.allTranslated();
  await me.button('close', ready.locator('footer')).click();
  return me.rows('keys').filter({hasText: name});
}

async function saveSetting(me, value, reaches) {
  await me.label('setting.volume').fill(value);
  await me.button('layer.review').click();
  await me.button('layer.save', await me.dialog('layer.review.title'), {n: reaches}).click();
}

export const HOUSE = [
  {page: '/config', at: ['/config'], task: 'a group of a filter is made, and says whom it means before', async do(me) {
    await me.go('/config');
    await me.button('group.new').click();
    const dialog = await me.dialog('group.new');
    await me.label('group.id', dialog).fill(me.own('shelf'));
    await me.label('group.members', dialog).selectOption('filter');
    const filter = dialog.getByRole('combobox', {name: me.t('filter'), exact: true});
    await filter.fill('id = ');
    await filter.fill(`id = ${me.pick('sim-0007', 'sim-0008')}`);
    await dialog.getByText(me.t('filter.means', {n: 1, names: me.pick('sim-0007', 'sim-0008')})).waitFor();
    await me.button('group.make', dialog).click();
    await me.page.getByText(me.t('group.filter')).waitFor();
    await me.text('layer.empty').waitFor();
  }},

  {page: '/config/:kind/:id', at: ['/config/group/second'], task: 'a group\'s settings are changed after a look at what changes, brought back, and go with the group', async do(me) {
    const id = me.own('shelf');
    await me.go(`/config/group/${id}`);
    await me.label('setting.add').selectOption('volume');
    await me.label('setting.volume').fill('101');
    await me.button('layer.review').click();
    await me.page.locator('.layer-row .error').waitFor();
    await me.allTranslated();
    await saveSetting(me, '12', 1);
    const revisions = me.page.locator('.revisions li');
    await revisions.filter({hasText: me.t('revision', {n: 1})}).first().waitFor();
    await saveSetting(me, '13', 1);
    await revisions.first().filter({hasText: me.t('revision', {n: 2})}).waitFor();
    await revisions.last().locator('summary').click();
    await me.button('revision.restore', revisions.last()).click();
    const back = await me.dialog('revision.restore.title', {n: 1});
    await back.getByText('12\u00a0%').waitFor();
    await me.button('revision.restore.do', back, {n: 1}).click();
    await revisions.first().filter({hasText: me.t('revision.restores', {n: 1})}).waitFor();
    await me.button('group.edit.short').click();
    const change = await me.dialog('group.edit', {id});
    await me.label('group.priority', change).fill('-1');
    await me.button('save', change).click();
    await change.locator('.field.invalid').waitFor();
    await me.label('group.priority', change).fill('90');
    await me.button('save', change).click();
    await me.page.getByRole('navigation', {name: me.t('layers')}).getByText(me.t('layer.group.sub', {priority: 90})).first().waitFor();
    await me.button('group.drop').click();
    const gone = await me.dialog('group.drop');
    await gone.getByRole('textbox').fill(id);
    await me.button('group.drop', gone).click();
    await me.page.waitForURL(/\/config$/);
  }},

  {page: '/rollouts', at: ['/rollouts'], task: 'a blackout holds rollouts, until it is taken out', async do(me) {
    const reason = me.pick('stock-taking', '盘点');
    await me.go('/rollouts');
    await me.button('blackout.add').click();
    const form = await me.dialog('blackout.add');
    await me.label('blackout.from', form).fill(inDays(20));
    await me.label('blackout.until', form).fill(inDays(10));
    await me.label('blackout.reason', form).fill(reason);
    await me.button('add', form).click();
    await form.locator('.field.invalid').waitFor();
    await me.allTranslated();
    await me.label('blackout.until', form).fill(inDays(30));
    await me.button('add', form).click();
    const row = me.rows('blackouts').filter({hasText: reason});
    await me.button('blackout.drop', row, {reason}).click();
    await me.button('blackout.drop.do', await me.dialog('blackout.drop.title')).click();
    await row.waitFor({state: 'detached'});
  }},

  {page: '/rollouts/new', at: ['/rollouts/new', '/rollouts/new?step=safety'], task: 'a rollout is planned in five steps and kept as a draft', async do(me) {
    await me.go('/rollouts/new');
    await me.label('rollout.id').fill(me.own('draft'));
    await me.text('wizard.target.fleet').click();
    await me.button('wizard.next').click();
    await me.text('wizard.what.settings').click();
    await me.label('setting.add').selectOption('volume');
    await me.label('setting.volume').fill('33');
    await me.button('wizard.next').click();
    await me.rows('rollout.waves').first().waitFor();
    await me.allTranslated();
    await me.button('wizard.next').click();
    await me.button('wizard.next').click();
    await me.button('wizard.save').click();
    await me.heading(me.own('draft'));
  }},

  {page: '/rollouts/:id', at: ['/rollouts/louder'], task: 'a draft is deleted after a question', async do(me) {
    const id = me.own('draft');
    await me.go(`/rollouts/${id}`);
    await me.button('rollout_act.delete').click();
    await me.button('rollout_act.delete', await me.dialog('rollout.delete.title', {id})).click();
    await me.page.waitForURL(/\/rollouts$/);
  }},

  {page: '/vendors', at: ['/vendors'], inTurn: true, task: 'a vendor is drained after a look at where its robots land, and given back', async do(me) {
    const id = 'dahan';
    await me.go('/vendors');
    const row = me.rows('nav.vendors').filter({hasText: id});
    await me.button('drain.title', row, {id}).click();
    const form = await me.dialog('drain.title', {id});
    await form.locator('.findings li').first().waitFor();
    await me.allTranslated();
    await me.label('drain.reason', form).fill(me.pick('a power cut', '机房断电'));
    await me.button('drain.do', form).click();
    await me.text('drain.drained', row).waitFor();
    const all = String(me.robots + 1);
    await row.getByText(me.t('drain.robots', {n: all, moved: all})).waitFor();
    await me.allTranslated();
    await me.button('drain.return', row, {id}).click();
    const back = await me.dialog('drain.return', {id});
    await back.getByText(me.t('drain.return.text')).waitFor();
    await me.button('drain.return.do', back).click();
    await me.text('drain.in_use', row).waitFor();
    const region = me.own('coast');
    await me.button('region.new').click();
    const made = await me.dialog('region.new');
    await me.label('region', made).fill(region);
    await me.button('save', made).click();
    await me.button('region.edit', me.page, {id: region}).click();
    await me.button('cancel', await me.dialog('region.edit', {id: region})).click();
  }},

  {page: '/vendors/:id', at: ['/vendors/dahan'], task: 'a window is planned for a vendor, once its times can be, and called off', async do(me) {
    await me.go('/vendors/changhe');
    const [from, until] = me.pick([10, 20], [30, 40]);
    await me.label('drain.window.from').fill(inDays(until));
    await me.label('drain.window.until').fill(inDays(from));
    await me.label('drain.reason').fill(me.own('works'));
    await me.button('drain.window.add').click();
    await me.page.locator('.field.invalid, form .error').first().waitFor();
    await me.allTranslated();
    await me.label('drain.window.from').fill(inDays(from));
    await me.label('drain.window.until').fill(inDays(until));
    await me.button('drain.window.add').click();
    const row = me.rows('drain.of', {id: 'changhe'}).filter({hasText: me.own('works')});
    await me.text('drain_state.planned', row).waitFor();
    await me.button('drain.window.cancel', row).click();
    await me.text('drain_state.cancelled', row).waitFor();
  }},

  {page: '/alerts', at: ['/alerts', '/alerts?show=all&subject=device/sim-0003'], task: 'a channel is made, tried, changed and removed, and what it did not get is sent again', async do(me) {
    const id = me.own('duty');
    const hook = await Hook.open();
    try {
      await me.go('/alerts');
      await me.button('channel.add').click();
      const add = await me.dialog('channel.add');
      await me.label('name', add).fill(id);
      await me.label('channel.url', add).fill('ftp://127.0.0.1/in');
      await me.button('save', add).click();
      await add.locator('.field.invalid').waitFor();
      await me.allTranslated();
      await me.label('channel.url', add).fill(`${hook.url}/in`);
      const secret = await me.label('channel.secret', add).inputValue();
      await me.button('save', add).click();

      const row = me.rows('channels').filter({hasText: id});
      await me.button('channel.test', row).click();
      const [got] = await until(20, () => 'no test came', async () => hook.requests.length > 0 && hook.requests);
      const signed = createHmac('sha256', secret).update(`${got.headers['x-myna-timestamp']}.`).update(got.bytes).digest('hex');
      assert.equal(got.headers['x-myna-signature'], `sha256=${signed}`);

      await me.fleet.sql(`UPDATE myna.delivery SET status = 'dead', problem = 'it answered 503' WHERE channel_id = '${id}'`);
      await me.page.reload();
      await me.button('channel.owed.dead', row, {n: 1, id}).click();
      const owed = await me.dialog('channel.owed.title.dead', {id});
      await owed.getByText('503').first().waitFor();
      await me.button('delivery.retry', owed).click();
      await until(20, () => 'it was not sent again', async () => hook.requests.length > 1);
      await me.page.keyboard.press('Escape');

      await me.button('channel.edit', row, {id}).click();
      const change = await me.dialog('channel.edit', {id});
      await me.label('channel.alerts_from', change).selectOption('critical');
      await change.getByLabel(me.t('channel.enabled')).uncheck();
      await me.button('save', change).click();
      await me.text('channel.off', row).waitFor();
      await me.text('severity.critical', row).waitFor();
      assert.ok(await me.button('channel.test', row).isDisabled());

      await me.button('channel.drop', row, {id}).click();
      const drop = await me.dialog('channel.drop', {id});
      await drop.getByRole('textbox').fill(id);
      await me.button('remove', drop).click();
      await row.waitFor({state: 'detached'});
    } finally {
      await hook.close();
    }
  }},

  {page: '/alerts/:id', at: ['/alerts/1'], task: 'an alert tells what was seen and what helps; it is assigned, silenced, and found among one\'s own', async do(me) {
    const robot = me.pick('sim-0003', 'sim-0004');
    const name = me.t('alert.overrun');
    await me.fleet.sql(`INSERT INTO myna.alert (kind, severity, subject, detail)
      VALUES ('overrun', 'warning', 'device/${robot}', '{"vendor": "dahan", "amount": 1200, "unit": "output", "problem": "more than asked for"}')`);
    await me.go(`/alerts?subject=device/${robot}`);
    await me.page.getByRole('link', {name, exact: true}).click();
    await me.heading(name);
    await me.page.getByText(/1,200/).first().waitFor();
    await me.text('deliveries.none').waitFor();
    await me.button('acknowledge').click();
    await me.table('alert.history').getByText(me.t('audited.alert.acknowledge')).waitFor();
    await me.allTranslated();
    await me.button('alert.assign').click();
    const whose = await me.dialog('alert.assign.title');
    await me.label('operator', whose).fill('nobody-here');
    await me.button('alert.assign', whose).click();
    await whose.locator('.field.invalid').waitFor();
    await me.allTranslated();
    await me.label('operator', whose).fill('admin');
    await me.button('alert.assign', whose).click();
    await me.text('alert.mine').waitFor();
    await me.button('alert.silence').click();
    const quiet = await me.dialog('alert.silence.title');
    await me.button('alert.silence', quiet).click();
    await me.page.locator('dd', {hasText: me.t('alert_state.silenced')}).waitFor();
    await me.go('/alerts?show=hand');
    await me.page.getByLabel(me.t('alerts.mine')).check();
    const row = me.rows('nav.alerts').filter({hasText: robot});
    await me.text('alert.mine', row).waitFor();
    await row.getByRole('link', {name, exact: true}).click();
    await me.link('alert.same_subject').click();
    await me.button('usage.not_only', me.page, {name: me.t('subject'), value: `device/${robot}`}).waitFor();
    await me.label('severity').selectOption('critical');
    await me.text('alerts.no_such').waitFor();
  }},

  {page: '/audit', at: ['/audit', '/audit?action=layer&actor=operator:admin'], task: 'changes are narrowed by who and what, shown as before and after, and their chain is whole', async do(me) {
    await me.go('/audit');
    await me.label('action').selectOption('layer');
    await me.page.getByRole('button', {name: 'layer/fleet'}).first().click();
    await me.button('usage.not_only', me.page, {name: me.t('subject'), value: 'layer/fleet'}).waitFor();
    assert.match(me.page.url(), /action=layer/);
    assert.equal(await me.link('audit.open', me.page, {subject: 'layer/fleet'}).first().getAttribute('href'), '/config');
    const row = me.rows('nav.audit').filter({hasText: 'layer.update'}).first();
    await row.locator('summary').click();
    await row.locator('ins').first().waitFor();
    await me.button('audit.verify').click();
    await me.page.getByText(me.pattern('audit.intact')).waitFor();
  }},

  {page: '/privacy', at: ['/privacy'], inTurn: true, task: 'what a shorter time would remove is told before it goes', async do(me) {
    const [was, becomes] = me.pick([365, 90], [90, 60]);
    await me.fleet.sql(`INSERT INTO myna.command (command_id, device_id, kind, status, created_at, created_by, expires_at)
      SELECT gen_random_uuid(), 'sim-0001', 'say', 'done', now() - interval '${becomes + 10} days', 'operator:admin', now() FROM generate_series(1, 2)`);
    await me.go('/privacy');
    const row = me.rows('privacy.goes').filter({has: me.page.locator('code', {hasText: /^commands?$/})});
    const days = (n) => me.t('days', {n});
    await row.getByText(days(was)).first().waitFor();
    const change = row.getByRole('button');
    await change.click();
    const dialog = await me.dialog('privacy.change');
    const save = me.button('save', dialog);
    await me.label('privacy.days', dialog).fill('4000');
    await save.click();
    await dialog.locator('.field.invalid').waitFor();
    await me.allTranslated();
    await me.label('privacy.days', dialog).fill('');
    assert.ok(await save.isDisabled(), 'nothing is not for ever');
    await me.button('cancel', dialog).click();
    await change.click();
    await me.label('privacy.days', dialog).fill(String(becomes));
    await save.click();
    await dialog.getByText(me.pattern('privacy.no_way_back')).waitFor();
    await row.getByText(days(was)).first().waitFor(); // it was only asked
    await me.button('privacy.forget', dialog).click();
    await row.getByText(days(becomes)).first().waitFor();
    await me.text('privacy.usually', row, {span: days(365)}).waitFor();
  }},

  {page: '/access', at: ['/access'], task: 'an operator, a role of one\'s own and a key are made, changed and ended, and a mistake is told at its field', async do(me) {
    const [anna, bob, role] = [me.own('anna'), me.own('bob'), me.own('night-desk')];
    await me.go('/access');
    for (const [id, kind] of [[anna, 'approver'], [bob, 'viewer']]) {
      await me.button('operator.new').click();
      const form = await me.dialog('operator.new');
      await me.label('sign_in.name', form).fill('Anna Li');
      await me.label('sign_in.password', form).fill('short');
      await me.button('save', form).click();
      await form.locator('.field.invalid').first().waitFor();
      await me.allTranslated();
      await me.label('sign_in.name', form).fill(id);
      await me.label('role', form).selectOption(kind);
      await me.label('sign_in.password', form).fill(PASSWORD);
      await me.button('save', form).click();
      await me.rows('operators').filter({hasText: id}).getByText(me.t(`role.${kind}`)).waitFor();
    }
    await changeOperator(me, bob);
    await me.button('remove', me.rows('operators').filter({hasText: bob})).click();
    const gone = await me.dialog('operator.drop');
    await gone.getByRole('textbox').fill(bob);
    await me.button('remove', gone).click();
    await me.rows('operators').filter({hasText: bob}).waitFor({state: 'detached'});

    await me.button('roles.new').click();
    const own = await me.dialog('roles.new');
    await me.label('role', own).fill('Night desk');
    await me.button('save', own).click();
    await own.locator('.field.invalid').first().waitFor();
    await me.allTranslated();
    await me.label('role', own).fill(role);
    const areas = own.getByRole('group', {name: me.t('roles.may')});
    await me.label('area.doctor', areas).selectOption('support');
    await me.label('area.devices', areas).selectOption('viewer');
    await me.button('save', own).click();
    const roleRow = me.rows('roles').filter({hasText: role});
    await roleRow.getByText(me.t('area.doctor')).waitFor();

    const keyRow = await makeKey(me, me.own('nightly'));
    await me.button('key.revoke', keyRow).click();
    const revoke = await me.dialog('key.revoke');
    await revoke.getByRole('textbox').fill(me.own('nightly'));
    await me.button('key.revoke', revoke).click();
    await keyRow.getByText(me.t('key.revoked'), {exact: true}).waitFor();

    await me.button('remove', roleRow).click();
    const drop = await me.dialog('roles.drop');
    await drop.getByRole('textbox').fill(role);
    await me.button('remove', drop).click();
    await roleRow.waitFor({state: 'detached'});
  }},

  {page: '/you', at: ['/you'], task: 'one\'s password, keys and second factor are told about at their fields', async do(me) {
    await me.go('/you');
    await me.button('password.change').click();
    const other = await me.dialog('password.change');
    await me.label('password.old', other).fill('not-the-password');
    await me.label('operator.new_password', other).fill('another password');
    await me.label('password.again', other).fill('another one');
    await me.text('password.differs', other).waitFor();
    assert.ok(await me.button('save', other).isDisabled());
    await me.label('password.again', other).fill('another password');
    await me.button('save', other).click();
    await other.locator('.field.invalid').waitFor();
    await me.allTranslated();
    await me.button('cancel', other).click();
    await (await makeKey(me, me.own('mine'))).waitFor();
    await me.button('factor.set_up').click();
    const factor = await me.dialog('factor.set_up');
    await me.label('sign_in.password', factor).fill('not-the-password');
    await me.button('factor.next', factor).click();
    await factor.getByRole('alert').first().waitFor();
    await me.allTranslated();
    await me.label('sign_in.password', factor).fill(me.password);
    await me.button('factor.next', factor).click();
    await factor.getByRole('img', {name: me.t('factor.picture')}).waitFor();
    await me.look('factor.set_up, its picture');
    await me.label('factor.code', factor).fill('000000');
    await me.button('factor.confirm', factor).click();
    await factor.getByRole('alert').first().waitFor();
    await me.allTranslated();
    await me.page.keyboard.press('Escape');
  }},
];
