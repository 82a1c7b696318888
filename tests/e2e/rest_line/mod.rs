//! The line to Discord's REST interface: an edge that bars the address, pages in Discord's place, connections that die.

mod bar;
mod dead;
