//! Dotted paths into metadata, in one spelling.

/// A path as it is stored and printed: keys joined by dots, a key that is no plain word in backticks.
pub(crate) fn join<'a>(keys: impl IntoIterator<Item = &'a str>) -> String {
    let mut path = String::new();
    for (at, key) in keys.into_iter().enumerate() {
        if at > 0 {
            path.push('.');
        }
        push(&mut path, key);
    }
    path
}

/// Adds one key to a path.
pub(crate) fn push(path: &mut String, key: &str) {
    if is_plain(key) {
        path.push_str(key);
    } else {
        path.push('`');
        path.push_str(&key.replace('`', "``"));
        path.push('`');
    }
}

/// The path of a key inside of the object at `parent`.
pub(crate) fn inside(parent: &str, key: &str) -> String {
    let mut path = String::with_capacity(parent.len() + key.len() + 1);
    path.push_str(parent);
    if !parent.is_empty() {
        path.push('.');
    }
    push(&mut path, key);
    path
}

fn is_plain(key: &str) -> bool {
    let mut chars = key.chars();
    chars.next().is_some_and(starts_word) && chars.all(continues_word) && !is_keyword(key)
}

/// Whether a word may begin with this.
pub(crate) fn starts_word(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '$' || c == '@'
}

/// Whether a word may go on with this.
pub(crate) fn continues_word(c: char) -> bool {
    starts_word(c) || c.is_numeric() || c == '-'
}

/// Words of the language, in any case.
pub(crate) fn is_keyword(word: &str) -> bool {
    const KEYWORDS: [&str; 9] = [
        "and", "or", "not", "in", "is", "null", "exists", "true", "false",
    ];
    KEYWORDS
        .iter()
        .any(|keyword| word.eq_ignore_ascii_case(keyword))
}

/// A dotted path into metadata in the spelling of columns: keys that are no plain words in backticks. What is
/// no path is one key.
#[must_use]
pub fn normalise(path: &str) -> String {
    split(path).map_or_else(
        || join([path]),
        |keys| join(keys.iter().map(String::as_str)),
    )
}

/// A path as it stands in a filter, of its keys, outermost first.
#[must_use]
pub fn path_join<'a>(keys: impl IntoIterator<Item = &'a str>) -> String {
    join(keys)
}

/// The keys of a dotted path into metadata, outermost first; what is no path is one key.
#[must_use]
pub fn path_keys(path: &str) -> Vec<String> {
    split(path).unwrap_or_else(|| vec![path.to_string()])
}

/// The keys of a path; `None` when it is none.
pub(crate) fn split(path: &str) -> Option<Vec<String>> {
    let mut keys = Vec::new();
    let mut rest = path;
    loop {
        let (key, after) = match rest.strip_prefix('`') {
            Some(quoted) => unquote(quoted, '`')?,
            None => {
                let end = rest.find(['.', '`']).unwrap_or(rest.len());
                (rest.get(..end)?.to_string(), rest.get(end..)?)
            }
        };
        if key.is_empty() {
            return None;
        }
        keys.push(key);
        if after.is_empty() {
            return Some(keys);
        }
        rest = after.strip_prefix('.')?;
    }
}

/// The text up to the closing quote, doubled quotes made single, and what follows it.
pub(crate) fn unquote(text: &str, quote: char) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut rest = text;
    loop {
        let at = rest.find(quote)?;
        out.push_str(rest.get(..at)?);
        rest = rest.get(at + quote.len_utf8()..)?;
        match rest.strip_prefix(quote) {
            Some(after) => {
                out.push(quote);
                rest = after;
            }
            None => return Some((out, rest)),
        }
    }
}
