// The side panel: what the bot asks of Discord, call by call, and the switches that make things go wrong.

import { $, el, keep } from './dom.js';
import { troubled } from './hint.js';
import { act, look } from './sandbox.js';
import { state } from './state.js';
import { exactTime, language, say } from './words.js';

const SHOWN = 200;
/** Calls with less than this between them belong to one thing that happened. */
const TOGETHER = 2000;
const CALLS = {
  calls_all: '*', calls_channel: 'POST /guilds/*/channels', calls_delete: 'DELETE /channels/*',
  calls_message: 'POST /channels/*/messages', calls_answer: 'POST /interactions/**',
};
const TIMES = { times_1: 1, times_3: 3, times_always: null };
const FAULTS = {
  slow: { delay: 2 }, slower: { delay: 4 }, error_before: { status: 500 }, error_after: { status: 500, after: true },
  reset_before: { reset: true }, reset_after: { reset: true, after: true }, limited: { retry_after: 2 },
};
const GATEWAY = ['drop', 'reconnect', 'invalidate'];
/** Lasting states of the gateway: how each is named in what the sandbox tells, switched on, and off. */
const LASTING = {
  refuse: [(line) => line.refuses, 'refuse', 'accept'], double: [(line) => line.doubled, 'double', 'single'],
  vanish: [(line) => !line.available, 'vanish', 'return'],
};
/** Names of people who left stay known. */
const names = new Map();
let drawnIn = null;

/** Looks at everything the panel shows. */
export const drawPanel = async () => {
  if ($('panel').hidden) return;
  if (drawnIn !== language()) frame();
  const seen = await Promise.all([`calls?last=${SHOWN}`, 'faults', 'gateway', 'switches'].map(look));
  if (!seen.every(Boolean)) return;
  const [calls, faults, line, switches] = seen;
  for (const [id, name] of Object.entries(calls.names)) names.set(id, `#${name}`);
  for (const [id, name] of Object.entries(state.view.users)) names.set(id, `@${name}`);
  names.set(state.view.guild.id, state.view.guild.name);
  drawBot(line, switches);
  drawFaults(faults);
  drawGateway(line);
  drawCalls(calls);
};

const select = (id, label, options) => el('label', {}, el('span', {}, say(label)),
  el('select', { id }, Object.keys(options).map((name) => el('option', { value: name }, say(name)))));

const button = (name, act_, traits = {}) => el('button', { type: 'button', class: 'switch', onclick: act_, ...traits }, say(name));

/** What stands still: drawn once for each language. */
const frame = () => {
  drawnIn = language();
  $('panel').replaceChildren(
    el('h2', {}, say('panel')),
    el('section', {}, el('h3', {}, say('bot'), ' ', el('span', { id: 'line' })), el('div', { id: 'switches', class: 'switches' })),
    el('details', { id: 'trouble' }, el('summary', {}, el('h3', {}, say('trouble')), el('span', { id: 'count' })),
      el('p', { class: 'quiet' }, say('trouble_help')),
      el('div', { class: 'choices' }, select('calls-kind', 'which_calls', CALLS), select('calls-times', 'how_often', TIMES)),
      el('div', { class: 'switches pairs' }, Object.keys(FAULTS).map((name) => button(name, () => befall(name)))),
      el('p', { id: 'none', class: 'quiet' }, say('none_in_force')), el('ul', { id: 'faults', 'aria-label': say('in_force') }),
      button('clear_faults', () => act('faults', {}, { method: 'DELETE' }), { id: 'clear' }),
      el('h4', {}, say('gateway')), el('div', { id: 'gateway', class: 'switches pairs' })),
    el('section', { id: 'log' },
      el('div', { class: 'row' }, el('h3', {}, say('calls')), button('forget', () => act('calls', {}, { method: 'DELETE' }))),
      el('p', { id: 'silence', class: 'quiet' }, say('no_calls')), el('ol', { id: 'calls', 'aria-label': say('calls') })));
};

const befall = (name) => {
  troubled();
  const times = TIMES[$('calls-times').value];
  act('faults', { calls: CALLS[$('calls-kind').value], ...FAULTS[name], ...(times && { times }) });
};

const drawBot = (line, switches) => {
  $('line').textContent = say(line.connected ? 'connected' : 'disconnected');
  $('line').className = line.connected ? 'line on' : 'line off';
  const rows = switches.map(({ name, caption }) => ({ key: name, caption: caption[language()], idle: name === 'start' && line.connected }));
  keep($('switches'), rows, ({ key: name, caption, idle }) => el('button', {
    type: 'button', class: name === 'start' ? 'switch' : 'switch grave', 'data-part': name, 'aria-disabled': idle && 'true',
    onclick: idle ? undefined : () => { troubled(); act('switches', { name }); },
  }, caption));
};

const drawFaults = (faults) => {
  $('none').hidden = faults.length > 0;
  $('clear').hidden = !faults.length;
  $('count').textContent = faults.length || '';
  keep($('faults'), faults.map((fault, index) => ({ key: index, ...fault })), (fault) => el('li', {},
    el('b', {}, titleOf(fault)), ` ${sayCalls(fault.calls)}`, fault.times !== null && el('small', {}, ` ${say('left', { count: fault.times })}`)));
};

const titleOf = (fault) => {
  const wanted = (key) => (fault[key] ?? null);
  const same = ([, known]) => ['delay', 'status', 'reset'].every((key) => (known[key] ?? null) === wanted(key)) && Boolean(known.after) === fault.after;
  const name = fault.status === 429 ? 'limited' : Object.entries(FAULTS).find(same)?.[0];
  return name ? say(name) : [fault.delay && `${fault.delay} s`, fault.status, fault.reset && say('broken')].find(Boolean) ?? '…';
};

const sayCalls = (pattern) => {
  const clean = (text) => text.replaceAll(' /', ' ').replace('/**', '');
  const known = Object.entries(CALLS).find(([, calls]) => clean(calls) === clean(pattern).replace(/^\* \*\*$/, '*'));
  return known ? say(known[0]) : pattern;
};

const drawGateway = (line) => {
  const rows = [
    ...GATEWAY.map((name) => ({ key: name, name, deed: name })),
    ...Object.entries(LASTING).map(([name, [is, on, off]]) => ({ key: name, name, lasting: true, on: is(line), deed: is(line) ? off : on })),
  ].map((row) => ({ ...row, lang: language() }));
  keep($('gateway'), rows, ({ name, lasting, on, deed }) => button(name, () => { troubled(); act('gateway', { do: deed }); }, {
    'aria-pressed': lasting && String(on), 'data-part': name,
  }));
};

const drawCalls = ({ calls, gateway }) => {
  const rows = [
    ...calls.map((call) => ({ key: call.number, at: call.at, call, path: readable(call.path) })),
    ...gateway.map((note, index) => ({ key: `${note.at} ${index}`, at: note.at, note: note.what })),
  ].sort((one, other) => (one.at < other.at ? 1 : -1)).slice(0, SHOWN);
  $('silence').hidden = rows.length > 0;
  const lang = language();
  const begins = (row, index) => index + 1 < rows.length && new Date(row.at) - new Date(rows[index + 1].at) > TOGETHER;
  keep($('calls'), rows.map((row, index) => ({ ...row, lang, first: begins(row, index) })), (row) => el('li', {
    class: row.first && 'first',
  }, row.call ? drawCall(row) : drawNote(row)));
};

/** A path with names for ids; tokens and ids nobody knows are left out. */
const readable = (path) => path.split('/').map((part) => {
  if (/^\d{15,}$/.test(part)) return names.get(part) ?? '…';
  return part.length > 30 ? '…' : part;
}).join('/');

const outcome = (call) => {
  if (call.ending === 'pending') return ['pending', say('pending')];
  if (call.ending === 'reset') return ['bad', say('broken')];
  const status = call.ending.answered;
  return [status < 300 ? 'good' : status === 429 ? 'late' : 'bad', status];
};

const duration = (ms) => {
  if (ms === null) return '';
  return ms < 1000 ? say('ms', { count: ms < 10 ? ms.toFixed(1) : Math.round(ms) }) : say('s', { count: (ms / 1000).toFixed(1) });
};

const drawCall = ({ call, path, at }) => {
  const [kind, text] = outcome(call);
  const mark = call.struck && el('span', { class: 'mark', title: say('struck'), role: 'img', 'aria-label': say('struck') }, '⚡');
  const line = [
    el('time', { datetime: at }, exactTime(at)), el('span', { class: `method ${call.method}` }, call.method),
    el('span', { class: `status ${kind}` }, mark, text), el('span', { class: 'took' }, duration(call.took)),
    el('span', { class: 'path', title: call.path }, path),
  ];
  const query = call.query.map(([name, value]) => `${name}=${value}`).join('&');
  const more = [
    !call.known && el('p', { class: 'unknown' }, say('unknown_route')), el('code', {}, `${call.method} ${call.path}${query ? `?${query}` : ''}`),
    call.reason && el('p', {}, `X-Audit-Log-Reason: ${call.reason}`), call.body && el('pre', { tabindex: 0 }, JSON.stringify(call.body, null, 2)),
  ];
  return el('details', { class: call.known ? 'call' : 'call unknown' }, el('summary', {}, line), more);
};

const drawNote = ({ note, at }) => {
  const kind = typeof note === 'string' ? note : Object.keys(note)[0];
  return el('p', { class: 'note' }, el('time', { datetime: at }, exactTime(at)), say(`note_${kind}`, { count: note[kind]?.replayed }));
};
