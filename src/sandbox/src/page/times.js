// Moments that a message names, as `<t:SECONDS:STYLE>`: in the reader's language and time zone. Relative ones go on counting.

import { el } from './dom.js';
import { language } from './words.js';

/** Discord's own form: what is longer, or of another style, is no timestamp but text. */
export const TIMESTAMP = /<t:(-?\d{1,17})(?::([tTdDfFsSR]))?>/;

const DAY = { year: 'numeric', month: '2-digit', day: '2-digit' };
const MINUTE = { hour: 'numeric', minute: '2-digit' };
const STYLES = {
  t: { timeStyle: 'short' },
  T: { timeStyle: 'medium' },
  d: DAY,
  D: { dateStyle: 'long' },
  f: { dateStyle: 'long', timeStyle: 'short' },
  F: { dateStyle: 'full', timeStyle: 'short' },
  s: { ...DAY, ...MINUTE },
  S: { ...DAY, ...MINUTE, second: '2-digit' },
};

/** The largest unit that fits is told; each with its length in seconds. */
const UNITS = [['year', 31_557_600], ['month', 2_629_800], ['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]];

const relative = (date) => {
  const seconds = (date - Date.now()) / 1000;
  const [unit, length] = UNITS.find(([, known]) => Math.abs(seconds) >= known) ?? UNITS.at(-1);
  return new Intl.RelativeTimeFormat(language()).format(Math.trunc(seconds / length), unit);
};

const write = (date, style) => style === 'R' ? relative(date) : new Intl.DateTimeFormat(language(), STYLES[style]).format(date);

/** A moment beyond what a calendar holds is none. */
const read = (seconds) => {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? null : date;
};

/** The words for a timestamp, or nothing where it names no moment. */
export const writeTime = (seconds, style = 'f') => {
  const date = read(seconds);
  return date && write(date, style);
};

/** The same as an element that tells the whole date to a pointer. */
export const drawTime = (seconds, style = 'f') => {
  const date = read(seconds);
  return date && el('time', {
    class: 'moment', datetime: date.toISOString(), title: write(date, 'F'), 'data-relative': style === 'R' && seconds,
  }, write(date, style));
};

export const startTimes = () => setInterval(() => {
  for (const node of document.querySelectorAll('[data-relative]')) {
    const words = writeTime(node.dataset.relative, 'R');
    if (node.textContent !== words) node.textContent = words;
  }
}, 1000);
