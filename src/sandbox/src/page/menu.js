// A menu of deeds at a thing: by right click, by the menu key, or by the button beside it.

import { $, el } from './dom.js';
import { find, remember } from './focus.js';

let opener = null;

/** Offers `entries()` at `node`; they are `{ caption, act, grave }`. An empty list is no menu. */
export const offer = (node, entries) => {
  node.addEventListener('contextmenu', (event) => {
    const list = entries();
    if (!list.length) return;
    event.preventDefault();
    event.stopPropagation();
    const { left, bottom } = node.getBoundingClientRect();
    const byKey = event.clientX === 0 && event.clientY === 0;
    open(list, byKey ? left : event.clientX, byKey ? bottom : event.clientY);
  });
};

/** The button that opens the same menu. */
export const dots = (label, entries) => el('button', {
  class: 'dots', type: 'button', 'aria-label': label, 'aria-haspopup': 'menu', 'data-part': 'dots', title: label,
  onclick: (event) => {
    const { left, bottom } = event.currentTarget.getBoundingClientRect();
    event.stopPropagation();
    open(entries(), left, bottom + 2);
  },
}, '⋯');

export const open = (entries, x, y) => {
  const menu = $('menu');
  opener = remember(document.activeElement);
  menu.replaceChildren(...entries.map(({ caption, act, grave }) => el('button', {
    role: 'menuitem', type: 'button', class: grave ? 'grave' : '', tabindex: -1,
    onclick: () => { close(); act(); },
  }, caption)));
  menu.hidden = false;
  menu.style.left = `${Math.max(4, Math.min(x, innerWidth - menu.offsetWidth - 8))}px`;
  menu.style.top = `${Math.max(4, Math.min(y, innerHeight - menu.offsetHeight - 8))}px`;
  menu.firstChild.focus();
};

const close = () => {
  if ($('menu').hidden) return;
  // First the focus, so that it is never nowhere; what the menu belongs to may have been drawn anew meanwhile.
  find(opener).focus({ preventScroll: true });
  $('menu').hidden = true;
};

const step = (by) => {
  const entries = [...$('menu').children];
  const next = entries.indexOf(document.activeElement) + by;
  entries[(next + entries.length) % entries.length].focus();
};

const KEYS = { ArrowDown: () => step(1), ArrowUp: () => step(-1), Escape: close, Tab: close };

export const start = () => {
  $('menu').addEventListener('keydown', (event) => {
    if (!KEYS[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    KEYS[event.key]();
  });
  document.addEventListener('pointerdown', (event) => { if (!$('menu').contains(event.target)) close(); });
  addEventListener('blur', close);
};
