//! A ticket's story in Russian: each step as a sentence without a full stop.

use std::time::Duration;

use super::lack;
use crate::ids::{GuildId, TicketNumber};
use crate::lifecycle::{ApiError, JournalEvent, Reason, Source};
use crate::texts::Naming;
use crate::texts::story::quote;

pub(super) fn title(number: Option<TicketNumber>) -> String {
    number.map_or_else(|| "📖 история тикета".into(), |number| format!("📖 история тикета {number}"))
}

pub(super) fn ticket(number: TicketNumber, owner: &str, guild: GuildId, channel: Option<&str>) -> String {
    let channel = channel.map(|channel| format!(", канал {channel}")).unwrap_or_default();
    format!("Тикет {number} участника {owner} на сервере {guild}{channel}")
}

pub(super) fn no_ticket(member: &str, guild: GuildId, channel: Option<&str>) -> String {
    let channel = channel.map(|channel| format!(", канал {channel}")).unwrap_or_default();
    format!("Участник {member} на сервере {guild}, тикета ещё не было{channel}")
}

pub(super) fn step(note: &JournalEvent, naming: &Naming) -> String {
    let (person, place) = (naming.person, naming.channel);
    match note {
        JournalEvent::Asked { by, way } => format!("{} открывает тикет ({})", person(*by), how(*way)),
        JournalEvent::AskedAgain { by, way } => {
            format!("{} просит тикет ещё раз ({}) и получает ссылку на него", person(*by), how(*way))
        }
        JournalEvent::TurnedDown { by, way, channel, why } => {
            let there = channel.map(|channel| format!(" в {}", place(channel))).unwrap_or_default();
            format!("{} просит закрыть ({}){there}, отказано: {}", person(*by), how(*way), reason(why, naming))
        }
        JournalEvent::AccessRestored => "участник потерял доступ к каналу и снова получил его".into(),
        JournalEvent::LockedOut { why } => {
            format!("участник не видит канал, вернуть доступ не удалось: {}", reason(why, naming))
        }
        JournalEvent::Created { channel } => format!("создан канал {}", place(*channel)),
        JournalEvent::Found { channel } => format!("канал {} всё-таки был создан", place(*channel)),
        JournalEvent::Refused { why } => format!("тикет не открыт: {}", reason(why, naming)),
        JournalEvent::Renamed => "discord не принял имя участника для канала, взято нейтральное".into(),
        JournalEvent::Deferred => "участнику показано «подожди»".into(),
        JournalEvent::Route => "участнику отправлен ответ".into(),
        JournalEvent::NotTold => "ответить на нажатие не удалось: discord его уже не принял".into(),
        JournalEvent::Opened { channel } => format!("тикет {} открыт", place(*channel)),
        JournalEvent::Adopted { channel } => format!("канал {} принят как тикет", place(*channel)),
        JournalEvent::Imported { channel, from, ticket_type } => {
            let kind = ticket_type.as_ref().map(|name| format!(", тип {}", quote(name))).unwrap_or_default();
            format!("канал {} перенесён из {from} как тикет{kind}", place(*channel))
        }
        JournalEvent::Duplicate { channel } => format!("лишний канал {} удаляется", place(*channel)),
        JournalEvent::Yielded { channel } => {
            format!("другой процесс создал {} раньше: это и есть тикет", place(*channel))
        }
        JournalEvent::AnotherProcess => "токеном бота пользуется ещё один процесс".into(),
        JournalEvent::Unclaimed { channel } => format!("канал {} похож на второй тикет, он не тронут", place(*channel)),
        JournalEvent::CloseAsked { by, way } => format!("{} закрывает тикет ({})", person(*by), how(*way)),
        JournalEvent::Announced => "в канале сказано, что тикет будет закрыт".into(),
        JournalEvent::Kept { wait } => format!("discord ограничил бота, канал будет удалён через {}", length(*wait)),
        JournalEvent::Closed { channel } => format!("канал {} удалён", place(*channel)),
        JournalEvent::Gone { channel } => format!("канал {} удалили вручную", place(*channel)),
        JournalEvent::Reopened { why } => format!("закрыть не удалось, тикет снова открыт: {}", reason(why, naming)),
        JournalEvent::Retrying { call, why, attempt, pause } => {
            let pause = length(*pause);
            format!("не удалось {}: {}; попытка {attempt}, следующая через {pause}", deed(call), reason(why, naming))
        }
        JournalEvent::GaveUp { call, why } => {
            format!("не удалось {}: {}; больше не пробую", deed(call), reason(why, naming))
        }
        JournalEvent::TakenUp => "бот перезапущен и продолжил начатое".into(),
        JournalEvent::Unsaved => "база данных не приняла изменение, ничего не сделано".into(),
        JournalEvent::Restarted => "в боте случилась ошибка, тикет поднят из базы данных".into(),
    }
}

const fn how(way: Source) -> &'static str {
    match way {
        Source::Button => "кнопка",
        Source::Slash => "слэш-команда",
        Source::Command => "команда",
    }
}

/// What was tried, as it follows "не удалось".
fn deed(call: &str) -> &str {
    match call {
        "create channel" => "создать канал",
        "list channels" => "прочитать список каналов",
        "get channel" => "найти канал",
        "read channel" => "прочитать канал",
        "welcome" => "отправить приветствие",
        "defer" | "answer press" | "edit reply" => "ответить на нажатие",
        "say" => "написать в канал",
        "restore access" => "вернуть доступ к каналу",
        "delete channel" => "удалить канал",
        other => other,
    }
}

fn reason(why: &Reason, naming: &Naming) -> String {
    match why {
        Reason::NotATicket => "это не тикет".into(),
        Reason::NotKnownYet => "ещё неизвестно, тикет ли это".into(),
        Reason::NoRights => "нет прав".into(),
        Reason::ClosingAlready => "уже закрывается".into(),
        Reason::NoAnswer => "discord не ответил".into(),
        Reason::NeverAnswered => "discord раз за разом не отвечает".into(),
        Reason::Limited { wait } => format!("discord ограничил бота ещё на {}", length(*wait)),
        Reason::Refused(refusal) => refused(refusal, naming),
    }
}

fn refused(refusal: &ApiError, naming: &Naming) -> String {
    match refusal {
        ApiError::ChannelGone => "канала больше нет".into(),
        ApiError::MessageGone => "сообщения больше нет".into(),
        ApiError::Forbidden(rights) => lack(rights),
        ApiError::TimedOut { until } => format!("бот в тайм-ауте, он закончится {}", (naming.moment)(*until)),
        ApiError::NotInGuild => "бота удалили с сервера".into(),
        ApiError::CommunityChannel => "канал нужен серверу сообщества".into(),
        ApiError::Name => "такое имя нельзя дать каналу".into(),
        ApiError::CategoryFull => "в категории нет места".into(),
        ApiError::CategoryGone => "категории больше нет".into(),
        ApiError::ServerFull => "на сервере нет места".into(),
        ApiError::SupportRoleGone => "роли поддержки больше нет".into(),
        ApiError::AlreadyAcknowledged => "на нажатие уже отвечено".into(),
        ApiError::InteractionGone => "на нажатие отвечать поздно".into(),
        ApiError::Other { status, code } => format!("discord отказал ({status}, {code})"),
    }
}

/// Seconds to a tenth, or whole minutes.
fn length(pause: Duration) -> String {
    let tenths = pause.as_millis().div_ceil(100);
    match (tenths / 10, tenths % 10) {
        (60.., _) => format!("{} мин", tenths.div_ceil(600)),
        (seconds, 0) => format!("{seconds} с"),
        (seconds, tenth) => format!("{seconds},{tenth} с"),
    }
}
