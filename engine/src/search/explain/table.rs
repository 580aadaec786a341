//! The table of an explained search.

use std::fmt::{self, Display, Formatter};

use super::{Explained, LegCost, SegmentSearch, Stage, VectorRoute};

fn ms(micros: u64) -> String {
    format!("{:.2} ms", micros as f64 / 1e3)
}

impl Display for Stage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Stage::Prepare => "prepare",
            Stage::Filter => "filter",
            Stage::Find => "find",
            Stage::Fuse => "fuse",
            Stage::Score => "score",
            Stage::Rerank => "rerank",
            Stage::Choose => "choose",
            Stage::Read => "read",
        })
    }
}

impl Display for SegmentSearch {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let route = match self.route {
            VectorRoute::Graph => format!("graph, ef {}", self.ef),
            VectorRoute::TwoHop => format!("graph from match to match, ef {}", self.ef),
            VectorRoute::Codes => "codes of every match compared, the best exactly".to_string(),
            VectorRoute::Exact => "every match compared".to_string(),
        };
        write!(
            f,
            "{}: {} of {} rows match; {route}; {} nodes, {} distances",
            self.segment, self.matches, self.rows, self.visited, self.distances,
        )
    }
}

impl Display for Explained {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.hits(f)?;
        if let Some(filter) = &self.filter {
            writeln!(
                f,
                "filter: {} of {} rows match ({:.2} %), {} of {} segments knew, {}",
                filter.matches,
                filter.rows,
                filter.selectivity * 100.0,
                filter.cached,
                filter.segments,
                ms(filter.micros),
            )?;
        }
        self.legs.iter().try_for_each(|leg| tell(f, leg, 0))?;
        if self.segments.is_empty() {
            writeln!(f, "no vectors were compared")?;
        }
        let stages: Vec<String> = self
            .stages
            .iter()
            .map(|time| format!("{} {}", time.stage, ms(time.micros)))
            .collect();
        if !stages.is_empty() {
            writeln!(f, "stages: {}", stages.join(", "))?;
        }
        write!(
            f,
            "{} hits of {} candidates in {}",
            self.hits.len(),
            self.candidates,
            ms(self.micros)
        )
    }
}

impl Explained {
    /// A line a hit: its score, and rank and score in every leg.
    fn hits(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.hits.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = self.legs.iter().map(|leg| leg.leg.as_str()).collect();
        let mut rows = vec![vec!["#".to_string(), "score".to_string()]];
        if let Some(head) = rows.first_mut() {
            head.extend(names.iter().map(|name| (*name).to_string()));
            head.push("key".to_string());
        }
        for (at, hit) in (1..).zip(&self.hits) {
            let mut row = vec![format!("{at}"), format!("{:.4}", hit.score)];
            for name in &names {
                let leg = hit.legs.iter().find(|leg| leg.name == *name);
                row.push(leg.map_or_else(
                    || "-".to_string(),
                    |leg| format!("{}: {:.4}", leg.rank, leg.score),
                ));
            }
            row.push(hit.key().to_string());
            rows.push(row);
        }
        let columns = names.len() + 2;
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &rows {
            for (cell, width) in row.iter().zip(&widths) {
                write!(f, "{cell:>width$}  ")?;
            }
            writeln!(f, "{}", row.last().map_or("", String::as_str))?;
        }
        writeln!(f)
    }
}

fn tell(f: &mut Formatter<'_>, leg: &LegCost, depth: usize) -> fmt::Result {
    let indent = "  ".repeat(depth);
    writeln!(
        f,
        "{indent}leg {}: {}, {} found of {} asked for in {}, all scored in {}",
        leg.leg,
        leg.route,
        leg.found,
        leg.depth,
        ms(leg.micros),
        ms(leg.score_micros),
    )?;
    for segment in &leg.segments {
        writeln!(f, "{indent}  {segment}")?;
    }
    leg.legs.iter().try_for_each(|leg| tell(f, leg, depth + 1))
}
