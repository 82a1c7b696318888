//! Who is here, asked over the gateway (Discord documentation, *Gateway Events*: "Request Guild Members", "Guild Members
//! Chunk"). Clients that hold the member intent ask for everybody as they start, and wait.

use serde_json::{Value, json};

use super::World;
use super::dispatch::Intents;
use super::snowflake::Snowflake;

/// "Up to 1000 members" come in one chunk.
const MOST_IN_CHUNK: usize = 1000;
/// "`limit` ... a maximum of 100 members can be returned" where names are searched for.
const MOST_FOUND: usize = 100;

impl World {
    /// The chunks that answer a request; none where the session may not ask, since only the member intent opens the whole
    /// list.
    #[must_use]
    pub fn roster(&self, intents: Intents, request: &Value) -> Vec<Value> {
        let wanted = ids(&request["user_ids"]);
        let query = request["query"].as_str().unwrap_or_default().to_lowercase();
        let everybody = wanted.is_empty() && query.is_empty();
        let ours = request["guild_id"] == json!(self.guild.id) || ids(&request["guild_id"]) == [self.guild.id];
        if !ours || everybody && !intents.has(Intents::GUILD_MEMBERS) {
            return Vec::new();
        }
        let limit = request["limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(0);
        let most = if everybody && limit == 0 { usize::MAX } else { limit.clamp(1, MOST_FOUND).max(wanted.len()) };
        let fits = |member: &Snowflake| {
            let name = self.display_name(*member).to_lowercase();
            if wanted.is_empty() { name.starts_with(&query) } else { wanted.contains(member) }
        };
        let found: Vec<Snowflake> = self.guild.members.keys().copied().filter(fits).take(most).collect();
        let absent: Vec<Snowflake> = wanted.iter().copied().filter(|id| !found.contains(id)).collect();
        let chunks: Vec<&[Snowflake]> =
            if found.is_empty() { vec![&[]] } else { found.chunks(MOST_IN_CHUNK).collect() };
        let chunk = |(index, part): (usize, &&[Snowflake])| {
            let members: Vec<Value> = part.iter().filter_map(|member| self.member_json(*member)).collect();
            let mut chunk = json!({
                "guild_id": self.guild.id, "members": members, "chunk_index": index, "chunk_count": chunks.len(),
                "not_found": absent,
            });
            if let Some(nonce) = request.get("nonce") {
                chunk["nonce"] = nonce.clone();
            }
            chunk
        };
        chunks.iter().enumerate().map(chunk).collect()
    }
}

/// One id or several; what is none is left out.
fn ids(value: &Value) -> Vec<Snowflake> {
    let one = |value: &Value| value.as_u64().map(Snowflake).or_else(|| value.as_str()?.parse().ok());
    value.as_array().map_or_else(|| one(value).into_iter().collect(), |list| list.iter().filter_map(one).collect())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::super::{Start, World};
    use super::*;

    #[test]
    fn everybody_is_told_to_those_who_may_know() {
        let (world, ids) = World::new(SystemTime::UNIX_EPOCH, &Start::default(), "token", "ws://");
        let all = json!({ "guild_id": ids.guild, "query": "", "limit": 0, "nonce": "n" });
        let chunks = world.roster(Intents::GUILD_MEMBERS, &all);
        assert_eq!(chunks.len(), 1);
        assert_eq!(chunks[0]["members"].as_array().map(Vec::len), Some(world.guild.members.len()));
        assert_eq!(chunks[0]["nonce"], "n");
        assert!(world.roster(Intents::GUILDS, &all).is_empty(), "without the member intent");

        let some = json!({ "guild_id": ids.guild, "user_ids": [ids.alice, "1"], "limit": 0 });
        let chunk = &world.roster(Intents::GUILDS, &some)[0];
        assert_eq!(chunk["members"][0]["user"]["id"], json!(ids.alice));
        assert_eq!(chunk["not_found"], json!(["1"]));
        let named = json!({ "guild_id": ids.guild, "query": "al", "limit": 5 });
        assert_eq!(world.roster(Intents::GUILDS, &named)[0]["members"].as_array().map(Vec::len), Some(1));
    }
}
