// What people and bots write, as Discord shows it: mentions become names, stars become bold. The result is elements and
// text; nothing anybody writes is ever read as HTML.

import { el } from './dom.js';
import { TIMESTAMP, drawTime } from './times.js';

/** The forms, each with how it is drawn from its match. The first that fits at a place wins. */
const FORMS = [
  [/```(?:[a-z0-9+-]*\n)?([\s\S]+?)```/, (match) => el('pre', {}, match[1].replace(/\n$/, ''))],
  [/`([^`\n]+)`/, (match) => el('code', {}, match[1])],
  [/\\([\\*_~|`>#<@-])/, (match) => match[1]],
  [/<@&(\d+)>/, (match, ctx) => mention(`@${ctx.role(match[1]) ?? ctx.say('deleted_role')}`)],
  [/<@!?(\d+)>/, (match, ctx) => mention(`@${ctx.user(match[1]) ?? match[1]}`, match[1] === ctx.me)],
  [/<#(\d+)>/, (match, ctx) => channelLink(match[1], ctx)],
  [/@(?:everyone|here)\b/, (match) => mention(match[0])],
  [/<\/([^:>]+):\d+>/, (match) => mention(`/${match[1]}`)],
  [TIMESTAMP, (match) => drawTime(match[1], match[2]) ?? match[0]],
  [/<a?:(\w+):\d+>/, (match) => `:${match[1]}:`],
  [/\*\*([\s\S]+?)\*\*(?!\*)/, (match, ctx) => el('strong', {}, ...inline(match[1], ctx))],
  [/__([\s\S]+?)__/, (match, ctx) => el('u', {}, ...inline(match[1], ctx))],
  [/~~([\s\S]+?)~~/, (match, ctx) => el('s', {}, ...inline(match[1], ctx))],
  [/\|\|([\s\S]+?)\|\|/, (match, ctx) => spoiler(match[1], ctx)],
  [/\*(?=\S)([^*\n]+?)\*/, (match, ctx) => el('em', {}, ...inline(match[1], ctx))],
  [/\b_(?=\S)([^_\n]+?)_\b/, (match, ctx) => el('em', {}, ...inline(match[1], ctx))],
  [/\[([^\]\n]+)\]\((https?:\/\/[^\s)]+)\)/, (match) => link(match[2], match[1])],
  [/https?:\/\/[^\s<>]+[^\s<>.,;:!?)'"]/, (match) => link(match[0], match[0])],
];
const ANY = new RegExp(FORMS.map(([form]) => form.source.replace(/\((?!\?)/g, '(?:')).join('|'));

const mention = (name, mine) => el('span', { class: mine ? 'mention mine' : 'mention' }, name);

const link = (href, text) => el('a', { href, target: '_blank', rel: 'noreferrer' }, text);

const spoiler = (text, ctx) => el('span', { class: 'spoiler', tabindex: 0 }, ...inline(text, ctx));

const channelLink = (id, ctx) => {
  const name = ctx.channel(id);
  if (!name) return mention(`#${ctx.say('no_access')}`);
  const go = (event) => { event.preventDefault(); ctx.go(id); };
  return el('a', { class: 'mention', href: `#${id}`, 'data-part': `go-${id}`, onclick: go }, `#${name}`);
};

/** The parts of a line. */
export const inline = (text, ctx) => {
  const parts = [];
  let rest = text;
  for (let found = ANY.exec(rest); found; found = ANY.exec(rest)) {
    if (found.index) parts.push(rest.slice(0, found.index));
    parts.push(drawn(found[0], ctx));
    rest = rest.slice(found.index + found[0].length);
  }
  if (rest) parts.push(rest);
  return parts;
};

const drawn = (text, ctx) => {
  for (const [form, draw] of FORMS) {
    const match = form.exec(text);
    if (match?.index === 0 && match[0].length === text.length) return draw(match, ctx);
  }
  return text;
};

const BLOCKS = [
  [/^(#{1,3}) +(.+)$/, (match, ctx) => el('div', { class: `heading h${match[1].length}` }, ...inline(match[2], ctx))],
  [/^-# +(.+)$/, (match, ctx) => el('small', {}, ...inline(match[1], ctx))],
  [/^> +(.*)$/, (match, ctx) => el('blockquote', {}, ...inline(match[1], ctx))],
  [/^[-*] +(.+)$/, (match, ctx) => el('div', { class: 'bullet' }, ...inline(match[1], ctx))],
];

/** A whole text, line by line; only a block of code spans several. */
export const markdown = (text, ctx) => {
  if (text.includes('```')) return inline(text, ctx);
  const parts = [];
  let block = true;
  for (const line of text.split('\n')) {
    const [form, draw] = BLOCKS.find(([known]) => known.test(line)) ?? [];
    if (!form && !block) parts.push('\n');
    parts.push(...(form ? [draw(form.exec(line), ctx)] : inline(line, ctx)));
    block = Boolean(form);
  }
  return parts;
};
