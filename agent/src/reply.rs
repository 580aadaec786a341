//! What an agent answers.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Citation, Finish, ToolCall, Usage};

/// Why a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StopReason {
    /// The model had said all.
    #[default]
    Done,
    /// The budget of steps was spent.
    Steps,
    /// The model reached its limit of tokens; the text is cut off.
    Length,
    /// The provider held the answer back.
    Filtered,
}

impl From<Finish> for StopReason {
    fn from(finish: Finish) -> Self {
        match finish {
            Finish::Length => StopReason::Length,
            Finish::Filtered => StopReason::Filtered,
            Finish::Stop | Finish::ToolCalls => StopReason::Done,
        }
    }
}

/// The answer of an agent. Displays as its text.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Reply {
    /// What it says.
    pub text: String,
    /// The passages that the text points to with a number in brackets.
    pub citations: Vec<Citation>,
    /// The tools it called, in order, whether they ran or not.
    pub tool_calls: Vec<ToolCall>,
    /// How often the model was asked.
    pub steps: usize,
    /// Tokens of all steps.
    pub usage: Usage,
    /// Cost in US dollars, when the provider says.
    pub cost: Option<f64>,
    /// Why it ended.
    pub stop_reason: StopReason,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Those of the passages whose number stands in brackets in the text, in order of number.
pub(crate) fn cited(text: &str, passages: Vec<Citation>) -> Vec<Citation> {
    passages
        .into_iter()
        .filter(|citation| text.contains(&format!("[{}]", citation.number)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_text_points_to_is_cited() {
        let passages: Vec<Citation> = (1..=12)
            .map(|number| Citation::new(number, "a.md", (number, number), "x", "k"))
            .collect();
        let numbers: Vec<usize> = cited("So [2] and [12], not 3.", passages)
            .iter()
            .map(|c| c.number)
            .collect();
        assert_eq!(numbers, [2, 12]);
    }
}
