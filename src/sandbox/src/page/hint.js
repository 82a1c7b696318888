// One small hint at a time: what a newcomer may try next. It knows no bot: it looks at what the person sees.

import { $, el, keep } from './dom.js';
import { companion } from './lists.js';
import { addressOf, current, handle, state } from './state.js';
import { say } from './words.js';

const OFF = 'hints-off';

/** Progress belongs to one run of the sandbox; a new run begins anew. */
const place = (what) => `${state.view.guild.id} ${what}`;
const mark = (what) => localStorage.setItem(place(what), 'yes');
const marked = (what) => localStorage.getItem(place(what)) === 'yes';

export const pressed = () => mark('pressed');
export const troubled = () => mark('troubled');

const hasButton = (channel) => channel.messages.some((message) => message.buttons.some((button) => !button.disabled));

const pointsAway = (channel) => channel.messages.some((message) => message.ephemeral && linked(message.content) !== channel.id && linked(message.content));

const linked = (text) => {
  const id = /<#(\d+)>/.exec(text)?.[1];
  return state.view.channels.some((channel) => channel.id === id) ? id : undefined;
};

/** The part that one plays: from outside, with rights over the server, with a role to help others, or none of these. */
const part = () => {
  const { as, can_remove_members: rules, roles } = state.view;
  if (!as.member) return 'stranger';
  if (rules) return 'administrator';
  // Everybody holds the lowest role but @everyone; whoever holds another has something to do here.
  const everyday = roles.at(-2)?.name;
  return as.roles.some((role) => role !== everyday) ? 'helper' : 'member';
};

/** Somebody without any part, who can do what the others wait for. */
const newcomer = () => state.view.people.find((person) => person.member && !person.bot && !person.owner && person.roles.length === 1);

const invites = (channel) => hasButton(channel) && !channel.private && !marked('pressed');

/** The steps, the latest first; the first whose time has come is shown. */
const STEPS = [
  ['stranger', () => part() === 'stranger'],
  ['dead', (channel) => failed(channel) && !state.view.bots],
  ['late', (channel) => failed(channel)],
  ['delete', () => marked('troubled') && state.view.can_remove_members],
  ['owner', () => marked('troubled') && met() && state.view.bots && owner()],
  ['trouble', (channel) => channel.private && marked('pressed') && met() && !(marked('troubled') && state.view.bots)],
  ['other', (channel) => channel.private && marked('pressed') && companion() && !met()],
  ['follow', (channel) => pointsAway(channel) && !channel.private],
  ['answer', (channel) => channel.private && part() === 'helper' && !channel.messages.some((message) => message.author === state.view.as.id)],
  ['rule', (channel) => invites(channel) && part() === 'administrator'],
  ['watch', (channel) => invites(channel) && part() === 'helper'],
  ['press', invites],
];

const failed = (channel) => channel.presses.some((press) => press.progress === 'failed');

const owner = () => state.view.people.find((person) => person.owner && person.member);

/** Whether more than one person has been looked through. */
const met = () => JSON.parse(localStorage.getItem(place('met')) ?? '[]').length > 1;

const meet = () => {
  const known = new Set(JSON.parse(localStorage.getItem(place('met')) ?? '[]'));
  localStorage.setItem(place('met'), JSON.stringify([...known.add(state.view.as.id)]));
};

export const drawHint = () => {
  const channel = current();
  meet();
  const step = (channel || part() === 'stranger') && localStorage.getItem(OFF) !== 'yes' ? STEPS.find(([, fits]) => fits(channel))?.[0] : undefined;
  $('hint').hidden = !step;
  const other = { other: companion, owner, watch: newcomer, rule: newcomer, stranger: newcomer }[step]?.();
  const rows = step ? [{ key: step, step, name: state.view.as.name, other: other?.name, link: other && addressOf(handle(other), channel?.id), lang: document.documentElement.lang }] : [];
  keep($('hint'), rows, drawStep);
};

const showSwitches = () => {
  if ($('panel').hidden) $('show-panel').click();
  $('switches')?.querySelector('button')?.focus();
};

const LINKS = {
  other: ({ other, link }) => other && el('a', { href: link, target: '_blank' }, say('hint_other_link', { name: other })),
  owner: ({ other, link }) => other && el('a', { href: link }, say('be', { name: other })),
  stranger: (row) => LINKS.owner(row),
  watch: (row) => LINKS.other(row),
  rule: (row) => LINKS.other(row),
  dead: (row) => LINKS.trouble(row),
  trouble: () => el('button', { type: 'button', class: 'plain', onclick: showSwitches }, say('hint_trouble_link')),
};

const drawStep = (row) => el('p', {},
  el('span', { 'aria-hidden': 'true' }, '👉 '), say(`hint_${row.step}`, { name: row.name }), ' ', LINKS[row.step]?.(row),
  el('button', { type: 'button', class: 'close', 'aria-label': say('hint_close'), title: say('hint_close'), onclick: () => turn(false) }, '×'));

const turn = (on) => {
  localStorage.setItem(OFF, on ? 'no' : 'yes');
  drawHint();
  if (!on) $('text').focus();
};

export const startHints = () => $('help').addEventListener('click', () => {
  const off = localStorage.getItem(OFF) === 'yes';
  if (off || $('hint').hidden) for (const what of ['pressed', 'troubled', 'met']) localStorage.removeItem(place(what));
  turn(off || $('hint').hidden);
});
