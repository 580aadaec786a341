//! What columns do not know: which values are of one element of an array, how many elements there are, and
//! which latitude goes with which longitude. Derived from documents when a filter first needs it.

use roaring::RoaringBitmap;
use serde_json::{Map, Value};

use super::column::{Columns, MemoryColumns};
use super::expr::Op;
use super::geo::{Area, Point};
use super::path::{join, split};
use super::sealed::SealedColumns;
use super::value::Num;

/// What is derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SideKind {
    /// The elements of arrays, each with its own values: for `ANY`, `ALL` and `NONE`.
    Elements,
    /// How many elements there are: for `LENGTH`.
    Lengths,
    /// Latitude and longitude of places: for `WITHIN`, `BOX` and `POLYGON`.
    Points,
}

/// What is derived, and from what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SideKey {
    /// The arrays whose elements stand for rows, outermost first; none for documents themselves.
    pub(crate) within: Vec<String>,
    pub(crate) path: String,
    pub(crate) kind: SideKind,
}

impl SideKey {
    /// What is derived from a metadata path of documents.
    #[must_use]
    pub fn new(path: &str, kind: SideKind) -> SideKey {
        SideKey {
            within: Vec::new(),
            path: super::path::normalise(path),
            kind,
        }
    }

    /// Whether it is derived from documents, not from elements of them.
    #[must_use]
    pub fn is_outermost(&self) -> bool {
        self.within.is_empty()
    }

    /// The metadata path, of an element relative to it.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is derived.
    #[must_use]
    pub fn kind(&self) -> SideKind {
        self.kind
    }

    /// A name that no other key has.
    #[must_use]
    pub fn name(&self) -> String {
        let mut name = format!("{:?}", self.kind);
        for path in self.within.iter().chain([&self.path]) {
            name.push('\0');
            name.push_str(path);
        }
        name
    }
}

/// What was derived for one [`SideKey`]; rows are added in ascending order.
#[derive(Debug)]
pub struct Side {
    /// The keys of each path on the way.
    within: Vec<Vec<String>>,
    path: Vec<String>,
    /// Documents, or elements of the innermost array on the way, so far.
    holders: u32,
    data: Data,
}

#[derive(Debug)]
enum Data {
    Elements(Elements),
    /// Holder and number of elements, where there is a value.
    Lengths(Vec<(u32, u32)>),
    Points {
        points: Vec<(Point, u32)>,
        /// Whether they are in the order of their latitudes.
        sorted: bool,
    },
}

/// The elements of arrays as rows of their own.
#[derive(Debug)]
pub(crate) struct Elements {
    /// The holder of each element, ascending.
    holders: Vec<u32>,
    columns: ElementColumns,
}

#[derive(Debug)]
enum ElementColumns {
    Memory(MemoryColumns),
    Sealed(SealedColumns),
}

impl Side {
    /// Nothing derived yet.
    #[must_use]
    pub fn new(key: &SideKey) -> Side {
        let keys = |path: &String| split(path).unwrap_or_default();
        let data = match key.kind {
            SideKind::Elements => Data::Elements(Elements {
                holders: Vec::new(),
                columns: ElementColumns::Memory(MemoryColumns::new()),
            }),
            SideKind::Lengths => Data::Lengths(Vec::new()),
            SideKind::Points => Data::Points {
                points: Vec::new(),
                sorted: false,
            },
        };
        Side {
            within: key.within.iter().map(keys).collect(),
            path: keys(&key.path),
            holders: 0,
            data,
        }
    }

    /// Adds the metadata of a row, the one after the last.
    pub fn add(&mut self, meta: &Map<String, Value>) {
        match self.within.split_first() {
            None => self.data.add(self.holders, Some(meta), &self.path),
            Some((first, rest)) => {
                let mut open = elements(meta, first).unwrap_or_default();
                for keys in rest {
                    let inner = open.into_iter().map(|holder| match holder {
                        Value::Object(object) => elements(object, keys).unwrap_or_default(),
                        _ => Vec::new(),
                    });
                    open = inner.flatten().collect();
                }
                for holder in open {
                    self.data.add(self.holders, holder.as_object(), &self.path);
                    self.holders += 1;
                }
                return;
            }
        }
        self.holders += 1;
    }

    /// Makes it small and quick; nothing can be added any more.
    #[must_use]
    pub fn finish(mut self) -> Side {
        match &mut self.data {
            Data::Elements(elements) => {
                elements.holders.shrink_to_fit();
                if let ElementColumns::Memory(columns) = &elements.columns {
                    let count = elements.holders.len() as u32;
                    let bytes = ownedbytes::OwnedBytes::new(columns.encode(count));
                    if let Ok(sealed) = SealedColumns::open(bytes, count) {
                        elements.columns = ElementColumns::Sealed(sealed);
                    }
                }
            }
            Data::Lengths(lengths) => lengths.shrink_to_fit(),
            Data::Points { points, sorted } => {
                points.sort_by(|a, b| a.0.lat.total_cmp(&b.0.lat));
                points.shrink_to_fit();
                *sorted = true;
            }
        }
        self
    }

    /// Bytes of memory that it takes, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match &self.data {
            Data::Elements(elements) => {
                let columns = match &elements.columns {
                    // A distinct value with its list of rows.
                    ElementColumns::Memory(_) => elements.holders.len() * 128,
                    ElementColumns::Sealed(columns) => columns.len(),
                };
                elements.holders.len() * 4 + columns
            }
            Data::Lengths(lengths) => lengths.len() * 8,
            Data::Points { points, .. } => points.len() * size_of::<(Point, u32)>(),
        }
    }

    pub(crate) fn elements(&self) -> Option<&Elements> {
        match &self.data {
            Data::Elements(elements) => Some(elements),
            _ => None,
        }
    }

    /// The holders whose number of elements compares so.
    pub(crate) fn lengths(&self, op: Op, with: Num) -> RoaringBitmap {
        let Data::Lengths(lengths) = &self.data else {
            return RoaringBitmap::new();
        };
        let fits = |length: u32| {
            let order = Num::Int(i128::from(length)).cmp(&with);
            op.holds(order)
        };
        let found = lengths.iter().filter(|(_, length)| fits(*length));
        found.map(|(holder, _)| *holder).collect()
    }

    /// The holders with a point in an area.
    pub(crate) fn points(&self, area: &Area) -> RoaringBitmap {
        let Data::Points { points, sorted } = &self.data else {
            return RoaringBitmap::new();
        };
        let near = match sorted {
            true => {
                let (south, north) = area.parallels();
                let from = points.partition_point(|(point, _)| point.lat < south);
                let to = points.partition_point(|(point, _)| point.lat <= north);
                points.get(from..to).unwrap_or_default()
            }
            false => points,
        };
        let found = near.iter().filter(|(point, _)| area.has(*point));
        found.map(|(_, holder)| *holder).collect()
    }
}

impl Data {
    fn add(&mut self, holder: u32, object: Option<&Map<String, Value>>, path: &[String]) {
        let Some(items) = object.and_then(|object| elements(object, path)) else {
            return;
        };
        match self {
            Data::Elements(elements) => {
                for item in items {
                    let element = elements.holders.len() as u32;
                    elements.holders.push(holder);
                    if let ElementColumns::Memory(columns) = &mut elements.columns {
                        columns.add_element(element, item);
                    }
                }
            }
            Data::Lengths(lengths) => lengths.push((holder, items.len() as u32)),
            Data::Points { points, .. } => {
                let there = items.into_iter().filter_map(Point::of);
                points.extend(there.map(|point| (point, holder)));
            }
        }
    }
}

impl Elements {
    pub(crate) fn columns(&self) -> &dyn Columns {
        match &self.columns {
            ElementColumns::Memory(columns) => columns,
            ElementColumns::Sealed(columns) => columns,
        }
    }

    pub(crate) fn len(&self) -> u32 {
        self.holders.len() as u32
    }

    /// The holders of some elements.
    pub(crate) fn holders(&self, of: &RoaringBitmap) -> RoaringBitmap {
        let holders = of.iter().filter_map(|at| self.holders.get(at as usize));
        let mut sorted: Vec<u32> = holders.copied().collect();
        sorted.dedup();
        sorted.into_iter().collect()
    }
}

/// The places at a metadata path, latitude and longitude in degrees: objects with numbers `lat` and `lon`,
/// several in arrays.
#[must_use]
pub fn places(meta: &Map<String, Value>, path: &str) -> Vec<(f64, f64)> {
    let found = elements(meta, &split(path).unwrap_or_default());
    let points = found.unwrap_or_default().into_iter().filter_map(Point::of);
    points.map(|point| (point.lat, point.lon)).collect()
}

/// Everything at a path that is not null, with arrays taken apart into their elements, null ones too; `None`
/// when there is nothing but nulls.
fn elements<'a>(object: &'a Map<String, Value>, path: &[String]) -> Option<Vec<&'a Value>> {
    let mut found = Vec::new();
    find(object, path, &mut found);
    if found.is_empty() {
        return None;
    }
    let mut all = Vec::new();
    for value in found {
        take_apart(value, &mut all);
    }
    Some(all)
}

fn find<'a>(object: &'a Map<String, Value>, path: &[String], found: &mut Vec<&'a Value>) {
    let Some((key, rest)) = path.split_first() else {
        return;
    };
    let Some(value) = object.get(key) else {
        return;
    };
    match value {
        Value::Null => {}
        value if rest.is_empty() => found.push(value),
        Value::Object(object) => find(object, rest, found),
        Value::Array(items) => {
            let objects = items.iter().filter_map(Value::as_object);
            objects.for_each(|object| find(object, rest, found));
        }
        _ => {}
    }
}

fn take_apart<'a>(value: &'a Value, all: &mut Vec<&'a Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| take_apart(item, all)),
        value => all.push(value),
    }
}

/// The whole path of something in elements of arrays.
pub(crate) fn whole_path(within: &[&str], path: &str) -> String {
    let paths = within.iter().copied().chain([path]);
    let paths = paths.filter(|path| !path.is_empty());
    let keys: Vec<String> = paths
        .flat_map(|path| split(path).unwrap_or_default())
        .collect();
    join(keys.iter().map(String::as_str))
}
