// One message as Discord shows it: who and when, the words, embeds, buttons, and what becomes of a press.

import { avatar, el } from './dom.js';
import { drawFile } from './files.js';
import { markdown } from './markdown.js';
import { dots, offer } from './menu.js';
import { act } from './sandbox.js';
import { drawMenu } from './select.js';
import { state } from './state.js';
import { fullTime, locale, say, shortTime } from './words.js';
import { pressed } from './hint.js';

const STYLES = { 1: 'primary', 2: 'secondary', 3: 'success', 4: 'danger', 5: 'link' };

/** Draws an item: `{ message, ctx… }`, where `follows` tells that the one above is by the same person. */
export const drawMessage = (item, ctx) => {
  const { message, follows, press, original } = item;
  const deeds = () => deedsAt(item);
  const classes = ['message', follows && 'follows', message.ephemeral && 'private', item.notified && 'notified'];
  const node = el('li', { class: classes.filter(Boolean).join(' '), id: `m${message.id}` },
    message.reply_to && reply(original, ctx),
    follows ? el('time', { class: 'margin', datetime: message.sent, title: fullTime(message.sent) }, shortTime(message.sent))
      : avatar(message.author, message.author_name, message.automatic ? 'robot' : ''),
    el('div', { class: 'body' },
      !follows && head(message),
      message.thinking ? thinking(message) : words(message, ctx),
      message.embeds.map((embed) => drawEmbed(embed, ctx)),
      message.files.length > 0 && el('div', { class: 'files' }, message.files.map(drawFile)),
      message.buttons.length > 0 && el('div', { class: 'buttons' }, message.buttons.map((button) => key(item, button))),
      press?.progress === 'failed' && el('p', { class: 'failed' }, say('failed')),
      message.ephemeral && ephemeral(message)),
    deeds().length > 0 && dots(say('actions', { name: say('a_message') }), deeds));
  offer(node, deeds);
  return node;
};

const head = (message) => el('div', { class: 'head' },
  el('strong', { class: 'author' }, message.author_name),
  message.automatic && el('span', { class: 'app' }, say('app')),
  el('time', { datetime: message.sent, title: fullTime(message.sent) }, shortTime(message.sent)));

const words = (message, ctx) => (message.content || message.edited) && el('div', { class: 'words' },
  markdown(message.content, ctx), message.edited && el('small', { class: 'edited' }, ` ${say('edited')}`));

const thinking = (message) => el('div', { class: 'words thinking' },
  el('span', { class: 'wave', 'aria-hidden': 'true' }, el('i'), el('i'), el('i')),
  say('thinking', { name: message.author_name }));

const reply = (original, ctx) => {
  if (!original) return el('div', { class: 'reply gone' }, say('original_gone'));
  const text = ctx.plain(original.content || original.embeds[0]?.title || '');
  const label = say('replies_to', { name: original.author_name, text });
  const show = () => document.getElementById(`m${original.id}`)?.scrollIntoView({ block: 'center' });
  return el('button', { class: 'reply', type: 'button', 'aria-label': label, 'data-part': 'reply', onclick: show },
    avatar(original.author, original.author_name, 'tiny'), el('b', {}, original.author_name), el('span', {}, text));
};

const drawEmbed = (embed, ctx) => {
  const box = el('div', { class: 'embed' },
    embed.author?.name && el('div', { class: 'byline' }, embed.author.name),
    embed.title && el('div', { class: 'title' }, ...markdown(embed.title, ctx)),
    embed.description && el('div', { class: 'description' }, ...markdown(embed.description, ctx)),
    embed.fields?.length > 0 && el('div', { class: 'fields' }, embed.fields.map((field) => el('div', {
      class: field.inline ? 'field inline' : 'field',
    }, el('b', {}, ...markdown(field.name, ctx)), el('div', {}, ...markdown(field.value, ctx))))),
    embed.footer?.text && el('small', { class: 'footer' }, embed.footer.text));
  if (embed.color) box.style.borderInlineStartColor = `#${embed.color.toString(16).padStart(6, '0')}`;
  return box;
};

const key = ({ message, channel, press }, button) => {
  const waits = press?.progress === 'waiting' && press.cause.press.custom_id === button.custom_id;
  const use = (values = []) => {
    pressed();
    state.expecting = true;
    act('press', { as: state.who, channel, message: message.id, button: button.custom_id, values, locale: locale(), at_once: true });
  };
  if (button.menu) return drawMenu(button.menu, waits, use);
  if (button.url) return el('a', { class: 'key secondary', href: button.url, target: '_blank', rel: 'noreferrer', 'data-part': `key-${button.url}` }, button.label ?? button.url, ' ↗');
  return el('button', {
    type: 'button', class: `key ${STYLES[button.style] ?? 'secondary'}`, disabled: button.disabled,
    'data-part': `key-${button.custom_id}`, 'aria-busy': waits && 'true', onclick: waits ? undefined : () => use(),
  }, button.emoji && el('span', { class: 'emoji', 'aria-hidden': 'true' }, button.emoji), el('span', {}, button.label ?? ''),
  waits && el('span', { class: 'wave', 'aria-hidden': 'true' }, el('i'), el('i'), el('i')));
};

const ephemeral = (message) => el('div', { class: 'ephemeral' },
  el('span', { 'aria-hidden': 'true' }, '👁'), ` ${say('only_you')} · `,
  el('button', { type: 'button', class: 'plain', 'data-part': 'dismiss', onclick: () => remove(message) }, say('dismiss')));

const remove = (message) => act('delete', { message: message.id });

const deedsAt = ({ message, mine, canModerate }) => {
  const caption = message.ephemeral ? say('dismiss') : say('delete_message');
  const may = message.ephemeral || mine || canModerate;
  return may ? [{ caption, grave: !message.ephemeral, act: () => remove(message) }] : [];
};
