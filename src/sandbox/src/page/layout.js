// How the page is arranged: columns that open and close, light and dark, the language.

import { $ } from './dom.js';
import { caption, language, say, switchLanguage } from './words.js';

const THEMES = ['auto', 'light', 'dark'];
const SIGNS = { auto: '◐', light: '☀', dark: '☾' };
const SIDES = ['members', 'panel'];

const wide = (rem) => matchMedia(`(min-width: ${rem}rem)`).matches;
/** Where side columns lie over the messages; the style sheet has the same number. */
const narrow = matchMedia('(max-width: 64rem)');

const theme = () => localStorage.getItem('theme') ?? 'auto';

const dress = () => {
  document.documentElement.dataset.theme = theme();
  $('theme').textContent = SIGNS[theme()];
  const label = say('theme', { name: say(`theme_${theme()}`) });
  $('theme').setAttribute('aria-label', label);
  $('theme').title = label;
};

/** All captions that do not depend on what is seen. */
export const dressUp = () => {
  caption();
  dress();
  const other = language() === 'en' ? 'RU' : 'EN';
  $('language').textContent = other;
  $('language').setAttribute('aria-label', say('language'));
  $('language').title = say('language');
};

/** Opens or closes a side column; where there is room for one only, the other closes. */
const showSide = (side, wish) => {
  $(side).hidden = !wish;
  if (wish && !wide(94)) for (const other of SIDES) if (other !== side) $(other).hidden = true;
  if (wish) document.body.classList.remove('drawer');
  for (const known of SIDES) $(`show-${known}`).setAttribute('aria-expanded', String(!$(known).hidden));
};

/** Closes whatever lies over the messages. */
export const shut = () => {
  document.body.classList.remove('drawer');
  $('drawer').setAttribute('aria-expanded', 'false');
  if (narrow.matches) for (const side of SIDES) showSide(side, false);
};

const toggleDrawer = () => {
  const isOpen = document.body.classList.toggle('drawer');
  $('drawer').setAttribute('aria-expanded', String(isOpen));
  if (!isOpen) return;
  for (const side of SIDES) showSide(side, false);
  ($('channels').querySelector('[aria-current]') ?? $('channels').querySelector('.room'))?.focus();
};

/** `redraw` is called when the language is another. */
export const startLayout = (redraw) => {
  dressUp();
  showSide('members', wide(94));
  showSide('panel', wide(70));
  for (const side of SIDES) $(`show-${side}`).addEventListener('click', () => showSide(side, $(side).hidden));
  narrow.addEventListener('change', shut);
  $('drawer').addEventListener('click', toggleDrawer);
  $('drawer').setAttribute('aria-expanded', 'false');
  $('theme').addEventListener('click', () => {
    localStorage.setItem('theme', THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length]);
    dress();
  });
  $('language').addEventListener('click', () => { switchLanguage(); dressUp(); redraw(); });
  $('shade').addEventListener('click', shut);
  addEventListener('keydown', (event) => { if (event.key === 'Escape') { shut(); $('text').focus(); } });
};
