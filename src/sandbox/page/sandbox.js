// Talking to the sandbox: everything goes through its interface under /sandbox.

import { complain } from './notice.js';

/** Asks to see something: null when the sandbox does not know it, undefined when it does not answer. */
export const look = async (path) => {
  const answer = await fetch(`/sandbox/${path}`).catch(() => undefined);
  return answer && !answer.ok ? null : answer?.json().catch(() => undefined);
};

/** Does something as a person, and says so if it cannot be done. */
export const act = async (deed, wish = {}, method = 'POST') => {
  const options = { method, body: method === 'POST' ? JSON.stringify(wish) : undefined };
  const answer = await fetch(`/sandbox/${deed}`, options).catch(() => null);
  if (!answer) return false;
  const said = answer.status === 204 ? {} : await answer.json();
  if (!answer.ok) complain(said.error);
  return answer.ok ? said : false;
};

/** Calls `tick` whenever something may look different, and `gone` while the sandbox cannot be reached. */
export const follow = (tick, gone) => {
  const line = new EventSource('/sandbox/live');
  line.onmessage = () => { gone(false); tick(); };
  line.onerror = () => {
    gone(true);
    // A browser tries again by itself, except after an answer it did not understand.
    if (line.readyState === EventSource.CLOSED) setTimeout(() => follow(tick, gone), 2000);
  };
};
