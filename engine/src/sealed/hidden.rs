//! What the rows of a sealed segment have lost to drops of fields.

use super::SealedSegment;
use crate::dropped::Hidden;
use crate::manifest::SegmentEntry;
use crate::{Result, Schema};

impl SealedSegment {
    /// The segment without what the schema says was dropped after its rows were written; `None` when that
    /// is hidden already.
    ///
    /// # Errors
    /// What reading its file again says.
    pub(crate) fn without_dropped(&self, schema: &Schema) -> Result<Option<SealedSegment>> {
        let hidden = schema.dropped.hidden_at(self.last_seqno);
        if hidden == self.hidden {
            return Ok(None);
        }
        let entry = SegmentEntry {
            number: self.number,
            rows: self.rows,
            deletes: None,
            min_seqno: self.first_seqno,
            max_seqno: self.last_seqno,
            bytes: self.file.len(),
        };
        let mut segment = SealedSegment::open(self.file.clone(), &entry, &schema.texts)?;
        segment.rebuilt = self.rebuilt;
        segment.hide(hidden);
        Ok(Some(segment))
    }

    fn hide(&mut self, hidden: Hidden) {
        let Hidden {
            vectors,
            counts,
            texts,
            fields,
            sparse,
        } = hidden.clone();
        let (text, columns) = (&mut self.text, &mut self.columns);
        let held = |names: Vec<String>, hide: &mut dyn FnMut(&str) -> bool| {
            names.into_iter().filter(|name| hide(name)).collect()
        };
        self.held = Hidden {
            vectors: held(vectors, &mut |name| self.vectors.remove(name).is_some()),
            texts: held(texts, &mut |name| {
                text.as_mut().is_some_and(|text| text.hide(name))
            }),
            fields: held(fields, &mut |path| {
                columns.as_mut().is_some_and(|columns| columns.hide(path))
            }),
            sparse: held(sparse, &mut |name| self.sparse.remove(name).is_some()),
            counts,
        };
        let vectors = &self.held.vectors;
        self.held.counts.retain(|name| vectors.contains(name));
        self.hidden = hidden;
    }

    /// What its rows have lost.
    pub(crate) fn hidden(&self) -> &Hidden {
        &self.hidden
    }

    /// What there are bytes of although its rows have lost it: writing it anew leaves them out.
    pub(crate) fn held(&self) -> &Hidden {
        &self.held
    }
}
