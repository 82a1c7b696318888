// The captions of the page, in English and in Russian. What people and bots say is never translated.

const WORDS = {
  skip: ['To the message box', 'К полю сообщения'],
  servers: ['Servers', 'Серверы'],
  channels: ['Channels', 'Каналы'],
  members: ['Members', 'Участники'],
  messages: ['Messages', 'Сообщения'],
  offers: ['Suggestions', 'Подсказки'],
  panel: ['What the bot asks of Discord', 'Что бот просит у Discord'],
  does_not_see: ['does not see this channel', 'не видит этот канал'],
  you_are: ['You are', 'Вы сейчас'],
  new_window: ['Open a second window', 'Открыть второе окно'],
  window_as: ['Open a second window as {name}', 'Открыть второе окно как {name}'],
  be: ['Be {name}', 'Стать: {name}'],
  somebody: ['somebody new…', 'кто-то новый…'],
  send: ['Send', 'Отправить'],
  choose: ['Make a selection', 'Выберите'],
  choose_exactly: ['Choose {count}', 'Выберите: {count}'],
  choose_between: ['Choose {least} to {most}', 'Выберите от {least} до {most}'],
  done: ['Done', 'Готово'],
  submit: ['Submit', 'Отправить форму'],
  cancel: ['Cancel', 'Отмена'],
  form_not_sent: ['The form could not be sent.', 'Форму не удалось отправить.'],
  form_sent: ['The form', 'Форма'],
  attach: ['Attach files', 'Приложить файлы'],
  attached: ['Files to be sent', 'Файлы к отправке'],
  remove_file: ['Remove {name}', 'Убрать {name}'],
  file_too_large: ['A file may have {size} at most.', 'Файл может занимать не больше {size}.'],
  too_many_files: ['A message may have {count} files at most.', 'В сообщении может быть не больше {count} файлов.'],
  write: ['Message #{name}', 'Написать в #{name}'],
  may_not_write: ['You may only read here', 'Здесь можно только читать'],
  no_channel: ['No channel', 'Нет канала'],
  not_yours: [
    '{name} sees no such channel. It is private, or it is gone.',
    '{name} не видит такого канала. Он приватный, или его уже нет.',
  ],
  not_member: ['{name} is not on this server.', '{name} не на этом сервере.'],
  back: ['Go to #{name}', 'Перейти в #{name}'],
  come_back: ['Let {name} in', 'Впустить: {name}'],
  channel_gone: ['#{name} has been deleted', '#{name} удалён'],
  beginning: ['This is the beginning of #{name}.', 'Это начало канала #{name}.'],
  private_channel: ['private channel', 'приватный канал'],
  newer: ['New messages ↓', 'Новые сообщения ↓'],
  unread: ['unread', 'не прочитано'],
  app: ['APP', 'БОТ'],
  owner: ['owner', 'владелец'],
  edited: ['(edited)', '(изменено)'],
  only_you: ['Only you can see this', 'Видите только вы'],
  dismiss: ['Dismiss message', 'Скрыть сообщение'],
  thinking: ['{name} is thinking…', '{name} думает…'],
  failed: ['This interaction failed', 'Ошибка взаимодействия'],
  replies_to: ['in reply to {name}: {text}', 'в ответ на {name}: {text}'],
  original_gone: ['The original message was deleted', 'Исходное сообщение удалено'],
  deleted_role: ['deleted-role', 'удалённая-роль'],
  no_access: ['unknown', 'неизвестно'],
  actions: ['Actions: {name}', 'Действия: {name}'],
  a_message: ['message', 'сообщение'],
  delete_message: ['Delete message', 'Удалить сообщение'],
  delete_channel: ['Delete channel', 'Удалить канал'],
  delete_role: ['Delete the role “{name}”', 'Удалить роль «{name}»'],
  remove_member: ['Remove {name}', 'Выгнать: {name}'],
  theme: ['Theme: {name}', 'Тема: {name}'],
  theme_auto: ['as the system', 'как в системе'],
  theme_light: ['light', 'светлая'],
  theme_dark: ['dark', 'тёмная'],
  language: ['Сменить язык на русский', 'Switch to English'],
  anew: ['The sandbox was started anew.', 'Песочница запущена заново.'],
  lost: ['The sandbox does not answer. The page goes on when it is back.', 'Песочница не отвечает. Страница продолжит, когда она вернётся.'],
  no_bot: ['No bot is connected: nobody hears you.', 'Бот не подключён: вас никто не слышит.'],
  outage: ['The bot cannot see this server: Discord has an outage.', 'Бот не видит этот сервер: у Discord сбой.'],

  bot: ['The bot', 'Бот'],
  connected: ['connected', 'на связи'],
  disconnected: ['not connected', 'не на связи'],
  trouble: ['Trouble', 'Неполадки'],
  trouble_help: [
    'Choose which calls, then what befalls them. “But done”: Discord has done it, and the bot is not told.',
    'Выберите вызовы, потом что с ними случится. «Но сделано»: Discord всё сделал, а бот об этом не узнал.',
  ],
  which_calls: ['Calls', 'Вызовы'],
  how_often: ['How often', 'Сколько раз'],
  calls_all: ['any call', 'любой вызов'],
  calls_channel: ['create a channel', 'создание канала'],
  calls_delete: ['delete a channel', 'удаление канала'],
  calls_message: ['send a message', 'отправка сообщения'],
  calls_answer: ['answer a press', 'ответ на нажатие'],
  times_1: ['once', 'один раз'],
  times_3: ['three times', 'три раза'],
  times_always: ['until cleared', 'пока не снято'],
  slow: ['Slow, 2 s', 'Медленно, 2 с'],
  slower: ['Slow, 4 s', 'Медленно, 4 с'],
  error_before: ['500, not done', '500, не сделано'],
  error_after: ['500, but done', '500, но сделано'],
  limited: ['429, wait 2 s', '429, ждать 2 с'],
  reset_before: ['Reset, not done', 'Обрыв, не сделано'],
  reset_after: ['Reset, but done', 'Обрыв, но сделано'],
  in_force: ['In force', 'Действует'],
  none_in_force: ['Nothing goes wrong now.', 'Сейчас всё в порядке.'],
  clear_faults: ['Clear all', 'Снять все'],
  left: ['{count} left', 'осталось: {count}'],
  gateway: ['Gateway', 'Шлюз'],
  drop: ['Drop the connection', 'Оборвать связь'],
  reconnect: ['Ask to reconnect', 'Просить переподключиться'],
  invalidate: ['Forget the session', 'Забыть сессию'],
  refuse: ['Refuse connections', 'Не принимать связь'],
  double: ['Send events twice', 'События дважды'],
  vanish: ['Outage of the server', 'Сбой сервера'],
  calls: ['Calls', 'Вызовы'],
  forget: ['Clear', 'Очистить'],
  no_calls: ['Nothing was asked yet.', 'Пока ничего не просили.'],
  pending: ['…', '…'],
  ms: ['{count} ms', '{count} мс'],
  s: ['{count} s', '{count} с'],
  broken: ['reset', 'обрыв'],
  unknown_route: ['The sandbox does not know this route', 'Песочница не знает этого пути'],
  struck: ['A fault befell this call', 'С этим вызовом случилась неполадка'],
  note_connected: ['gateway: a connection was opened', 'шлюз: открыто соединение'],
  note_refused: ['gateway: a connection was refused', 'шлюз: в соединении отказано'],
  note_identified: ['gateway: a new session', 'шлюз: новая сессия'],
  note_resumed: ['gateway: session resumed, {count} events replayed', 'шлюз: сессия продолжена, повторено событий: {count}'],
  note_invalid: ['gateway: the session is not known any more', 'шлюз: сессия больше не известна'],
  note_struck: ['gateway: a fault befell a connection', 'шлюз: с соединением случилась неполадка'],
  note_closed: ['gateway: the connection ended', 'шлюз: соединение закончилось'],

  help: ['What to try', 'Что попробовать'],
  hint: ['What to try next', 'Что попробовать дальше'],
  hint_close: ['No more hints', 'Больше не подсказывать'],
  hint_press: [
    'You are {name}, on a small Discord of your own. Press the button under the message.',
    'Вы — {name} в маленьком личном Discord. Нажмите кнопку под сообщением.',
  ],
  hint_stranger: [
    '{name} is outside: nothing of this server can be seen from there. Let {name} in, or become somebody else:',
    '{name} снаружи: оттуда на сервере ничего не видно. Впустите: {name}, или станьте кем-то другим:',
  ],
  hint_watch: [
    'You are {name}, and you help others. The button is for members: what they open appears on the left. To press it,',
    'Вы — {name} и помогаете другим. Кнопка — для участников: что они откроют, появится слева. Чтобы нажать её,',
  ],
  hint_rule: [
    'You are {name}, with power over this server: you see every channel, and may delete what you see. To open one as a member,',
    'Вы — {name} и распоряжаетесь сервером: видите все каналы и можете удалить всё, что видите. Чтобы открыть канал как участник,',
  ],
  hint_answer: [
    'You are {name}, and see this private channel because of your role. Answer here; both sides see it at once.',
    'Вы — {name} и видите этот приватный канал благодаря своей роли. Ответьте здесь: обе стороны увидят это сразу.',
  ],
  hint_follow: [
    'The answer is for you alone, and a private channel was made. Follow the link to it.',
    'Ответ видите только вы, и для вас создан приватный канал. Перейдите по ссылке.',
  ],
  hint_other: [
    'You are in a private channel. Now look from the other side:',
    'Вы в приватном канале. Теперь взгляните с другой стороны:',
  ],
  hint_other_link: ['open a second window as {name}', 'откройте второе окно как {name}'],
  hint_trouble: [
    'Talk to each other; then make trouble: kill the bot, press a button, start it again.',
    'Поговорите друг с другом, а потом устройте неполадки: убейте бота, нажмите кнопку, запустите его снова.',
  ],
  hint_dead: [
    'Discord gives a bot three seconds to answer, and there is none. Start the bot, and press again:',
    'Discord даёт боту три секунды на ответ, а бота нет. Запустите его и нажмите ещё раз:',
  ],
  hint_late: [
    'Discord gives a bot three seconds to answer, and this one was late. Press again.',
    'Discord даёт боту три секунды на ответ, и он не успел. Нажмите ещё раз.',
  ],
  hint_owner: [
    'The bot gets through all of this. There is more that only an administrator can break:',
    'Всё это бот переживает. Остальное может сломать только администратор:',
  ],
  hint_delete: [
    'Right-click a channel, a message, a role or a member, or use ⋯ beside it: you may delete them all.',
    'Нажмите правой кнопкой на канал, сообщение, роль или участника, или на ⋯ рядом: вы можете удалить их все.',
  ],
  hint_trouble_link: ['open the side panel', 'откройте боковую панель'],
};

const LANGUAGES = ['en', 'ru'];

const preferred = () => (navigator.language.toLowerCase().startsWith('ru') ? 'ru' : 'en');

export const language = () => localStorage.getItem('language') ?? preferred();

/** The same for a bot, as Discord's own client would tell it. */
export const locale = () => ({ en: 'en-US', ru: 'ru' })[language()];

export const switchLanguage = () => localStorage.setItem('language', language() === 'en' ? 'ru' : 'en');

/** A caption, with `{name}` and the like filled in. */
export const say = (key, values = {}) => {
  const caption = WORDS[key]?.[LANGUAGES.indexOf(language())] ?? key;
  return caption.replace(/\{(\w+)\}/g, (gap, name) => apart(values[name] ?? gap));
};

/** A name that runs from right to left keeps its direction to itself. */
export const apart = (text) => (/[\u0590-\u08ff\ufb1d-\ufefc]/.test(text) ? `\u2068${text}\u2069` : text);

/** Fills in what stands in the HTML: texts by `data-says`, accessible names by `data-label`. */
export const caption = () => {
  document.documentElement.lang = language();
  for (const node of document.querySelectorAll('[data-says]')) node.textContent = say(node.dataset.says);
  for (const node of document.querySelectorAll('[data-label]')) {
    node.setAttribute('aria-label', say(node.dataset.label));
    if (node.matches('button, a')) node.title = say(node.dataset.label);
  }
};

const clock = (options) => (time) => new Intl.DateTimeFormat(language(), options).format(new Date(time));

export const shortTime = clock({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
export const fullTime = clock({ dateStyle: 'full', timeStyle: 'short' });
export const exactTime = clock({ hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, hourCycle: 'h23' });
