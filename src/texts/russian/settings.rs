//! What is wrong with a settings document, in Russian.

use crate::model::settings::{Expected, Form, Problem, QuestionKind};
use crate::texts::placeholders;

pub(super) fn problem(problem: &Problem) -> String {
    match problem {
        Problem::NotJson { line, column } => {
            format!(
                "строка {line}, знак {column}: дальше не JSON, проверь запятую, кавычку или скобку перед этим местом"
            )
        }
        Problem::TooLarge(most) => format!("больше {most} КиБ: это не документ с настройками"),
        Problem::FieldTwice => "стоит в одном объекте дважды: оставь одно из двух".into(),
        Problem::UnknownField { nearest: Some(name), .. } => format!("такого поля нет: может быть, \"{name}\"?"),
        Problem::UnknownField { nearest: None, known } => format!("такого поля нет, здесь есть {}", known.join(", ")),
        Problem::Missing => "не хватает этого поля".into(),
        Problem::WrongType(wanted) => format!("здесь нужно {}", expected(*wanted)),
        Problem::Version(version) => format!("версия {version} неизвестна, этот бот читает версию 1"),
        Problem::UnknownWord { nearest: Some(word), .. } => format!("такого слова нет: может быть, \"{word}\"?"),
        Problem::UnknownWord { nearest: None, allowed } => format!("здесь нужно одно из слов {}", allowed.join(", ")),
        Problem::OutOfRange(min, max) => format!("здесь нужно целое число от {min} до {max}"),
        Problem::SpanOutOfRange(min, max) => format!("здесь нужен срок от {min} до {max}"),
        Problem::Length { min, max, found } => format!("знаков: {found}, можно от {min} до {max}"),
        Problem::Count { min, max, found } => format!("записей: {found}, можно от {min} до {max}"),
        Problem::Blank => "пусто: напиши что-нибудь или убери поле".into(),
        Problem::Form(wanted) => format!("здесь нужно {}", form(*wanted)),
        Problem::UnknownPlaceholder(name) => {
            format!("{{{}}} ничего не значит, есть только {}", name.escape_debug(), placeholders())
        }
        Problem::LooseBrace => format!("лишняя фигурная скобка, в скобках бывает только {}", placeholders()),
        Problem::NoHours => "эти часы кончаются, когда начинаются: весь день это 00:00-24:00".into(),
        Problem::UnknownTimeZone { nearest: Some(name) } => {
            format!("такого часового пояса нет: может быть, \"{name}\"?")
        }
        Problem::UnknownTimeZone { nearest: None } => {
            "здесь нужно имя часового пояса, например UTC или Europe/Moscow".into()
        }
        Problem::Repeated(path) => format!("уже есть в этом списке: {path}"),
        Problem::KeyTaken(path) => format!("этот ключ уже занят: {path}"),
        Problem::UnknownType { nearest: Some(key) } => {
            format!("нет типа тикета с таким ключом: может быть, \"{key}\"?")
        }
        Problem::UnknownType { nearest: None } => "нет типа тикета с таким ключом".into(),
        Problem::TooManyQuestions { kind: QuestionKind::Text, max, found } => {
            format!("вопросов с текстом (line, text): {found}, в форму discord помещается не больше {max}")
        }
        Problem::TooManyQuestions { kind: QuestionKind::Choice, max, found } => {
            format!(
                "вопросов с выбором (one, many, user, role, channel): {found}, в сообщение помещается не больше {max}"
            )
        }
        Problem::MinAboveMax => "больше, чем max: не подойдёт ни один ответ".into(),
        Problem::Unreadable(why) => format!("не читается: {why}"),
    }
}

const fn expected(wanted: Expected) -> &'static str {
    match wanted {
        Expected::Record => "объект: { \"key\": … }",
        Expected::List => "список: [ … ]",
        Expected::Text => "текст в кавычках",
        Expected::Number => "целое число",
        Expected::Flag => "true или false",
        Expected::Id => "id из discord, только цифры, например \"1234567890123456789\"",
        Expected::Span => "время, например \"30s\", \"1h 30m\" или \"2days\"",
        Expected::Answer => {
            "\"line\", \"text\", \"user\", \"role\", \"channel\", { \"line\": { \"max\": 100 } } или { \"one\": [\"да\", \"нет\"] }"
        }
    }
}

const fn form(form: Form) -> &'static str {
    match form {
        Form::Free | Form::Template => "что-нибудь видимое",
        Form::Key => "от 1 до 20 знаков: строчные латинские буквы, цифры и дефис",
        Form::QuestionKey => "от 1 до 20 знаков: строчные латинские буквы, цифры и подчёркивание",
        Form::Colour => "указать цвет как #rrggbb, например \"#5865f2\"",
        Form::Image => "указать адрес, который начинается с https://",
        Form::Emoji => "одно эмодзи или эмодзи сервера: <:name:id>",
        Form::Hours => "указать часы работы, например \"mon-fri 09:00-18:00\" или \"sat,sun 22:00-02:00\"",
    }
}
