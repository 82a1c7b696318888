// Making elements, and keeping a list of them in step with what it shows. Text only ever becomes text.

export const $ = (id) => document.getElementById(id);

/** An element: `on…` are listeners, `class` and the like attributes, the rest children. */
export const el = (tag, traits = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(traits)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
};

const shown = new WeakMap();

/**
 * Makes `parent` show `items`, each drawn by `draw` and known by its `key`. What looks as before stays the very same
 * element, so that a live page takes nobody's focus, selection or place.
 */
export const keep = (parent, items, draw) => {
  const before = shown.get(parent) ?? new Map();
  const after = new Map();
  for (const item of items) {
    const print = JSON.stringify(item);
    const old = before.get(item.key);
    if (old?.print === print) {
      after.set(item.key, old);
      continue;
    }
    const node = replace(old?.node, draw(item));
    node.dataset.key = item.key;
    after.set(item.key, { print, node });
  }
  for (const [key, { node }] of before) if (!after.has(key)) node.remove();
  let place = parent.firstChild;
  for (const { node } of after.values()) {
    if (node === place) place = place.nextSibling;
    else parent.insertBefore(node, place);
  }
  shown.set(parent, after);
};

/** Puts `fresh` where `old` was, and the focus on the part of it that had it. */
const replace = (old, fresh) => {
  if (!old) return fresh;
  const part = old.contains(document.activeElement) ? document.activeElement.dataset.part : undefined;
  const unfolded = old.querySelector('details')?.open;
  old.replaceWith(fresh);
  if (unfolded) fresh.querySelector('details').open = true;
  if (part) fresh.querySelector(`[data-part="${CSS.escape(part)}"]`)?.focus();
  return fresh;
};

const HUES = [265, 160, 5, 50, 220, 310, 95];

/** The first letter of a name on a colour of its own, instead of a picture. */
export const avatar = (id, name, kind = '') => {
  const face = el('span', { class: `avatar ${kind}`, 'aria-hidden': 'true' }, [...name][0]?.toUpperCase() ?? '?');
  face.style.setProperty('--hue', HUES[Number(BigInt(id) % BigInt(HUES.length))]);
  return face;
};
