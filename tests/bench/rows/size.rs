//! The binary as it is put on a server: without the sandbox.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::figure::Figure;

/// Built beside the other one, which takes minutes the first time.
pub fn without_sandbox(_: &Path) -> Vec<Figure> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/lean");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "-p", "talon", "--release", "--no-default-features", "--quiet", "--target-dir"]).arg(&folder);
    assert!(build.status().expect("cargo can be run").success(), "the bot can be built without the sandbox");
    let bytes = fs::metadata(folder.join("release/talon")).expect("it has been built").len();
    let kibibytes = u32::try_from(bytes / 1024).unwrap_or(u32::MAX);
    vec![Figure::new("binary without the sandbox", f64::from(kibibytes) / 1024.0, "MiB").at_most(12.0)]
}
