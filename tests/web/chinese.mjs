// chinese.mjs - the main tasks of who reads Chinese, each done on the page, with nothing left there in
// English. Part of the dashboard's test. Its rollout is one that goes wrong.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {speaker, untranslated} from './languages.mjs';

const t = speaker('zh-CN');
const PASSWORD = 'a password of hers';

// on: {browser(), page(), settle(page, path), robots}. The page is signed in as an admin; more robots
// than simulated ones need another operator's word.
export function chineseTests(on) {
  let page;
  const button = (name, where = page) => where.getByRole('button', {name: t(name), exact: true});
  const dialog = (name, values) => page.getByRole('dialog', {name: t(name, values), exact: true});
  const label = (name, where = page) => where.getByLabel(t(name), {exact: true});
  const lead = (name) => page.locator('.page-head .place', {hasText: t(name)});
  const robots = () => page.getByRole('table', {name: t('rollout.robots')}).locator('tbody tr:not(.skeleton-row)');
  const allChinese = async (where = page) => assert.deepEqual(await untranslated(where), []);

  test('in Chinese: a new operator is let in, and a mistake told at its field', async () => {
    page = await on.browser().like(on.page(), {locale: 'zh-CN'});
    await on.settle(page, '/access');
    await button('operator.new').click();
    const form = dialog('operator.new');
    await label('sign_in.name', form).fill('Anna Li');
    await label('sign_in.password', form).fill('short');
    await button('save', form).click();
    await form.locator('.field.invalid').first().waitFor();
    await allChinese();
    await label('sign_in.name', form).fill('anna');
    await label('role', form).selectOption('approver');
    await label('sign_in.password', form).fill(PASSWORD);
    await button('save', form).click();
    await page.getByRole('table', {name: t('operators')}).locator('tbody tr', {hasText: 'anna'}).getByText(t('role.approver')).waitFor();
    await allChinese();
  });

  test('in Chinese: a limit is set, once its amount can be read', async () => {
    await on.settle(page, '/contracts');
    await button('budget.add').click();
    const form = dialog('budget.add');
    await label('name', form).fill('week-zh');
    await label('pool.unit', form).selectOption('spend');
    await label('budget.at_most', form).fill('a lot');
    await button('add', form).click();
    await form.locator('.field.invalid').first().waitFor();
    await allChinese();
    await label('budget.at_most', form).fill('91000.50');
    await label('charge.per', form).selectOption('week');
    await button('add', form).click();
    await page.getByRole('table', {name: t('pools')}).locator('tbody tr', {hasText: 'week-zh'}).getByText('91,000.5').first().waitFor();
    await allChinese();
  });

  test('in Chinese: a switch is planned in five steps and waits for another operator', async () => {
    await on.settle(page, '/rollouts/new');
    await label('rollout.id').fill('wrong-model');
    await page.getByText(t('wizard.target.fleet'), {exact: true}).click();
    await allChinese();
    await button('wizard.next').click();
    await page.getByText(t('wizard.what.settings'), {exact: true}).click();
    await label('setting.add').selectOption('routes');
    const models = page.getByRole('textbox', {name: t('model')});
    await models.first().fill('dahan-gone');
    await allChinese();
    await button('wizard.next').click();
    await page.getByRole('table', {name: t('rollout.waves')}).locator('tbody tr').first().waitFor();
    await allChinese();
    await button('wizard.next').click();
    await label('wizard.retries').fill('0');
    await allChinese();
    await button('wizard.next').click();
    await page.getByText(t('wizard.check.approval.yes')).waitFor();
    await allChinese();
    await button('wizard.start').click();
    await lead('rollout_state.approval').waitFor();
    await page.getByText(t('rollout.approval.mine')).waitFor();
    assert.equal(await button('rollout_act.approve').count(), 0, 'not by who wrote it');
    await allChinese();
  });

  test('in Chinese: who may approve it signs in, and it goes out', async () => {
    const hers = await on.browser().page({locale: 'zh-CN'});
    await hers.goto('/rollouts');
    await label('sign_in.name', hers).fill('anna');
    await label('sign_in.password', hers).fill('not-the-password');
    await button('sign_in', hers).click();
    await hers.getByText(t('sign_in.wrong')).waitFor();
    await allChinese(hers);
    await label('sign_in.password', hers).fill(PASSWORD);
    await button('sign_in', hers).click();
    await hers.getByRole('table', {name: t('nav.rollouts')}).getByRole('link', {name: 'wrong-model'}).click();
    await button('rollout_act.approve', hers).click();
    const asked = hers.getByRole('dialog');
    await asked.getByLabel(t('rollout.remark')).fill('周末之前');
    await allChinese(hers);
    await button('rollout_act.approve', asked).click();
    const approved = hers.locator('.event', {hasText: t('rollout_event.approve')});
    await approved.getByText('anna').waitFor();
    await approved.getByText('周末之前').waitFor();
    await allChinese(hers);
    await hers.context().close();
  });

  test('in Chinese: its robots fail and say why, and the alert of it is acknowledged', async () => {
    await lead('rollout_cause.red').waitFor();
    await label('rollout.outcome').selectOption('failed');
    await robots().first().getByText('供应商没有回答').or(robots().first().getByText('dahan-gone')).first().waitFor();
    await allChinese();
    await on.settle(page, '/alerts?subject=rollout%2Fwrong-model');
    await page.getByRole('table', {name: t('nav.alerts')}).getByRole('link', {name: t('alert.rollout_red')}).first().click();
    await page.getByRole('heading', {level: 1, name: t('alert.rollout_red')}).waitFor();
    await button('acknowledge').click();
    await page.locator('dd', {hasText: t('alert_state.acknowledged')}).waitFor();
    await page.getByRole('table', {name: t('alert.history')}).getByText('alert.acknowledge').waitFor();
    await allChinese();
    await page.getByRole('link', {name: t('alert.look'), exact: true}).click();
    await lead('rollout_cause.red').waitFor();
  });

  test('in Chinese: what failed is tried again, and all have what they had when it is taken back', async () => {
    await button('rollout_act.retry').click();
    await page.locator('.event', {hasText: t('rollout_event.retry')}).waitFor();
    await robots().getByText(t('rollout.tries', {n: 2})).first().waitFor();
    await lead('rollout_cause.red').waitFor();
    await button('rollout_act.roll_back').click();
    await button('rollout_act.roll_back', dialog('rollout.back.title', {id: 'wrong-model'})).click();
    await lead('rollout_state.rolled_back').waitFor();
    await allChinese();
  });

  test('in Chinese: a contract gets another version, with each mistake told at its line', async () => {
    await on.settle(page, '/contracts/yingshi-2026/edit');
    const sheet = page.getByRole('textbox', {name: t('contract.document')});
    const rewrite = async (from, to) => sheet.fill((await sheet.inputValue()).replace(from, to));
    await rewrite('per: month', 'per: eon');
    await page.locator('.faults li').getByText(/不认识“eon”|必须是以下之一/).waitFor();
    await allChinese();
    await rewrite('per: eon', 'per: month');
    await rewrite('"50.00"', '"45.00"');
    await page.locator('.diffs ins', {hasText: '45.00'}).waitFor();
    await allChinese();
    await button('edit.add_version').click();
    await page.getByRole('heading', {level: 1, name: 'yingshi-2026'}).waitFor();
    await page.getByText(t('edit.saved', {n: 2})).waitFor();
    await allChinese();
  });

  test('in Chinese: a vendor is drained after a look at where its robots land, and given back', async () => {
    await on.settle(page, '/vendors');
    const row = page.getByRole('table', {name: t('nav.vendors')}).locator('tbody tr', {hasText: 'dahan'});
    await row.getByRole('button', {name: t('drain.title', {id: 'dahan'})}).click();
    const form = dialog('drain.title', {id: 'dahan'});
    await form.locator('.findings li').first().waitFor();
    await allChinese();
    await label('drain.reason', form).fill('机房断电');
    await button('drain.do', form).click();
    await row.getByText(t('drain.drained'), {exact: true}).waitFor();
    const all = String(on.robots + 1);
    await row.getByText(t('drain.robots', {n: all, moved: all})).waitFor();
    await allChinese();
    await row.getByRole('button', {name: t('drain.return', {id: 'dahan'})}).click();
    const back = dialog('drain.return', {id: 'dahan'});
    await back.getByText(t('drain.return.text')).waitFor();
    await button('drain.return.do', back).click();
    await row.getByText(t('drain.in_use'), {exact: true}).waitFor();
    await page.context().close();
  });
}
