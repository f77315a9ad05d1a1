// states.mjs - every page when it cannot be as it should: the server refuses, does not answer, is gone,
// or whoever looks may not change anything. Part of the dashboard's test.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {accessibilityFaults} from './browser.mjs';

// What is asked for before a page is drawn.
const SHELL = /\/api\/v1\/(me|events|login)([?]|$)/;

// Pages that are drawn without asking for anything.
const ASKS_NOTHING = ['/support', '/rollouts/new', '/contracts/new', '/nowhere'];

// What changes something, by the first words of its name.
const DEEDS = /^(Add|New|Make|Change|Remove|Delete|Revoke|Save(?! as a file)|Drain|Give|Set(?! up)|Assign|Acknowledge|Silence|Clear|Restart|Identify|Say|Probe|Forget|Do to all|Send a test|Roll back|Pause|Resume|Force|Approve|Edit|Import|Diagnostic report)\b/;

// on: {browser(), page(), visit(page, path), drawn(page), paths}. The page is signed in as an admin.
export function statesTests(on) {
  const asking = on.paths.filter((path) => !ASKS_NOTHING.includes(path.split('?')[0]));

  const refused = (route) => route.fulfill({status: 503, contentType: 'application/problem+json',
    body: JSON.stringify({type: 'about:blank', title: 'refused', status: 503, detail: 'the database cannot be reached now: try again'})});

  test('a page that waits for its answers shows where they will stand; refused, it names the reason and offers another try', async () => {
    const page = await on.browser().like(on.page(), {locale: 'en-US', colorScheme: 'light'});
    let answer; // lets the server answer
    let answered;
    await page.route((url) => url.pathname.startsWith('/api/v1/') && !SHELL.test(url.pathname), async (route) => {
      await answered;
      await refused(route).catch(() => {}); // nobody may wait for it any more
    });
    const faults = [];
    for (const path of asking) {
      answered = new Promise((resolve) => { answer = resolve; });
      await on.visit(page, path);
      await page.locator('[aria-busy="true"]:not(button)').first().waitFor().catch(() => faults.push(`${path} shows nothing of it`));
      answer();
      const said = page.getByRole('alert').filter({hasText: 'the database cannot be reached now', has: page.getByRole('button', {name: 'Try again'})}).first();
      await said.waitFor().catch(async () => faults.push(`${path} shows only: ${await page.locator('main').innerText()}`));
    }
    faults.push(...await accessibilityFaults(page));
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  // Someone of that role, signed in; answers what the server refused them meanwhile.
  async function signedIn(role) {
    await on.page().evaluate(async (body) => {
      const answer = await fetch('/api/v1/operators', {method: 'POST', headers: {'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID()}, body: JSON.stringify(body)});
      if (answer.status !== 201) throw new Error(await answer.text());
    }, {id: `a-${role}`, role, password: 'a password of the walk'});
    const page = await on.browser().page({locale: 'en-US', colorScheme: 'light'});
    await page.goto('/fleet');
    await page.getByLabel('Name').fill(`a-${role}`);
    await page.getByLabel('Password').fill('a password of the walk');
    await page.getByRole('button', {name: 'Sign in'}).click();
    await page.locator('nav.menu').waitFor({state: 'attached'});
    const refused = [];
    page.on('response', (answer) => {
      if (answer.status() === 403) refused.push(`${page.url()}: ${answer.url()} is refused`);
    });
    return {page, refused};
  }

  // The buttons that stand on each page and would change something, but for those that the role may use;
  // what is done to all of a list is chosen from what the role may do.
  async function deeds(role, allowed) {
    const {page, refused} = await signedIn(role);
    const offered = [];
    for (const path of on.paths) {
      await on.visit(page, path);
      await on.drawn(page);
      const names = await page.locator('main button, main a.button').evaluateAll((all) => all.filter((one) => !one.disabled).map((one) => one.getAttribute('aria-label') ?? one.innerText.trim()));
      offered.push(...names.filter((name) => DEEDS.test(name) && !allowed.test(name)).map((name) => `${path}: ${name}`));
    }
    await page.context().close();
    return [...offered, ...refused];
  }

  test('who may only look, or helps owners, is offered nothing that would be refused, and asks for nothing of the kind', async () => {
    const faults = await Promise.all([deeds('viewer', /^(Change the password|New API key)$/), // one's own
      deeds('support', /^(Change the password|New API key|Identify|Probe|Diagnostic report|Do to all)$/)]);
    assert.deepEqual(faults.flat(), []);
  });
}
