// sentences.mjs - what the server may say in English, read out of its source: the texts that certain
// functions are given, with {} for what is printed into them.
import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, relative, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

// Where the sentences stand that an operator may read: [files, what they are given to; "=" is the
// rows of a table].
const PLACES = [
  [/^server\/(api|http)\//, ['answer_bad', 'reply_problem', 'refuse', 'answer_subject', 'answer_wrong', 'reply_status', 'answer_json', 'answer_done', 'answer_document', 'serial_list_fault']],
  [/^server\/(store\/csv|api\/(guesses|password))\.c$/, ['']],
  [/^server\/api\/(routes_(budgets|layers|commands|contracts|vendors|rollouts|whatif)|catalogue|filtering)\.c$/, ['snprintf', '=', '']],
  [/^server\/money\/contract\w*\.c$/, ['reading_refuse', 'reading_refuse_form', 'reading_refuse_related', 'reading_explain', '=', '']],
  [/^server\/money\/(inquiry|profile|usage_row|reading|comparison|comparison_json|projection|weight)\.c$/,
    ['refuse', 'reading_refuse', 'reading_refuse_form', 'deny', 'snprintf', '=', '']],
  [/^server\/api\/routes_retention\.c$/, ['arena_format']],
  [/^server\/store\/retention\.c$/, ['', '=']],
  [/^server\/fleet\/(gate_json|rollout_plan|doctor)\.c$/, ['refuse', 'found', 'snprintf']],
  [/^server\/fleet\/filter\.c$/, ['fail', 'snprintf', '=', '']],
  [/^agent\/orders\.c$/, ['answer']],
  [/^agent\/talker_command\.c$/, ['finish']],
  [/^(agent\/link\/peer|tests\/robots\/robot)\.c$/, ['refuse']],
  [/^tests\/robots\/talk\.c$/, ['end_turn']],
  [/^agent\/software\/\w+\.c$/, ['fail', 'refuse', 'snprintf']],
  [/^schema\/base\/status\.h$/, ['X']],
  [/^(agent\/(trial_turn|prover)|tests\/robots\/tryout)\.c$/, ['fail', 'refuse', 'snprintf']],
  [/^server\/store\/(preflight\w*|rollout\w*|room|budgets|bounds|layers|leading|vendor_keys|vendor_usage|vendors|statements|terms|imports|invoice\w*|ledger_lines|installation)\.c$/,
    ['preflight_find', 'refuse', 'refuse_before', 'snprintf', 'arena_format', 'buffer_format', 'list_example']],
  [/^server\/store\/transfers\.c$/, ['end_as']],
  [/^server\/api\/routes_jobs\.c$/, ['change']],
  [/^server\/store\/job_step\.c$/, ['', '=']],
  [/^server\/jobs\/(rollout_\w+|outbox|courier)\.c$/, ['turn', 'arena_format', 'note_problem', 'fail']],
  [/^server\/bus\/\w+\.c$/, ['arena_format', 'journal_detail', 'fork_journal', 'batch_alarm', 'quarantine']],
  [/^server\/notify\/(message|post)\.c$/, ['snprintf']],
  [/^schema\/base\/json\w*\.c$/, ['refuse', 'snprintf']],
  [/^schema\/wire\/(setting|manifest|dialects)\.c$/, ['refuse', '=', '']],
  [/^schema\/wire\/trouble\.c$/, ['=']],
];

const TOKEN = /"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*|[A-Za-z_]\w*|[(){}=]/g;

const files = (folder) => readdirSync(join(root, folder), {withFileTypes: true}).flatMap((entry) => (entry.isDirectory()
  ? files(join(folder, entry.name)) : entry.name.endsWith('.c') ? [join(folder, entry.name)] : []));

// Of C's text what it is, with {} for each conversion.
function plain(literals) {
  return [...literals.matchAll(/"((?:[^"\\\n]|\\.)*)"/g)].map(([, text]) => text).join('').replaceAll(/\\(["\\])/g, '$1').replaceAll('\\n', '\n')
    .replaceAll(/%%|%[-+#0]*[\d*]*(?:\.[\d*]+)?(?:hh|h|ll|l|z|j)?[diouxXeEfgGscp]/g, (one) => (one === '%%' ? '%' : '{}'));
}

// [[given to, text]...] of one file.
function literals(source) {
  const text = source.replaceAll(/\/\*[^]*?\*\//g, '').replaceAll(/%"\s*PRI\w+\s*"/g, '%d').replaceAll(/%"\s*PRI\w+/g, '%d"');
  const open = [];
  const found = [];
  let last = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '(' || token === '{') open.push(token === '(' ? last : last === '=' ? '=' : open.at(-1) === '=' ? '=' : '');
    else if (token === ')' || token === '}') open.pop();
    else if (token.startsWith('"')) found.push([open.filter(Boolean).at(-1) ?? '', plain(token)]);
    last = token;
  }
  return found;
}

// What is in the members "problem" of a JSON text.
const problems = (text) => [...text.matchAll(/"problem":"([^"{}]+)"/g)].map(([, problem]) => problem);

// What SQL says, between its quotes; of one file in the parts that its statement is made of.
const QUERIES = /^server\/store\/(rollout_members|rollout_steps|reasons|diagnosis|invoices)\.c$/;
const isSql = (file, to) => QUERIES.test(file) && (to === 'STORE_STATEMENT' || (to === '' && file.endsWith('/invoices.c')));
const quoted = (text) => [...text.matchAll(/'([a-z][^'"]* [^']{3,})'/g)].map(([, said]) => said.replaceAll('%s', '{}'));

const isSentence = (text) => /[a-z]{2,} [A-Za-z({,"0-9.]|^[a-z]+ \{/.test(text) && !/^\s*(SELECT|WITH|UPDATE|jsonb_|\{"|,? ?"?\w+": |"[^"]*"$)|\n|\|/.test(text);

// Where robots, real and simulated, say why they refuse something; and what both sides call a failure.
const ROBOTS = ['agent/orders.c', 'agent/talker_command.c', 'agent/link/peer.c', 'agent/prover.c', 'agent/trial_turn.c', 'tests/robots/robot.c', 'tests/robots/talk.c',
  'tests/robots/tryout.c'];

// [[file, sentence]...]
export function sentences() {
  const all = [...files('server'), ...files('schema'), ...files('agent/software'), 'schema/base/status.h', ...ROBOTS].flatMap((file) => {
    const wanted = PLACES.filter(([where]) => where.test(relative('.', file))).flatMap(([, names]) => names);
    if (wanted.length === 0 && !QUERIES.test(file)) return [];
    return literals(readFileSync(join(root, file), 'utf8')).filter(([to]) => wanted.includes(to) || isSql(file, to))
      .flatMap(([to, text]) => (isSql(file, to) ? quoted(text).map((said) => [to, said]) : [[to, text]])).flatMap(([, text]) => (text.includes('"problem"') ? problems(text) : [text])).filter(isSentence).map((text) => [file, text]);
  });
  return all.filter(([, text], n) => all.findIndex(([, other]) => other === text) === n);
}
