//! No call of the bot's escapes the matrices of crashes and faults: each is made in a scene, and every scene is tried in
//! both.

use talon::lifecycle::Request;

use crate::scenes::Scene;

/// Declares in which scene each call is made, and how it looks on the wire.
macro_rules! calls {
    ($($call:ident: $scene:ident makes $request:literal,)*) => {
        /// A variant without a line does not compile.
        const _: fn(&Request) = |call| match call {
            $(Request::$call { .. } => {})*
        };

        const CALLS: &[(Scene, &str)] = &[$((Scene::$scene, $request)),*];
    };
}

calls! {
    CreateChannel: Interaction makes "POST /guilds/*/channels",
    ListChannels: TakenUp makes "GET /guilds/*/channels",
    GetChannel: LetIn makes "GET /channels/*",
    FindChannel: Missed makes "GET /guilds/*/channels",
    ReadChannel: TakenUp makes "GET /channels/*/messages",
    Welcome: Interaction makes "POST /channels/*/messages",
    Acknowledge: Interaction makes "POST /interactions/*/*/callback",
    EditReply: VainClose makes "PATCH /webhooks/*/*/messages/@original",
    Say: Close makes "POST /channels/*/messages",
    RestoreAccess: LetIn makes "PUT /channels/*/permissions/*",
    DeleteChannel: Close makes "DELETE /channels/*",
    GetPanel: StalePanel makes "GET /channels/*/messages/*",
    EditPanel: StalePanel makes "PATCH /channels/*/messages/*",
    ListPanels: LostFile makes "GET /channels/*/messages",
    SendPanel: FirstStart makes "POST /channels/*/messages",
    DeletePanel: LostFile makes "DELETE /channels/*/messages/*",
    ListCommands: FirstStart makes "GET /applications/*/guilds/*/commands",
    PutCommands: FirstStart makes "PUT /applications/*/guilds/*/commands",
    RemoveCommands: Invited makes "PUT /applications/*/guilds/*/commands",
}

/// The pages of a story are no calls of the rules': the first for the presser alone, the following ones, and those for
/// all.
const PAGES: &[(Scene, &str)] = &[
    (Scene::Explain, "PATCH /webhooks/*/*/messages/@original"),
    (Scene::Explain, "POST /webhooks/*/*"),
    (Scene::ExplainToAll, "POST /channels/*/messages"),
];

/// The requests for which a scene stands in both matrices.
pub fn made_in(scene: Scene) -> impl Iterator<Item = &'static str> {
    CALLS.iter().chain(PAGES).filter(move |(there, _)| *there == scene).map(|(_, request)| *request)
}
