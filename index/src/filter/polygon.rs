//! Polygons on the Earth.

use super::geo::Point;

/// Most corners of one polygon.
pub(crate) const MAX_CORNERS: usize = 1_024;
pub(crate) const TOO_MANY: &str = "a polygon has at most 1,024 corners";

/// Steps of a degree. Coordinates are rounded to whole steps and everything after that is exact. Steps are
/// decimal, so that a place that is written on a side lies on it: as binary fractions, 59.2 is not halfway
/// between 59.1 and 59.3.
const STEPS: f64 = 1e12;
/// Steps once around the Earth.
const TURN: i64 = 360_000_000_000_000;

/// An area between straight lines of latitude and longitude, those lines included. Of an area that it
/// encloses twice it is outside (the even-odd rule).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Polygon {
    edges: Vec<Edge>,
    /// The parallels that it lies between.
    south: i64,
    north: i64,
    /// The meridian that it begins at, and how far east of it it goes.
    west: i64,
    width: i64,
}

/// A side, from its western end to its eastern one.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Edge {
    lat: i64,
    lon: i64,
    /// How far east the other end is: 0 to half a turn.
    run: i64,
    /// How far north the other end is.
    rise: i64,
}

fn steps(degrees: f64) -> i64 {
    (degrees * STEPS).round() as i64
}

/// The shorter way round from one longitude to another, eastwards positive; half a turn stays as it is.
fn shorter(from: i64, to: i64) -> i64 {
    let way = to - from;
    if way.abs() <= TURN / 2 {
        return way;
    }
    way - TURN * way.signum()
}

impl Polygon {
    /// The polygon with these corners; the last is joined to the first.
    pub(crate) fn new(corners: &[Point]) -> Result<Polygon, &'static str> {
        if corners.len() < 3 {
            return Err("a polygon has at least 3 corners");
        }
        if corners.len() > MAX_CORNERS {
            return Err(TOO_MANY);
        }
        let corners: Vec<(i64, i64)> = corners
            .iter()
            .map(|corner| (steps(corner.lat), steps(corner.lon)))
            .collect();
        let (mut edges, mut unrolled) = (Vec::with_capacity(corners.len()), Vec::new());
        // The longitude where the sides so far have led to, which may be turns away.
        let mut east = corners.first().map_or(0, |(_, lon)| *lon);
        let ends = corners.iter().zip(corners.iter().cycle().skip(1));
        for ((lat, lon), (next, to)) in ends {
            unrolled.push((*lat, east));
            let run = shorter(*lon, *to);
            east += run;
            let ((lat, lon), other) = match run >= 0 {
                true => ((*lat, *lon), *next),
                false => ((*next, *to), *lat),
            };
            edges.push(Edge {
                lat,
                lon,
                run: run.abs(),
                rise: other - lat,
            });
        }
        if unrolled.first().is_some_and(|(_, lon)| *lon != east) {
            return Err("a polygon does not go around the Earth and holds no pole, cut it in two");
        }
        if on_one_line(&unrolled) {
            return Err("the corners of a polygon do not lie on one line");
        }
        let (south, north) = span(unrolled.iter().map(|(lat, _)| *lat));
        let (west, east) = span(unrolled.iter().map(|(_, lon)| *lon));
        Ok(Polygon {
            edges,
            south,
            north,
            west,
            width: east - west,
        })
    }

    pub(crate) fn has(&self, point: Point) -> bool {
        let (lat, lon) = (steps(point.lat), steps(point.lon));
        let within = (lon - self.west).rem_euclid(TURN) <= self.width;
        if !within || !(self.south..=self.north).contains(&lat) {
            return false;
        }
        // The meridian from the point to the north pole, which is outside, crosses so many sides.
        let mut inside = false;
        for edge in &self.edges {
            match edge.seen_from(lat, lon) {
                Seen::On => return true,
                Seen::Above => inside = !inside,
                Seen::Elsewhere => {}
            }
        }
        inside
    }

    /// The parallels that it lies between, in degrees, with room for the rounding of places.
    pub(crate) fn parallels(&self) -> (f64, f64) {
        let degrees = |steps: i64| steps as f64 / STEPS;
        (degrees(self.south) - 1e-9, degrees(self.north) + 1e-9)
    }
}

/// Where a side lies, seen from a point.
enum Seen {
    /// The point is of it.
    On,
    /// The way north crosses it.
    Above,
    Elsewhere,
}

impl Edge {
    fn seen_from(&self, lat: i64, lon: i64) -> Seen {
        // East of the western end. Two longitudes are a turn apart at most, which is none.
        let east = match lon - self.lon {
            east if east < 0 => east + TURN,
            TURN => 0,
            east => east,
        };
        let north = lat - self.lat;
        if east > self.run {
            return Seen::Elsewhere;
        }
        if self.run == 0 {
            return match (self.rise.min(0)..=self.rise.max(0)).contains(&north) {
                true => Seen::On,
                false => Seen::Elsewhere,
            };
        }
        // The eastern end is left to the side that begins there, so that a corner counts once.
        match side_of((north, east), (self.rise, self.run)) {
            0 => Seen::On,
            side if side < 0 && east < self.run => Seen::Above,
            _ => Seen::Elsewhere,
        }
    }
}

/// Whether a way is north of another (above zero), in line with it (zero) or south of it.
fn side_of((north, east): (i64, i64), (rise, run): (i64, i64)) -> i128 {
    i128::from(north) * i128::from(run) - i128::from(east) * i128::from(rise)
}

fn on_one_line(corners: &[(i64, i64)]) -> bool {
    let Some((lat, lon)) = corners.first() else {
        return true;
    };
    let mut ways = corners
        .iter()
        .map(|corner| (corner.0 - lat, corner.1 - lon));
    let Some(first) = ways.find(|way| *way != (0, 0)) else {
        return true;
    };
    ways.all(|way| side_of(way, first) == 0)
}

/// The least and the greatest.
fn span(numbers: impl Iterator<Item = i64> + Clone) -> (i64, i64) {
    let least = numbers.clone().min().unwrap_or_default();
    (least, numbers.max().unwrap_or_default())
}

#[cfg(test)]
mod tests;
