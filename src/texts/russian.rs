//! Russian, the language of the server that the bot was made for.

mod settings;
mod story;

use std::time::Duration;

use crate::ids::Command;
use crate::lifecycle::{Notice, Permission};
use crate::texts::{Card, Channel, Explain, OWNER_RIGHTS, Slash, Texts, Unit, count_units, list, mention, relative};

pub(super) const TEXTS: Texts = Texts {
    panel: Card {
        title: "🎫 СИСТЕМА ПОДДЕРЖКИ",
        description: "нужна помощь? создай тикет!",
        field: "📝 как это работает?",
        hint: "1. нажми кнопку ниже\n\
               2. для тебя создастся приватный канал\n\
               3. опиши свою проблему\n\
               4. команда поддержки ответит",
        label: "создать тикет",
    },
    welcome: Card {
        title: "🎫 ТИКЕТ ПОДДЕРЖКИ",
        description: "добро пожаловать в поддержку!",
        field: "📝 опиши свою проблему",
        hint: "команда поддержки скоро ответит",
        label: "закрыть тикет",
    },
    channel: Channel {
        neutral: "тикет",
        mark: ["тикет ", "№"],
        created: "новый тикет",
        restored: "доступ к тикету возвращён",
        deleted: "тикет закрыт",
    },
    closing: CLOSING,
    new_ticket: "новый тикет!",
    say,
    slash,
    title: story::title,
    step: story::step,
    explain: Explain {
        ticket: story::ticket,
        no_ticket: story::no_ticket,
        cut: "(более ранние записи опущены)",
        unknown: |raw| format!("запись другой версии бота: {raw}"),
    },
    whole_story: "вся история, только для тебя: `/история` (`/explain`)",
    problem: settings::problem,
};

const CLOSING: &str = "🔒 тикет будет закрыт через ";

fn say(words: &Notice) -> String {
    match words {
        Notice::Created(channel) => format!("✅ тикет создан: {}", mention(*channel)),
        Notice::AlreadyOpen(channel) => format!("❌ у тебя уже есть тикет: {}", mention(*channel)),
        Notice::TicketHidden => "❌ у тебя есть тикет, но ты сейчас не видишь его канал, напиши администратору".into(),
        Notice::TicketHiddenStaffTold => {
            "❌ у тебя есть тикет, но ты сейчас не видишь его канал, команда поддержки уже знает об этом".into()
        }
        Notice::OwnerLockedOut(member) => format!(
            "⚠️ <@{member}> не видит этот канал, а боту не дали это исправить. открой настройки канала, раздел прав доступа, \
             добавь <@{member}> и разреши: {}",
            list(&OWNER_RIGHTS, name, ['«', '»']).join(", ")
        ),
        Notice::StillOpening => "⏳ твой тикет уже создаётся, подожди немного".into(),
        Notice::Closing(delay) => format!("{CLOSING}{}...", countdown(*delay)),
        Notice::AlreadyClosing => "🔒 тикет уже закрывается, подожди немного".into(),
        Notice::NoRights => "❌ нет прав".into(),
        Notice::NotATicket => "❌ это не тикет, закрывать здесь нечего".into(),
        Notice::CategoryFull => "❌ мест для тикетов сейчас нет: категория заполнена. попробуй позже, когда закроют старые тикеты, \
                                или напиши администратору"
            .into(),
        Notice::ServerFull => "❌ на сервере нет места для новых каналов, напиши администратору: место появится, когда удалят \
                              ненужные каналы"
            .into(),
        Notice::CategoryGone => "❌ категория для тикетов удалена, напиши администратору".into(),
        Notice::SupportRoleGone => "❌ роль поддержки удалена, напиши администратору".into(),
        Notice::BotLacks(rights) => format!("❌ {}, напиши администратору", lack(rights)),
        Notice::BotTimedOut(until) => format!(
            "❌ бот в тайм-ауте и не может создать тикет. тайм-аут закончится {}, снять его раньше может администратор",
            relative(*until)
        ),
        Notice::BotRemoved => {
            "❌ бота удалили с этого сервера, создать тикет он не может. администратор может пригласить его снова".into()
        }
        Notice::OpenRefused => "❌ discord не дал создать канал, напиши администратору: причина в журнале бота".into(),
        Notice::DiscordDown => "❌ discord сейчас не отвечает, попробуй ещё раз через пару минут".into(),
        Notice::TryAgain => "❌ не получилось, попробуй ещё раз, а если не поможет, напиши администратору".into(),
        Notice::CannotSave => {
            "⏳ сейчас не получается это сохранить, всё продолжится само, как только получится, а если ждать долго, \
             напиши администратору"
                .into()
        }
        Notice::OpenLater(until) => format!(
            "❌ discord ограничил бота: слишком много запросов. попробуй ещё раз {}, а если срочно, напиши администратору",
            relative(*until)
        ),
        Notice::CloseLater(until) => {
            format!("⏳ discord ограничил бота: слишком много запросов. канал будет удалён сам, {}", relative(*until))
        }
        Notice::PanelLater(until) => {
            format!(
                "⏳ discord ограничил бота: слишком много запросов. панель встанет на место сама, {}",
                relative(*until)
            )
        }
        Notice::AskLater(until) => {
            format!("❌ discord ограничил бота: слишком много запросов. попробуй ещё раз {}", relative(*until))
        }
        Notice::ChannelGone => "❌ канал тикета удалили, пока он создавался, попробуй ещё раз".into(),
        Notice::CloseFailed(rights) => {
            format!("❌ не получилось закрыть тикет: {}, напиши администратору", lack(rights))
        }
        Notice::CloseTimedOut(until) => format!(
            "❌ не получилось закрыть тикет: бот в тайм-ауте. он закончится {}, снять его раньше может администратор, \
             потом закрой тикет ещё раз",
            relative(*until)
        ),
        Notice::CommunityChannel => "❌ не получилось закрыть тикет: сервер использует этот канал для правил или обновлений \
                                    сообщества. администратор может выбрать для них другой канал, потом закрой тикет ещё раз"
            .into(),
        Notice::CloseRefused => {
            "❌ не получилось закрыть тикет: discord не дал, напиши администратору: причина в журнале бота".into()
        }
        Notice::PanelInPlace => "✅ панель на месте".into(),
        Notice::PanelFailed => "❌ не получилось поставить панель, причина в журнале бота".into(),
        Notice::NothingToTell => "❌ это не тикет, рассказывать здесь не о чем".into(),
        Notice::AdministratorsOnly => "❌ эта команда только для администраторов".into(),
        Notice::AnotherServer => {
            "❌ этот бот работает на другом сервере и здесь ничего не делает. администратор этого сервера может его удалить"
                .into()
        }
        Notice::PrivateMessage => {
            "❌ это работает только на сервере с тикетами: создай тикет там, команда поддержки поможет".into()
        }
        Notice::UnknownControl => {
            "❌ бот больше не знает эту кнопку или команду. если нужна помощь, создай тикет кнопкой на панели".into()
        }
    }
}

const fn slash(command: Command) -> Slash {
    match command {
        Command::Ticket => Slash { name: "тикет", description: "создать тикет" },
        Command::Close => Slash { name: "закрыть", description: "закрыть этот тикет" },
        Command::SetUp => Slash {
            name: "панель", description: "поставить панель тикетов на место"
        },
        Command::Explain => {
            Slash { name: "история", description: "показать историю этого тикета" }
        }
    }
}

/// A right as Discord's Russian client calls it, so that an administrator finds it in the role's settings.
const fn name(right: Permission) -> &'static str {
    match right {
        Permission::ViewChannel => "просматривать каналы",
        Permission::SendMessages => "отправлять сообщения",
        Permission::AttachFiles => "прикреплять файлы",
        Permission::ReadMessageHistory => "читать историю сообщений",
        Permission::ManageMessages => "управлять сообщениями",
        Permission::ManageChannels => "управлять каналами",
        Permission::EmbedLinks => "встраивать ссылки",
        Permission::MentionEveryone => "упоминание @everyone, @here и всех ролей",
    }
}

/// "I lack this right", "I lack these rights", "I lack rights".
fn lack(rights: &[Permission]) -> String {
    match &*list(rights, name, ['«', '»']) {
        [] => "мне не хватает прав".into(),
        [one] => format!("мне не хватает права {one}"),
        many => format!("мне не хватает прав {}", many.join(", ")),
    }
}

/// The accusative, as it follows "через": `5 секунд`.
fn countdown(delay: Duration) -> String {
    let (count, unit) = count_units(delay);
    let forms = match unit {
        Unit::Second => ["секунду", "секунды", "секунд"],
        Unit::Minute => ["минуту", "минуты", "минут"],
        Unit::Hour => ["час", "часа", "часов"],
        Unit::Day => ["день", "дня", "дней"],
    };
    format!("{count} {}", plural(count, forms))
}

/// Russian counts in three forms: 1, 21 · 2–4, 22–24 · 0, 5–20, 25–30.
const fn plural(count: u64, [one, few, many]: [&'static str; 3]) -> &'static str {
    match (count % 100, count % 10) {
        (11..=14, _) => many,
        (_, 1) => one,
        (_, 2..=4) => few,
        _ => many,
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::ids::{ChannelId, RoleId, UserId};

    const TICKET: ChannelId = ChannelId(7);

    #[test]
    fn the_promised_words_are_exact() {
        let promised = [
            (Notice::Created(TICKET), "✅ тикет создан: <#7>"),
            (Notice::AlreadyOpen(TICKET), "❌ у тебя уже есть тикет: <#7>"),
            (Notice::Closing(Duration::from_secs(5)), "🔒 тикет будет закрыт через 5 секунд..."),
            (Notice::NoRights, "❌ нет прав"),
            (
                Notice::OpenLater(SystemTime::UNIX_EPOCH + Duration::from_millis(1_500)),
                "❌ discord ограничил бота: слишком много запросов. попробуй ещё раз <t:2:R>, а если срочно, напиши \
                 администратору",
            ),
            (
                Notice::CloseLater(SystemTime::UNIX_EPOCH),
                "⏳ discord ограничил бота: слишком много запросов. канал будет удалён сам, <t:0:R>",
            ),
        ];
        for (words, text) in promised {
            assert_eq!(say(&words), text);
        }
        assert_eq!(TEXTS.new_ticket(UserId(1), &[RoleId(2)]), "<@1> <@&2> - новый тикет!");
        assert_eq!(TEXTS.greeting(UserId(1)), "<@1>, добро пожаловать в поддержку!");
    }

    #[test]
    fn the_panel_tells_four_steps() {
        let steps: Vec<&str> = TEXTS.panel.hint.split('\n').collect();
        assert_eq!(
            steps,
            [
                "1. нажми кнопку ниже",
                "2. для тебя создастся приватный канал",
                "3. опиши свою проблему",
                "4. команда поддержки ответит",
            ]
        );
    }

    #[test]
    fn missing_rights_are_named() {
        let cases: [(&[Permission], &str); 3] = [
            (&[], "❌ мне не хватает прав, напиши администратору"),
            (&[Permission::ManageChannels], "❌ мне не хватает права «управлять каналами», напиши администратору"),
            (
                &[Permission::ViewChannel, Permission::EmbedLinks],
                "❌ мне не хватает прав «просматривать каналы», «встраивать ссылки», напиши администратору",
            ),
        ];
        for (rights, text) in cases {
            assert_eq!(say(&Notice::BotLacks(rights.to_vec())), text);
        }
        assert_eq!(
            say(&Notice::CloseFailed(vec![Permission::ManageChannels])),
            "❌ не получилось закрыть тикет: мне не хватает права «управлять каналами», напиши администратору"
        );
    }

    #[test]
    fn a_countdown_agrees_with_its_number() {
        let cases = [
            (0, "0 секунд"),
            (1_000, "1 секунду"),
            (2_000, "2 секунды"),
            (5_000, "5 секунд"),
            (11_000, "11 секунд"),
            (21_000, "21 секунду"),
            (24_000, "24 секунды"),
            (300, "1 секунду"),
            (1_500, "2 секунды"),
            (90_000, "90 секунд"),
            (111_000, "111 секунд"),
            (121_000, "121 секунду"),
            (60_000, "1 минуту"),
            (59_500, "1 минуту"),
            (120_000, "2 минуты"),
            (300_000, "5 минут"),
            (1_260_000, "21 минуту"),
            (5_400_000, "90 минут"),
            (3_600_000, "1 час"),
            (3_601_000, "3601 секунду"),
            (7_200_000, "2 часа"),
            (18_000_000, "5 часов"),
            (75_600_000, "21 час"),
            (86_400_000, "1 день"),
            (172_800_000, "2 дня"),
            (432_000_000, "5 дней"),
        ];
        for (millis, text) in cases {
            assert_eq!(countdown(Duration::from_millis(millis)), text);
        }
    }
}
