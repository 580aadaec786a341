#![allow(clippy::unwrap_used)]

use super::*;

fn polygon(corners: &[(f64, f64)]) -> Result<Polygon, &'static str> {
    let points = corners.iter().map(|(lat, lon)| Point::new(*lat, *lon));
    Polygon::new(&points.map(Option::unwrap).collect::<Vec<_>>())
}

fn has(corners: &[(f64, f64)], lat: f64, lon: f64) -> bool {
    polygon(corners).unwrap().has(Point { lat, lon })
}

/// Wherever it begins and whichever way round it goes, it is the same area.
fn every_way(corners: &[(f64, f64)], inside: &[(f64, f64)], outside: &[(f64, f64)]) {
    let mut corners = corners.to_vec();
    for _ in 0..2 {
        for _ in 0..corners.len() {
            corners.rotate_left(1);
            let has = |(lat, lon): &(f64, f64)| has(&corners, *lat, *lon);
            assert_eq!(inside.iter().find(|at| !has(at)), None, "{corners:?}");
            assert_eq!(outside.iter().find(|at| has(at)), None, "{corners:?}");
        }
        corners.reverse();
    }
}

#[test]
fn sides_and_corners_are_inside() {
    // Decimals that no binary fraction is, so that a test in floating point is off by a little.
    every_way(
        &[(59.1, 10.1), (59.1, 10.4), (59.7, 10.7)],
        &[
            (59.1, 10.1),
            (59.1, 10.3),
            (59.7, 10.7),
            (59.3, 10.3),
            (59.5, 10.6),
            (59.2, 10.2),
            (59.3, 10.5),
            (59.2, 10.3),
        ],
        &[
            (59.099_999_999_999, 10.3),
            (59.300_000_000_001, 10.3),
            (59.3, 10.500_000_000_001),
            (59.7, 10.6),
            (59.7, 10.8),
            (59.1, 10.0),
            (59.1, 10.5),
        ],
    );
}

#[test]
fn corners_straight_north_count_once() {
    // The way north from the middle meets a corner, one from the notch two, and a side in its length.
    let notched = [(0.0, 0.0), (0.0, 4.0), (4.0, 4.0), (2.0, 2.0), (4.0, 0.0)];
    every_way(
        &notched,
        &[(1.0, 2.0), (2.0, 2.0), (3.5, 0.25), (1.0, 0.0), (3.0, 4.0)],
        &[
            (3.0, 2.0),
            (-1.0, 2.0),
            (-1.0, 0.0),
            (-1.0, 4.0),
            (5.0, 4.0),
        ],
    );
}

#[test]
fn sides_go_the_shorter_way_round() {
    every_way(
        &[
            (-20.0, 177.0),
            (-20.0, -178.0),
            (-15.0, -178.0),
            (-15.0, 177.0),
        ],
        &[
            (-17.0, 178.0),
            (-17.0, 180.0),
            (-17.0, -180.0),
            (-17.0, -179.0),
            (-20.0, 177.0),
            (-15.0, -178.0),
            (-15.0, -180.0),
        ],
        &[
            (-17.0, 176.9),
            (-17.0, -177.9),
            (-17.0, 0.0),
            (-21.0, 180.0),
        ],
    );
    // Along the antimeridian, and across it at a slant that a side at 180 degrees halves.
    every_way(
        &[(0.0, 180.0), (10.0, -180.0), (0.0, -170.0)],
        &[(5.0, 180.0), (5.0, -180.0), (5.0, -175.0), (1.0, -179.0)],
        &[(5.0, 179.9), (5.0, -174.9)],
    );
    every_way(
        &[(0.0, 179.0), (2.0, -179.0), (0.0, -179.0)],
        &[(1.0, 180.0), (1.0, -180.0), (0.5, 179.5), (1.5, -179.5)],
        &[(1.000_000_000_001, 180.0), (0.6, 179.5), (1.6, -179.5)],
    );
    // Sides of half a turn are as they are written: a band around all of the Earth.
    every_way(
        &[
            (0.0, -180.0),
            (0.0, 0.0),
            (0.0, 180.0),
            (10.0, 180.0),
            (10.0, 0.0),
            (10.0, -180.0),
        ],
        &[(5.0, 0.0), (5.0, 180.0), (0.0, -180.0), (10.0, -77.0)],
        &[(-1.0, 0.0), (11.0, 180.0)],
    );
}

#[test]
fn what_is_enclosed_twice_is_outside() {
    let bow = [(0.0, 0.0), (4.0, 4.0), (4.0, 0.0), (0.0, 4.0)];
    every_way(
        &bow,
        &[(2.0, 2.0), (3.0, 2.0), (1.0, 2.0)],
        &[(2.0, 1.0), (2.0, 3.0)],
    );
    let star: Vec<(f64, f64)> = [
        (10.0, 0.0),
        (-8.0, 6.0),
        (3.0, -9.0),
        (3.0, 9.0),
        (-8.0, -6.0),
    ]
    .into();
    every_way(&star, &[(9.0, 0.0), (3.0, 0.0)], &[(0.0, 0.0)]);
}

#[test]
fn what_is_no_polygon_is_refused() {
    let fault = |corners: &[(f64, f64)]| polygon(corners).unwrap_err();
    assert!(fault(&[(0.0, 0.0), (1.0, 1.0)]).contains("at least 3"));
    let round: Vec<(f64, f64)> = (0..1_025)
        .map(|n| f64::from(n).to_radians().sin_cos())
        .collect();
    assert!(fault(&round).contains("at most 1,024"));
    assert!(polygon(&round[..1_024]).is_ok());
    // Around the pole either way, and along the equator.
    for north in [80.0, 0.0, -90.0] {
        let mut around = [(north, 0.0), (north, 120.0), (north, -120.0)];
        assert!(fault(&around).contains("go around"));
        around.reverse();
        assert!(fault(&around).contains("go around"));
    }
    // Lines, one of them what a box of all longitudes comes to.
    for line in [
        &[(1.0, 1.0), (1.0, 1.0), (1.0, 1.0)][..],
        &[(0.1, 0.1), (0.2, 0.2), (0.3, 0.3)],
        &[(0.0, 170.0), (5.0, 175.0), (20.0, -170.0), (0.0, 170.0)],
        &[
            (-90.0, -180.0),
            (-90.0, 180.0),
            (90.0, 180.0),
            (90.0, -180.0),
        ],
    ] {
        assert!(fault(line).contains("one line"));
    }
    // The first corner again at the end, as GeoJSON has it.
    assert!(polygon(&[(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (0.0, 0.0)]).is_ok());
}
