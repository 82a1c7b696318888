//! Which texts are in which language.

use super::*;
use crate::language::Locale;

fn payload(call: &Request, locale: Locale) -> Value {
    let place = Place { locale, ..PLACE };
    build_request(call, &place).payload.unwrap_or_default()
}

/// The text of a call with Russian, English and automatic language.
fn check(call: &Request, pointer: &str, [russian, english, auto]: [&str; 3]) {
    let [ru, en] = Language::ALL.map(Locale::One);
    for (locale, text) in [(ru, russian), (en, english), (Locale::Auto, auto)] {
        assert_eq!(payload(call, locale).pointer(pointer), Some(&json!(text)), "{call:?}");
    }
}

#[test]
fn texts_in_a_channel_are_in_the_language_of_the_server() {
    let welcome = Request::Welcome { owner: OWNER, channel: TICKET };
    let panel = Request::SendPanel { nonce: 5 };
    let create = Request::CreateChannel {
        owner: OWNER,
        name: ChannelName::Neutral,
        request_id: RequestId(60),
        attempt: 0,
        number: Some(TicketNumber(42)),
    };
    let closing = say(Notice::Closing(Duration::from_secs(5)), None);
    let public = Acknowledgement::Public(Notice::Closing(Duration::from_secs(5)));
    let announced = Request::Acknowledge { press: pressed_in(Language::English), with: public };
    let cases: [(&Request, &str, &str, &str); 12] = [
        (&welcome, "/content", "<@7> <@&3> - новый тикет!", "<@7> <@&3> - new ticket!"),
        (&welcome, "/embeds/0/title", "🎫 ТИКЕТ ПОДДЕРЖКИ", "🎫 SUPPORT TICKET"),
        (&welcome, "/embeds/0/description", "<@7>, добро пожаловать в поддержку!", "<@7>, welcome to support!"),
        (&welcome, "/components/0/components/0/label", "закрыть тикет", "close ticket"),
        (&panel, "/embeds/0/title", "🎫 СИСТЕМА ПОДДЕРЖКИ", "🎫 SUPPORT SYSTEM"),
        (&panel, "/embeds/0/fields/0/name", "📝 как это работает?", "📝 how does it work?"),
        (&panel, "/components/0/components/0/label", "создать тикет", "create ticket"),
        (&create, "/name", "тикет-7", "ticket-7"),
        (&create, "/topic", "тикет #42 · <@7> · №60", "ticket #42 · <@7> · no. 60"),
        (
            &closing,
            "/content",
            "🔒 тикет будет закрыт через 5 секунд...",
            "🔒 this ticket will be closed in 5 seconds...",
        ),
        (
            &announced,
            "/data/content",
            "🔒 тикет будет закрыт через 5 секунд...",
            "🔒 this ticket will be closed in 5 seconds...",
        ),
        (
            &Request::EditPanel { message: MessageId(70) },
            "/embeds/0/title",
            "🎫 СИСТЕМА ПОДДЕРЖКИ",
            "🎫 SUPPORT SYSTEM",
        ),
    ];
    for (call, pointer, russian, english) in cases {
        check(call, pointer, [russian, english, russian]);
    }
}

#[test]
fn texts_for_one_member_are_in_their_language() {
    for (language, text) in [
        (Language::Russian, "❌ нет прав"),
        (Language::English, "❌ only the ticket's owner and the support team can close it"),
    ] {
        let press = pressed_in(language);
        let with = Acknowledgement::Private(Notice::NoRights);
        check(&Request::Acknowledge { press: press.clone(), with }, "/data/content", [text; 3]);
        check(&Request::EditReply { press, words: Notice::NoRights }, "/content", [text; 3]);
        let reply_to = Some((MessageId(70), language));
        let reply = Request::Say { channel: TICKET, words: Notice::NoRights, reply_to, request_id: RequestId(60) };
        check(&reply, "/content", [text; 3]);
    }
}

#[test]
fn the_audit_log_is_in_the_language_of_the_server() {
    let place = Place { locale: Locale::One(Language::English), ..PLACE };
    let create = Request::CreateChannel {
        owner: OWNER,
        name: ChannelName::Neutral,
        request_id: RequestId(60),
        attempt: 0,
        number: Some(TicketNumber(42)),
    };
    assert_eq!(build_request(&create, &place).reason, Some("new ticket"));
    assert_eq!(build_request(&Request::DeleteChannel { channel: TICKET }, &place).reason, Some("ticket closed"));
}
