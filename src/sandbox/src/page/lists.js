// The left and the right column: the channels this person sees, who one is, and who else sees the channel.

import { $, avatar, el, keep } from './dom.js';
import { dots, offer, open } from './menu.js';
import { act } from './sandbox.js';
import { addressOf, arranged, become, current, goTo, handle, state } from './state.js';
import { say } from './words.js';
import { shut } from './layout.js';

/** Who has read how far, in this window. */
const read = new Map();
const NEWCOMERS = ['Vera', 'Max', 'Nina', 'Oleg', 'Kira', 'Timur', 'Lena', 'Igor'];

const later = (one, other) => BigInt(one ?? 0) > BigInt(other ?? 0);

export const drawChannels = () => {
  const here = current();
  const last = here?.messages.at(-1)?.id;
  if (here && last) read.set(`${state.who} ${here.id}`, last);
  const rows = arranged(state.view).map((channel) => {
    const mark = read.get(`${state.who} ${channel.id}`);
    const fresh = channel.messages.filter((message) => later(message.id, mark) && message.author !== state.view.as.id);
    return {
      key: channel.id, id: channel.id, name: channel.name, category: channel.category, hidden: channel.private,
      current: channel.id === here?.id, unread: fresh.length > 0, deletable: channel.can_delete,
      pings: fresh.filter((message) => message.notified.includes(state.view.as.id)).length, lang: document.documentElement.lang,
    };
  });
  keep($('channels'), rows, drawChannel);
  $('guild').textContent = state.view.guild.name;
  $('server').textContent = [...state.view.guild.name][0]?.toUpperCase() ?? '?';
  $('server').setAttribute('aria-label', state.view.guild.name);
  const pings = rows.reduce((sum, row) => sum + row.pings, 0);
  document.title = `${pings ? `(${pings}) ` : ''}${here ? `#${here.name}` : ''} · ${state.view.as.name} · sandbox`;
};

const drawChannel = (row) => {
  const deeds = () => deedsAtChannel(row);
  const label = [row.name, row.hidden && say('private_channel'), row.unread && say('unread')].filter(Boolean).join(', ');
  const name = row.category ? el('h3', {}, row.name) : el('button', {
    type: 'button', class: row.unread ? 'room unread' : 'room', 'aria-label': label, 'data-part': 'room',
    'aria-current': row.current && 'page', onclick: () => { goTo(row.id); shut(); },
  }, el('span', { class: row.hidden ? 'hash private' : 'hash', 'aria-hidden': 'true' }, '#'), el('span', { class: 'name' }, row.name),
  row.pings > 0 && el('span', { class: 'pings', 'aria-hidden': 'true' }, row.pings));
  const node = el('div', { class: row.category ? 'category' : 'channel' }, name,
    deeds().length > 0 && dots(say('actions', { name: row.name }), deeds));
  offer(node, deeds);
  return node;
};

const deedsAtChannel = (row) => row.deletable
  ? [{ caption: say('delete_channel'), grave: true, act: () => act('delete', { channel: row.id }) }] : [];

const roleOf = (person) => (person.owner ? say('owner') : state.view.roles.find((role) => person.roles.includes(role.name))?.name);

/** Who one can be. */
export const drawPeople = () => {
  const people = state.view.people.filter((person) => !person.bot);
  const strange = (person) => current()?.private && !current().seen_by.includes(person.id) && say('does_not_see');
  const rows = people.map((person) => ({ key: person.id, handle: handle(person), parts: [person.name, roleOf(person), strange(person)] }));
  rows.push({ key: 'new', handle: '', parts: [say('somebody')] });
  keep($('who'), rows, ({ handle: value, parts }) => el('option', { value }, parts.filter(Boolean).join(' · ')));
  $('who').value = handle(state.view.as);
  $('face').replaceWith(Object.assign(avatar(state.view.as.id, state.view.as.name), { id: 'face' }));
  const other = companion() ?? state.view.as;
  $('window').href = addressOf(handle(other), current()?.id);
  $('window').setAttribute('aria-label', say('window_as', { name: other.name }));
  $('window').title = say('window_as', { name: other.name });
};

/** Somebody else who sees the same channel, the owner last: to look from the other side. */
export const companion = () => {
  const seen = new Set(current()?.seen_by);
  const others = state.view.people.filter((person) => !person.bot && seen.has(person.id) && person.id !== state.view.as.id);
  return others.find((person) => !person.owner) ?? others[0];
};

const choose = async () => {
  const value = $('who').value;
  if (value) return become(value);
  const taken = new Set(state.view.people.map((person) => person.name));
  const name = NEWCOMERS.find((free) => !taken.has(free)) ?? `Guest ${taken.size}`;
  const joined = await act('join', { name });
  if (!joined) return;
  state.arriving = true;
  become(state.view.people.some((person) => person.account === name.toLowerCase()) ? joined.id : name.toLowerCase());
};

export const drawMembers = () => {
  const seen = new Set(current()?.seen_by ?? []);
  const people = state.view.people.filter((person) => seen.has(person.id));
  const groups = state.view.roles.map((role) => ({ role, people: [] }));
  for (const person of people) {
    (groups.find(({ role }) => person.roles.includes(role.name)) ?? groups.at(-1)).people.push(person);
  }
  // A role that nobody here holds is still one that can be deleted.
  const shown = groups.filter((group) => group.people.length);
  const rows = shown.flatMap(({ role, people: held }) => [
    { key: role.id, role, count: held.length, deletable: state.view.can_delete_roles && !role.managed && role.id !== state.view.guild.id },
    ...held.map((person) => ({ key: person.id, person, handle: handle(person), removable: removable(person) })),
  ]);
  const lang = document.documentElement.lang;
  keep($('members'), rows.map((row) => ({ ...row, lang })), (row) => (row.role ? drawRole(row) : drawMember(row)));
};

const removable = (person) => state.view.can_remove_members && !person.owner && person.id !== state.view.as.id;

const drawRole = ({ role, count, deletable }) => {
  const caption = say('delete_role', { name: role.name });
  const deeds = () => (deletable ? [{ caption, grave: true, act: () => act('delete', { role: role.id }) }] : []);
  const node = el('div', { class: 'group' }, el('h3', {}, el('bdi', {}, role.name.replace('@', '')), ` — ${count}`),
    deletable && dots(say('actions', { name: role.name }), deeds));
  offer(node, deeds);
  return node;
};

const drawMember = ({ person, handle: who, removable: may }) => {
  const deeds = () => [
    ...(person.bot ? [] : [
      { caption: say('be', { name: person.name }), act: () => become(who) },
      { caption: say('window_as', { name: person.name }), act: () => window.open(addressOf(who, current()?.id), '_blank') },
    ]),
    ...(may ? [{ caption: say('remove_member', { name: person.name }), grave: true, act: () => act('leave', { as: person.id }) }] : []),
  ];
  const show = (event) => {
    const { left, bottom } = event.currentTarget.getBoundingClientRect();
    if (deeds().length) open(deeds(), left, bottom);
  };
  const node = el('button', { type: 'button', class: 'member', 'data-part': 'member', 'aria-haspopup': 'menu', onclick: show },
    avatar(person.id, person.name, person.bot ? 'robot' : ''), el('span', { class: 'name' }, person.name),
    person.bot && el('span', { class: 'app' }, say('app')), person.owner && el('span', { role: 'img', 'aria-label': say('owner'), title: say('owner') }, '👑'));
  offer(node, deeds);
  return node;
};

export const startLists = () => {
  $('who').addEventListener('change', choose);
  $('server').addEventListener('click', () => goTo(arranged(state.view).find((channel) => !channel.category)?.id ?? null));
};
