//! Standard output: text for people, JSON for programs, and no panic when nobody reads.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use serde::Serialize;

use crate::failure::{Failure, Outcome};

/// Standard output of a command.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    colour: bool,
    stdout: BufWriter<Stdout>,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        let stdout = io::stdout();
        let colour = !json && stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Output {
            json,
            colour,
            stdout: BufWriter::new(stdout),
        }
    }

    /// Whether a program reads.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether a terminal that wants colour reads.
    pub(crate) fn colour(&self) -> bool {
        self.colour
    }

    /// Prints a line.
    pub(crate) fn line(&mut self, line: impl AsRef<str>) -> Outcome {
        self.stdout
            .write_all(line.as_ref().as_bytes())
            .map_err(Failure::output)?;
        self.stdout.write_all(b"\n").map_err(Failure::output)
    }

    /// Prints a value as JSON on a line of its own.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Outcome {
        serde_json::to_writer(&mut self.stdout, value)
            .map_err(|error| Failure::output(error.into()))?;
        self.stdout.write_all(b"\n").map_err(Failure::output)
    }

    /// Prints without ending the line, at once.
    pub(crate) fn prompt(&mut self, text: &str) -> Outcome {
        self.stdout
            .write_all(text.as_bytes())
            .map_err(Failure::output)?;
        self.finish()
    }

    /// Hands everything printed so far to whoever reads.
    pub(crate) fn finish(&mut self) -> Outcome {
        self.stdout.flush().map_err(Failure::output)
    }
}

/// A number with commas between the thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of bytes in the unit that reads best.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut value = count as f64;
    let mut unit = "B";
    for next in UNITS {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    format!("{value:.1} {unit}")
}

/// `1 document`, `2 documents`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1024), "1.0 KiB");
        assert_eq!(bytes(5 << 30), "5.0 GiB");
        assert_eq!(counted(1, "document"), "1 document");
        assert_eq!(counted(1_000, "document"), "1,000 documents");
    }
}
