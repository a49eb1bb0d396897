//! Makes a picture of what a command shows in a terminal: its coloured text on standard input, SVG on standard output.
//!
//! The pictures of the README are made by it, from real runs: see CONTRIBUTING.

use std::io::{Read as _, stdin};

use anstyle_svg::Term;

fn main() -> std::io::Result<()> {
    let mut text = String::new();
    stdin().read_to_string(&mut text)?;
    print!("{}", Term::new().render_svg(&text));
    Ok(())
}
