// money.mjs - what the pages about usage and contracts are for, each task done by whoever reads its language
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {until} from '../../support/fleet.mjs';

const DAHAN = '/contracts/dahan-2026';
const ACTIVE = `${DAHAN}/active?kind=commitment&name=active_devices`;

const imagined = (price) => JSON.stringify({contract: 'cheap', vendor: 'new', currency: 'CNY', zone: 'Asia/Shanghai',
  term: {from: '2026-01-01', to: '2027-01-01'}, charges: [{kind: 'flat', amount: price, per: 'term'}]});

// A day on which a robot asked that vendor, as the contract has days.
const dayOfAnAttempt = (page) => page.evaluate(async () => {
  const {items: [{at}]} = await (await fetch('/api/v1/attempts?vendor=dahan&limit=1')).json();
  return new Intl.DateTimeFormat('sv-SE', {timeZone: 'Asia/Shanghai'}).format(new Date(at));
});

const paper = (me) => me.page.getByRole('textbox', {name: me.t('contract.document')});

async function rewrite(me, from, to) {
  const text = await paper(me).inputValue();
  assert.ok(text.includes(from), `${from} is not in the document`);
  await paper(me).fill(text.replace(from, to));
}

// Fits the paper without the frame and the buttons.
async function printed(me) {
  const {page} = me;
  const was = page.viewportSize();
  await page.emulateMedia({media: 'print'});
  assert.ok(!(await page.locator('.side').isVisible()) && !(await me.button('pack.print').isVisible()));
  await page.setViewportSize({width: 688, height: 1000}); // A4 between its margins
  const [wide, sheet] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= sheet, `${wide} wide on paper of ${sheet}`);
  await page.emulateMedia({media: null});
  await page.setViewportSize(was);
}

export const MONEY = [
  {page: '/usage', at: ['/usage', '/usage?by=device,class&range=week'], task: 'usage is taken apart down to one robot, and the address keeps it all', async do(me) {
    await me.go('/usage');
    await me.label('usage.by').selectOption('group');
    await me.label('usage.and_by').selectOption('');
    await me.rows('usage.sums', {by: me.t('dimension.group')}).getByRole('link', {name: 'kitchen', exact: true}).first().click(); // a row for each currency
    const robots = me.rows('usage.sums', {by: me.t('dimension.device')});
    const robot = robots.getByRole('link', {name: 'sim-0001'});
    await robot.waitFor();
    await me.button('usage.not_only', me.page, {name: me.t('dimension.group'), value: 'kitchen'}).waitFor();
    await me.page.reload();
    await robot.waitFor();
    assert.equal(await robots.getByRole('link', {name: 'myna-1'}).count(), 0, 'it is of another group');
    await me.allTranslated();
    await robot.click();
    await me.heading('sim-0001');
    await me.go('/usage');
    await me.button('import').click();
    const file = await me.dialog('import');
    await me.label('vendor', file).selectOption('dahan');
    await me.label('import.file', file).setInputFiles({name: 'usage.jsonl', mimeType: 'application/jsonl', buffer: Buffer.from(`${JSON.stringify(
      {request_id: me.own('nobody-asked'), model: 'dahan-chat', status: 200, input: 1, cached: 0, output: 1, reasoning: 0})}\n`)});
    await me.button('import.do', file).click();
    await (await me.dialog('import.done')).getByText(me.own('nobody-asked')).waitFor();
    await me.page.keyboard.press('Escape');
  }},

  {page: '/attempts', at: ['/attempts?vendor=dahan'], task: 'a number of attempts opens them one by one, narrowed by their outcome and their robot', async do(me) {
    await me.go('/usage?by=vendor');
    const vendor = me.rows('usage.sums', {by: me.t('dimension.vendor')}).filter({hasText: 'dahan'}).first();
    await me.cell(vendor, 'attempts').getByRole('link').click();
    const attempts = me.rows('attempts');
    await attempts.first().waitFor();
    await me.button('usage.not_only', me.page, {name: me.t('dimension.vendor'), value: 'dahan'}).waitFor();
    assert.match(me.page.url(), /\/attempts\?vendor=dahan&from=[\d-]+&to=[\d-]+&currency=CNY$/);
    await me.label('outcome').selectOption('answered');
    await me.page.waitForURL(/outcome=answered/);
    await me.cell(attempts.first(), 'robot').getByRole('link').click();
    await me.link('attempts.narrow').click();
    await me.page.getByRole('button', {name: me.t('usage.not_only', {name: me.t('dimension.device'), value: ''}).trim()}).waitFor();
    await me.go('/attempts?class=auth&from=2026-01-01&to=2026-01-02');
    await me.text('attempts.nothing').waitFor();
  }},

  {page: '/whatif', at: ['/whatif'], task: 'an imagined contract is checked while it is written, compared, and shown again by its address', async do(me) {
    await me.go('/whatif?c=dahan-2026');
    await me.button('whatif.imagine').click();
    const dialog = await me.dialog('whatif.imagine');
    await paper(me).fill(imagined('twelve'));
    await dialog.getByText('charges/0/amount').waitFor();
    await me.allTranslated();
    const compare = me.button('whatif.imagine.do', dialog);
    assert.ok(await compare.isDisabled());
    await paper(me).fill(imagined('12.00'));
    await compare.click();
    const verdict = me.page.getByText(me.t('whatif.always', {who: `B cheap ${me.t('whatif.imagined')}`}));
    await verdict.waitFor();
    await me.page.reload();
    await verdict.waitFor();
    const {items} = await me.page.evaluate(async () => (await fetch('/api/v1/contracts')).json());
    assert.ok(!items.some(({id}) => id === 'cheap'), 'it is kept nowhere');
  }},

  {page: '/contracts', at: ['/contracts'], task: 'a budget is set, once its amount can be read', async do(me) {
    await me.go('/contracts');
    await me.button('budget.add').click();
    const form = await me.dialog('budget.add');
    await me.label('name', form).fill(me.own('week'));
    await me.label('pool.unit', form).selectOption('spend');
    await me.label('budget.at_most', form).fill('a lot');
    await me.button('add', form).click();
    await form.locator('.field.invalid').first().waitFor();
    await me.allTranslated();
    await me.label('budget.at_most', form).fill('91000.50');
    await me.label('charge.per', form).selectOption('week');
    await me.button('add', form).click();
    await me.rows('pools').filter({hasText: me.own('week')}).getByText('91,000.5').first().waitFor();
    const dahan = me.rows('nav.contracts').filter({hasText: 'dahan-2026'}); // what is not well is told where one looks first
    await me.text('burn_state.short', dahan).waitFor();
    await dahan.getByText(/¥3,000,0/).waitFor();
  }},

  {page: '/budgets/:id', at: ['/budgets/evening'], task: 'a budget is raised and given a threshold, which is shown before it is saved, and goes once its name was typed', async do(me) {
    const id = me.own('week');
    await me.go(`/budgets/${id}`);
    await me.button('edit').click();
    const form = await me.dialog('budget.change', {id});
    await me.label('budget.at_most', form).fill('92000');
    await me.button('threshold.add', form).click();
    const point = form.getByRole('group').last();
    await me.label('threshold.at', point).fill('half');
    await me.button('save', form).click();
    await point.locator('.field.invalid').waitFor();
    await me.allTranslated();
    await me.label('threshold.at', point).fill('50%');
    await form.getByRole('region', {name: me.t('change')}).getByText('50%').first().waitFor();
    await me.button('save', form).click();
    await me.text('budget.saved').waitFor();
    await me.rows('terms.thresholds').filter({hasText: '50%'}).waitFor();
    await me.button('remove').click();
    const gone = await me.dialog('budget.delete', {id});
    assert.ok(await me.button('remove', gone).isDisabled());
    await gone.getByRole('textbox').fill(id);
    await me.button('remove', gone).click();
    await me.text('budget.deleted', me.page, {id}).waitFor();
  }},

  {page: '/contracts/:id', at: [DAHAN, '/contracts/changhe-2024'], task: 'a contract tells how it stands, and its bill line by line with the arithmetic', async do(me) {
    await me.go(DAHAN);
    await me.text('burn_state.short').first().waitFor();
    const bill = me.table('bill').first();
    await bill.locator('tbody tr', {hasText: me.t('bill.total')}).getByText(/^¥3,000,0\d\d\.\d\d$/).waitFor();
    const output = bill.locator('tbody tr', {hasText: me.t('metric.output')}).locator('.reckoning').first();
    await output.locator('summary').click();
    await output.locator('li', {hasText: me.t('steps.up_to', {n: '20,000,000,000'})}).first().waitFor();
    assert.match(await output.innerText(), /[\d,]+ × [\d.]+( \/ 1,000,000)? = [\d.]+/);
    await me.allTranslated();
    await me.go('/contracts/changhe-2024');
    const two = me.table('versions.compare');
    await two.locator('tbody tr', {hasText: 'deployment'}).first().waitFor();
    await me.label('versions.older').selectOption('1');
    await two.getByText('24,000,000.00').waitFor();
    assert.match(me.page.url(), /was=1|older=1|from=1/);
  }},

  {page: '/contracts/:id/edit', at: ['/contracts/changhe-2024/edit'], inTurn: true, task: 'a contract gets another version, with each mistake told at its line', async do(me) {
    const [was, becomes, version] = me.pick(['50.00', '45.00', 2], ['45.00', '40.00', 3]);
    await me.go('/contracts/yingshi-2026/edit');
    await rewrite(me, 'per: month', 'per: eon');
    await me.page.locator('.faults li').first().waitFor();
    await me.allTranslated();
    await rewrite(me, 'per: eon', 'per: month');
    await rewrite(me, `"${was}"`, `"${becomes}"`);
    await me.page.locator('.diffs ins', {hasText: becomes}).waitFor();
    await me.allTranslated();
    await me.button('edit.add_version').click();
    await me.heading('yingshi-2026');
    await me.text('edit.saved', me.page, {n: version}).waitFor();
  }},

  {page: '/contracts/new', at: ['/contracts/new'], task: 'a new contract begins as a copy or from a template, and is written when it can be', async do(me) {
    const id = me.own('erxian');
    await me.go('/contracts/erxian-2026');
    await me.link('contract.copy').click();
    const good = me.page.getByRole('status').filter({hasText: me.t('edit.good')}).first();
    await good.waitFor();
    assert.match(await paper(me).inputValue(), /^contract: erxian-2026-copy\n/);
    await me.button('template.robots').click();
    await until(20, () => 'the template is not there', async () => /active_devices/.test(await paper(me).inputValue()));
    await me.button('new.undo').click();
    await rewrite(me, 'erxian-2026-copy', id);
    await rewrite(me, 'from: 2026-01-01, to: 2027-01-01', 'from: 2027-01-01, to: 2028-01-01');
    await good.waitFor();
    await me.button('new.make').click();
    await me.heading(id);
    await me.text('edit.made', me.page, {id}).waitFor();
  }},

  {page: '/contracts/:id/active', at: [ACTIVE], task: 'the busiest day of the promised robots opens those that were active then', async do(me) {
    await me.go(DAHAN);
    const peak = me.page.locator('.burn-figures div', {hasText: me.t('burn.busiest')});
    const robots = Number(/(\d+) *\D*$/.exec(await peak.innerText())[1]);
    assert.ok(robots > 1, await peak.innerText());
    await peak.getByRole('link').click();
    await me.page.getByRole('heading', {level: 1, name: me.pattern('active.title')}).waitFor();
    await until(20, () => 'not as many as the contract told', async () => await me.rows('active.label').count() >= robots);
    await me.allTranslated();
    await me.rows('active.label').getByRole('link', {name: 'sim-0001'}).click();
    await me.heading('sim-0001');
  }},

  // English locks the first month, Chinese the one after it
  {page: '/contracts/:id/statements/:month', at: [`${DAHAN}/statements/2026-01`], inTurn: true, task: 'the next month is locked after one saw what that means, and opens with its arithmetic', async do(me) {
    await me.go(DAHAN);
    const months = me.rows('statements');
    const next = months.filter({has: me.page.getByRole('button', {name: me.t('statement.lock'), exact: true})});
    assert.match(await months.first().innerText(), new RegExp(me.t('statement.running')), 'the newest month first');
    await me.button('statement.lock', next).click();
    const dialog = await me.dialog('statement.lock.title');
    await dialog.getByText('¥3,000,000.00').or(dialog.getByText('¥0.00')).first().waitFor();
    const lock = me.button('statement.lock', dialog);
    assert.ok(await lock.isDisabled(), 'the month is typed first');
    await me.label('statement.groups', dialog).fill('nobody');
    await dialog.locator('.field.invalid').waitFor();
    await me.allTranslated();
    await me.label('statement.groups', dialog).fill('');
    await me.label('statement.fees_by', dialog).selectOption('even');
    const month = me.pick('2026-01', '2026-02');
    await me.label('confirm.type', dialog, {phrase: month}).fill(month);
    await lock.click();
    await dialog.waitFor({state: 'detached'});
    await months.getByRole('link').and(me.page.locator(`a[href$="/statements/${month}"]`)).first().click();
    await me.page.getByRole('heading', {level: 1, name: me.pattern('statement.title')}).waitFor();
    await me.rows('statement.borne').first().waitFor();
    const [lines] = await Promise.all([me.page.waitForEvent('download'), me.link('statement.csv').click()]);
    assert.equal(lines.suggestedFilename(), `dahan-2026-${month}.csv`);
  }},

  {page: '/invoices/:id', at: ['/invoices/1'], task: 'an invoice that is typed in is compared, and a difference leads to the attempts behind it', async do(me) {
    await me.go(DAHAN);
    const day = await dayOfAnAttempt(me.page);
    await me.button('invoice.check').click();
    const dialog = await me.dialog('invoice.check.title', {vendor: 'dahan'});
    await me.button('invoice.by_hand', dialog).click();
    await me.label('invoice.day', dialog).fill(day);
    await me.label('bill.quantity', dialog).fill('many');
    await me.button('invoice.check', dialog).click();
    await dialog.getByRole('alert').first().waitFor();
    await me.allTranslated();
    await me.label('bill.quantity', dialog).fill(me.pick('0', '1')); // the same twice is refused
    await me.button('invoice.check', dialog).click();
    await me.page.getByRole('heading', {level: 1, name: me.pattern('invoice.title')}).waitFor();
    const difference = me.rows('invoice.differences').first();
    await me.text('invoice.any_model', difference).waitFor();
    await me.allTranslated();
    await difference.getByRole('link').first().click();
    await me.heading(me.t('attempts'));
    assert.match(me.page.url(), new RegExp(`vendor=dahan&from=${day}&to=${day}&zone=Asia%2FShanghai$`));
    await me.rows('attempts').filter({hasText: 'dahan'}).first().waitFor();
  }},

  {page: '/pools/:id', at: ['/pools/1'], task: 'what a robot holds is written off by typing its name', async do(me) {
    await me.go('/pools/1');
    const holders = me.rows('pool.robots').getByRole('link', {name: /^sim-\d+$/}); // English takes the first, Chinese the last
    await holders.first().waitFor();
    const device = await me.pick(holders.first(), holders.last()).innerText();
    await me.button('pool.write_off.title', me.page, {device}).click();
    const dialog = await me.dialog('pool.write_off.title', {device});
    const sure = me.button('pool.write_off', dialog);
    assert.ok(await sure.isDisabled());
    await dialog.getByRole('textbox').fill(device);
    await sure.click();
    await me.page.getByRole('status').filter({hasText: device}).first().waitFor();
  }},

  {page: '/vendors/:id/pack', at: ['/vendors/dahan/pack'], task: 'a vendor\'s pack has each number with its period and source, and goes on paper without the frame', async do(me) {
    await me.go('/vendors/changhe/pack');
    await me.text('pack.volumes.none').waitFor();
    const prices = me.table('pack.prices', {id: 'changhe-2024', currency: 'CNY'});
    for (const price of ['24,000,000.00', '1,000,000.00', '400,000.00']) await prices.getByText(price).first().waitFor();
    await me.go('/vendors/dahan/pack');
    await me.rows('pack.volumes').filter({hasText: 'dahan-chat'}).first().waitFor();
    await me.text('pack.all_models', me.table('pack.first_token')).waitFor();
    await me.text('burn_state.short').first().waitFor();
    const sources = await me.page.locator('.source').allInnerTexts();
    assert.ok(sources.length >= 6 && sources.every((text) => /\d{4}|Source|来源/.test(text)), sources.join('\n'));
    await me.label('pack.from').fill('2026-01-01');
    await me.page.waitForURL(/from=2026-01-01/);
    await me.rows('pack.volumes').filter({hasText: 'dahan-chat'}).first().waitFor();
    await printed(me);
  }},
];
