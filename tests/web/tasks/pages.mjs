// pages.mjs - every page of the dashboard: where it is, what it is for, and how that is done
//
// A row is {page, at, task, inTurn, do(me)}. page: as app.js has it; at: the addresses that are looked at
// once the task is done; me: a Reader; inTurn: both languages would be in each other's way.
import {HOUSE} from './house.mjs';
import {MONEY} from './money.mjs';
import {ROBOTS} from './robots.mjs';

export const PAGES = [...ROBOTS, ...HOUSE, ...MONEY];

// What the dashboard's other tests do in English is done in Chinese alone, unless everything is asked for.
export const DONE_IN_ENGLISH = ['/fleet', '/robots/:id', '/config', '/config/:kind/:id', '/rollouts/new', '/rollouts/:id', '/usage', '/attempts',
  '/whatif', '/contracts', '/budgets/:id', '/contracts/:id', '/contracts/new', '/contracts/:id/active'];

// Dialogs that nothing here opens, by the keys of their titles, and why.
export const UNTOLD = {
  'channel.owed.title.waiting': 'what waits goes out before anybody can look; channel.owed.title.dead is the same dialog',
  'own_key.retire.title': 'the fleet has one key of the kind that is retired here',
  'transfer.keep.title': 'a robot that another owner was asked for; it is a plain question like release.title',
};
