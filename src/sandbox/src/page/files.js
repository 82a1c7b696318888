// Files: those chosen to be sent with the next message, and those that stand under a message.

import { $, el, keep } from './dom.js';
import { complain } from './notice.js';
import { current } from './state.js';
import { language, say } from './words.js';

/** As many and as large as Discord takes from somebody who pays nothing. */
const MOST = 10;
const LARGEST = 10 * 1024 * 1024;
/** What a browser draws as a picture. */
const PICTURES = /^image\/(png|jpeg|gif|webp|avif)\b/;

let chosen = [];

const size = (bytes) => {
  const [unit, number] = bytes < 1024 ? ['byte', bytes] : bytes < 1024 ** 2 ? ['kilobyte', bytes / 1024] : ['megabyte', bytes / 1024 ** 2];
  return new Intl.NumberFormat(language(), { style: 'unit', unit, maximumFractionDigits: 1 }).format(number);
};

/** Gives up the chosen files, to be sent; `giveBack` is for those that could not be. */
export const takeFiles = () => {
  const taken = chosen;
  chosen = [];
  drawChosen();
  return taken;
};

export const giveBack = (files) => {
  chosen = [...files, ...chosen].slice(0, MOST);
  drawChosen();
};

const add = (files) => {
  const fitting = [...files].filter((file) => file.size <= LARGEST);
  const room = MOST - chosen.length;
  if (fitting.length < files.length) complain(say('file_too_large', { size: size(LARGEST) }));
  else if (fitting.length > room) complain(say('too_many_files', { count: MOST }));
  chosen.push(...fitting.slice(0, room));
  drawChosen();
};

const remove = (file) => {
  chosen = chosen.filter((other) => other !== file);
  drawChosen();
};

export const drawChosen = () => {
  const may = Boolean(current()?.can_write && current().can_attach);
  $('attach').disabled = !may;
  $('attached').hidden = !chosen.length;
  const rows = chosen.map((file, index) => ({ key: String(index), name: file.name, size: size(file.size), lang: language() }));
  keep($('attached'), rows, ({ key, name, size: told }) => el('li', {}, `${name} `, el('small', {}, told),
    el('button', { type: 'button', class: 'close', 'data-part': 'remove', 'aria-label': say('remove_file', { name }), title: say('remove_file', { name }), onclick: () => remove(chosen[key]) }, '×')));
};

/** A file under a message: a picture as one, anything else as a link. */
export const drawFile = (file) => {
  // The address names this Discord as its bots know it; the page may have come under another name.
  const { pathname } = new URL(file.url);
  const picture = PICTURES.test(file.content_type ?? '');
  return el('a', { class: picture ? 'picture' : 'file', href: pathname, target: '_blank', rel: 'noreferrer', 'data-part': `file-${file.id}` },
    picture ? el('img', { src: pathname, alt: file.description ?? file.filename })
      : [el('span', { 'aria-hidden': 'true' }, '📄 '), file.filename, ' ', el('small', {}, size(file.size))]);
};

export const startFiles = () => {
  $('attach').addEventListener('click', () => $('file').click());
  $('file').addEventListener('change', () => {
    add($('file').files);
    $('file').value = '';
    $('text').focus();
  });
  $('text').addEventListener('paste', (event) => {
    if (!event.clipboardData?.files.length || $('attach').disabled) return;
    event.preventDefault();
    add(event.clipboardData.files);
  });
};
