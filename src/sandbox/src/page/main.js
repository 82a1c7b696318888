// The page: looks again at every tick of the sandbox, and draws what the chosen person sees.

import { startBox } from './box.js';
import { drawChat, startChat } from './chat.js';
import { $ } from './dom.js';
import { startFiles } from './files.js';
import { startFocus } from './focus.js';
import { startForm } from './form.js';
import { drawHint, startHints } from './hint.js';
import { dressUp, shut, startLayout } from './layout.js';
import { drawChannels, drawMembers, drawPeople, startLists } from './lists.js';
import { start as startMenu } from './menu.js';
import { complain, hush } from './notice.js';
import { drawPanel } from './panel.js';
import { follow, look } from './sandbox.js';
import { OPENED, arranged, current, onMove, settle, state } from './state.js';
import { startTimes } from './times.js';
import { say } from './words.js';

let busy = false;
let again = false;
let lost = false;

/** Looks and draws; ticks that come meanwhile are answered by one more look. */
const refresh = async () => {
  again = true;
  if (busy) return;
  busy = true;
  while (again) {
    again = false;
    await redraw().catch((error) => console.error(error));
  }
  busy = false;
};

const redraw = async () => {
  const who = state.who;
  const view = await look(`view?as=${encodeURIComponent(who)}`);
  // That nothing answers is told by the banner, and over with the next tick.
  if (who !== state.who || view === undefined) return;
  if (!view) return void (who === 'alice' || settle('alice', null));
  const before = state.view;
  state.view = withoutOldPrivate(view);
  leaveWhatIsGone(before, view);
  draw();
  await drawPanel();
};

/** A private answer lives as long as the client that got it: whoever reloads Discord does not see it again. */
const withoutOldPrivate = (view) => {
  const stays = (message) => !message.ephemeral || BigInt(message.id) >= OPENED;
  return { ...view, channels: view.channels.map((channel) => ({ ...channel, messages: channel.messages.filter(stays) })) };
};

/** A channel deleted under one's eyes is left; one that was asked for and is not there is told of instead. */
const leaveWhatIsGone = (before, view) => {
  if (before && before.guild.id !== view.guild.id) {
    complain(say('anew'));
    return settle(state.who, null);
  }
  if (state.arriving) {
    state.arriving = false;
    if (!current()) settle(state.who, null);
    return;
  }
  const was = before?.as.id === view.as.id && before.channels.find((channel) => channel.id === state.channel);
  if (!was || current()) return;
  settle(state.who, null);
  complain(say('channel_gone', { name: was.name }), was.name);
};

const draw = () => {
  // What happened to a channel is not said over a new one of its name.
  hush((name) => state.view.channels.some((channel) => channel.name === name));
  drawChannels();
  drawPeople();
  drawChat();
  drawMembers();
  drawHint();
  drawBanner();
};

const drawBanner = () => {
  const { bots, guild } = state.view;
  const what = (lost && 'lost') || (!bots && 'no_bot') || (!guild.available && 'outage') || '';
  $('banner').hidden = !what;
  $('banner').textContent = what && say(what);
  document.body.classList.toggle('lost', lost);
};

/** Alt with an arrow goes to the next channel, as in Discord. */
const walk = (event) => {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!event.altKey || !by || !state.view) return;
  event.preventDefault();
  const rooms = arranged(state.view).filter((channel) => !channel.category);
  const next = rooms[(rooms.indexOf(current()) + by + rooms.length) % rooms.length];
  if (next) location.hash = next.id;
};

startLayout(() => { if (state.view) draw(); refresh(); });
startMenu();
startLists();
startChat();
startBox();
startHints();
startFiles();
startFocus();
startForm();
startTimes();
onMove(() => { hush(() => true); shut(); refresh(); });
addEventListener('keydown', walk);
$('show-panel').addEventListener('click', refresh);
follow(refresh, (gone) => { lost = gone; if (state.view) drawBanner(); });
dressUp();
