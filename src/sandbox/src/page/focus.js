// The focus stays where one was. When what has it goes away (a message put away, a channel deleted, a column closed), it
// goes to what stands there now, and not to the beginning of the page.

import { $ } from './dom.js';

/** Parts of the page within which the focus stays, if it can. */
const REGIONS = '#messages, #channels, #members, #faults, #panel, #hint, #attached, #say, #rail, #sidebar';
const REACHABLE = 'button, a[href], input, select, textarea, summary, [tabindex="0"]';

/** Where the focus was last: the element, and how to find what stands in its place. */
let last = null;

const isUsable = (node) => node.isConnected && !node.disabled && node.checkVisibility({ visibilityProperty: true });

const rowOf = (node, region) => [...region.children].find((row) => row.contains(node));

/** Remembers a place, so that `find` can go back to it when the page has been drawn anew. */
export const remember = (node) => {
  const region = node.closest?.(REGIONS);
  const row = region && rowOf(node, region);
  return {
    node, region, part: node.dataset?.part, key: row?.dataset.key, index: row ? [...region.children].indexOf(row) : -1,
    channel: $('messages').dataset.channel,
  };
};

const reachableIn = (row) => row && (row.matches(REACHABLE) ? [row] : [...row.querySelectorAll(REACHABLE)]).find(isUsable);

/** The same part of the same row, or the neighbour that moved into its place, or the region, or the box to write in. */
export const find = ({ node, region, part, key, index, channel }) => {
  if (isUsable(node)) return node;
  const box = isUsable($('text')) ? $('text') : $('messages');
  const elsewhere = region?.id === 'messages' && channel !== region.dataset.channel;
  if (!region || elsewhere || !isUsable(region)) return box;
  const row = key && region.querySelector(`:scope > [data-key="${CSS.escape(key)}"]`);
  const same = row && part && (row.dataset.part === part ? row : row.querySelector(`[data-part="${CSS.escape(part)}"]`));
  if (same && isUsable(same)) return same;
  const rows = [...region.children];
  const near = [row, rows[index], ...rows.slice(0, Math.max(index, 0)).reverse()].map(reachableIn).find(Boolean);
  return near ?? reachableIn(region) ?? box;
};

const recover = () => {
  if (!last) return;
  const here = document.activeElement;
  if (isUsable(last.node)) {
    // What stands around it may have moved.
    if (here === last.node) last = remember(here);
  } else if (!here || here === document.body || !isUsable(here)) {
    find(last).focus({ preventScroll: true });
  }
};

export const startFocus = () => {
  addEventListener('focusin', (event) => { last = remember(event.target); });
  // A click beside everything is meant to leave.
  addEventListener('pointerdown', (event) => { if (!event.target.closest(REACHABLE)) last = null; });
  new MutationObserver(recover).observe(document.body, {
    subtree: true, childList: true, attributes: true, attributeFilter: ['hidden', 'disabled', 'class', 'open'],
  });
};
