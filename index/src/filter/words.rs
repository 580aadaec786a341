//! What the words of a text field are compared with.

use std::hash::{Hash, Hasher};

use crate::text::TextQuery;

/// A keyword query in a filter.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    pub(crate) text: String,
    query: Result<TextQuery, String>,
}

impl Words {
    pub(crate) fn new(text: &str) -> Words {
        Words {
            text: text.to_string(),
            query: TextQuery::parse_strict(text).map_err(|error| error.to_string()),
        }
    }

    pub(crate) fn built(query: TextQuery) -> Words {
        Words {
            text: query.to_string(),
            query: Ok(query),
        }
    }

    /// Why it cannot be used.
    pub(crate) fn fault(&self) -> Option<&str> {
        self.query.as_ref().err().map(String::as_str)
    }

    pub(crate) fn query(&self) -> Option<&TextQuery> {
        self.query.as_ref().ok()
    }
}

impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Hash for Words {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}
