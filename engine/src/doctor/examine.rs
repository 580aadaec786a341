//! One collection, row by row.

use crate::Result;
use crate::doctor::{Diagnosis, Severity};
use crate::manifest::CollectionKind;
use crate::record::Body;
use crate::sealed::SealedSegment;
use crate::source::SegmentView;
use crate::state::{CollectionState, Place};

pub(super) fn collection(collection: &CollectionState, diagnosis: &mut Diagnosis) -> Result<()> {
    for (number, view) in collection.segments.iter().enumerate() {
        let Some(sealed) = view.as_sealed() else {
            continue;
        };
        diagnosis.segments += 1;
        sections(sealed, diagnosis);
        derived(sealed, diagnosis);
        rows(collection, number, view, sealed, diagnosis);
    }
    Ok(())
}

/// Every checksum.
fn sections(sealed: &SealedSegment, diagnosis: &mut Diagnosis) {
    for (derived, error) in sealed.faults() {
        let severity = match derived {
            true => Severity::Derived,
            false => Severity::Damage,
        };
        diagnosis.add_error(severity, sealed.path(), &error);
    }
}

/// Graphs and keyword index against the rows.
fn derived(sealed: &SealedSegment, diagnosis: &mut Diagnosis) {
    let path = sealed.path();
    for (field, vectors) in sealed.vectors() {
        match vectors.graph() {
            Some(graph) => {
                diagnosis.graphs += 1;
                if let Err(error) = graph.check() {
                    let detail = format!("graph of \"{field}\": {error}");
                    diagnosis.add(Severity::Derived, path, detail);
                } else if graph.metric() != vectors.field.metric {
                    let detail = format!("graph of \"{field}\" was built for another metric");
                    diagnosis.add(Severity::Derived, path, detail);
                }
            }
            None if vectors.graph_is_damaged() => {
                let detail = format!("graph of \"{field}\" cannot be read");
                diagnosis.add(Severity::Derived, path, detail);
            }
            None => {}
        }
        let bad = match vectors.data() {
            Ok(data) => (0..data.len() as u32)
                .filter_map(|ordinal| data.get(ordinal))
                .filter(|vector| vector.iter().any(|number| !number.is_finite()))
                .count(),
            Err(_) => vectors.len(),
        };
        if bad > 0 {
            let detail = format!("{bad} vectors of \"{field}\" hold what is not a number");
            diagnosis.add(Severity::Damage, path, detail);
        }
    }
    if let Some(text) = sealed.text()
        && text.rows() != sealed.rows()
    {
        let (found, rows) = (text.rows(), sealed.rows());
        let detail = format!("the keyword index has {found} rows, the segment {rows}");
        diagnosis.add(Severity::Derived, path, detail);
    }
}

/// Keys and rows belong to each other one to one, and every document can be read.
fn rows(
    collection: &CollectionState,
    segment: usize,
    view: &SegmentView,
    sealed: &SealedSegment,
    diagnosis: &mut Diagnosis,
) {
    let path = sealed.path();
    for row in 0..sealed.rows() {
        diagnosis.rows += 1;
        let read = sealed.with_row(row, |stored| {
            let body = match collection.kind {
                CollectionKind::Documents => serde_json::from_slice::<Body>(stored.payload).err(),
                CollectionKind::Kv => None,
            };
            let found = sealed.find(stored.key, |other| other == row)?;
            let live = match view.is_live(row) {
                true => collection.find(stored.key)?,
                false => Some(Place { segment, row }),
            };
            Ok((stored.key.to_string(), body, found, live))
        });
        let (key, body, found, live) = match read {
            Ok(read) => read,
            Err(error) => {
                // One fault of a file shows in many rows: the first one tells.
                diagnosis.add_error(Severity::Damage, path, &error);
                return;
            }
        };
        if let Some(error) = body {
            diagnosis.add(
                Severity::Damage,
                path,
                format!("document \"{key}\": {error}"),
            );
            return;
        }
        if found != Some(row) {
            let detail = format!("row {row} is not found by its key \"{key}\"");
            diagnosis.add(Severity::Damage, path, detail);
            return;
        }
        if live != Some(Place { segment, row }) {
            let detail = format!("key \"{key}\" belongs to more than one live row");
            diagnosis.add(Severity::Damage, path, detail);
            return;
        }
    }
}
