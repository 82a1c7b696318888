//! Plain data that the other rooms speak about. It names no room but `ids`, waits for nothing and logs nothing.

pub mod settings;
