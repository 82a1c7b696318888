// The form that a bot opens: a dialog over the page, held to the limits that the bot has set.

import { $, el } from './dom.js';
import { markdown } from './markdown.js';
import { act } from './sandbox.js';
import { bounds, choicesOf, tickBoxes } from './select.js';
import { OPENED, state } from './state.js';
import { say } from './words.js';

const TEXT_INPUT = 4;
const LINES = 2;

/** Forms that were put away, by the interaction that opened them. */
const dismissed = new Set();
let shown = null;

/** A field to write in; the browser holds it to its length and to being filled in. */
const textField = (field, id, values) => {
  const traits = {
    id, maxlength: field.max_length ?? 4000, minlength: field.min_length, required: field.required, placeholder: field.placeholder,
    autocomplete: 'off', oninput: (event) => { values[field.custom_id] = event.target.value; },
  };
  const input = field.style === LINES ? el('textarea', { ...traits, rows: 4 }) : el('input', { ...traits, type: 'text' });
  input.value = field.value ?? '';
  values[field.custom_id] = input.value;
  return input;
};

const choiceField = (field, label, values) => {
  const least = field.required === false ? 0 : field.min_values;
  const menu = { ...field, min_values: least, placeholder: label };
  return tickBoxes(menu, choicesOf(field), (picked, fits, [first]) => {
    values[field.custom_id] = picked;
    first?.setCustomValidity(fits ? '' : bounds(menu));
  });
};

const part = (described, index, values, ctx) => {
  if (described.content) return el('p', { class: 'words' }, markdown(described.content, ctx));
  const field = described.component ?? described.components[0];
  const id = `field-${index}`;
  const label = described.label ?? field.label;
  const isText = field.type === TEXT_INPUT;
  return el('div', { class: 'part' },
    el(isText ? 'label' : 'div', { class: 'part-label', for: isText && id }, label, field.required !== false && el('span', { class: 'must', 'aria-hidden': 'true' }, ' *')),
    described.description && el('small', {}, described.description),
    isText ? textField(field, id, values) : choiceField(field, label, values));
};

const dismiss = () => {
  dismissed.add(shown);
  shown = null;
  $('form').close();
};

const open = ({ interaction, form }, ctx) => {
  shown = interaction;
  const values = {};
  const problem = el('p', { class: 'failed', role: 'alert' });
  const send = async (event) => {
    event.preventDefault();
    problem.textContent = '';
    state.expecting = true;
    const sent = await act('submit', { as: state.who, values, at_once: true });
    if (!sent) problem.textContent = say('form_not_sent');
  };
  $('form').setAttribute('aria-label', form.title);
  $('form').replaceChildren(el('form', { onsubmit: send },
    el('h2', {}, form.title),
    el('div', { class: 'parts' }, form.components.map((described, index) => part(described, index, values, ctx)), problem),
    el('div', { class: 'form-foot' },
      el('button', { type: 'button', class: 'key secondary', onclick: dismiss }, say('cancel')),
      el('button', { type: 'submit', class: 'key primary' }, say('submit')))));
  if (!$('form').open) $('form').showModal();
  $('form').querySelector('input, textarea')?.focus();
};

/** Shows the form that this person has open, unless it was put away or is of an earlier visit. */
export const drawForm = (ctx) => {
  const { form } = state.view;
  const wanted = form && BigInt(form.interaction) >= OPENED && !dismissed.has(form.interaction);
  if (wanted && form.interaction !== shown) open(form, ctx);
  if (!wanted && $('form').open) {
    shown = null;
    $('form').close();
  }
};

export const startForm = () => $('form').addEventListener('cancel', (event) => {
  event.preventDefault();
  dismiss();
});
