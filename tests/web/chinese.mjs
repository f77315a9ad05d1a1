// chinese.mjs - a rollout that goes wrong, for who reads Chinese: nothing of it is left in English. Part of
// the dashboard's test; the approver is whom the page of access let in.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {speaker, untranslated} from './languages.mjs';
import {codeOf} from '../support/totp.mjs';
import {lookAtDialog} from './reader.mjs';
import {PASSWORD} from './tasks/house.mjs';

const t = speaker('zh-CN');

// on: {browser(), page(), settle(page, path), robots}. The page is signed in as an admin; more robots
// than simulated ones need another operator's word.
export function chineseTests(on) {
  let page;
  let hers;
  const button = (name, where = page) => where.getByRole('button', {name: t(name), exact: true});
  const dialog = (name, values) => page.getByRole('dialog', {name: t(name, values), exact: true});
  const label = (name, where = page) => where.getByLabel(t(name), {exact: true});
  const lead = (name) => page.locator('.page-head .place', {hasText: t(name)});
  const robots = () => page.getByRole('table', {name: t('rollout.robots')}).locator('tbody tr:not(.skeleton-row)');
  const allChinese = async (where = page) => assert.deepEqual(await untranslated(where), []);

  test('in Chinese: a switch is planned in five steps and waits for another operator', async () => {
    page = await on.browser().like(on.page(), {locale: 'zh-CN'});
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
    await button('rollout_act.abort').click();
    await lookAtDialog(page, 'zh-CN', 'rollout.abort.title');
    await page.keyboard.press('Escape');
    await allChinese();
  });

  test('in Chinese: who may approve it signs in, and it goes out', async () => {
    hers = await on.browser().page({locale: 'zh-CN'});
    await hers.goto('/rollouts');
    await label('sign_in.name', hers).fill('anna-zh');
    await label('sign_in.password', hers).fill('not-the-password');
    await button('sign_in', hers).click();
    await hers.getByText(t('sign_in.wrong')).waitFor();
    await allChinese(hers);
    await label('sign_in.password', hers).fill(PASSWORD);
    await button('sign_in', hers).click();
    await hers.getByRole('table', {name: t('nav.rollouts')}).getByRole('link', {name: 'wrong-model'}).click();
    await button('rollout_act.decline', hers).click();
    await lookAtDialog(hers, 'zh-CN', 'rollout.decline.title');
    await hers.keyboard.press('Escape');
    await button('rollout_act.approve', hers).click();
    await lookAtDialog(hers, 'zh-CN', 'rollout.approve.title');
    const asked = hers.getByRole('dialog');
    await asked.getByLabel(t('rollout.remark')).fill('周末之前');
    await allChinese(hers);
    await button('rollout_act.approve', asked).click();
    const approved = hers.locator('.event', {hasText: t('rollout_event.approve')});
    await approved.getByText('anna-zh').waitFor();
    await approved.getByText('周末之前').waitFor();
    await allChinese(hers);
  });

  test('in Chinese: she sets up a second factor, gets other recovery codes, and does without it again', async () => {
    await on.settle(hers, '/you');
    const named = (name) => hers.getByRole('dialog', {name: t(name), exact: true});
    await button('factor.set_up', hers).click();
    await label('sign_in.password', named('factor.set_up')).fill(PASSWORD);
    await button('factor.next', named('factor.set_up')).click();
    const secret = await named('factor.set_up').locator('code').innerText();
    await label('factor.code', named('factor.set_up')).fill(codeOf(secret));
    await button('factor.confirm', named('factor.set_up')).click();
    const [first, second] = (await named('factor.codes').locator('pre').innerText()).split('\n');
    await lookAtDialog(hers, 'zh-CN', 'factor.codes');
    await hers.keyboard.press('Escape');
    await button('factor.renew', hers).click();
    await lookAtDialog(hers, 'zh-CN', 'factor.renew');
    await label('factor.code', named('factor.renew')).fill(first);
    await button('factor.renew', named('factor.renew')).click();
    const [other] = (await named('factor.codes').locator('pre').innerText()).split('\n');
    await hers.keyboard.press('Escape');
    await on.settle(page, '/access');
    await button('factor.reset').click();
    await lookAtDialog(page, 'zh-CN', 'factor.reset');
    await page.keyboard.press('Escape');
    await button('factor.remove', hers).click();
    await lookAtDialog(hers, 'zh-CN', 'factor.remove');
    const code = label('factor.code', named('factor.remove'));
    await code.fill(second);
    await button('factor.remove', named('factor.remove')).click();
    await named('factor.remove').locator('.field.invalid').waitFor(); // the old ones are worth nothing
    await allChinese(hers);
    await code.fill(other);
    await button('factor.remove', named('factor.remove')).click();
    await button('factor.set_up', hers).waitFor();
    await hers.context().close();
  });

  test('in Chinese: its robots fail and say why, and the alert of it is acknowledged', async () => {
    await on.settle(page, '/rollouts/wrong-model');
    await lead('rollout_cause.red').waitFor();
    await label('rollout.outcome').selectOption('failed');
    await robots().first().getByText('供应商没有回答').or(robots().first().getByText('dahan-gone')).first().waitFor();
    await allChinese();
    await on.settle(page, '/alerts?subject=rollout%2Fwrong-model');
    await page.getByRole('table', {name: t('nav.alerts')}).getByRole('link', {name: t('alert.rollout_red')}).first().click();
    await page.getByRole('heading', {level: 1, name: t('alert.rollout_red')}).waitFor();
    await button('acknowledge').click();
    await page.locator('dd', {hasText: t('alert_state.acknowledged')}).waitFor();
    await page.getByRole('table', {name: t('alert.history')}).getByText(t('audited.alert.acknowledge')).waitFor();
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
    await page.context().close();
  });
}
