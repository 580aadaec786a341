//! An area of the Earth as a filter names it.

use std::fmt;

use super::geo::{Area, Point};
use super::polygon::Polygon;
use super::value::{Literal, Num};

/// A circle, a box or a polygon, of numbers that are not checked yet.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) enum Region {
    /// Latitude and longitude in degrees, radius in metres.
    Circle([Literal; 3]),
    /// South, west, north, east, in degrees.
    Box([Literal; 4]),
    /// Latitude and longitude of each corner, in degrees.
    Polygon(Vec<[Literal; 2]>),
}

fn number(literal: &Literal) -> Option<f64> {
    literal.num().map(Num::to_f64)
}

/// The point of a latitude and a longitude, or why there is none.
pub(super) fn point([lat, lon]: [&Literal; 2]) -> Result<Point, &'static str> {
    let degrees = |literal, most: f64| number(literal).filter(|n| n.abs() <= most);
    Ok(Point {
        lat: degrees(lat, 90.0).ok_or("a latitude is -90 to 90 degrees")?,
        lon: degrees(lon, 180.0).ok_or("a longitude is -180 to 180 degrees")?,
    })
}

impl Region {
    pub(crate) fn numbers(&self) -> &[Literal] {
        match self {
            Region::Circle(numbers) => numbers,
            Region::Box(numbers) => numbers,
            Region::Polygon(corners) => corners.as_flattened(),
        }
    }

    /// The area, or why there is none.
    fn area(&self) -> Result<Area, &'static str> {
        match self {
            Region::Circle([lat, lon, metres]) => Ok(Area::Circle {
                centre: point([lat, lon])?,
                metres: number(metres)
                    .filter(|metres| *metres >= 0.0)
                    .ok_or("a radius is at least 0")?,
            }),
            Region::Box([south, west, north, east]) => {
                let (low, high) = (point([south, west])?, point([north, east])?);
                if low.lat > high.lat {
                    return Err("a box goes from south to north: south, west, north, east");
                }
                Ok(Area::Box {
                    south: low.lat,
                    west: low.lon,
                    north: high.lat,
                    east: high.lon,
                })
            }
            Region::Polygon(corners) => {
                let corners = corners.iter().map(|[lat, lon]| point([lat, lon]));
                Polygon::new(&corners.collect::<Result<Vec<_>, _>>()?).map(Area::Polygon)
            }
        }
    }

    pub(crate) fn bounds(&self) -> Option<Area> {
        self.area().ok()
    }

    /// Why there is no such area.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        self.area().err()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Without an exponent, which would be taken for a part of the unit.
            Region::Circle([lat, lon, metres]) => {
                let metres = number(metres).unwrap_or(f64::NAN);
                write!(f, ", {lat}, {lon}, {metres}m")
            }
            Region::Box([south, west, north, east]) => {
                write!(f, ", {south}, {west}, {north}, {east}")
            }
            Region::Polygon(corners) => {
                let mut corners = corners.iter();
                corners.try_for_each(|[lat, lon]| write!(f, ", {lat} {lon}"))
            }
        }
    }
}
