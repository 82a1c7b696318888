// Menus to choose from, of all five kinds: texts, people, roles, people and roles, channels. The same list of choices
// stands under a message and in a form.

import { el } from './dom.js';
import { state } from './state.js';
import { say } from './words.js';

const CATEGORY = 4;
const TEXT = 0;

const people = () => state.view.people.filter((person) => person.member)
  .map((person) => ({ value: person.id, label: person.name, description: person.account, sign: '@' }));
const roles = () => state.view.roles.filter((role) => role.id !== state.view.guild.id)
  .map((role) => ({ value: role.id, label: role.name, sign: '@' }));
const channels = ({ channel_types: kinds }) => state.view.channels
  .filter((channel) => !kinds?.length || kinds.includes(channel.category ? CATEGORY : TEXT))
  .map((channel) => ({ value: channel.id, label: channel.name, sign: channel.category ? '▾' : '#' }));
const texts = ({ options }) => options
  .map(({ value, label, description, emoji, default: chosen }) => ({ value, label, description, sign: emoji?.name, chosen }));

/** What can be chosen in a menu of each kind. */
const KINDS = { 3: texts, 5: people, 6: roles, 7: () => [...people(), ...roles()], 8: channels };

/** The choices of a menu; those that its bot has chosen beforehand are marked. */
export const choicesOf = (menu) => {
  const before = new Set(menu.default_values?.map(({ id }) => id));
  return KINDS[menu.type](menu).map((choice) => ({ ...choice, chosen: Boolean(choice.chosen || before.has(choice.value)) }));
};

const caption = ({ sign, label, description }) => [
  sign && el('span', { class: 'sign', 'aria-hidden': 'true' }, sign),
  el('span', { class: 'choice' }, el('span', {}, label), description && el('small', {}, description)),
];

/** Boxes to tick, as many as the menu allows; `changed` hears of each change. */
export const tickBoxes = (menu, choices, changed) => {
  const { min_values: least, max_values: most } = menu;
  const list = el('div', { class: 'choices-list', role: 'group', 'aria-label': menu.placeholder ?? say('choose') },
    choices.map((choice) => el('label', {}, el('input', { type: 'checkbox', value: choice.value, checked: choice.chosen }), caption(choice))));
  const boxes = [...list.querySelectorAll('input')];
  const look = () => {
    const values = boxes.filter((box) => box.checked).map((box) => box.value);
    for (const box of boxes) box.disabled = !box.checked && values.length >= most && most > 1;
    changed(values, values.length >= least && values.length <= most, boxes);
  };
  list.addEventListener('change', (event) => {
    // Where only one can be chosen, another choice takes the place of the first.
    if (most === 1 && event.target.checked) for (const box of boxes) if (box !== event.target) box.checked = false;
    look();
  });
  list.addEventListener('reset', () => {
    for (const box of boxes) box.checked = box.defaultChecked;
    look();
  });
  look();
  return list;
};

/** A menu under a message: it opens in place, and what was chosen in it goes out by `send`. */
export const drawMenu = (menu, waits, send) => {
  const choices = choicesOf(menu);
  const chosen = choices.filter((choice) => choice.chosen).map(({ label }) => label).join(', ');
  const placeholder = menu.placeholder ?? say('choose');
  let picked = [];
  const done = el('button', { type: 'button', class: 'key primary', onclick: () => { node.open = false; node.firstChild.focus(); send(picked); } }, say('done'));
  const list = tickBoxes(menu, choices, (values, fits) => { picked = values; done.disabled = !fits; });
  const node = el('details', { class: 'select' },
    el('summary', { 'data-part': `key-${menu.custom_id}`, 'aria-label': chosen ? `${placeholder}: ${chosen}` : placeholder, 'aria-disabled': (menu.disabled || waits) && 'true' },
      el('span', { class: chosen ? '' : 'quiet-text' }, chosen || placeholder), waits ? el('span', { class: 'wave', 'aria-hidden': 'true' }, el('i'), el('i'), el('i')) : el('span', { 'aria-hidden': 'true' }, '▾')),
    el('div', { class: 'select-body' }, list, el('div', { class: 'select-foot' }, el('small', {}, bounds(menu)), done)));
  node.firstChild.addEventListener('click', (event) => {
    if (menu.disabled || waits) event.preventDefault();
    // Each time it begins with what its bot has chosen beforehand.
    if (!node.open) list.dispatchEvent(new Event('reset'));
  });
  node.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !node.open) return;
    event.stopPropagation();
    node.open = false;
    node.firstChild.focus();
  });
  return node;
};

/** How many can be chosen, in words. */
export const bounds = ({ min_values: least, max_values: most }) => least === most ? say('choose_exactly', { count: most }) : say('choose_between', { least, most });
