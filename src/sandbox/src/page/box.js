// The box to write in: what is sent, and what it offers while one writes: commands after `/`, names after `@`.

import { $, el, keep } from './dom.js';
import { drawChosen, giveBack, takeFiles } from './files.js';
import { act } from './sandbox.js';
import { current, state } from './state.js';
import { locale, say } from './words.js';

const MOST_OFFERED = 8;
/** A text whose offers were put away. */
let declined = null;

export const drawBox = () => {
  const channel = current();
  const writable = Boolean(channel?.can_write);
  $('say').hidden = !channel;
  $('text').disabled = $('send').disabled = !writable;
  $('text').placeholder = writable ? say('write', { name: channel.name }) : say('may_not_write');
  $('text').setAttribute('aria-label', $('text').placeholder);
  drawOffers();
  drawChosen();
};

/** Who can be mentioned: `[name, tag]`. */
const targets = ({ roles, people }) => [
  ...people.flatMap((person) => [[person.name, `<@${person.id}>`], [person.account, `<@${person.id}>`]]),
  ...roles.map((role) => [role.name, `<@&${role.id}>`]),
].filter(([name]) => name && !name.startsWith('@'));

/** `@name` becomes a mention, as Discord's own box makes it one. */
const withMentions = (text) => targets(state.view).sort(([one], [other]) => other.length - one.length)
  .reduce((said, [name, tag]) => said.replaceAll(`@${name}`, tag), text);

const commands = (start) => state.view.commands
  .map((known) => ({ take: known.name, name: known.names?.[locale()] ?? known.name, about: known.descriptions?.[locale()] ?? known.description }))
  .filter(({ name }) => name.startsWith(start)).sort((one, other) => one.name.length - other.name.length)
  .map(({ name, about, take }) => ({ key: `/${name}`, about, take }));

/** Names that go on as it was begun; none when one is complete, so that Enter sends. */
const mentions = (start) => {
  const begun = start.toLowerCase();
  const seen = new Set(current().seen_by);
  const people = state.view.people.filter((person) => seen.has(person.id));
  const names = targets({ roles: state.view.roles, people: people.map(({ name, id }) => ({ name, id })) }).map(([name]) => name);
  if (names.some((name) => name.toLowerCase() === begun)) return [];
  return [...new Set(names)].filter((name) => name.toLowerCase().startsWith(begun)).map((name) => ({ key: `@${name}`, start }));
};

const offered = () => {
  const text = $('text').value;
  if (!current()?.can_write || text === declined) return [];
  const [, command] = /^\/(\S*)$/.exec(text) ?? [];
  const [, name] = /(?:^|\s)@(\S*)$/.exec(text) ?? [];
  return command !== undefined ? commands(command) : name !== undefined ? mentions(name) : [];
};

const drawOffers = () => {
  const found = offered().slice(0, MOST_OFFERED);
  $('offers').hidden = !found.length;
  keep($('offers'), found, ({ key, about, take, start }) => el('button', {
    type: 'button', 'data-part': key, onclick: () => (take ? run(take) : complete(key, start)),
  }, el('b', {}, key), about && ` ${about}`));
};

const write = (text) => {
  $('text').value = text;
  $('text').focus();
  drawOffers();
};

const complete = (name, start) => write(`${$('text').value.slice(0, -start.length - 1)}${name} `);

const run = (name) => {
  write('');
  state.expecting = true;
  act('command', { as: state.who, channel: current()?.id, name, locale: locale(), at_once: true });
};

const send = async () => {
  const text = $('text').value.trim();
  const channel = current();
  if (!channel?.can_write) return;
  const files = takeFiles();
  if (!text && !files.length) return;
  write('');
  const sent = await act('say', { as: state.who, channel: channel.id, text: withMentions(text) }, { files });
  if (sent) return;
  // What could not be sent is given back, unless something else has been written since.
  giveBack(files);
  if (!$('text').value) write(text);
};

const away = () => {
  declined = $('text').value;
  write(declined);
};

/** What a key means in the box; with something on offer, it is for the offers first. */
const KEYS = {
  Enter: (event, [first]) => (event.shiftKey ? undefined : first ? () => first.click() : send),
  Tab: (event, [first]) => (event.shiftKey || !first ? undefined : () => first.click()),
  ArrowDown: (event, [first]) => first && (() => first.focus()),
  ArrowUp: (event, offers) => offers.length && (() => offers.at(-1).focus()),
  Escape: (event, offers) => offers.length && away,
};

const onKey = (event, deed) => {
  if (!deed || event.isComposing) return;
  event.preventDefault();
  event.stopPropagation();
  deed();
};

const STEPS = { ArrowDown: 'nextElementSibling', ArrowUp: 'previousElementSibling' };

export const startBox = () => {
  // The link's own jump would put "text" where the address names the channel.
  $('skip').addEventListener('click', (event) => { event.preventDefault(); $('text').focus(); });
  $('say').addEventListener('submit', (event) => { event.preventDefault(); send(); });
  $('text').addEventListener('input', drawOffers);
  $('text').addEventListener('keydown', (event) => onKey(event, KEYS[event.key]?.(event, [...$('offers').children])));
  $('offers').addEventListener('keydown', (event) => {
    const step = STEPS[event.key];
    onKey(event, event.key === 'Escape' ? away : step && (() => (event.target[step] ?? $('text')).focus()));
  });
};
