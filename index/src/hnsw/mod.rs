//! Hierarchical navigable small world graphs (Malkov and Yashunin 2016, arXiv 1603.09320).

mod adjacency;
mod asked;
mod beam;
mod block;
mod filtered;
mod horizon;
mod insert;
mod layout;
mod level;
mod merge;
mod pool;
mod repair;
mod route;
mod scan;
mod search;
mod select;
mod space;
mod view;
mod walk;
mod widths;

pub use horizon::Horizon;
pub use insert::Stopped;
pub use merge::GraphPart;
pub use route::Route;
pub use search::{GraphQuery, SearchStats};
pub use view::HnswView;
pub use widths::Widths;

pub(crate) use level::mix;

use insert::Builder;
use layout::Layout;
use space::Space;

use crate::cache_line::Line;
use crate::codes::{Codes, Scheme};
use crate::metric::Metric;
use crate::vectors::Vectors;

/// Links of a node at level 0: two cache lines.
pub(crate) const BASE_DEGREE: usize = 32;
/// Links of a node above level 0.
pub(crate) const UPPER_DEGREE: usize = 16;

/// Less than one vector in this many is inserted by the vectors themselves.
const FEW_INSERTED: usize = 4;

/// How a graph is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HnswParams {
    /// Candidates among which a new node chooses its neighbours. Default 100; 200 builds for
    /// twice as long and searches a few percent faster at high recall.
    pub ef_construction: usize,
    /// Where the levels of the nodes and the order of insertion are drawn from.
    pub seed: u64,
}

impl Default for HnswParams {
    fn default() -> Self {
        HnswParams {
            ef_construction: 100,
            seed: 0x4c75_6d6f_7321,
        }
    }
}

impl HnswParams {
    /// What a file can hold, and a build can afford.
    fn bounded(self) -> Self {
        HnswParams {
            ef_construction: self.ef_construction.clamp(1, 4096),
            ..self
        }
    }
}

/// For builds that nobody stops.
fn never(Stopped: Stopped) -> Hnsw {
    unreachable!("nobody stopped this build")
}

/// An owned graph over the ordinals `[0, n)` of a vector column.
#[derive(Clone, Debug)]
pub struct Hnsw {
    layout: Layout,
    lines: Vec<Line>,
}

impl Hnsw {
    /// Builds the graph of `vectors`, on the threads of the current rayon pool.
    ///
    /// The result depends on vectors, metric and parameters only, not on the number of threads.
    #[must_use]
    pub fn build(vectors: Vectors<'_>, metric: Metric, params: &HnswParams) -> Hnsw {
        let scheme = Scheme::choose(vectors, metric);
        let built = Hnsw::build_while(vectors, metric, scheme.as_ref(), params, &|| true);
        built.unwrap_or_else(never)
    }

    /// Like [`Hnsw::build`], for as long as `go_on` returns true; it is asked now and then. The
    /// graph is built on codes as `scheme` has them, in seven bits; without one on the vectors.
    ///
    /// # Errors
    /// [`Stopped`] soon after it has returned false.
    pub fn build_while(
        vectors: Vectors<'_>,
        metric: Metric,
        scheme: Option<&Scheme>,
        params: &HnswParams,
        go_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<Hnsw, Stopped> {
        let codes = scheme.map(|scheme| Codes::build(vectors, metric, scheme.to_build_on()));
        let space = Space::of(vectors, metric, codes.as_ref());
        let builder = Builder::new(space, &params.bounded(), None, go_on);
        Hnsw::finish(builder, metric, params, 0)
    }

    /// A copy of the graph with the vectors from [`Hnsw::len`] on inserted.
    ///
    /// `vectors` begins with those that the graph was built over. If it is shorter than the
    /// graph, or `metric` another one, the graph is of no use and a new one is built.
    #[must_use]
    pub fn extended(&self, vectors: Vectors<'_>, metric: Metric) -> Hnsw {
        let scheme = Scheme::choose(vectors, metric);
        let extended = self.extended_while(vectors, metric, scheme.as_ref(), &|| true);
        extended.unwrap_or_else(never)
    }

    /// Like [`Hnsw::extended`], for as long as `go_on` returns true; it is asked now and then. About
    /// `scheme` see [`Hnsw::build_while`]; few vectors are inserted by themselves.
    ///
    /// # Errors
    /// [`Stopped`] soon after it has returned false.
    pub fn extended_while(
        &self,
        vectors: Vectors<'_>,
        metric: Metric,
        scheme: Option<&Scheme>,
        go_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<Hnsw, Stopped> {
        let params = self.layout.params;
        if vectors.len() < self.len() || metric != self.layout.metric {
            return Hnsw::build_while(vectors, metric, scheme, &params, go_on);
        }
        // Making codes of all vectors pays when many are inserted.
        let many = (vectors.len() - self.len()) * FEW_INSERTED >= vectors.len();
        let scheme = scheme.filter(|_| many);
        let codes = scheme.map(|scheme| Codes::build(vectors, metric, scheme.to_build_on()));
        let space = Space::of(vectors, metric, codes.as_ref());
        let builder = Builder::new(space, &params, Some(&self.view()), go_on);
        Hnsw::finish(builder, metric, &params, self.len() as u32)
    }

    fn finish(
        mut builder: Builder<'_>,
        metric: Metric,
        params: &HnswParams,
        from: u32,
    ) -> Result<Hnsw, Stopped> {
        let to = builder.base.len() as u32;
        builder.insert(from..to, 0)?;
        Ok(Hnsw::complete(builder, metric, params))
    }

    /// Brings a graph with all its nodes into its final form.
    fn complete(mut builder: Builder<'_>, metric: Metric, params: &HnswParams) -> Hnsw {
        builder.trim();
        repair::connect(&mut builder);
        let (layout, lines) = Layout::write(&builder, metric, params.bounded());
        Hnsw { layout, lines }
    }

    /// Nodes, which are vectors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.layout.n
    }

    /// Whether the graph has no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The graph as it is searched.
    #[must_use]
    pub fn view(&self) -> HnswView<'_> {
        HnswView::new(self.layout, bytemuck::cast_slice(&self.lines))
    }

    /// The bytes that [`HnswView::decode`] reads; put them at a multiple of 64.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.view().encoded().to_vec()
    }
}

#[cfg(test)]
mod tests;
