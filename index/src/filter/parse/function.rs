//! Conditions that are written as functions.

use super::super::error::FilterError;
use super::super::expr::Node;
use super::super::lex::Token;
use super::super::polygon::{MAX_CORNERS, TOO_MANY};
use super::super::region::{Region, point};
use super::super::value::{Form, Literal, Num};
use super::Parser;

impl Parser {
    /// A function, if one stands here.
    pub(super) fn function(&mut self) -> Result<Option<Node>, FilterError> {
        if self.is_called("length") {
            return self.length().map(Some);
        }
        if self.is_called("within") {
            return self.circle().map(Some);
        }
        if self.is_called("box") {
            return self.bounds().map(Some);
        }
        if self.is_called("polygon") {
            return self.polygon().map(Some);
        }
        Ok(None)
    }

    fn length(&mut self) -> Result<Node, FilterError> {
        self.at += 2;
        let path = self.path()?;
        self.expect(&Token::Close, "\")\"")?;
        let Some(Token::Op(op)) = self.peek() else {
            return Err(self.unexpected("a comparison (=, !=, <, <=, >, >=)"));
        };
        let op = *op;
        self.at += 1;
        let span = self.span();
        let value = self.value()?;
        if value.num().is_none() {
            let error = FilterError::new("a length is compared with a number", span);
            return Err(error);
        }
        Ok(Node::Length { path, op, value })
    }

    fn circle(&mut self) -> Result<Node, FilterError> {
        self.at += 2;
        let path = self.path()?;
        let start = self.span_ahead(1).start;
        let [lat, lon] = [self.degrees("a latitude")?, self.degrees("a longitude")?];
        self.expect(&Token::Comma, "\",\" and a distance")?;
        let metres = self.distance()?;
        let area = Region::Circle([lat, lon, metres]);
        self.area(path, area, start)
    }

    fn bounds(&mut self) -> Result<Node, FilterError> {
        self.at += 2;
        let path = self.path()?;
        let start = self.span_ahead(1).start;
        let area = Region::Box([
            self.degrees("the latitude of the south")?,
            self.degrees("the longitude of the west")?,
            self.degrees("the latitude of the north")?,
            self.degrees("the longitude of the east")?,
        ]);
        self.area(path, area, start)
    }

    fn polygon(&mut self) -> Result<Node, FilterError> {
        self.at += 2;
        let path = self.path()?;
        let start = self.span_ahead(1).start;
        let mut corners = Vec::new();
        loop {
            let corner = self.span_ahead(1).start;
            let lat = self.degrees("the latitude of a corner")?;
            let end = self.span().end;
            let lon = self
                .number("the longitude of the corner")
                .map_err(|error| {
                    error.with_hint(
                        "latitude and longitude of a corner have a space between: 59.9 10.7",
                    )
                })?;
            let corner = corner..end;
            if let Err(fault) = point([&lat, &lon]) {
                return Err(FilterError::new(fault, corner));
            }
            if corners.len() == MAX_CORNERS {
                return Err(FilterError::new(TOO_MANY, corner));
            }
            corners.push([lat, lon]);
            match self.peek() {
                Some(Token::Comma) => {}
                Some(Token::Close) => break,
                _ => return Err(self.unexpected("\",\" or \")\"")),
            }
        }
        self.area(path, Region::Polygon(corners), start)
    }

    fn area(&mut self, path: String, area: Region, start: usize) -> Result<Node, FilterError> {
        let end = self.span().start;
        self.expect(&Token::Close, "\")\"")?;
        match area.fault() {
            Some(fault) => Err(FilterError::new(fault, start..end)),
            None => Ok(Node::Area { path, area }),
        }
    }

    fn degrees(&mut self, wanted: &str) -> Result<Literal, FilterError> {
        self.expect(&Token::Comma, &format!("\",\" and {wanted}"))?;
        self.number(wanted)
    }

    fn number(&mut self, wanted: &str) -> Result<Literal, FilterError> {
        match self.peek() {
            Some(Token::Number(number)) => {
                let number = Literal(Form::Number(*number));
                self.at += 1;
                Ok(number)
            }
            _ => Err(self.unexpected(&format!("{wanted}, in degrees,"))),
        }
    }

    fn distance(&mut self) -> Result<Literal, FilterError> {
        let metres = match self.peek() {
            Some(Token::Measure {
                sign: None,
                number,
                unit,
            }) => {
                let factor = match unit.as_str() {
                    "m" => Some(1.0),
                    "km" => Some(1_000.0),
                    _ => None,
                };
                let number: Option<f64> = number.parse().ok();
                number.zip(factor).map(|(number, factor)| number * factor)
            }
            _ => None,
        };
        let Some(metres) = metres.and_then(Num::from_f64) else {
            let error = self.unexpected("a distance");
            return Err(error.with_hint("metres or kilometres: 800m, 5km, 2.5km"));
        };
        self.at += 1;
        Ok(Literal(Form::Number(metres)))
    }
}
