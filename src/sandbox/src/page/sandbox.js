// Talking to the sandbox: everything goes through its interface under /sandbox.

import { complain } from './notice.js';

/** Asks to see something: null when the sandbox does not know it, undefined when it does not answer. */
export const look = async (path) => {
  const answer = await fetch(`/sandbox/${path}`).catch(() => undefined);
  return answer && !answer.ok ? null : answer?.json().catch(() => undefined);
};

/** A wish with files travels as a form, as it does to Discord. */
const form = (wish, files) => {
  const body = new FormData();
  for (const [name, value] of Object.entries(wish)) body.append(name, value);
  files.forEach((file, index) => body.append(`files[${index}]`, file, file.name));
  return body;
};

/** Does something as a person, and says so if it cannot be done. */
export const act = async (deed, wish = {}, { method = 'POST', files = [] } = {}) => {
  const body = method !== 'POST' ? undefined : files.length ? form(wish, files) : JSON.stringify(wish);
  const answer = await fetch(`/sandbox/${deed}`, { method, body }).catch(() => null);
  if (!answer) return false;
  const said = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
  if (!answer.ok) complain(said.error ?? String(answer.status));
  return answer.ok ? said : false;
};

/** Calls `tick` whenever something may look different, and `gone` while the sandbox cannot be reached. */
export const follow = (tick, gone) => {
  let line = null;
  const open = () => {
    line = new EventSource('/sandbox/live');
    line.onmessage = () => { gone(false); tick(); };
    line.onerror = () => {
      gone(true);
      // A browser tries again by itself, except after an answer it did not understand.
      if (line.readyState === EventSource.CLOSED) setTimeout(open, 2000);
    };
  };
  open();
  // A page that was left may be kept for the way back. It must not keep its connection: a browser has six to an address.
  addEventListener('pagehide', () => line.close());
  addEventListener('pageshow', (event) => { if (event.persisted) open(); });
};
