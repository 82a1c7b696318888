// The middle: the channel looked at and its messages.

import { drawBox } from './box.js';
import { $, el, keep } from './dom.js';
import { drawForm } from './form.js';
import { drawMessage } from './message.js';
import { announce } from './notice.js';
import { act } from './sandbox.js';
import { arranged, current, goTo, state } from './state.js';
import { TIMESTAMP, writeTime } from './times.js';
import { apart, say } from './words.js';

/** Messages of one person within this time stand together. */
const TOGETHER = 7 * 60 * 1000;
let heard = new Map();
/** The end of the list is in sight, and stays so. */
let atEnd = true;

/** What the words of a message may refer to. */
const context = (view) => ({
  me: view.as.id,
  say,
  go: goTo,
  user: (id) => view.users[id],
  role: (id) => view.roles.find((role) => role.id === id)?.name,
  channel: (id) => view.channels.find((channel) => channel.id === id)?.name,
  plain: (text) => plain(text, view),
});

/** A text without its marks, for a line of its own and for the ear. */
const plain = (text, view) => text
  .replace(/<@&(\d+)>/g, (tag, id) => `@${apart(view.roles.find((role) => role.id === id)?.name ?? say('deleted_role'))}`)
  .replace(/<@!?(\d+)>/g, (tag, id) => `@${apart(view.users[id] ?? id)}`)
  .replace(/<#(\d+)>/g, (tag, id) => `#${apart(view.channels.find((channel) => channel.id === id)?.name ?? say('no_access'))}`)
  .replace(new RegExp(TIMESTAMP, 'g'), (tag, seconds, style) => writeTime(seconds, style) ?? tag)
  .replace(/[*_~`|]{2,}|`/g, '');

/** By the same person for the same ears, so that they can stand together. */
const alike = (one, other) => one.author === other.author && one.ephemeral === other.ephemeral
  && one.notified.includes(state.view.as.id) === other.notified.includes(state.view.as.id);

const items = (channel, view) => channel.messages.map((message, index) => {
  const above = channel.messages[index - 1];
  const near = above && new Date(message.sent) - new Date(above.sent) < TOGETHER;
  return {
    key: message.id,
    channel: channel.id,
    message,
    follows: Boolean(near && !message.reply_to && alike(above, message)),
    press: channel.presses.find((press) => press.cause.press?.message === message.id),
    original: message.reply_to && channel.messages.find((other) => other.id === message.reply_to),
    mine: message.author === view.as.id,
    notified: message.notified.includes(view.as.id),
    canModerate: channel.can_moderate,
  };
});

/** Draws the channel looked at. */
export const drawChat = () => {
  const { view } = state;
  const channel = current();
  const list = $('messages');
  $('title').textContent = channel ? channel.name : say('no_channel');
  $('title').classList.toggle('none', !channel);
  $('title').classList.toggle('private', Boolean(channel && channel.private));
  const ctx = context(view);
  $('topic').textContent = ctx.plain(channel?.topic ?? '');
  const names = JSON.stringify([view.users, view.roles, view.channels.map(({ id, name }) => [id, name]), document.documentElement.lang]);
  const rows = channel ? items(channel, view).map((item) => ({ ...item, names })) : [];
  keep(list, [...opening(channel, names), ...rows, ...lapsed(channel)], (item) => item.draw ? PLACES[item.draw](item) : drawMessage(item, ctx));
  keepInSight(list, channel);
  drawBox();
  drawForm(ctx);
  tell(channel, ctx);
};

/** Goes to the end with what one waits for, and with what one writes; of what others write there is a word. */
const keepInSight = (list, channel) => {
  const { channel: before, last } = list.dataset;
  list.dataset.channel = channel?.id ?? '';
  list.dataset.last = channel?.messages.at(-1)?.id ?? '';
  const moved = before !== list.dataset.channel;
  const fresh = moved ? [] : (channel?.messages ?? []).filter((message) => BigInt(message.id) > BigInt(last));
  const own = fresh.length > 0 && (state.expecting || fresh.some((message) => message.ephemeral || message.author === state.view.as.id));
  if (own || moved) state.expecting = false;
  if (own || moved || atEnd) toEnd();
  else if (fresh.length) $('newer').hidden = false;
};

const toEnd = () => {
  $('messages').scrollTop = $('messages').scrollHeight;
  $('newer').hidden = true;
  atEnd = true;
};

export const startChat = () => {
  const list = $('messages');
  list.addEventListener('scroll', () => {
    atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
    if (atEnd) $('newer').hidden = true;
  });
  // A picture takes room when it has arrived.
  list.addEventListener('load', () => atEnd && toEnd(), true);
  // The hint, the box and the keyboard of a phone take room below.
  new ResizeObserver(() => atEnd && toEnd()).observe(list);
  $('newer').addEventListener('click', () => { toEnd(); $('text').focus(); });
};

/** What stands above all messages: the channel's beginning, or why there is nothing. */
const opening = (channel, names) => {
  if (channel) return [{ key: `top ${channel.id}`, draw: 'top', name: channel.name, names }];
  const { as } = state.view;
  return [{ key: 'none', draw: as.member ? 'hidden' : 'outside', name: as.name, id: as.id, first: first(), names }];
};

const first = () => {
  const channel = arranged(state.view).find((known) => !known.category);
  return channel && { id: channel.id, name: channel.name };
};

/** Commands that the bot let lapse; a press that lapsed is shown at its button. */
const lapsed = (channel) => (channel?.presses ?? [])
  .filter((press) => !press.cause.press && press.progress === 'failed')
  .map((press) => ({ key: press.id, draw: 'lapsed', name: press.cause.command ? `/${press.cause.command.name}` : say('form_sent') }));

const PLACES = {
  top: ({ name }) => el('li', { class: 'top' }, el('span', { class: 'hash', 'aria-hidden': 'true' }, '#'), say('beginning', { name })),
  hidden: ({ name, first: to }) => el('li', { class: 'empty' }, el('p', {}, say('not_yours', { name })),
    to && el('button', { type: 'button', class: 'key secondary', onclick: () => goTo(to.id) }, say('back', { name: to.name }))),
  outside: ({ name, id }) => el('li', { class: 'empty' }, el('p', {}, say('not_member', { name })),
    el('button', { type: 'button', class: 'key secondary', onclick: () => act('join', { as: id }) }, say('come_back', { name }))),
  lapsed: ({ name }) => el('li', { class: 'message failed' }, `${name}: ${say('failed')}`),
};

/** Reads aloud what is new in the channel looked at. */
const tell = (channel, ctx) => {
  const place = `${state.who} ${channel?.id}`;
  const known = heard.get(place);
  const now = new Set(channel?.messages.map((message) => `${message.id} ${message.thinking} ${message.content}`));
  if (known) {
    for (const message of channel?.messages ?? []) {
      if (known.has(`${message.id} ${message.thinking} ${message.content}`)) continue;
      const words = message.thinking ? say('thinking', { name: message.author_name })
        : `${message.author_name}: ${ctx.plain(message.content || message.embeds[0]?.title || '')}`;
      announce(message.ephemeral ? `${words} (${say('only_you')})` : words);
    }
  }
  heard = new Map([[place, now]]);
};
