//! A ticket's story in Russian: each step as a sentence without a full stop.

use std::time::Duration;

use super::lack;
use crate::ids::{GuildId, TicketNumber};
use crate::lifecycle::{Note, Refusal, Way, Why};
use crate::texts::Naming;

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

pub(super) fn step(note: &Note, naming: &Naming) -> String {
    let (person, place) = (naming.person, naming.channel);
    match note {
        Note::Asked { by, way } => format!("{} открывает тикет ({})", person(*by), how(*way)),
        Note::AskedAgain { by, way } => {
            format!("{} просит тикет ещё раз ({}) и получает ссылку на него", person(*by), how(*way))
        }
        Note::TurnedDown { by, way, channel, why } => {
            let there = channel.map(|channel| format!(" в {}", place(channel))).unwrap_or_default();
            format!("{} просит закрыть ({}){there}, отказано: {}", person(*by), how(*way), reason(why, naming))
        }
        Note::AccessRestored => "участник потерял доступ к каналу и снова получил его".into(),
        Note::LockedOut { why } => {
            format!("участник не видит канал, вернуть доступ не удалось: {}", reason(why, naming))
        }
        Note::Created { channel } => format!("создан канал {}", place(*channel)),
        Note::Found { channel } => format!("канал {} всё-таки был создан", place(*channel)),
        Note::Refused { why } => format!("тикет не открыт: {}", reason(why, naming)),
        Note::Renamed => "discord не принял имя участника для канала, взято нейтральное".into(),
        Note::Deferred => "участнику показано «подожди»".into(),
        Note::Told => "участнику отправлен ответ".into(),
        Note::NotTold => "ответить на нажатие не удалось: discord его уже не принял".into(),
        Note::Opened { channel } => format!("тикет {} открыт", place(*channel)),
        Note::Adopted { channel } => format!("канал {} принят как тикет", place(*channel)),
        Note::Duplicate { channel } => format!("лишний канал {} удаляется", place(*channel)),
        Note::Yielded { channel } => format!("другой процесс создал {} раньше: это и есть тикет", place(*channel)),
        Note::AnotherProcess => "токеном бота пользуется ещё один процесс".into(),
        Note::Unclaimed { channel } => format!("канал {} похож на второй тикет, он не тронут", place(*channel)),
        Note::CloseAsked { by, way } => format!("{} закрывает тикет ({})", person(*by), how(*way)),
        Note::Announced => "в канале сказано, что тикет будет закрыт".into(),
        Note::Kept { wait } => format!("discord ограничил бота, канал будет удалён через {}", length(*wait)),
        Note::Closed { channel } => format!("канал {} удалён", place(*channel)),
        Note::Gone { channel } => format!("канал {} удалили вручную", place(*channel)),
        Note::Reopened { why } => format!("закрыть не удалось, тикет снова открыт: {}", reason(why, naming)),
        Note::Retrying { call, why, attempt, pause } => {
            let pause = length(*pause);
            format!("не удалось {}: {}; попытка {attempt}, следующая через {pause}", deed(call), reason(why, naming))
        }
        Note::GaveUp { call, why } => format!("не удалось {}: {}; больше не пробую", deed(call), reason(why, naming)),
        Note::TakenUp => "бот перезапущен и продолжил начатое".into(),
        Note::Unsaved => "база данных не приняла изменение, ничего не сделано".into(),
        Note::Restarted => "в боте случилась ошибка, тикет поднят из базы данных".into(),
    }
}

const fn how(way: Way) -> &'static str {
    match way {
        Way::Button => "кнопка",
        Way::Slash => "слэш-команда",
        Way::Command => "команда",
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

fn reason(why: &Why, naming: &Naming) -> String {
    match why {
        Why::NotATicket => "это не тикет".into(),
        Why::NotKnownYet => "ещё неизвестно, тикет ли это".into(),
        Why::NoRights => "нет прав".into(),
        Why::ClosingAlready => "уже закрывается".into(),
        Why::NoAnswer => "discord не ответил".into(),
        Why::NeverAnswered => "discord раз за разом не отвечает".into(),
        Why::Limited { wait } => format!("discord ограничил бота ещё на {}", length(*wait)),
        Why::Refused(refusal) => refused(refusal, naming),
    }
}

fn refused(refusal: &Refusal, naming: &Naming) -> String {
    match refusal {
        Refusal::ChannelGone => "канала больше нет".into(),
        Refusal::MessageGone => "сообщения больше нет".into(),
        Refusal::Forbidden(rights) => lack(rights),
        Refusal::TimedOut { until } => format!("бот в тайм-ауте, он закончится {}", (naming.moment)(*until)),
        Refusal::NotInGuild => "бота удалили с сервера".into(),
        Refusal::CommunityChannel => "канал нужен серверу сообщества".into(),
        Refusal::Name => "такое имя нельзя дать каналу".into(),
        Refusal::CategoryFull => "в категории нет места".into(),
        Refusal::CategoryGone => "категории больше нет".into(),
        Refusal::ServerFull => "на сервере нет места".into(),
        Refusal::SupportRoleGone => "роли поддержки больше нет".into(),
        Refusal::AlreadyAcknowledged => "на нажатие уже отвечено".into(),
        Refusal::InteractionGone => "на нажатие отвечать поздно".into(),
        Refusal::Other { status, code } => format!("discord отказал ({status}, {code})"),
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
