//! An area of the Earth as a filter names it.

use std::fmt;

use super::geo::{Area, Point};
use super::value::{Literal, Num};

/// A circle or a box, of numbers that are not checked yet.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) enum Region {
    /// Latitude and longitude in degrees, radius in metres.
    Circle([Literal; 3]),
    /// South, west, north, east, in degrees.
    Box([Literal; 4]),
}

impl Region {
    pub(crate) fn numbers(&self) -> &[Literal] {
        match self {
            Region::Circle(numbers) => numbers,
            Region::Box(numbers) => numbers,
        }
    }

    pub(crate) fn bounds(&self) -> Option<Area> {
        let number = |literal: &Literal| literal.num().map(Num::to_f64);
        match self {
            Region::Circle([lat, lon, metres]) => Some(Area::Circle {
                centre: Point::new(number(lat)?, number(lon)?)?,
                metres: number(metres).filter(|metres| *metres >= 0.0)?,
            }),
            Region::Box([south, west, north, east]) => {
                let low = Point::new(number(south)?, number(west)?)?;
                let high = Point::new(number(north)?, number(east)?)?;
                (low.lat <= high.lat).then_some(Area::Box {
                    south: low.lat,
                    west: low.lon,
                    north: high.lat,
                    east: high.lon,
                })
            }
        }
    }

    /// Why there is no such area.
    pub(crate) fn fault(&self) -> Option<String> {
        if self.bounds().is_some() {
            return None;
        }
        let number = |at: usize| self.numbers().get(at)?.num().map(Num::to_f64);
        let beyond = |at: usize, most: f64| number(at).is_none_or(|n| !(-most..=most).contains(&n));
        let latitudes: &[usize] = match self {
            Region::Circle(_) => &[0],
            Region::Box(_) => &[0, 2],
        };
        let reason = if latitudes.iter().any(|at| beyond(*at, 90.0)) {
            "a latitude is -90 to 90 degrees"
        } else if latitudes.iter().any(|at| beyond(at + 1, 180.0)) {
            "a longitude is -180 to 180 degrees"
        } else if let Region::Circle(_) = self {
            "a radius is at least 0"
        } else {
            "a box goes from south to north: south, west, north, east"
        };
        Some(reason.to_string())
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let degrees = match self {
            Region::Circle([lat, lon, _]) => &[lat, lon][..],
            Region::Box([south, west, north, east]) => &[south, west, north, east],
        };
        for number in degrees {
            write!(f, ", {number}")?;
        }
        match self {
            // Without an exponent, which would be taken for a part of the unit.
            Region::Circle([.., metres]) => {
                write!(f, ", {}m", metres.num().map_or(f64::NAN, Num::to_f64))
            }
            Region::Box(_) => Ok(()),
        }
    }
}
