// talks.mjs - whether what simulated robots were asked was answered and metered, each once, by what
// three know of it: the robots themselves, the vendors' ledger, the database.
import {until} from './fleet.mjs';

const NOT_SENT = 5; // of provenances
const HEARD = [1, 2, 4]; // of outcomes: whole, as long as it may be, until the owner had enough

export class Talks {
  constructor(fleet) {
    this.fleet = fleet;
  }

  // From now on so many robots, who have been configured before, talk so often a minute.
  async begin(robots, rate) {
    const {fleet} = this;
    this.robots = robots;
    await fleet.up('--robots', '0', '--talk-rate', '0');
    [[this.since]] = await fleet.sql('SELECT extract(epoch FROM clock_timestamp()) * 1000');
    await fleet.up('--robots', String(robots), '--talk-rate', String(rate));
    await until(300, () => 'not all robots are online', async () => (await fleet.ctl('fleet')).online >= robots + 1);
  }

  #lines() {
    return this.fleet.log('myna-robots').split('\n').filter((text) => / turns \d+ failed /.test(text));
  }

  // What the robots said of themselves last, by lines: one of each of the programs that share them, as many
  // as have that many robots together. Null: not all of them have said anything yet.
  #last(lines) {
    const sums = {turns: 0, failed: 0, limited: 0, pending: 0};
    const names = {turns: 'turns', failed: 'failed', limited: 'limited', pending: 'pending records'};
    for (let robots = 0; robots < this.robots;) {
      const line = lines.pop();
      if (!line) return null;
      const of = (name) => Number(line.match(new RegExp(`\\b${name} (\\d+)`))[1]);
      for (const [key, name] of Object.entries(names)) sums[key] += of(name);
      robots += Number(line.match(/ robots \d+ of (\d+)/)[1]);
    }
    return sums;
  }

  // Stops the robots, has them tell the server what is left, and compares. What the stop itself cut short is
  // no loss. A loss is told by the turn, or by a number that does not agree.
  async end() {
    const {fleet} = this;
    const [[stop]] = await fleet.sql('SELECT extract(epoch FROM clock_timestamp()) * 1000');
    await fleet.up('--robots', '0', '--talk-rate', '0');
    const before = this.#lines();
    const told = this.#last([...before]);
    if (told.pending > 0) {
      await fleet.up('--talk-rate', '0', '--robots', String(this.robots));
      await until(300, () => 'the robots still keep records', () => this.#last(this.#lines().slice(before.length))?.pending === 0);
    }
    const rows = (await fleet.sql(`SELECT turn || '-' || attempt, turn, provenance, outcome,
      extract(epoch FROM at) * 1000 + duration_ms >= ${stop}, device_id LIKE 'sim-%' AND purpose = 0
      FROM myna.usage WHERE device_id <> '' AND extract(epoch FROM at) * 1000 >= ${this.since}`))
      .map(([id, turn, provenance, outcome, isCut, isTalk]) =>
        ({id, turn, provenance: Number(provenance), outcome: Number(outcome), isCut: isCut === 't', isTalk: isTalk === 't'}));
    return {turns: told.turns, lost: [...this.#lost(told, rows.filter(({isTalk}) => isTalk)), ...this.#unequal(rows)]};
  }

  #lost(told, rows) {
    const turns = new Map();
    for (const row of rows) turns.set(row.turn, [...(turns.get(row.turn) ?? []), row]);
    const lost = [...turns].filter(([, attempts]) => !attempts.some(({outcome, isCut}) => isCut || HEARD.includes(outcome)))
      .map(([turn, attempts]) => `${turn} was not answered: ended as ${attempts.map(({outcome}) => outcome).join(', ')}`);
    if (told.failed + told.limited > 0) lost.push(`${told.failed} turns failed, ${told.limited} of them by a limit`);
    if (turns.size !== told.turns) lost.push(`${told.turns} turns were asked, ${turns.size} were metered`);
    return lost;
  }

  // What was sent stands in the ledger, once, and what was not does not.
  #unequal(rows) {
    const times = new Map();
    const count = (id, side) => times.set(id, {...times.get(id), [side]: (times.get(id)?.[side] ?? 0) + 1});
    for (const {id, provenance} of rows) count(id, provenance === NOT_SENT ? 'unsent' : 'metered');
    for (const {request_id: id, at} of this.fleet.ledger()) if (Date.parse(at) >= this.since) count(id, 'billed');
    return [...times].filter(([, {metered = 0, billed = 0, unsent = 0}]) => metered !== billed || metered + unsent !== 1)
      .map(([id, counts]) => `${id}: ${JSON.stringify(counts)}`);
  }
}
