//! Places and the areas that they lie in.

use proptest::prelude::*;
use serde_json::json;

use super::super::expr::Node;
use super::super::geo::Point;
use super::oracle::lies;
use super::*;

proptest! {
    #![proptest_config(cases())]

    /// Polygons of any form have the points of a grid that the sum of angles says; both the grid and the
    /// corners lie so that many points are on sides and corners.
    #[test]
    fn polygons_have_what_turns_around_a_point(
        corners in prop::collection::vec((-4i32..5, -4i32..5), 3..9),
        (wide, tall) in prop::sample::select(&[(1.0, 1.0), (45.0, 22.5), (37.0, 0.5), (60.0, 20.0)][..]),
        middle in prop::sample::select(&[0.0, 10.0, 180.0, -179.5][..]),
    ) {
        let degrees = |(lat, lon): (i32, i32)| {
            let lon = middle + f64::from(lon) * wide;
            let turned = (lon + 180.0).rem_euclid(360.0) - 180.0;
            // The antimeridian by either of its names.
            let lon = if turned == -180.0 && lat % 2 == 0 { 180.0 } else { turned };
            (f64::from(lat) * tall, lon)
        };
        let filter = field("a").polygon(corners.into_iter().map(degrees));
        if filter.check().is_err() {
            return Ok(());
        }
        let Node::Area { area: region, .. } = &filter.0 else { panic!("{filter}") };
        let area = region.bounds().unwrap();
        for point in (-5..6).flat_map(|lat| (-5..6).map(move |lon| (lat, lon))) {
            let (lat, lon) = degrees(point);
            if lat.abs() <= 90.0 {
                let has = area.has(Point { lat, lon });
                prop_assert_eq!(has, lies(region, (lat, lon)), "{} {} {}", filter, lat, lon);
            }
        }
    }
}

/// Places lie where they lie, several of them too.
#[test]
fn places_are_found_around_the_earth() {
    let docs = [
        object(json!({"place": {"lat": 59.9139, "lon": 10.7522}})),
        object(json!({"place": [{"lat": 60.3913, "lon": 5.3221}, {"lat": -17.7, "lon": 178.0}]})),
        object(json!({"place": {"lat": -17.0, "lon": -179.5}})),
        object(json!({"place": {"lat": 100, "lon": 0}})),
        object(json!({"place": {"lat": "59.9", "lon": 10.7}})),
    ];
    for (filter, expected) in [
        ("WITHIN(place, 59.91, 10.75, 5km)", vec![0]),
        ("WITHIN(place, 59.91, 10.75, 400km)", vec![0, 1]),
        ("WITHIN(place, 59.9139, 10.7522, 0m)", vec![0]),
        ("WITHIN(place, -17.5, 179.9, 250km)", vec![1, 2]),
        ("BOX(place, -20, 177, -15, -179)", vec![1, 2]),
        ("BOX(place, -90, -180, 90, 180)", vec![0, 1, 2]),
        ("POLYGON(place, 59 10, 59 12, 61 11)", vec![0]),
        ("POLYGON(place, 59 5, 59 12, 61 5)", vec![1]),
        ("POLYGON(place, 59.9139 10, 59.9139 11, 60 11)", vec![0]),
        ("POLYGON(place, -20 177, -20 -179, -10 180)", vec![1, 2]),
        ("POLYGON(place, -20 177, -20 -180, -10 177)", vec![1]),
        (
            "EXISTS(place.lat) AND NOT BOX(place, -90, -180, 90, 180)",
            vec![3, 4],
        ),
    ] {
        assert_eq!(rows(&docs, filter), expected, "{filter}");
    }
}

/// All corners that there may be, and one more; of several polygons each corner counts as two values.
#[test]
fn polygons_have_so_many_corners() {
    let corner = |n: i32| f64::from(n).to_radians().sin_cos();
    let polygon = |corners| field("a").polygon((0..corners).map(corner));
    let text = polygon(1_024).to_string();
    let most = Filter::parse(&text).unwrap();
    assert_eq!(most, polygon(1_024).into_filter().unwrap());
    let more = polygon(1_025);
    assert!(more.clone().into_filter().is_err());
    let text = more.to_string();
    let error = Filter::parse(&text).unwrap_err();
    let (lat, lon) = corner(1_024);
    assert_eq!(text[error.span()], format!("{lat:?} {lon:?}"), "{error}");
    let any = |count: usize| vec![most.to_string(); count].join(" OR ");
    assert!(Filter::parse(&any(8)).is_ok());
    let error = Filter::parse(&any(9)).unwrap_err();
    assert!(error.to_string().contains("16384 values"), "{error}");
}
