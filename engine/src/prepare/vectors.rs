//! Vectors of a document, checked against their fields.

use super::Touched;
use crate::doc::DEFAULT_VECTOR_FIELD;
use crate::name::{MAX_DIMENSION, check_name};
use crate::{Error, Metric, MultiVector, Result, VectorField};

/// The vector of a document as it is stored; the field is added when there is none.
pub(super) fn one_vector(
    touched: &mut Touched<'_>,
    collection: &str,
    name: &str,
    vector: &[f32],
) -> Result<Vec<f32>> {
    let field = vector_field(touched, name, vector.len(), false)?;
    let model = touched.schema.model.as_ref();
    let model = model.filter(|_| name == DEFAULT_VECTOR_FIELD);
    let mut vector = vector.to_vec();
    prepare_vector(collection, field, model, &mut vector)?;
    Ok(vector)
}

/// The several vectors of a document as they are stored, one after the other.
pub(super) fn several_vectors(
    touched: &mut Touched<'_>,
    collection: &str,
    name: &str,
    vectors: &MultiVector,
) -> Result<Vec<f32>> {
    let field = vector_field(touched, name, vectors.dimension(), true)?;
    let mut numbers = Vec::with_capacity(vectors.numbers().len());
    for vector in vectors.iter() {
        let mut vector = vector.to_vec();
        prepare_vector(collection, field, None, &mut vector)?;
        numbers.append(&mut vector);
    }
    Ok(numbers)
}

fn vector_field(
    touched: &mut Touched<'_>,
    name: &str,
    dimension: usize,
    multi: bool,
) -> Result<VectorField> {
    let argument = if multi { "multi" } else { "vector" };
    let refuse = |detail: String| Err(Error::InvalidArgument { argument, detail });
    match touched.schema.vectors.get(name) {
        Some(field) if field.multi && !multi => refuse(format!(
            "field \"{name}\" has several vectors a document: give it as multi"
        )),
        Some(field) if !field.multi && multi => {
            refuse(format!("field \"{name}\" has one vector a document"))
        }
        Some(field) => Ok(*field),
        None => {
            check_name("vector field", name)?;
            if dimension == 0 || dimension > MAX_DIMENSION {
                return refuse(format!(
                    "must have 1 to {MAX_DIMENSION} numbers, it has {dimension}"
                ));
            }
            let mut field = VectorField::new(dimension, Metric::Cosine);
            field.multi = multi;
            touched.add_vector(name, field)?;
            Ok(field)
        }
    }
}

/// Checks a vector and brings it into the form that is stored and compared.
pub(crate) fn prepare_vector(
    collection: &str,
    field: VectorField,
    model: Option<&String>,
    vector: &mut [f32],
) -> Result<()> {
    if vector.len() != field.dimension {
        return Err(Error::DimensionMismatch {
            collection: collection.to_string(),
            expected: field.dimension,
            got: vector.len(),
            model: model.cloned(),
        });
    }
    field
        .element
        .prepare(field.metric, vector)
        .map_err(|source| Error::Vector {
            collection: collection.to_string(),
            source,
        })
}
