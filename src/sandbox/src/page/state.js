// What this window shows: who one is and where one looks, both kept in its address, so that they can be sent, bookmarked
// and opened side by side.

export const state = {
  /** The person's account name or id. */
  who: new URLSearchParams(location.search).get('as') ?? 'alice',
  /** The channel looked at; null is the first there is. */
  channel: location.hash.slice(1) || null,
  /** All that this person sees, as the sandbox last said. */
  view: null,
  /** Somebody new has come in: they begin in a channel that they see. */
  arriving: false,
  /** One has just pressed or commanded something: what comes of it is wanted in sight. */
  expecting: false,
};

/** When this window was opened, as ids tell time. */
export const OPENED = (BigInt(Date.now()) - 1_420_070_400_000n) << 22n;

const listeners = [];

/** Calls `look` whenever the person or the channel is another. */
export const onMove = (look) => listeners.push(look);

export const addressOf = (who, channel = '') => `/?as=${encodeURIComponent(who)}${channel ? `#${channel}` : ''}`;

const move = (who, channel, remember) => {
  state.who = who;
  state.channel = channel;
  history[remember ? 'pushState' : 'replaceState'](null, '', addressOf(who, channel ?? ''));
  listeners.forEach((look) => look());
};

export const become = (who) => move(who, state.channel, true);
export const goTo = (channel) => move(state.who, channel, true);
/** The same place under another address: nothing to go back to. */
export const settle = (who, channel) => move(who, channel, false);

addEventListener('popstate', () => {
  state.who = new URLSearchParams(location.search).get('as') ?? 'alice';
  state.channel = location.hash.slice(1) || null;
  listeners.forEach((look) => look());
});

/** The channels with their categories as they stand in the list: first those without one, then each category's. */
export const arranged = (view) => {
  const rooms = view.channels.filter((channel) => !channel.category);
  const under = (parent) => rooms.filter((channel) => channel.parent === parent);
  const known = new Set(view.channels.filter((channel) => channel.category).map((channel) => channel.id));
  const loose = rooms.filter((channel) => !known.has(channel.parent));
  const categories = view.channels.filter((channel) => channel.category);
  return [...loose, ...categories.flatMap((category) => [category, ...under(category.id)])]
    .filter((channel) => !channel.category || under(channel.id).length || channel.can_delete);
};

/** The channel looked at, if this person sees it; where none was named, the first. */
export const current = () => {
  const rooms = arranged(state.view).filter((channel) => !channel.category);
  return state.channel ? rooms.find((channel) => channel.id === state.channel) : rooms[0];
};

/** How a person is named in an address: by account name, or by id where two have the same. */
export const handle = (person) => {
  const same = state.view.people.filter((other) => other.account === person.account);
  return same.length > 1 ? person.id : person.account;
};
