//! Where a page ends, as text that a caller gives back.

use lumos_index::Scalar;

use super::order::Order;
use crate::{Error, Result};

/// A value that outlives the segment it was read from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Held {
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
}

impl Held {
    pub(super) fn new(value: Scalar<'_>) -> Option<Held> {
        Some(match value {
            Scalar::Bool(value) => Held::Bool(value),
            Scalar::Int(value) => Held::Int(value),
            Scalar::Float(value) => Held::Float(value),
            Scalar::Text(text) => Held::Text(text.to_string()),
            _ => return None,
        })
    }

    pub(super) fn scalar(&self) -> Scalar<'_> {
        match self {
            Held::Bool(value) => Scalar::Bool(*value),
            Held::Int(value) => Scalar::Int(*value),
            Held::Float(value) => Scalar::Float(*value),
            Held::Text(text) => Scalar::Text(text),
        }
    }

    /// A letter for the kind and the value, without rounding.
    fn encode(&self) -> String {
        match self {
            Held::Bool(value) => format!("b{}", u8::from(*value)),
            Held::Int(value) => format!("i{value}"),
            Held::Float(value) => format!("f{}", value.to_bits()),
            Held::Text(text) => format!("t{text}"),
        }
    }

    fn decode(text: &str) -> Option<Held> {
        let mut chars = text.chars();
        let kind = chars.next()?;
        let rest = chars.as_str();
        match kind {
            'b' => Some(Held::Bool(rest == "1")),
            'i' => rest.parse().ok().map(Held::Int),
            'f' => rest
                .parse()
                .ok()
                .map(f64::from_bits)
                .filter(|f| !f.is_nan())
                .map(Held::Float),
            't' => Some(Held::Text(rest.to_string())),
            _ => None,
        }
    }
}

/// The last document of a page: its place in an order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cursor {
    /// Of the order's path; `None` where there is none.
    pub(super) value: Option<Held>,
    pub(super) key: String,
}

impl Cursor {
    /// As text of hexadecimal digits.
    pub(super) fn encode(&self, order: Option<&(String, Order)>) -> String {
        let value = self.value.as_ref().map(Held::encode);
        let parts = (name(order), value, &self.key);
        let bytes = serde_json::to_vec(&parts).unwrap_or_default();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads a cursor of this order.
    pub(super) fn decode(text: &str, order: Option<&(String, Order)>) -> Result<Cursor> {
        let invalid = |detail: &str| Error::InvalidArgument {
            argument: "after",
            detail: detail.to_string(),
        };
        let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
        let (pairs, _) = digits.as_deref().unwrap_or_default().as_chunks::<2>();
        let bytes: Vec<u8> = pairs
            .iter()
            .map(|[high, low]| (high * 16 + low) as u8)
            .collect();
        let parts: (String, Option<String>, String) = serde_json::from_slice(&bytes)
            .map_err(|_| invalid("is no cursor: give what a page said was next"))?;
        let (of, value, key) = parts;
        if of != name(order) {
            return Err(invalid("is the cursor of another order"));
        }
        let value = value.map(|value| {
            Held::decode(&value).ok_or_else(|| invalid("is no cursor: its value cannot be read"))
        });
        Ok(Cursor {
            value: value.transpose()?,
            key,
        })
    }
}

fn name(order: Option<&(String, Order)>) -> String {
    order.map_or_else(String::new, |(path, order)| format!("{order:?} {path}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn cursors_are_read_back() {
        let order = Some(("a.b".to_string(), Order::Desc));
        for value in [
            None,
            Some(Held::Bool(true)),
            Some(Held::Int(-(1 << 70))),
            Some(Held::Float(0.1)),
            Some(Held::Text("\u{5e74}\0".to_string())),
        ] {
            let key = "k\u{e9}y".to_string();
            let cursor = Cursor { value, key };
            let text = cursor.encode(order.as_ref());
            assert_eq!(Cursor::decode(&text, order.as_ref()).unwrap(), cursor);
            assert!(Cursor::decode(&text, None).is_err());
        }
        for text in ["", "xyz", "00", "5b5d"] {
            assert!(Cursor::decode(text, None).is_err(), "{text}");
        }
    }
}
