//! Two libraries in memory, glued together by hand: tantivy for words, usearch for vectors.

use std::time::{Duration, Instant};

use tantivy::DocAddress;
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, Occur, Query, TermQuery};
use tantivy::schema::IndexRecordOption;
use usearch::{IndexOptions, MetricKind, ScalarKind};

use crate::fused::fused;
use crate::postings::Postings;
use crate::questions::{Kind, Legs, Question};
use crate::store::{Answer, Store};
use crate::truth::{Share, Truth};
use crate::vectors::{DIMENSION, Vectors};

/// How neighbours are found.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// In the graph, at this width, what the filter leaves out being passed over; then exactly among what that
    /// gives.
    Graph(usize),
    /// By comparing all that the filter leaves.
    Scan,
}

const WIDTHS: [usize; 14] = [
    10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1_024,
];
/// Questions that a way is timed with.
const FEW: usize = 20;

pub(crate) struct Glued<'a> {
    words: Postings,
    graph: usearch::Index,
    vectors: &'a Vectors,
    way: Way,
}

impl<'a> Glued<'a> {
    pub(crate) fn new(documents: &[String], vectors: &'a Vectors) -> Glued<'a> {
        let options = IndexOptions {
            dimensions: DIMENSION,
            // Of unit length: the same order as by cosine, and cheaper.
            metric: MetricKind::IP,
            // What it takes unless told otherwise, and faster here than f32 and f16. That it rounds is made good by
            // comparing what it finds exactly.
            quantization: ScalarKind::BF16,
            connectivity: 16,
            expansion_add: 200,
            ..IndexOptions::default()
        };
        let graph = usearch::Index::new(&options).unwrap();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        graph
            .reserve_capacity_and_threads(documents.len(), threads)
            .unwrap();
        std::thread::scope(|scope| {
            for thread in 0..threads {
                let graph = &graph;
                scope.spawn(move || {
                    for number in (thread..documents.len()).step_by(threads) {
                        graph
                            .add(number as u64, vectors.of_document(number))
                            .unwrap();
                    }
                });
            }
        });
        Glued {
            words: Postings::new(documents),
            graph,
            vectors,
            way: Way::Scan,
        }
    }

    fn nearest(&self, question: &Question, k: usize, below: Option<u64>) -> Vec<u64> {
        let vector = &question.vector;
        let Way::Graph(width) = self.way else {
            let below = below.map_or(usize::MAX, |below| below as usize);
            return self.vectors.nearest(vector, k, below);
        };
        let count = width.max(k);
        let found = match below {
            None => self.graph.search(vector, count),
            Some(below) => (self.graph).filtered_search(vector, count, |number| number < below),
        };
        self.vectors.nearest_of(vector, &found.unwrap().keys, k)
    }

    fn go(&mut self, way: Way) {
        self.way = way;
        if let Way::Graph(width) = way {
            self.graph.change_expansion_search(width);
        }
    }

    fn time(&self, kind: &Kind) -> Duration {
        let started = Instant::now();
        for question in kind.questions.iter().take(FEW) {
            std::hint::black_box(self.near(question, kind));
        }
        started.elapsed()
    }
}

impl Store for Glued<'_> {
    fn name(&self) -> &'static str {
        "tantivy + usearch"
    }

    fn ask(&self, question: &Question, kind: &Kind) -> Answer {
        let near = || self.nearest(question, kind.depth(), kind.below);
        let words = || best(&self.words, question, kind.depth(), kind.below);
        Answer::Numbers(match kind.legs {
            Legs::Words => words(),
            Legs::Vector => near(),
            Legs::Both => fused([&near(), &words()]),
        })
    }

    fn near(&self, question: &Question, kind: &Kind) -> Answer {
        Answer::Numbers(self.nearest(question, kind.depth(), kind.below))
    }

    /// The narrowest width that finds as much, or all compared where that takes less.
    fn tune(&mut self, kind: &Kind, truth: &Truth, least: Share) {
        self.go(Way::Scan);
        let scan = self.time(kind);
        for width in WIDTHS {
            self.go(Way::Graph(width));
            // A wider search takes longer still.
            if self.time(kind) > scan {
                break;
            }
            if truth.share(self, kind).reaches(least) {
                println!("{}: usearch finds as much at width {width}", kind.name);
                return;
            }
        }
        println!("{}: vectors are compared without usearch", kind.name);
        self.go(Way::Scan);
    }
}

/// The best by words.
fn best(words: &Postings, question: &Question, k: usize, below: Option<u64>) -> Vec<u64> {
    let term = |word: &String| {
        let query = TermQuery::new(words.term(word), IndexRecordOption::WithFreqs);
        (Occur::Should, Box::new(query) as Box<dyn Query>)
    };
    let any = BooleanQuery::new(question.words.iter().map(term).collect());
    let query: Box<dyn Query> = match below {
        Some(below) => words.below(Box::new(any), below),
        None => Box::new(any),
    };
    let top = TopDocs::with_limit(k).order_by_score();
    let found = words.searcher.search(&*query, &top).unwrap();
    let number = |(_, place): &(f32, DocAddress)| words.numbers.first(place.doc_id);
    found.iter().filter_map(number).collect()
}
