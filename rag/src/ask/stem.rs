//! Stems of English words.

/// A crude stem, the same for the forms of most English words: it only has to agree with itself.
pub(super) fn stem(word: &str) -> String {
    if !word.is_ascii() || word.len() <= 3 {
        return word.to_string();
    }
    let mut stem = word;
    for (suffix, least) in [("ies", 2), ("sses", 2), ("es", 3), ("s", 3)] {
        if let Some(rest) = stem.strip_suffix(suffix)
            && rest.len() >= least
            && !(suffix == "s" && (rest.ends_with('s') || rest.ends_with('u')))
        {
            stem = match suffix {
                "sses" => &stem[..rest.len() + 2],
                "ies" => &stem[..rest.len() + 1],
                "es" if !rest.ends_with(['s', 'x', 'z', 'h']) => &stem[..rest.len() + 1],
                _ => rest,
            };
            break;
        }
    }
    for suffix in ["ing", "edly", "ed", "ion", "ly"] {
        if let Some(rest) = stem.strip_suffix(suffix)
            && rest.len() >= 3
        {
            stem = rest;
            break;
        }
    }
    let bytes = stem.as_bytes();
    if let [.., a, b] = bytes
        && a == b
        && !matches!(b, b's' | b'l' | b'z')
        && stem.len() > 3
    {
        stem = &stem[..stem.len() - 1];
    }
    let stem = if stem.len() > 3 {
        stem.strip_suffix('e').unwrap_or(stem)
    } else {
        stem
    };
    match stem.strip_suffix('y') {
        Some(rest) if rest.len() >= 3 => format!("{rest}i"),
        _ => stem.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn forms_of_a_word_have_one_stem() {
        for forms in [
            &["rotate", "rotates", "rotated", "rotating", "rotation"][..],
            &["key", "keys"],
            &["policy", "policies"],
            &["commit", "commits", "committed", "committing"],
            &["crash", "crashes", "crashed"],
            &["write", "writes", "writing"],
            &["delete", "deleted", "deleting", "deletes"],
        ] {
            let stems: HashSet<String> = forms.iter().map(|word| stem(word)).collect();
            assert_eq!(stems.len(), 1, "{forms:?} gave {stems:?}");
        }
        assert_ne!(stem("index"), stem("indeed"));
    }
}
