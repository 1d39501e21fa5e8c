//! Colours for a terminal: the only escape sequences that a report ever holds.

use super::Color;

/// What a piece of text is.
#[derive(Clone, Copy)]
pub(super) enum Style {
    /// Something that blocks.
    Deny,
    /// A warning, or something undecided.
    Warn,
    /// The place of a finding.
    Place,
    /// A name on the left of a value.
    Label,
}

/// The text in its colour (SGR of ECMA-48: bold red, bold yellow, bold, dim), or as it is.
pub(super) fn paint(color: Color, style: Style, text: &str) -> String {
    match color {
        Color::Plain => text.to_owned(),
        Color::Ansi => {
            let code = match style {
                Style::Deny => "1;31",
                Style::Warn => "1;33",
                Style::Place => "1",
                Style::Label => "2",
            };
            format!("\x1b[{code}m{text}\x1b[0m")
        }
    }
}
