// Saying something in passing: to the eye for a while, to a screen reader once.

import { $, el } from './dom.js';

const LONG_ENOUGH = 6000;
let timer = 0;
/** The name of the channel that the sentence is about, if it is about one. */
let subject = null;

/** Shows a sentence for a few seconds. */
export const complain = (sentence, about = null) => {
  subject = about;
  $('toast').textContent = sentence;
  $('toast').hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => { $('toast').hidden = true; }, LONG_ENOUGH);
};

/** Takes a sentence about a channel away as soon as it would be misread. */
export const hush = (misleads) => {
  if (subject === null || !misleads(subject)) return;
  subject = null;
  $('toast').hidden = true;
};

/** Reads a sentence aloud, for those who do not see the message appear. */
export const announce = (sentence) => {
  $('news').append(el('p', {}, sentence));
  while ($('news').children.length > 5) $('news').firstChild.remove();
};
