//! Compiles `rules.toml` into a static table.
fn main() {
    println!("cargo::rerun-if-changed=rules.toml");
}
