//! A progress bar on standard error, when that is a terminal.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over `length` things, or a counter when the length is not known.
///
/// It draws nothing when standard error is not a terminal.
pub(crate) fn bar(length: Option<u64>, what: &'static str) -> ProgressBar {
    let bar = if io::stderr().is_terminal() {
        ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr_with_hz(10))
    } else {
        ProgressBar::hidden()
    };
    let template = match length {
        Some(_) => "{msg} [{bar:32}] {human_pos}/{human_len} {eta}",
        None => "{msg} {human_pos} {elapsed}",
    };
    // The templates are constants of this file; one that does not parse keeps the default look.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(what);
    bar
}
