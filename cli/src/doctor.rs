//! `lumos doctor`: examines everything that is stored.

use clap::Args;
use lumos::{Checkup, Diagnosis, Severity};

use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::{counted, grouped};

/// Stored vectors of a field that recall is measured with.
const SAMPLE: usize = 200;

/// Examine the database: checksums, files, keys, documents, graphs, keyword indexes, the log.
///
/// Exit code 1 when something is wrong and was not mended.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Make damaged graphs, keyword indexes and columns anew, and remove leftover files
    #[arg(long)]
    fix: bool,
    /// Measure recall@10 of vector search against exact search on a sample
    #[arg(long)]
    recall: bool,
}

impl Doctor {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        let db = match self.fix {
            true => context.existing()?,
            false => context.readable()?,
        };
        let sample = if self.recall { SAMPLE } else { 0 };
        let checkup = Checkup::new().fix(self.fix).recall(sample);
        let diagnosis = db.doctor(&checkup)?;
        if context.out.is_json() {
            context.out.json(&diagnosis)?;
        } else {
            tell(context, &diagnosis)?;
        }
        match diagnosis.is_healthy() {
            true => Ok(()),
            false => Err(Failure::Unhealthy),
        }
    }
}

fn tell(context: &mut Context, diagnosis: &Diagnosis) -> Outcome {
    for finding in &diagnosis.findings {
        let severity = match finding.severity {
            Severity::Damage => "damage",
            Severity::Derived => "derived",
            _ => "leftover",
        };
        let help = match (finding.fixed, finding.severity) {
            (true, _) => " (mended)",
            (false, Severity::Damage) => " (restore a backup)",
            (false, _) => " (mend with lumos doctor --fix)",
        };
        let file = finding.file.display();
        context
            .out
            .line(format!("{severity}: {file} {}{help}", finding.detail))?;
    }
    for recall in &diagnosis.recall {
        context.out.line(format!(
            "{}, {}: recall@10 {:.3} over {}",
            recall.collection,
            recall.field,
            recall.recall_at_10,
            counted(recall.queries as u64, "stored vector")
        ))?;
    }
    let open = diagnosis.findings.iter().filter(|finding| !finding.fixed);
    let verdict = match open.count() {
        0 => "healthy".to_string(),
        open => counted(open as u64, "problem"),
    };
    context.out.line(format!(
        "{verdict}: {}, {}, {} examined",
        counted(diagnosis.segments, "segment"),
        counted(diagnosis.rows, "row"),
        match diagnosis.graphs {
            1 => "1 graph".to_string(),
            graphs => format!("{} graphs", grouped(graphs)),
        }
    ))
}
