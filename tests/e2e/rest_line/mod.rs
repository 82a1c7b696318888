//! The line to Discord's REST interface: Cloudflare blocking the address, pages in Discord's place, connections that die.

mod bar;
mod dead;
