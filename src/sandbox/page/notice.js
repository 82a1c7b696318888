// Saying something in passing: to the eye for a while, to a screen reader once.

import { $, el } from './dom.js';

const LONG_ENOUGH = 6000;
let timer = 0;

/** Shows a sentence for a few seconds. */
export const complain = (sentence) => {
  $('toast').textContent = sentence;
  $('toast').hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => { $('toast').hidden = true; }, LONG_ENOUGH);
};

/** Reads a sentence aloud, for those who do not see the message appear. */
export const announce = (sentence) => {
  $('news').append(el('p', {}, sentence));
  while ($('news').children.length > 5) $('news').firstChild.remove();
};
