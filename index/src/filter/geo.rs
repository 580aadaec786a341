//! Points on the Earth.

use serde_json::Value;

use super::polygon::Polygon;

/// Mean radius of the Earth, in metres (IUGG).
const RADIUS: f64 = 6_371_008.8;

/// A place, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) lat: f64,
    pub(crate) lon: f64,
}

impl Point {
    /// `None` outside of -90 to 90 and -180 to 180 degrees.
    pub(crate) fn new(lat: f64, lon: f64) -> Option<Point> {
        let there = (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon);
        there.then_some(Point { lat, lon })
    }

    /// The point that an object with numbers `lat` and `lon` is.
    pub(crate) fn of(value: &Value) -> Option<Point> {
        let number = |key| value.get(key)?.as_f64();
        Point::new(number("lat")?, number("lon")?)
    }

    /// The great-circle distance on a sphere, in metres, by the haversine formula (Sinnott, *Virtues of the
    /// Haversine*, 1984).
    pub(crate) fn distance(self, other: Point) -> f64 {
        let half = |a: f64, b: f64| ((b - a).to_radians() / 2.0).sin().powi(2);
        let across = self.lat.to_radians().cos() * other.lat.to_radians().cos();
        let h = half(self.lat, other.lat) + across * half(self.lon, other.lon);
        2.0 * RADIUS * h.sqrt().min(1.0).asin()
    }
}

/// Where points are looked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Area {
    /// At most so many metres from a point.
    Circle {
        centre: Point,
        metres: f64,
    },
    /// Between two parallels and two meridians, going east from `west`; across 180 degrees when that is
    /// greater than `east`.
    Box {
        south: f64,
        west: f64,
        north: f64,
        east: f64,
    },
    Polygon(Polygon),
}

impl Area {
    pub(crate) fn has(&self, point: Point) -> bool {
        match *self {
            Area::Circle { centre, metres } => centre.distance(point) <= metres,
            Area::Polygon(ref polygon) => polygon.has(point),
            Area::Box {
                south,
                west,
                north,
                east,
            } => {
                let within = match west <= east {
                    true => (west..=east).contains(&point.lon),
                    false => point.lon >= west || point.lon <= east,
                };
                within && (south..=north).contains(&point.lat)
            }
        }
    }

    /// The parallels that it lies between, with some room for rounding.
    pub(crate) fn parallels(&self) -> (f64, f64) {
        match *self {
            Area::Circle { centre, metres } => {
                let reach = (metres / RADIUS).to_degrees() * (1.0 + 1e-9) + 1e-9;
                (centre.lat - reach, centre.lat + reach)
            }
            Area::Box { south, north, .. } => (south, north),
            Area::Polygon(ref polygon) => polygon.parallels(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_on_a_sphere() {
        let place = |lat, lon| Point { lat, lon };
        let oslo = place(59.9139, 10.7522);
        let bergen = place(60.3913, 5.3221);
        assert!((oslo.distance(bergen) - 304_800.0).abs() < 1_000.0);
        // A degree of the equator, also across the antimeridian.
        let degree = RADIUS.to_radians();
        assert!((place(0.0, 179.5).distance(place(0.0, -179.5)) - degree).abs() < 1e-3);
        assert!((place(90.0, 0.0).distance(place(-90.0, 77.0)) - degree * 180.0).abs() < 1e-3);
    }

    #[test]
    fn boxes_go_east() {
        let fiji = Area::Box {
            south: -20.0,
            west: 177.0,
            north: -15.0,
            east: -178.0,
        };
        let has = |lat, lon| fiji.has(Point { lat, lon });
        assert!(has(-17.0, 178.0) && has(-17.0, -179.0) && has(-17.0, 180.0));
        assert!(!has(-17.0, 0.0) && !has(-21.0, 178.0) && !has(-17.0, -177.0));
    }
}
