//! How long starting takes and how fast a text is scanned. `cargo bench --bench scan -- FILE...`
#![expect(clippy::print_stdout, reason = "it is what a bench is for")]

fn main() {
    println!("not yet");
}
